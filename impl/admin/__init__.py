"""The auto admin: drives the workflows that the metadata records, of tables that are created and deleted and
of voters that are replaced, and removes what nothing names.

`term` says who is active, `orders` takes what routers order, `workflows` drives the steps of tables and
`replacements` those of voters, `nodes` hears the storage nodes, `survey` walks over the partitions and finds
what is to be done, `balance` says which replica is better off elsewhere; `admin` puts them together.
Imports `storage_node` (its messages), `router` (calls) and `metadata`.
"""

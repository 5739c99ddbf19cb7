"""The auto admin: drives the workflows that the metadata records, of tables that are created and deleted, and
removes what nothing names.

`term` says who is active, `orders` takes what routers order, `workflows` drives the steps, `nodes` hears
the storage nodes; `admin` puts them together. Imports `storage_node` (its messages), `router` (calls) and
`metadata`.
"""

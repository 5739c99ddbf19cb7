"""The auto admin: drives the workflows that the metadata records, of tables that are created and deleted, of
voters that are replaced and of partitions that are split, and removes what nothing names.

`term` says who is active, `orders` takes what routers order, `workflows` drives the work on tables and
`steps` that on partitions, whose kinds are `replacements` and `splits`; `nodes` hears the storage nodes,
`survey` walks over the partitions and finds what is to be done, which `chores` does; `balance` says which
replica is better off elsewhere, `split_points` where a partition is to be split; `admin` puts them together.
Imports `storage_node` (its messages), `router` (calls) and `metadata`.
"""

"""The auto admin: drives the workflows that the metadata records (tables created and deleted, voters
replaced, partitions split) and removes what nothing names.

`term` says which admin is active, `orders` takes the orders of routers, `workflows` drives the work on tables
and `steps` the work on partitions, of the kinds `replacements` and `splits`; `nodes` keeps what storage nodes
report, `survey` walks over the partitions and finds what must be done, and `chores` does it; `balance` says
which replica is better off elsewhere, `split_points` where to split a partition; `admin` puts them together.
Imports `storage_node` (its messages), `router` (calls) and `metadata`.
"""

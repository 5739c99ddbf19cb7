"""The partition metadata service: partition 0, whose items are the records of tables, partitions, workflows,
nodes and of the active admin.

Its replicas are like those of any partition, so all that holds of a partition's items holds of the metadata,
and every change of it is one conditioned record of its log. `records` has the items; `changes` what is
changed together, `replacements` and `splits` the same for single partitions; `directory` what the metadata's
leader tells routers. Imports `partition` and what is below it.
"""

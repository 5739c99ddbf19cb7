"""What can be observed of a system: the vocabulary that specs speak, for the implementation and for models.

A view is of one subject: `group` (a replica group), `lineage` (the partitions of a table), `stream` and
`transaction`. `base` has what they share. May import of ours: nothing.
"""

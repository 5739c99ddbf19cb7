"""What can be observed of a system: the vocabulary that specs speak, for the implementation and for models.

A view is of one subject: `group` (a replica group), `region` (metadata, admins, routers and users), `lineage`
(the partitions of a table), `nodes` (nodes of a user's own kind), `stream` and `transaction`. `base` has what
they share, the modules `*_facts` the facts of the larger ones. May import of ours: nothing.
"""

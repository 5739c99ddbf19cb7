"""The messages between the replicas of a group, one module for each conversation.

Every message between replicas carries `source`, the incarnation that sends it, and `to`, the one that it is
sent to: a new incarnation does not read a message to an old one (rule 14 of `docs/replication.md`). The
modules import `dynaproof.impl.node`, and from `paxos` only ids, records and snapshot.
"""

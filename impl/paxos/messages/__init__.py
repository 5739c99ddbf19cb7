"""The messages between the replicas of a group, one module for each conversation.

Every message between replicas carries `source`, the incarnation that speaks, and `to`, the incarnation that
is spoken to: a message to an old incarnation is not read by a new one (rule 14 of `docs/replication.md`). The
modules import `dynaproof.impl.node`, and of `paxos` only ids, records and snapshot.
"""

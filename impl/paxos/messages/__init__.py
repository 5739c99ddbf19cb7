"""What the replicas of a group say to each other, one module a conversation.

Every message between replicas carries `source`, the incarnation that speaks, and `to`, the incarnation that
is spoken to: a message to an old incarnation is not read by a new one (replication rule 14). Import
`dynaproof.impl.node`, and of `paxos` what is below: ids, records, snapshot.
"""

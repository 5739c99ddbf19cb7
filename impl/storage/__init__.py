"""A storage node and its replicas: Multi-Paxos, leases, replication log, state, recovery, catch-up,
membership.

Reading order: `ids`, `records`, `messages`, `log`, `state`; then the roles `acceptor`, `candidate`, `leader`,
`serving`, `learner`, which `replica` joins; then `host`, the node. Imported by drivers, checkers and tests;
imports `dynaproof.impl.node` only.
"""

"""Multi-Paxos over any state machine that can be checkpointed and copied: log, leases, catch-up, membership.

Reading order: `ids`, `records`, `messages`, `log`, `state_machine`, `service`; then the roles, each built on
`core` and on those before it: `learner`, `copying`, `catch_up`, `sender`, `leader`, `candidate`, `acceptor`,
joined by `replica`; then `membership`, the protocol's own service. Imports `dynaproof.impl.node`, `journal`
and `tree`.
"""

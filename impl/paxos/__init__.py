"""Multi-Paxos over any state machine that can be checkpointed and copied: log, leases, catch-up, membership.

Reading order: `ids`, `records`, `messages`, `log`, `state_machine`, `service`; then the roles over `core`,
each over those before it: `learner`, `copying`, `catch_up`, `sender`, `leader`, `candidate`, `acceptor`,
which `replica` joins; then `membership`, the protocol's own service. Imports `dynaproof.impl.node`, `journal`
and `tree`.
"""

"""How does the system really work?

The whole store, written once: every role is a `Node` behind an `Env` (`impl.node`), a state machine without
I/O whose handlers are atomic actions. The same code runs under the simulator, which owns time, network, disks
and crashes, and under the server, which serves over sockets and files. What was explored is what serves.

May import of ours: nothing. Outside `impl.server` it imports no sockets, files, threads, event loops, clocks
or chance either: those come through `Env`. Read by: `specs.observe.impl` (its public state as a view),
`checkers`, `dynaproof`.
"""

# From the checkout's root the folder would import a second time, as other classes.
if __name__ != "dynaproof.impl":
    raise ImportError("import dynaproof.impl, not impl: the folders of the project have one root")

"""What is each protocol, without the machinery?

Small abstract protocols in plain Python: variables, actions with guards, invariants. `model.language` is the
vocabulary that they are written in; every other module or folder is one model (paxos, lease, split, ...).
They are explored exhaustively by `checkers.state_space`, and traces of the implementation are checked against
them.

May import of ours: nothing. Read by: `specs.observe.model` (a model's state as views), `checkers`,
`dynaproof`.
"""

# From the checkout's root the folder would be imported a second time, as other classes.
if __name__ != "dynaproof.model":
    raise ImportError("import dynaproof.model, not model: the folders of the project have one root")

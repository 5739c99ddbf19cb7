"""Is the promise kept?

All engines: the simulator and its strategies, run files with replay and shrinking, histories and
linearizability, exhaustive exploration of models and refinement of traces, proofs, mutation, campaigns,
reports.

May import of ours: `specs`, `model` and `impl`. Read by: `dynaproof`.
"""

# From the checkout's root the folder would import a second time, as other classes.
if __name__ != "dynaproof.checkers":
    raise ImportError("import dynaproof.checkers, not checkers: the folders of the project have one root")

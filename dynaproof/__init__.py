"""Everything that a user imports: a protocol's nodes, scenarios, specs, models, and functions that use them.

The command line (`dynaproof.cli`) is one way in, these names are the other; `__all__` lists them, and
`docs/api.md` shows each with an example. Importing the package loads nothing else: a name is loaded when it
is used, and `__init__.pyi` has the types.

May import of ours: `model`, `impl`, `specs` and `checkers`. Nothing of ours imports it.
"""

# The names are loaded by `__getattr__`, so pyright does not find them here; it reads the stub.
# pyright: reportUnsupportedDunderAll=false

from importlib import import_module

__version__ = "0.1.0"

__all__ = [
    "FAULTS",
    "Array",
    "Bool",
    "Bug",
    "Called",
    "Campaign",
    "Constant",
    "Disk",
    "Due",
    "Edit",
    "Enum",
    "Env",
    "Event",
    "Expected",
    "Fault",
    "Followed",
    "History",
    "Int",
    "Kind",
    "Load",
    "Majorities",
    "Message",
    "Messages",
    "Model",
    "ModelResult",
    "Node",
    "NodeId",
    "Nodes",
    "Note",
    "Obligation",
    "Option",
    "Overview",
    "Proof",
    "RandomWalk",
    "Range",
    "Refinement",
    "Replay",
    "Requests",
    "Returned",
    "Said",
    "Scalar",
    "Scenario",
    "Seq",
    "Set",
    "Shrunk",
    "Strategy",
    "Timer",
    "Trace",
    "Tuple",
    "Unit",
    "Verdict",
    "Violation",
    "action",
    "always",
    "always_possible",
    "bug",
    "check",
    "div",
    "eventually",
    "explore",
    "explore_model",
    "follow",
    "implies",
    "initial",
    "linearizable",
    "load",
    "maximum",
    "minimum",
    "negation",
    "node_id",
    "obligation",
    "prove",
    "replay",
    "require",
    "select",
    "shrink",
    "sometimes",
    "spec",
    "terminal",
    "trace",
]

_HOMES = {
    "checkers.patches": ("Bug", "Edit", "bug"),
    "checkers.proofs.obligation": (
        *("Obligation", "Proof", "Said", "Unit", "implies", "negation", "obligation", "prove"),
    ),
    "checkers.refinement.following": ("Followed", "follow"),
    "checkers.runs.fault": ("Fault=FaultKind",),
    "checkers.runs.kind": ("Kind",),
    "checkers.runs.overview": ("Overview",),
    "checkers.runs.refining": ("Refinement",),
    "checkers.runs.requests": ("Due", "Requests"),
    "checkers.runs.scenario": ("Scenario",),
    "checkers.runs.world_faults": ("FAULTS=OF_ANY_WORLD",),
    "checkers.seam": ("Event", "Strategy"),
    "checkers.state_space.explore": ("ModelResult=Result",),
    "checkers.strategies.untimed": ("RandomWalk",),
    "checkers.workloads.called_history": ("linearizable",),
    "functions": ("check", "explore", "explore_model", "replay", "shrink", "trace"),
    "impl.capacity.arithmetic": ("div", "maximum", "minimum", "select"),
    "impl.client_notes": ("Called", "Returned"),
    "impl.handlers": ("Node", "node_id"),
    "impl.node": ("Disk", "Env", "Message", "NodeId", "Note", "Timer"),
    "load_result": ("Load",),
    "loading": ("load",),
    "model.language": (
        *("Array", "Bool", "Constant", "Enum", "Expected", "Int", "Majorities", "Messages", "Model"),
        *("Option", "Range", "Scalar", "Seq", "Set", "Tuple", "action", "always", "always_possible"),
        *("eventually", "initial"),
        *("require", "sometimes", "terminal"),
    ),
    "results": ("Campaign", "Replay", "Shrunk", "Trace", "Verdict"),
    "specs.history": ("History",),
    "specs.spec": ("Violation", "spec"),
    "specs.views.nodes": ("Nodes",),
}
"""By module, its public names; `PUBLIC=NAME` where the name there is another."""

_HOME = {
    name.partition("=")[0]: (module, name.rpartition("=")[2])
    for module, names in _HOMES.items()
    for name in names
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"dynaproof has no public name {name!r}; dynaproof.__all__ lists them")
    module, inner = _HOME[name]
    found: object = getattr(import_module(f"dynaproof.{module}"), inner)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted((*__all__, "__version__"))

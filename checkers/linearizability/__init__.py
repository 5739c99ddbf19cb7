"""Is a recorded history linearizable, in which order, and if not, why not?

`check(history)` decides, `minimal_core` shrinks what is not linearizable. `checkers.certificates` replays the
order that comes with a yes, without trusting what decided.

A name is loaded when it is first used: the simulator judges its clients by `online` alone, and the checkers
of whole histories take longer to load than a run to be made.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dynaproof.checkers.linearizability.checking import UnfitOperationError, UnknownOperationError, check
    from dynaproof.checkers.linearizability.core import Core, minimal_core
    from dynaproof.checkers.linearizability.result import Budget, Result

__all__ = [
    "Budget",
    "Core",
    "Result",
    "UnfitOperationError",
    "UnknownOperationError",
    "check",
    "minimal_core",
]

_HOME = {
    "Budget": "result",
    "Core": "core",
    "Result": "result",
    "UnfitOperationError": "checking",
    "UnknownOperationError": "checking",
    "check": "checking",
    "minimal_core": "core",
}


def __getattr__(name: str) -> object:
    """Load a name when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found

"""Is a recorded history linearizable, in which order, and if not, why not?

`check(history)` decides, `minimal_core` shrinks what is not linearizable. `checkers.certificates` replays the
order that a yes comes with, without trusting what decided.
"""

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

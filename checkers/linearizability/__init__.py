"""Is a recorded history linearizable, in which order, and if not, why not?

`check(history)` decides, `verify` replays a certificate without trusting what decided, `minimal_core` shrinks
what is not linearizable.
"""

from dynaproof.checkers.linearizability.certificate import CertificateError, verify
from dynaproof.checkers.linearizability.checking import UnfitOperationError, UnknownOperationError, check
from dynaproof.checkers.linearizability.core import Core, minimal_core
from dynaproof.checkers.linearizability.result import Budget, Result

__all__ = [
    "Budget",
    "CertificateError",
    "Core",
    "Result",
    "UnfitOperationError",
    "UnknownOperationError",
    "check",
    "minimal_core",
    "verify",
]

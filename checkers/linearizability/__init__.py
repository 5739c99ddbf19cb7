"""Is a recorded history linearizable, in which order, and if not, why not?

`check(history)` decides, `verify` replays a certificate without trusting what decided.
"""

from checkers.linearizability.certificate import CertificateError, verify
from checkers.linearizability.checking import UnknownOperationError, check
from checkers.linearizability.result import Budget, Result

__all__ = ["Budget", "CertificateError", "Result", "UnknownOperationError", "check", "verify"]

"""Verification of certificates, alone: importing this package loads nothing of what decides linearizability.

`verify` replays an order of the operations of a history; `certificate_file` reads and writes such orders. A
contract in `pyproject.toml` forbids this package every module of `checkers.linearizability`.
"""

from dynaproof.checkers.certificates.verifier import CertificateError, verify

__all__ = ["CertificateError", "verify"]

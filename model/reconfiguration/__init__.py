"""Reconfiguration: the protocol, what it promises, and its seeded bugs."""

from dynaproof.model.reconfiguration import seeded
from dynaproof.model.reconfiguration.promises import Reconfiguration

__all__ = ["Reconfiguration", "seeded"]

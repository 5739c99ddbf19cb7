"""Reconfiguration: the protocol, what it promises, and a part of its behaviours that is faster to search."""

from dynaproof.model.reconfiguration import seeded
from dynaproof.model.reconfiguration.promises import Reconfiguration

__all__ = ["Reconfiguration", "seeded"]

"""Reconfiguration: the protocol, what it promises, and its seeded bugs."""

from model.reconfiguration import seeded
from model.reconfiguration.promises import Reconfiguration

__all__ = ["Reconfiguration", "seeded"]

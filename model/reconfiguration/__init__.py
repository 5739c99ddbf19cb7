"""Reconfiguration: the protocol, and its seeded bugs."""

from model.reconfiguration import seeded
from model.reconfiguration.protocol import Reconfiguration

__all__ = ["Reconfiguration", "seeded"]

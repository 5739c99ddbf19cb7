"""Multi-Paxos: the protocol, and its seeded bugs."""

from model.multi_paxos import seeded
from model.multi_paxos.protocol import MultiPaxos

__all__ = ["MultiPaxos", "seeded"]

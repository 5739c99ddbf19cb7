"""Multi-Paxos: the protocol, what it promises, and its seeded bugs."""

from dynaproof.model.multi_paxos import seeded
from dynaproof.model.multi_paxos.promises import MultiPaxos

__all__ = ["MultiPaxos", "seeded"]

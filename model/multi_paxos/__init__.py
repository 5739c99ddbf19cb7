"""Multi-Paxos: the protocol, and what it promises."""

from dynaproof.model.multi_paxos.promises import MultiPaxos

__all__ = ["MultiPaxos"]

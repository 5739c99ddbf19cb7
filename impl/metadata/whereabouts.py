"""Where the metadata is, as far as a router or an admin knows.

*Invariant.* This knowledge only goes forward: hosts of a lower epoch replace nothing. It is kept in memory,
and begins with the configured nodes. These stay in reach: whatever has become of the newest hosts, a node
that hosted the metadata once knows more recent ones (docs/table.md, A15).
"""

from __future__ import annotations

from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.hosts import Hosts

ROUNDS = 2
"""How often each of the newest hosts is asked before the configured nodes are asked too."""


class Whereabouts:
    """The newest hosts heard of, and the configured ones; all by their addresses."""

    __slots__ = ("configured", "newest")

    def __init__(self, configured: tuple[NodeId, ...]) -> None:
        self.configured = tuple(node.address for node in configured)
        self.newest = Hosts(0, self.configured)

    def learn(self, hosts: Hosts | None) -> None:
        """Learn where the metadata is, if that is news (A15)."""
        if hosts is not None and hosts.is_sound() and hosts.epoch > self.newest.epoch:
            self.newest = hosts

    @property
    def all(self) -> tuple[NodeId, ...]:
        """The nodes that may know: the newest hosts, then the configured ones."""
        return tuple(dict.fromkeys((*self.newest.members, *self.configured)))

    def to_ask(self, asked: int) -> tuple[NodeId, ...]:
        """The nodes to ask in turn after so many questions in vain: the newest hosts, later all (A15)."""
        return self.newest.members if asked < ROUNDS * len(self.newest.members) else self.all

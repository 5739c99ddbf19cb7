"""Where a group is: the nodes of its voters, by one of its chosen configs. Configs are numbered by their
epochs, so of two such words the one of the higher epoch is the newer, whoever says it.
"""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.records import Config

MOST_HOSTS = 16
"""Voters of a group, at the most, of which anybody keeps in mind where they are."""


class Hosts(Struct, frozen=True, gc=False, tag="hosts", array_like=True):
    """The addresses of the nodes that host a group, by its config of this epoch."""

    epoch: int
    members: tuple[NodeId, ...]

    def is_sound(self) -> bool:
        """Whether it can be said of a group at all: it is somewhere, and has no more voters than any has."""
        return self.epoch >= 0 and 0 < len(self.members) <= MOST_HOSTS


def hosts_by(config: Config) -> Hosts:
    """Where a group is by a config."""
    return Hosts(config.epoch, tuple(voter.node.address for voter in config.voters))

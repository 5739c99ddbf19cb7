"""Where a group is: the nodes of its voters, according to one of its chosen configs. Configs are numbered by
their epochs, so of two such statements the one with the higher epoch is the newer, whoever makes it.
"""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.records import Config

MOST_HOSTS = 16
"""The most voters of a group whose nodes anybody remembers."""


class Hosts(Struct, frozen=True, gc=False, tag="hosts", array_like=True):
    """The addresses of the nodes that host a group, according to its config of this epoch."""

    epoch: int
    members: tuple[NodeId, ...]

    def is_sound(self) -> bool:
        """Whether this can be true of a group at all: it has voters, and no more than any group has."""
        return self.epoch >= 0 and 0 < len(self.members) <= MOST_HOSTS


def hosts_by(config: Config) -> Hosts:
    """Where a group is according to a config."""
    return Hosts(config.epoch, tuple(voter.node.address for voter in config.voters))

"""Members that had a vote and have left: each walk asks the leaders of a few partitions whether these may be
dropped (rule A11 of docs/table.md).

*Invariant.* Each partition gets its turn: a walk starts behind the partitions that the walk before asked
about. Some members stay for long, because their node is down, and would otherwise come first in every walk.
"""

from __future__ import annotations

from dynaproof.impl.metadata.records import PartitionRecord
from dynaproof.impl.paxos.ids import Member


class Leaving:
    """Members of a partition that had a vote. They are dropped once all voters of the config that does not
    name them are admitted (rule M7); or all but a lost one, if they keep its replacement from coming.
    """

    __slots__ = ("hops", "lost", "members", "partition")

    def __init__(self, partition: PartitionRecord, members: tuple[Member, ...], lost: Member | None) -> None:
        self.partition = partition
        self.members = members
        self.lost = lost
        """The lost voter that cannot be replaced as long as they are there."""
        self.hops = 0
        """How often the question was passed on to a named leader."""


class Leavers:
    """The partitions that this walk asks about."""

    __slots__ = ("asked", "first", "most", "next")

    def __init__(self, most: int) -> None:
        self.most = most
        """How many partitions one walk asks about."""
        self.asked: dict[int, Leaving] = {}
        """By partition."""
        self.first = self.next = 0
        """The lowest partition that this walk, and the next one, asks about."""

    def begin(self) -> None:
        """A walk begins."""
        self.first, self.next, self.asked = self.next, 0, {}

    def has_turn(self, partition: int) -> bool:
        """Whether this walk asks about a partition. Partitions come in ascending order."""
        if partition < self.first:
            return False
        full = len(self.asked) >= self.most
        if full:
            self.next = self.next or partition
        return not full

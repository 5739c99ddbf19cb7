"""Who has left a partition and had a vote: of a few partitions in each walk the leader is asked whether they
may go (rule A11 of docs/table.md).

*Invariant.* Each partition has its turn: a walk asks those behind the ones that the walk before has asked.
Some stay for long, for their node is down, and would be the first ones in every walk.
"""

from __future__ import annotations

from dynaproof.impl.metadata.records import PartitionRecord
from dynaproof.impl.paxos.ids import Member


class Leaving:
    """Members of a partition that had a vote, and are to be dropped once all voters of the config that does
    not name them are admitted (rule M7), or all but one that is lost, where they keep another from coming.
    """

    __slots__ = ("hops", "lost", "members", "partition")

    def __init__(self, partition: PartitionRecord, members: tuple[Member, ...], lost: Member | None) -> None:
        self.partition = partition
        self.members = members
        self.lost = lost
        """In whose place nobody can come as long as they are there."""
        self.hops = 0
        """How often the question followed the name of a leader."""


class Leavers:
    """Those of which it is asked in this walk."""

    __slots__ = ("asked", "first", "most", "next")

    def __init__(self, most: int) -> None:
        self.most = most
        """Partitions that are asked in one walk."""
        self.asked: dict[int, Leaving] = {}
        """By partition."""
        self.first = self.next = 0
        """The least partition that is asked in this walk, and in the next one."""

    def begin(self) -> None:
        """A walk begins."""
        self.first, self.next, self.asked = self.next, 0, {}

    def has_turn(self, partition: int) -> bool:
        """Whether this one is asked in this walk. They come in order."""
        if partition < self.first:
            return False
        full = len(self.asked) >= self.most
        if full:
            self.next = self.next or partition
        return not full

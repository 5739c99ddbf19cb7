"""A partition's state at one slot, besides the pages of its items."""

from __future__ import annotations

from dynaproof.impl.node import Microseconds
from dynaproof.impl.partition.cursor import Hold
from dynaproof.impl.partition.records import Split
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.records import ConfigChange
from dynaproof.impl.paxos.snapshot import Snapshot


class PartitionSnapshot(Snapshot, frozen=True, gc=False, array_like=True):
    """What a checkpoint and a copy of a partition carry besides the pages of the items."""

    largest_delete: Microseconds
    remembered: int
    """How many request ids are in the tree `memory`,"""
    remembered_bytes: int
    """and what they take there."""
    holds: tuple[Hold, ...]
    split: Split | None = None
    """The barrier, if it is at or below this slot."""

    @classmethod
    def bare(cls, record: ConfigChange, held_at: Ballot) -> PartitionSnapshot:
        """Where a log replica's log begins: what a chosen config says, and no roots (rule M5)."""
        at, config = (record.slot, record.proposed_at, held_at, record.timestamp), record.config
        return cls(*at, 0, config, record.slot, (), 0, 0, 0, ())

    def first_held(self) -> int:
        """The first slot that a reader's hold protects; the one behind the snapshot if none is below it."""
        return min((hold.through for hold in self.holds), default=self.slot) + 1

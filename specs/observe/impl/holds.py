"""Readers' holds, by the chosen records, and how far their readers are behind what is chosen.

*Invariants.* A hold never moves back. A reader with a hold is not further behind than its hold allows, and a
hold lapses when what was chosen since, in slots or in bytes, is more than that. A reader takes consecutive
slots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from dynaproof.impl.partition.cursor import Hold
from dynaproof.impl.paxos.records import Record, size_bytes
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import Committed, HoldBehind, ReaderSkipped


class ReaderHolds:
    """Files facts about the holds of a group's log, as its chosen records move them."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (HoldBehind, ReaderSkipped)

    def __init__(self, view: GroupView) -> None:
        self.view = view
        self.holds: dict[str, Hold] = {}
        self.log_bytes = 0
        """The bytes of all chosen records,"""
        self.read_bytes: dict[str, int] = {}
        """and of those that each reader with a hold has read; what the hold says where they are pruned."""
        self.next: dict[str, int] = {}
        """The slot that each reader takes next, as long as its hold has not lapsed."""
        self.restarted: dict[str, bool] = {}
        """Readers that have restarted: they may take again what is above their hold."""

    def chosen(self, record: Record) -> int:
        """Count the next chosen record, and return the bytes of the log through it."""
        self.log_bytes += size_bytes(record)
        return self.log_bytes

    def moved(self, slot: int, moved: Hold) -> None:
        """The record in a slot moves a reader's hold, or begins it."""
        before = self.holds.get(moved.name)
        place = slot, self.log_bytes
        if before is not None:
            place = max((before.through, before.bytes_through), (moved.through, moved.bytes_through))
        self.holds[moved.name] = Hold(moved.name, *place, moved.lag_slots, moved.lag_bytes)
        self.view.holds[moved.name] = place[0]
        read = self.view.chosen.get(place[0])
        self.read_bytes[moved.name] = place[1] if read is None else read.record.log_bytes

    def lapsed(self, slot: int) -> bool:
        """Lapse the holds that the record chosen in this slot leaves too far behind; whether any did."""
        late = [
            name
            for name, hold in self.holds.items()
            if slot - hold.through > hold.lag_slots or self.log_bytes - hold.bytes_through > hold.lag_bytes
        ]
        for name in late:
            del self.holds[name], self.read_bytes[name], self.view.holds[name]
            self.next.pop(name, None)
        return bool(late)

    def taken(self, reader: str, records: Sequence[Record]) -> None:
        """A reader takes records."""
        expected = self.next.get(reader, records[0].slot)
        if self.restarted.pop(reader, False):
            expected = min(expected, records[0].slot)
        hold = self.holds.get(reader)
        if hold is not None and records[0].slot == hold.through + 1:
            # A hold placed after another one has lapsed begins above what its reader has taken.
            expected = max(expected, hold.through + 1)
        for record in records:
            if record.slot != expected:
                self.view.file(ReaderSkipped(reader, record.slot, expected))
            self.view.file(Committed(reader, record.slot, record.proposed_at))
            expected = record.slot + 1
        if reader in self.holds:
            self.next[reader] = expected

    def behind(self, lag_slots: int, lag_bytes: int) -> None:
        """File how far each reader with a hold is behind, in slots and in bytes of chosen records."""
        for name, hold in self.holds.items():
            slots, size = self.view.chosen_through - hold.through, self.log_bytes - self.read_bytes[name]
            self.view.file(HoldBehind(name, slots, size, lag_slots, lag_bytes))

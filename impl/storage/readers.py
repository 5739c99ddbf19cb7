"""What a replica does for readers of its log: streams, indexes, the archive.

*Invariants.* A reader gets chosen records only, in slot order. What is above a hold that has not lapsed is
cut by no checkpoint, and comes with a copy of one; so no replica says that it is gone.
"""

from __future__ import annotations

from dynaproof.impl.node import NodeId
from dynaproof.impl.storage.cursor import Hold
from dynaproof.impl.storage.messages import (
    CursorPlaced,
    CursorRefused,
    LogRead,
    LogTrimmed,
    MoveCursor,
    ReadLog,
)
from dynaproof.impl.storage.records import Answer, CursorMoved, LogRecord
from dynaproof.impl.storage.serving import Serving


class Readers(Serving):
    """Answers readers, and moves their holds."""

    def on_read_log(self, sender: NodeId, m: ReadLog) -> None:
        """Any replica may answer: a chosen record is the same everywhere."""
        if m.cursor.limit > self.settings.chunk_slots:
            return
        place, records = m.cursor.committed_from, m.cursor.read(self.log)
        if records is not None:
            self.env.send(m.reader, LogRead(m.name, place, records, self.log.commit))
        else:
            self.env.send(m.reader, LogTrimmed(m.name, place, self.log.first))

    def on_move_cursor(self, sender: NodeId, m: MoveCursor) -> None:
        """The leader proposes the move; a follower passes it on. A late copy moves nothing back."""
        if self.leading is None:
            if self.leader is not None and self.leader != self.member and sender == m.reader:
                self.env.send(self.leader.node, m)
            return
        held = self.state.holds.get(m.name)
        last = self.log.last
        if (
            held is not None
            and m.through <= held.through
            and held.lapses_at - last > self.settings.held_slots // 2
        ):
            self.env.send(m.reader, CursorPlaced(m.name, held.through))
            return
        if not self.serving or self.may_not_move(m.name):
            self.env.send(m.reader, CursorRefused(m.name))
            return
        slot, lapses_at = last + 1, last + 1 + self.settings.held_slots
        hold = Hold(m.name, min(m.through, self.log.commit), lapses_at)
        self.propose(CursorMoved(slot, self.leading, self.config.epoch, self.next_timestamp(), hold))
        self.movers[slot] = m.reader

    def may_not_move(self, name: str) -> bool:
        """Whether nothing may be proposed now, or the table of holds is full."""
        full = self.log.last - self.log.commit >= self.settings.in_flight_slots
        known = len(self.state.holds) + len(self.movers)
        many = name not in self.state.holds and known >= self.settings.holds
        return full or many or bool(self.config_in_flight) or not self.clock_trusted()

    def applied_own(self, record: LogRecord, answer: Answer | None) -> None:
        """Tell the reader where its hold is, once that is chosen."""
        if self.movers and isinstance(record, CursorMoved):
            reader, held = self.movers.pop(record.slot, None), self.state.holds.get(record.hold.name)
            if reader is not None and held is not None:
                self.env.send(reader, CursorPlaced(held.name, held.through))
        super().applied_own(record, answer)

    def step_down(self) -> None:
        """Whoever waits for a move asks the next leader."""
        super().step_down()
        self.movers = {}

    def cut_first(self, checkpoint: int) -> int:
        """The first slot to keep beside a durable checkpoint: what laggards may ask for, and what is held."""
        first = checkpoint + 1 - self.settings.retained_slots
        slowest = min((hold.through for hold in self.state.holds.values()), default=checkpoint)
        if slowest + 1 < first:
            self.reached("log held for a reader")
        return max(self.log.first, min(first, slowest + 1))

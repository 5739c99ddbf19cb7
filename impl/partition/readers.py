"""What a replica does for readers of its log: streams, indexes, the archive.

*Invariants.* A reader gets only chosen records, in slot order. No checkpoint cuts what is above a hold that
has not lapsed, and a copy brings it along; so no replica says that it is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.partition.cursor import Hold
from dynaproof.impl.partition.messages.readers import (
    CursorPlaced,
    CursorRefused,
    LogRead,
    LogTrimmed,
    MoveCursor,
    ReadLog,
)
from dynaproof.impl.partition.records import CursorMoved
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.partition.state import PartitionState
from dynaproof.impl.partition.waiting import Waiter, Waiting
from dynaproof.impl.paxos.leadership import Leadership
from dynaproof.impl.paxos.records import Record
from dynaproof.impl.paxos.replica import Replica
from dynaproof.impl.paxos.service import Service

CHECKPOINTS = 4
"""The most checkpoints' worth of log that is applied before the next one is durable, without faults."""

SLACK_BYTES = 1 << 22
"""The most that the log takes beyond its bounds: a window that was chosen at once, a frame that cannot leave
in part, and a block that was read back or is partly cut.
"""


class Readers(Service):
    """Answers readers, and moves their holds."""

    def __init__(self, replica: Replica[PartitionState], settings: Settings, waiting: Waiting) -> None:
        self.replica = replica
        self.env = replica.env
        self.settings = settings
        self.waiting = waiting
        self.movers: dict[int, tuple[NodeId, str]] = {}
        """By slot in flight, the reader to answer and its hold; dropped whole with the leadership."""

    def on_read_log(self, sender: NodeId, m: ReadLog) -> None:
        """Any replica may answer: a chosen record is the same everywhere. A log replica does not know what is
        held of the log below its own: it answers like a replica that has not come that far (rule M5).
        """
        log, place = self.replica.log, m.cursor.committed_from
        if not self.replica.full:
            self.env.send(m.reader, LogRead(m.name, place, (), min(log.commit, place - 1)))
            return
        limit = min(m.cursor.limit, self.settings.read_slots)  # A reader that asks on gets the next ones too.
        if place >= log.first:
            last = min(log.commit, place + limit - 1)
            size = min(self.settings.read_bytes, self.settings.records_bytes)
            records: tuple[Any, ...] = log.chunk(place, last, size)
            self.env.send(m.reader, LogRead(m.name, place, records, log.commit))
        else:
            self.env.send(m.reader, LogTrimmed(m.name, place, log.first))

    def on_move_cursor(self, sender: NodeId, m: MoveCursor) -> None:
        """The leader proposes the move, in its turn; a follower passes it on. A late copy moves nothing
        back.
        """
        replica, leadership = self.replica, self.replica.leadership
        if leadership is None:
            if replica.leader is not None and replica.leader != replica.member and sender == m.reader:
                self.env.send(replica.leader.node, m)
            return
        if self.waiting.join(m.name, sender, m) or self.needs_no_move(m):
            return
        if not leadership.serving or self.may_not_move(m.name):
            self.env.send(m.reader, CursorRefused(m.name))
            return
        first = not self.waiting and replica.may_propose()
        if first and self.propose(leadership, m):
            return
        if not self.waiting.add(m.name, sender, m, len(m.name)):
            self.env.send(m.reader, CursorRefused(m.name))

    def needs_no_move(self, m: MoveCursor) -> bool:
        """Answer at once where the hold is already there."""
        held = self.replica.state.holds.get(m.name)
        if held is not None and m.through <= held.through:
            self.env.send(m.reader, CursorPlaced(m.name, held.through))
            return True
        return False

    def turn(self, waiter: Waiter) -> bool:
        """The turn of a move that waited: whatever may have changed meanwhile is checked again."""
        leadership = self.replica.leadership
        m = max((move for _, move in waiter.attempts), key=lambda move: move.through)
        assert leadership is not None, "only a leader has who waits"
        if self.needs_no_move(m):
            return True
        if self.may_not_move(m.name):
            self.env.send(m.reader, CursorRefused(m.name))
            return True
        return self.propose(leadership, m)

    def propose(self, leadership: Leadership, m: MoveCursor) -> bool:
        """Propose a move; False, with nothing done, if the window has no room."""
        replica = self.replica
        slot = replica.next_slot
        hold = self.hold_at(m.name, m.through)
        epoch, timestamp = replica.config.epoch, replica.next_timestamp()
        record = CursorMoved(slot, leadership.ballot, epoch, timestamp, hold)
        if not replica.fits_window(record):
            return False
        replica.propose(record)
        self.movers[slot] = (m.reader, m.name)
        return True

    def hold_at(self, name: str, through: int) -> Hold:
        """The hold of a reader that has read through this slot; only a leader works out how many bytes that
        is, since it may have to look at its log.
        """
        log, state, settings = self.replica.log, self.replica.state, self.settings
        through = max(log.first - 1, min(through, state.applied))
        after = log.entries.bytes_through(state.applied) - log.entries.bytes_through(through)
        lag_slots, lag_bytes = settings.hold_lag_slots, settings.hold_lag_bytes
        return Hold(name, through, state.log_bytes - after, lag_slots, lag_bytes)

    def may_not_move(self, name: str) -> bool:
        """Whether the table of holds is full, or no timestamp may be assigned."""
        holds = self.replica.state.holds
        known = len(holds) + len(self.movers)
        many = name not in holds and known >= self.settings.holds
        return many or not self.replica.clock_trusted()

    # --- What the replica calls ---

    def applied(self, record: Record) -> None:
        """Answer the reader once its hold is chosen."""
        mover = self.movers.pop(record.slot, None) if self.movers else None
        if mover is None:
            return
        reader, name = mover
        held = self.replica.state.holds.get(name)
        if held is not None:
            self.env.send(reader, CursorPlaced(held.name, held.through))
        else:
            self.env.send(reader, CursorRefused(name))  # It was too far behind, and lapsed at once.

    def stepped_down(self) -> None:
        """Readers that wait for a move ask the next leader."""
        self.movers = {}

    def queues(self) -> tuple[tuple[str, int, int], ...]:
        """Moves in flight, holds, and what they hold of the log."""
        settings, state = self.settings, self.replica.state
        slowest = min((hold.through for hold in state.holds.values()), default=state.applied)
        least = min((hold.bytes_through for hold in state.holds.values()), default=state.log_bytes)
        return (
            ("moves of holds in flight", len(self.movers), settings.in_flight_slots),
            ("holds of readers", len(state.holds), settings.holds),
            ("slots held for readers", state.applied - slowest, settings.held_slots),
            ("bytes held for readers", state.log_bytes - least, settings.held_bytes),
        )

    def memory(self) -> tuple[tuple[str, int, int], ...]:
        """The chosen records in memory, and those retained on the disk; but a log replica retains all since
        its config until its tree has come (M5).
        """
        log, state, settings = self.replica.log, self.replica.state, self.settings
        snapshot = log.head.snapshot
        kept = settings.retained_bytes
        for hold in state.holds.values():
            kept = max(kept, state.log_bytes - hold.bytes_through)
        if snapshot is not None:
            for hold in snapshot.holds:
                kept = max(kept, state.log_bytes - hold.bytes_through)
        kept += CHECKPOINTS * settings.checkpoint_bytes + SLACK_BYTES
        cached = ("chosen records in memory", log.cached_bytes(), settings.log_cache_bytes + SLACK_BYTES)
        retained = ("retained records", log.entries.retained_bytes, kept)
        return (cached, retained) if self.replica.full else (cached,)

    def needed_from(self) -> int | None:
        """The slot behind the slowest reader's hold."""
        holds = self.replica.state.holds
        return min(hold.through for hold in holds.values()) + 1 if holds else None

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        ReadLog: on_read_log,
        MoveCursor: on_move_cursor,
    }
    SHAPES: ClassVar[Mapping[type[Message], Callable[[Any], bool]]] = {
        ReadLog: lambda m: m.cursor.committed_from >= 1 and m.cursor.limit >= 1,
    }

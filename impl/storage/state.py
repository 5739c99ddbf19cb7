"""The state of a partition: the fold of its chosen records, a pure function of the log.

*Invariants.* Two replicas that applied the same slots have equal states. A request id is remembered with its
answer until the first commit whose timestamp is past its deadline; from then on its timestamp could not be
within the deadline any more, so it can never be proposed again.
"""

from __future__ import annotations

from sortedcontainers import SortedList

from dynaproof.impl.node import Microseconds
from dynaproof.impl.storage.btree import BTree
from dynaproof.impl.storage.cursor import Hold
from dynaproof.impl.storage.ids import NO_BALLOT, Ballot, RequestId
from dynaproof.impl.storage.messages import Snapshot
from dynaproof.impl.storage.records import (
    Answer,
    Config,
    ConfigChange,
    CursorMoved,
    LogRecord,
    Outcome,
    Remembered,
    Write,
)


class PartitionState:
    """Items in key order, remembered requests, the governing config, and the clock of commit timestamps."""

    def __init__(self, config: Config, config_slot: int, items: BTree) -> None:
        self.applied = 0
        """The last applied slot."""
        self.identity: Ballot = NO_BALLOT
        """The ballot in the identity of the record in that slot."""
        self.timestamp: Microseconds = 0
        """Its commit timestamp, the largest so far."""
        self.largest_delete: Microseconds = 0
        """The largest commit timestamp of a delete: the write timestamp of every absent item is at most
        that."""
        self.config = config
        self.config_slot = config_slot
        self.items = items
        self.holds: dict[str, Hold] = {}
        """By reader; see `cursor.py`."""
        self.remembered: dict[RequestId, Remembered] = {}
        self._expiring: SortedList[tuple[Microseconds, RequestId]] = SortedList()

    @classmethod
    def restore(cls, snapshot: Snapshot, items: BTree) -> PartitionState:
        """The state that a checkpoint or a copy describes."""
        state = cls(snapshot.config, snapshot.config_slot, items)
        state.applied, state.identity = snapshot.slot, snapshot.identity
        state.timestamp, state.largest_delete = snapshot.timestamp, snapshot.largest_delete
        state.holds = {hold.name: hold for hold in snapshot.holds}
        for remembered in snapshot.remembered:
            state._remember(remembered)
        return state

    def checkpoint(self, ballot: Ballot) -> Snapshot:
        """Write the pages of the items that changed, and describe the state; `ballot` is that of the log's
        entry for the applied slot.
        """
        return Snapshot(
            self.applied,
            self.identity,
            ballot,
            self.timestamp,
            self.largest_delete,
            self.config,
            self.config_slot,
            tuple(self.remembered[request] for _, request in self._expiring),
            tuple(self.holds.values()),
            self.items.checkpoint(),
        )

    def apply(self, record: LogRecord) -> Answer | None:
        """Apply the next chosen record; the answer of its request, if it has one."""
        assert record.slot == self.applied + 1, "slots are applied in order"
        self.applied, self.identity, self.timestamp = record.slot, record.ballot, record.timestamp
        answer: Answer | None = None
        if isinstance(record, Write):
            for mutation in record.mutations:
                if mutation.new is None:
                    self.items.delete(mutation.key)
                    self.largest_delete = record.timestamp
                else:
                    self.items.put(mutation.key, mutation.new)
            answer = Answer(record.slot, True, None)
            self._remember(Remembered(record.request, record.deadline, answer))
        elif isinstance(record, Outcome):
            answer = Answer(record.slot, False, record.observed)
            self._remember(Remembered(record.request, record.deadline, answer))
        elif isinstance(record, ConfigChange):
            self.config, self.config_slot = record.config, record.slot
        elif isinstance(record, CursorMoved):
            self._hold(record)
        for hold in [hold for hold in self.holds.values() if hold.lapses_at <= record.slot]:
            del self.holds[hold.name]
        self._forget_past(record.timestamp)
        return answer

    def _hold(self, record: CursorMoved) -> None:
        name = record.hold.name
        held = self.holds.get(name)
        through = record.slot if held is None else max(held.through, record.hold.through)
        self.holds[name] = Hold(name, through, record.hold.lapses_at)

    def _remember(self, remembered: Remembered) -> None:
        self.remembered[remembered.request] = remembered
        self._expiring.add((remembered.deadline, remembered.request))

    def _forget_past(self, timestamp: Microseconds) -> None:
        while self._expiring and self._expiring[0][0] < timestamp:
            _, request = self._expiring.pop(0)
            self.remembered.pop(request, None)

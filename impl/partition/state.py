"""The state of a partition: the fold of its chosen records, a pure function of the log.

*Invariants.* Two replicas that applied the same slots have equal states. A request id is remembered with its
answer until the first commit whose timestamp is past its deadline; from then on its timestamp could not be
within the deadline any more, so it can never be proposed again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sortedcontainers import SortedList

from dynaproof.impl.node import Microseconds
from dynaproof.impl.partition.cursor import Hold
from dynaproof.impl.partition.records import CursorMoved, Outcome, Remembered, StoredItem, Write
from dynaproof.impl.partition.snapshot import PartitionSnapshot
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, RequestId
from dynaproof.impl.paxos.records import ClosedTimestamp, Config, ConfigChange, NoOp, Record
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.page_file import PageFile
from dynaproof.impl.tree.pages import PageCodec


def item_size(stored: StoredItem) -> int:
    """What an item takes in a page."""
    return len(stored.item)


class PartitionState:
    """Items in key order, remembered requests, the governing config, and the clock of commit timestamps."""

    codecs: tuple[PageCodec[Any], ...] = (PageCodec(StoredItem, item_size),)

    def __init__(self, config: Config, config_slot: int, pages: PageFile, items: BTree[StoredItem]) -> None:
        self.applied = 0
        """The last applied slot."""
        self.proposed_at: Ballot = NO_BALLOT
        """The ballot in the identity of the record in that slot."""
        self.timestamp: Microseconds = 0
        """Its commit timestamp, the largest so far."""
        self.largest_delete: Microseconds = 0
        """The largest commit timestamp of a delete: the write timestamp of every absent item is at most
        that."""
        self.config = config
        self.config_slot = config_slot
        self.pages = pages
        self.items = items
        self.holds: dict[str, Hold] = {}
        """By reader; see `cursor.py`."""
        self.remembered: dict[RequestId, Remembered] = {}
        self._expiring: SortedList[tuple[Microseconds, RequestId]] = SortedList()

    @classmethod
    def empty(cls, pages: PageFile, config: Config) -> PartitionState:
        """The state before the first slot, in an empty file."""
        (codec,) = cls.codecs
        return cls(config, 0, pages, BTree(pages, codec))

    @classmethod
    def restore(cls, pages: PageFile, snapshot: PartitionSnapshot) -> PartitionState:
        """The state that a checkpoint or a copy describes, with its trees in `pages`.

        Raises:
            RottenPageError: a page is damaged or missing.
        """
        pages.recover(snapshot.roots, cls.codecs)
        (codec,), (root,) = cls.codecs, snapshot.roots
        items = BTree(pages, codec, root)
        state = cls(snapshot.config, snapshot.config_slot, pages, items)
        state.applied, state.proposed_at = snapshot.slot, snapshot.proposed_at
        state.timestamp, state.largest_delete = snapshot.timestamp, snapshot.largest_delete
        state.holds = {hold.name: hold for hold in snapshot.holds}
        for remembered in snapshot.remembered:
            state.remember(remembered)
        return state

    def checkpoint(self, held_at: Ballot) -> PartitionSnapshot:
        """Write the pages of the trees that changed, and describe the state; the log holds the applied
        slot at `held_at`.
        """
        return PartitionSnapshot(
            self.applied,
            self.proposed_at,
            held_at,
            self.timestamp,
            self.config,
            self.config_slot,
            self.pages.checkpoint((self.items,)),
            self.largest_delete,
            tuple(self.remembered[request] for _, request in self._expiring),
            tuple(self.holds.values()),
        )

    def apply(self, record: Record) -> None:
        """Apply the next chosen record."""
        assert record.slot == self.applied + 1, "slots are applied in order"
        self.applied, self.proposed_at, self.timestamp = record.slot, record.proposed_at, record.timestamp
        APPLY[type(record)](self, record)
        for hold in [hold for hold in self.holds.values() if hold.lapses_at <= record.slot]:
            del self.holds[hold.name]
        self._forget_past(record.timestamp)

    def remember(self, remembered: Remembered) -> None:
        """Keep a request id with its answer, until its deadline has passed."""
        self.remembered[remembered.request] = remembered
        self._expiring.add((remembered.deadline, remembered.request))

    def _forget_past(self, timestamp: Microseconds) -> None:
        while self._expiring and self._expiring[0][0] < timestamp:
            _, request = self._expiring.pop(0)
            self.remembered.pop(request, None)


# --- What each record does ---


def _nothing(state: PartitionState, record: NoOp | ClosedTimestamp) -> None:
    pass


def _config(state: PartitionState, record: ConfigChange) -> None:
    state.config, state.config_slot = record.config, record.slot


def _write(state: PartitionState, record: Write) -> None:
    for mutation in record.mutations:
        if mutation.new is None:
            state.items.delete(mutation.key)
            state.largest_delete = record.timestamp
        else:
            state.items.put(mutation.key, mutation.new)
    state.remember(Remembered(record.request, record.deadline, record.answer))


def _outcome(state: PartitionState, record: Outcome) -> None:
    state.remember(Remembered(record.request, record.deadline, record.answer))


def _hold(state: PartitionState, record: CursorMoved) -> None:
    name = record.hold.name
    held = state.holds.get(name)
    through = record.slot if held is None else max(held.through, record.hold.through)
    state.holds[name] = Hold(name, through, record.hold.lapses_at)


APPLY: dict[type[Record], Callable[[PartitionState, Any], None]] = {
    NoOp: _nothing,
    ClosedTimestamp: _nothing,
    ConfigChange: _config,
    Write: _write,
    Outcome: _outcome,
    CursorMoved: _hold,
}
"""What a chosen record changes, by its type: every record of `records.LogRecord` is here."""

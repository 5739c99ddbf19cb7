"""The state of a partition: the fold of its chosen records, a pure function of the log.

*Invariants.* Two replicas that applied the same slots have equal states. Behind a `Split` the state is frozen
(H5): its children begin with it, whenever they are made. A request id is remembered with its answer until the
first commit whose timestamp is past its deadline; from then on its timestamp could no longer be within the
deadline, so it can never be proposed again. What a snapshot has besides its two roots is bounded: nothing in
it grows with the items or with the remembered requests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import structs

from dynaproof.impl.node import Microseconds
from dynaproof.impl.partition.cursor import Hold
from dynaproof.impl.partition.memory import CODEC, Memory
from dynaproof.impl.partition.metered import Metered
from dynaproof.impl.partition.records import (
    Answer,
    CursorMoved,
    Outcome,
    RatesSet,
    Split,
    StoredItem,
    Write,
)
from dynaproof.impl.partition.snapshot import PartitionSnapshot
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, RequestId
from dynaproof.impl.paxos.records import ClosedTimestamp, Config, ConfigChange, NoOp, Record, size_bytes
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.codec import PageCodec
from dynaproof.impl.tree.page_file import PageFile


def item_size(stored: StoredItem) -> int:
    """What an item takes in a page."""
    return len(stored.item)


class PartitionState:
    """Items in key order, what is remembered besides them, the governing config, and the clock of commit
    timestamps.
    """

    codecs: tuple[PageCodec[Any], ...] = (PageCodec(StoredItem, item_size), CODEC)

    def __init__(
        self, config: Config, config_slot: int, pages: PageFile, items: BTree[StoredItem], memory: Memory
    ) -> None:
        self.applied = 0
        """The last applied slot."""
        self.proposed_at: Ballot = NO_BALLOT
        """The ballot in the identity of the record in that slot."""
        self.timestamp: Microseconds = 0
        """Its commit timestamp, the largest so far."""
        self.log_bytes = 0
        """What the records of all applied slots take."""
        self.largest_delete: Microseconds = 0
        """The largest commit timestamp of a delete: every absent item's write timestamp is at most that."""
        self.config = config
        self.config_slot = config_slot
        self.pages = pages
        self.items = items
        self.memory = memory
        self.holds: dict[str, Hold] = {}
        """By reader; see `cursor.py`."""
        self.metered = None if memory.metered is None else Metered.restore(memory.metered)
        """The buckets of writes, if the partition has any."""
        self.split: Split | None = None
        """The barrier, once it is applied."""
        self.full = True
        """Whether the items and all that goes with them are here."""

    @classmethod
    def empty(cls, pages: PageFile, config: Config) -> PartitionState:
        """The state before the first slot, in an empty file."""
        items, memory = (BTree(pages, codec) for codec in cls.codecs)
        return cls(config, 0, pages, items, Memory(memory))

    @classmethod
    def bare(cls, pages: PageFile, snapshot: PartitionSnapshot) -> PartitionState:
        """The state of a log replica: slot, clock and config, and nothing in its trees."""
        state = cls.empty(pages, snapshot.config)
        state.applied, state.proposed_at = snapshot.slot, snapshot.proposed_at
        state.timestamp, state.config_slot = snapshot.timestamp, snapshot.config_slot
        state.full = False
        return state

    @classmethod
    def restore(cls, pages: PageFile, snapshot: PartitionSnapshot) -> PartitionState:
        """The state that a checkpoint or a copy describes, with its trees in `pages`.

        Raises:
            RottenPageError: the page of a root is damaged or missing.
        """
        pages.recover()
        items, rows = (
            BTree(pages, codec, root) for codec, root in zip(cls.codecs, snapshot.roots, strict=True)
        )
        memory = Memory(rows, snapshot.remembered, snapshot.remembered_bytes)
        state = cls(snapshot.config, snapshot.config_slot, pages, items, memory)
        state.applied, state.proposed_at = snapshot.slot, snapshot.proposed_at
        state.timestamp, state.largest_delete = snapshot.timestamp, snapshot.largest_delete
        state.log_bytes = snapshot.log_bytes
        state.holds = {hold.name: hold for hold in snapshot.holds}
        state.split = snapshot.split
        return state

    @property
    def barrier(self) -> int:
        """The slot of the split; 0 if there is none."""
        return 0 if self.split is None else self.split.slot

    @property
    def trees(self) -> tuple[BTree[Any], ...]:
        """Its trees, in the order of `codecs`."""
        return self.items, self.memory.tree

    def checkpoint(self, held_at: Ballot) -> PartitionSnapshot:
        """Write the pages of the trees that changed, and describe the state; the log holds the applied
        slot at `held_at`.
        """
        return PartitionSnapshot(
            self.applied,
            self.proposed_at,
            held_at,
            self.timestamp,
            self.log_bytes,
            self.config,
            self.config_slot,
            self.pages.checkpoint(self.trees),
            self.largest_delete,
            self.memory.count,
            self.memory.bytes,
            tuple(self.holds.values()),
            self.split,
        )

    def apply(self, record: Record) -> None:
        """Apply the next chosen record; behind a barrier it changes nothing (H5)."""
        assert record.slot == self.applied + 1, "slots are applied in order"
        self.applied, self.proposed_at = record.slot, record.proposed_at
        if self.split is not None:
            return
        self.timestamp = record.timestamp
        if not self.full:
            if isinstance(record, Split):
                self.split = record
            if record.config is not None:
                self.config, self.config_slot = record.config, record.slot
            return
        self.log_bytes += size_bytes(record)
        self.memory.forget(record.timestamp)
        APPLY[type(record)](self, record)
        if self.holds:
            self._lapse()

    def answer_to(self, request: RequestId, deadline: Microseconds) -> Answer | None:
        """What a request got, as long as it is remembered."""
        return self.memory.answer_to(request, deadline, self.timestamp)

    def _lapse(self) -> None:
        for hold in list(self.holds.values()):
            behind = self.applied - hold.through, self.log_bytes - hold.bytes_through
            if behind[0] > hold.lag_slots or behind[1] > hold.lag_bytes:
                del self.holds[hold.name]


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
    _charge(state, record)
    state.memory.remember(record)


def _outcome(state: PartitionState, record: Outcome) -> None:
    _charge(state, record)
    state.memory.remember(record)


def _charge(state: PartitionState, record: Write | Outcome) -> None:
    if state.metered is not None:
        state.metered.fold(record.cost, record.timestamp)
        state.memory.meter(state.metered.row())


def _rates(state: PartitionState, record: RatesSet) -> None:
    before = state.memory.count
    if state.metered is None:
        state.metered = Metered.begin(record.rates, record.timestamp, before)
    else:
        state.metered.change(record.rates, record.timestamp, before)
    state.memory.meter(state.metered.row())
    state.memory.remember(record)


def _hold(state: PartitionState, record: CursorMoved) -> None:
    moved, held = record.hold, state.holds.get(record.hold.name)
    if held is None:
        moved = structs.replace(moved, through=record.slot, bytes_through=state.log_bytes)
    elif moved.through < held.through:
        moved = structs.replace(moved, through=held.through, bytes_through=held.bytes_through)
    state.holds[moved.name] = moved


def _split(state: PartitionState, record: Split) -> None:
    state.split = record


APPLY: dict[type[Record], Callable[[PartitionState, Any], None]] = {
    NoOp: _nothing,
    ClosedTimestamp: _nothing,
    ConfigChange: _config,
    Write: _write,
    Outcome: _outcome,
    RatesSet: _rates,
    CursorMoved: _hold,
    Split: _split,
}
"""What a chosen record changes, by its type: every record of `records.LogRecord` is here."""

"""The records of a partition's log beside the protocol's own: what clients and readers change.

A leader decides every condition before it proposes, on the applied state and its own slots in flight, so a
`Write` carries the images that it found and leaves, and a failed condition is a record too (`Outcome`): all
replicas remember the same answer for a request.

*Invariant.* The old image of a mutation is the item that the fold of all lower slots left under its key.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from msgspec import Struct

from dynaproof.impl.capacity.rates import Rates
from dynaproof.impl.node import Microseconds
from dynaproof.impl.partition.cursor import Hold
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.paxos.records import ClosedTimestamp, ConfigChange, NoOp, Record

Item: TypeAlias = bytes
"""An item by its canonical bytes (`impl/values/encoding.py`): items are equal iff their bytes are."""


class StoredItem(Struct, frozen=True, gc=False, array_like=True):
    """An item as a partition stores it: with the slot and the commit timestamp of the write that left it."""

    item: Item
    slot: int
    timestamp: Microseconds


class Mutation(Struct, frozen=True, gc=False, array_like=True):
    """One key's change: `old` is what the leader found there, `new` what it leaves; None is absent."""

    key: bytes
    old: StoredItem | None
    new: StoredItem | None


class Answer(Struct, frozen=True, gc=False, array_like=True, tag="answer"):
    """What a request got: remembered until the first commit past its deadline, so that every retry gets the
    same.
    """

    slot: int
    applied: bool
    observed: StoredItem | None


class Write(Record, frozen=True, gc=False, tag="write", omit_defaults=True):
    """Several keys of a partition change at once, for one request."""

    request: RequestId  # pyright: ignore[reportIncompatibleMethodOverride] A field answers what the base asks.
    deadline: Microseconds
    mutations: tuple[Mutation, ...]
    cost: int = 0
    """In micro-units, which the partition's buckets are charged; 0 where it has none."""

    @property
    def answer(self) -> Answer:
        """What its request got."""
        return Answer(self.slot, True, None)

    def changes(self) -> tuple[Mutation, ...]:
        """The keys that change."""
        return self.mutations


class Outcome(Record, frozen=True, gc=False, tag="outcome", omit_defaults=True):
    """A request whose condition failed: nothing changes, and every retry gets the same answer."""

    request: RequestId  # pyright: ignore[reportIncompatibleMethodOverride] A field answers what the base asks.
    deadline: Microseconds
    observed: StoredItem | None
    cost: int = 0
    """As of a `Write`."""

    @property
    def answer(self) -> Answer:
        """What its request got."""
        return Answer(self.slot, False, self.observed)


class RatesSet(Record, frozen=True, gc=False, tag="rates"):
    """The buckets of the partition fill at these rates from here on, by an admin's request."""

    request: RequestId  # pyright: ignore[reportIncompatibleMethodOverride] A field answers what the base asks.
    deadline: Microseconds
    rates: Rates
    cost: ClassVar[int] = 0

    @property
    def answer(self) -> Answer:
        """What its request got."""
        return Answer(self.slot, True, None)


class CursorMoved(Record, frozen=True, gc=False, tag="cursor"):
    """A reader's hold is placed or moved; a new one begins at this slot, and none moves back."""

    hold: Hold


LogRecord: TypeAlias = NoOp | ClosedTimestamp | ConfigChange | Write | Outcome | RatesSet | CursorMoved

Answering: TypeAlias = Write | Outcome | RatesSet
"""What answers a request, and is remembered for it."""

ANSWERING = (Write, Outcome, RatesSet)


class Remembered(Struct, frozen=True, gc=False, array_like=True):
    """A request id that a partition has seen, with its answer."""

    request: RequestId
    deadline: Microseconds
    answer: Answer

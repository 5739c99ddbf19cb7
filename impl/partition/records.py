"""The records of a partition's log besides the protocol's own: what clients and readers change.

A leader decides every condition before it proposes, on the applied state and its own slots in flight. So a
`Write` carries the images that it found and those that it leaves, and a failed condition is a record too
(`Outcome`): all replicas remember the same answer for a request.

*Invariant.* The old image of a mutation is the item that the fold of all lower slots left under its key.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from msgspec import Struct

from dynaproof.impl.capacity.rates import Rates
from dynaproof.impl.node import Microseconds
from dynaproof.impl.partition.cursor import Hold
from dynaproof.impl.paxos.ids import Member, RequestId
from dynaproof.impl.paxos.records import ClosedTimestamp, Config, ConfigChange, NoOp, Record
from dynaproof.impl.values.key_range import KeyRange

Item: TypeAlias = bytes
"""An item by its canonical bytes (`impl/values/encoding.py`): items are equal iff their bytes are."""


class StoredItem(Struct, frozen=True, gc=False, array_like=True):
    """An item as a partition stores it: with the slot and the commit timestamp of the write that left it."""

    item: Item
    slot: int
    timestamp: Microseconds


class Mutation(Struct, frozen=True, gc=False, array_like=True):
    """One key's change: `old` is what the leader found there, `new` what this leaves; None is absent."""

    key: bytes
    old: StoredItem | None
    new: StoredItem | None


class Answer(Struct, frozen=True, gc=False, array_like=True, tag="answer"):
    """What a request got: remembered until the first commit past its deadline, so that every retry gets the
    same answer.
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
    """What the partition's buckets are charged, in micro-units; 0 where it has none."""

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
    """As in a `Write`."""

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


class ChildSpec(Struct, frozen=True, gc=False, array_like=True):
    """A partition that a split makes: its id, its range, and its first voters, each of incarnation 1 (H3)."""

    partition: int
    range: KeyRange
    voters: tuple[Member, ...]

    @property
    def config(self) -> Config:
        """The config that it begins with (H4). Later voters have incarnations above the number of these, as
        in every group.
        """
        return Config(0, self.voters, len(self.voters) + 1)


class Split(Record, frozen=True, gc=False, tag="split"):
    """The *barrier* of a partition: behind it nothing changes, and its two children begin with the state
    before it (H3, H5 of docs/table.md).
    """

    left: ChildSpec
    right: ChildSpec

    @property
    def barrier(self) -> bool:
        """Nothing is proposed above it."""
        return True

    @property
    def children(self) -> tuple[ChildSpec, ChildSpec]:
        """The children in the order of their ranges, which neither overlap nor leave anything out."""
        return self.left, self.right

    def child_of(self, key: bytes) -> ChildSpec:
        """The child to which a storage key belongs."""
        return self.right if self.right.range.contains(key) else self.left


LogRecord: TypeAlias = (
    NoOp | ClosedTimestamp | ConfigChange | Write | Outcome | RatesSet | CursorMoved | Split
)

Answering: TypeAlias = Write | Outcome | RatesSet
"""The records that answer a request, and are remembered for it."""

ANSWERING = (Write, Outcome, RatesSet)


class Remembered(Struct, frozen=True, gc=False, array_like=True):
    """A request id that a partition has seen, with its answer."""

    request: RequestId
    deadline: Microseconds
    answer: Answer

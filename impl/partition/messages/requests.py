"""What clients ask of a partition's items, and the answers."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from msgspec import Struct

from dynaproof.impl.capacity.rates import Rates, Version
from dynaproof.impl.node import Message, Microseconds, NodeId
from dynaproof.impl.partition.records import Item, Split, StoredItem
from dynaproof.impl.paxos.hosts import Hosts
from dynaproof.impl.paxos.ids import Ballot, RequestId


class Get(Struct, frozen=True, gc=False, tag="get"):
    """Read an item; `strong` asks the leader, else any replica answers."""

    key: bytes
    strong: bool


class Put(Struct, frozen=True, gc=False, tag="put"):
    """Replace an item; with `conditional`, only if the stored item equals `expected` (None: absent)."""

    strong: ClassVar[bool] = True
    key: bytes
    item: Item
    conditional: bool = False
    expected: Item | None = None


class Delete(Struct, frozen=True, gc=False, tag="delete"):
    """Delete an item; with `conditional`, only if the stored item equals `expected`."""

    strong: ClassVar[bool] = True
    key: bytes
    conditional: bool = False
    expected: Item | None = None


class Part(Struct, frozen=True, gc=False, array_like=True):
    """One key of a change: its item's expected version, which is the slot of the write that left it (0 if
    there is none); and, if it `changes`, the item that it leaves, None for nothing.
    """

    key: bytes
    version: int
    changes: bool
    item: Item | None = None

    def holds(self, stored: StoredItem | None) -> bool:
        """Whether what is stored has the expected version."""
        return self.version == (0 if stored is None else stored.slot)


class Change(Struct, frozen=True, gc=False, tag="change"):
    """Change several items at once, if all of them, and those that are only looked at, have the expected
    versions; the parts are in ascending order of their keys.
    """

    strong: ClassVar[bool] = True
    parts: tuple[Part, ...]


class SetRates(Struct, frozen=True, gc=False, tag="set_rates"):
    """Fill the buckets of the partition at these rates, if their version is above that of the current ones,
    and the current one is `onto`, where that is given: an admin asks for it.
    """

    strong: ClassVar[bool] = True
    rates: Rates
    onto: Version | None = None


class GetMany(Struct, frozen=True, gc=False, tag="get_many"):
    """Read several items, all at the same slot; the keys are in ascending order."""

    keys: tuple[bytes, ...]
    strong: bool


class Scan(Struct, frozen=True, gc=False, tag="scan"):
    """Read the items with low <= key < high (None: to the end), all at the same slot: at most `items` of
    them, and `size` bytes of keys and items, but at least one.
    """

    low: bytes
    high: bytes | None
    items: int
    size: int
    strong: bool


Read: TypeAlias = Get | GetMany | Scan
READS = (Get, GetMany, Scan)
PAGED = (GetMany, Scan)
"""The operations that are answered with a page; all others with a reply."""

ItemOperation: TypeAlias = Get | Put | Delete
"""An operation on one item."""

Operation: TypeAlias = Put | Delete | Change | SetRates | Read


def keys_of(operation: Operation) -> tuple[bytes, ...]:
    """The keys that an operation names."""
    if isinstance(operation, Change):
        return tuple(part.key for part in operation.parts)
    if isinstance(operation, GetMany):
        return operation.keys
    return () if isinstance(operation, (Scan, SetRates)) else (operation.key,)


def size_of(operation: Operation) -> int:
    """The bytes of the keys and the items in an operation."""
    size = sum(map(len, keys_of(operation)))
    if isinstance(operation, Change):
        return size + sum(len(part.item) for part in operation.parts if part.item is not None)
    if isinstance(operation, Put):
        size += len(operation.item)
    if isinstance(operation, (Put, Delete)) and operation.expected is not None:
        size += len(operation.expected)
    return size


class Request(Message, frozen=True, gc=False, tag="request"):
    """One attempt at a request. A write is fenced by `ballot`: only the leader of that ballot may ever
    propose it, so a refusal is final for the attempt, including repeated and late copies of it. Every attempt
    repeats the deadline, which is part of the request's name.
    """

    request: RequestId
    attempt: int
    ballot: Ballot
    deadline: Microseconds
    operation: Operation


class Reply(Message, frozen=True, gc=False, tag="reply", omit_defaults=True):
    """The answer to a request: `status` is `ok` or `condition_failed`; `slot` is where it took effect."""

    request: RequestId
    attempt: int
    status: str
    slot: int
    observed: StoredItem | None
    consumed: int = 0
    """The micro-units charged for this answer."""


class Page(Message, frozen=True, gc=False, tag="page", omit_defaults=True):
    """The answer to a read of several items: those found, with their keys, in order, as they stood at `slot`.
    It is complete up to the key `through`, exclusive; None if all that was asked for was looked at.
    """

    request: RequestId
    attempt: int
    slot: int
    items: tuple[tuple[bytes, StoredItem], ...]
    through: bytes | None
    consumed: int = 0
    """As in a `Reply`."""


class WrongPartition(Message, frozen=True, gc=False, tag="wrong_partition", omit_defaults=True):
    """This node has no replica of the partition that the attempt names; `final` as in `Rejected`. For the
    metadata it says where that is, as far as it knows, if that is not where the configuration says.

    With `split`, sent by a replica that has applied it (R4), the partition is split: its children have the
    keys, and those on `first`, if known, campaign first. If this is final, it is so for every attempt at the
    partition.
    """

    request: RequestId
    attempt: int
    final: bool
    hosts: Hosts | None = None
    split: Split | None = None
    first: NodeId | None = None


class Rejected(Message, frozen=True, gc=False, tag="rejected"):
    """This copy of an attempt was not proposed: `not_leader` (with a hint of where to go), `throttled` (with
    one of when to come back), `expired`, or `too_far_ahead` (the deadline); or it is throttled for want of
    capacity, with one of the API's reasons (`capacity.admission.REASONS`) and a hint of when there would be
    enough.

    `final`: no copy of this attempt ever was or will be proposed, so it has no effect. `wait_us`: when to
    come back to a leader that throttles, as far as it can tell.
    """

    request: RequestId
    attempt: int
    reason: str
    final: bool
    leader: NodeId | None
    ballot: Ballot
    wait_us: Microseconds = 0

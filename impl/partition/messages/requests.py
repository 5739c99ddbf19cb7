"""What clients ask of a partition's items, and the answers."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from dynaproof.impl.node import Message, Microseconds, NodeId
from dynaproof.impl.partition.records import Item, StoredItem
from dynaproof.impl.paxos.ids import Ballot, RequestId


class Get(Struct, frozen=True, gc=False, tag="get"):
    """Read an item; `strong` asks the leader, else any replica answers."""

    key: bytes
    strong: bool


class Put(Struct, frozen=True, gc=False, tag="put"):
    """Replace an item; with `conditional`, only if the stored item equals `expected` (None: absent)."""

    key: bytes
    item: Item
    conditional: bool = False
    expected: Item | None = None


class Delete(Struct, frozen=True, gc=False, tag="delete"):
    """Delete an item; with `conditional`, only if the stored item equals `expected`."""

    key: bytes
    conditional: bool = False
    expected: Item | None = None


Operation: TypeAlias = Get | Put | Delete


def size_of(operation: Operation) -> int:
    """The bytes of the key and the items in an operation."""
    size = len(operation.key)
    if isinstance(operation, Get):
        return size
    if isinstance(operation, Put):
        size += len(operation.item)
    return size + (len(operation.expected) if operation.expected is not None else 0)


class Request(Message, frozen=True, gc=False, tag="request"):
    """One attempt at a request. A write is fenced by `ballot`: only the leader of that ballot may ever
    propose it, so a refusal is final for the attempt, repeated and late copies of it included. Every attempt
    repeats the deadline, which is part of the request's name.
    """

    request: RequestId
    attempt: int
    ballot: Ballot
    deadline: Microseconds
    operation: Operation


class Reply(Message, frozen=True, gc=False, tag="reply"):
    """The answer to a request: `status` is `ok` or `condition_failed`; `slot` is where it took place."""

    request: RequestId
    attempt: int
    status: str
    slot: int
    observed: StoredItem | None


class Rejected(Message, frozen=True, gc=False, tag="rejected"):
    """This copy of an attempt was not proposed: `not_leader` (with a hint where to go), `throttled` (with one
    when to come back), `expired`, or `too_far_ahead` (the deadline).

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

"""The records of the replication log, and what they do to a partition's state.

A record is proposed by a leader for one slot. Its identity is (slot, ballot), with the ballot under which it
was *first* proposed: a later leader that adopts it proposes the same record again. A leader decides every
condition before it proposes, on the applied state and its own slots in flight, so a `Write` carries the
images that it found and leaves, and a failed condition is a record too (`Outcome`): all replicas remember the
same answer for a request.

*Invariant.* The old image of a mutation is the item that the fold of all lower slots left under its key.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from dynaproof.impl.node import Microseconds
from dynaproof.impl.storage.cursor import Hold
from dynaproof.impl.storage.ids import Ballot, Member, RequestId

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


class Config(Struct, frozen=True, gc=False, array_like=True):
    """Who votes on the slots above the one that holds it; `next_incarnation` is the least never used."""

    epoch: int
    voters: tuple[Member, ...]
    next_incarnation: int

    @property
    def quorum(self) -> int:
        """Votes that a majority needs."""
        return len(self.voters) // 2 + 1

    def replacing(self, old: Member, new: Member) -> Config:
        """The next config, with `new` in the place of `old`."""
        voters = tuple(new if voter == old else voter for voter in self.voters)
        return Config(self.epoch + 1, voters, max(self.next_incarnation, new.incarnation + 1))


class Record(Struct, frozen=True, gc=False, tag=True):
    """What every record carries: its identity, the epoch of the config that governs it, and its commit
    timestamp.
    """

    slot: int
    ballot: Ballot
    epoch: int
    timestamp: Microseconds

    @property
    def identity(self) -> tuple[int, Ballot]:
        """Equal for equal records only: a leader proposes one value per slot of its ballot."""
        return (self.slot, self.ballot)


class NoOp(Record, frozen=True, gc=False, tag="noop"):
    """Changes nothing; the first own record of every leadership."""


class ClosedTimestamp(Record, frozen=True, gc=False, tag="closed"):
    """Changes nothing; promises that every later commit timestamp is larger."""


class ConfigChange(Record, frozen=True, gc=False, tag="config"):
    """`config` governs every slot above this one."""

    config: Config


class Write(Record, frozen=True, gc=False, tag="write"):
    """Several keys of a partition change at once, for one request."""

    request: RequestId
    deadline: Microseconds
    mutations: tuple[Mutation, ...]


class Outcome(Record, frozen=True, gc=False, tag="outcome"):
    """A request whose condition failed: nothing changes, and every retry gets the same answer."""

    request: RequestId
    deadline: Microseconds
    observed: StoredItem | None


class CursorMoved(Record, frozen=True, gc=False, tag="cursor"):
    """A reader's hold is placed or moved; a new one begins at this slot, and none moves back."""

    hold: Hold


LogRecord: TypeAlias = NoOp | ClosedTimestamp | ConfigChange | Write | Outcome | CursorMoved


class Answer(Struct, frozen=True, gc=False, array_like=True):
    """What a request got: remembered until the first commit past its deadline, so that every retry gets the
    same.
    """

    slot: int
    applied: bool
    observed: StoredItem | None


class Remembered(Struct, frozen=True, gc=False, array_like=True):
    """A request id that a partition has seen, with its answer."""

    request: RequestId
    deadline: Microseconds
    answer: Answer

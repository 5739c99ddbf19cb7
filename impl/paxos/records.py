"""The records of a replication log that the protocol itself proposes, and what it must know of all others.

A leader proposes a record for one slot. Its identity is (slot, proposed at), the ballot under which it was
*first* proposed: a later leader that adopts it proposes the same record again.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.ids import Ballot, Member, RequestId

_encode = msgspec.msgpack.Encoder().encode


class Config(Struct, frozen=True, gc=False, array_like=True):
    """The voters on the slots above the one that holds it; `next_incarnation` is the lowest never used."""

    epoch: int
    voters: tuple[Member, ...]
    next_incarnation: int

    @property
    def quorum(self) -> int:
        """How many votes are a majority."""
        return len(self.voters) // 2 + 1

    def replacing(self, old: Member, new: Member) -> Config:
        """The next config, with `new` in the place of `old` (rule M1)."""
        voters = tuple(new if voter == old else voter for voter in self.voters)
        return Config(self.epoch + 1, voters, max(self.next_incarnation, new.incarnation + 1))

    def raised(self) -> Config:
        """The next config, with the same voters."""
        return Config(self.epoch + 1, self.voters, self.next_incarnation)

    @property
    def first_voters(self) -> tuple[Member, ...]:
        """Those of the voters that the group began with: they have the lowest incarnations."""
        return tuple(voter for voter in self.voters if voter.incarnation <= len(self.voters))

    @property
    def brought(self) -> Member | None:
        """The voter brought in last, the only one that might not be admitted yet: it must be before another
        is brought in (rule M2). None if none ever was.
        """
        newest = max(self.voters, key=lambda voter: voter.incarnation)
        return (
            None if newest in self.first_voters or newest.incarnation + 1 < self.next_incarnation else newest
        )

    @property
    def unproven(self) -> tuple[Member, ...]:
        """The voters not known to have ever been admitted: the one brought in last, if any was; and all
        voters of a group that a split has made, each by its own node (H1), until one is replaced.
        """
        if all(voter.incarnation == 1 for voter in self.voters):
            return self.voters
        return () if self.brought is None else (self.brought,)

    @property
    def may_lack(self) -> int:
        """How many `unproven` voters, besides the one that is replaced, need not be heard of: in a group that
        a split has made, fewer than it may lose (H10); elsewhere none, for the newest must be admitted (M2).
        """
        return len(self.voters) - self.quorum - 1 if len(self.unproven) > 1 else 0

    def crowded(self) -> bool:
        """Whether a zone has more voters than the group can lose."""
        zones = [(voter.node.region, voter.node.zone) for voter in self.voters]
        return any(2 * zones.count(zone) > len(zones) - 1 for zone in zones)


class Record(Struct, frozen=True, gc=False, tag=True):
    """What every record carries: its identity, the epoch of the config that governs it, and its commit
    timestamp. The records of a state machine answer these questions about themselves.
    """

    slot: int
    proposed_at: Ballot
    """The ballot under which it was first proposed; a log may hold it at a later one."""
    epoch: int
    timestamp: Microseconds

    @property
    def identity(self) -> tuple[int, Ballot]:
        """Equal for equal records only: a leader proposes one value per slot of its ballot."""
        return (self.slot, self.proposed_at)

    @property
    def request(self) -> RequestId | None:
        """The request that it answers, if it answers one."""
        return None

    @property
    def answer(self) -> Any:
        """What that request got."""
        return None

    @property
    def config(self) -> Config | None:
        """The config that governs every slot above it, if it installs one."""
        return None

    @property
    def barrier(self) -> bool:
        """Whether nothing is proposed above it until it is counted chosen (rule 9)."""
        return self.config is not None

    def changes(self) -> tuple[Any, ...]:
        """The keys that it changes, each with what stands there afterwards (`key`, `new`)."""
        return ()


def size_bytes(record: Record) -> int:
    """What a record takes in a message or in the journal: the same on all replicas, since it depends on the
    record alone.
    """
    return len(_encode(record))


class NoOp(Record, frozen=True, gc=False, tag="noop"):
    """Changes nothing; the first own record of every leadership."""


class ClosedTimestamp(Record, frozen=True, gc=False, tag="closed"):
    """Changes nothing; promises that every later commit timestamp is larger."""


class ConfigChange(Record, frozen=True, gc=False, tag="config"):
    """`config` governs every slot above this one."""

    config: Config  # pyright: ignore[reportIncompatibleMethodOverride] A field answers what the base asks.

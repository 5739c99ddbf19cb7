"""The facts about one replica group under load: how long an answer took, how far a replica is behind, what a
copy, a queue or a handler came to. Each carries what its bound is derived from.
"""

from __future__ import annotations

from collections.abc import Hashable

from msgspec import Struct

from dynaproof.specs.views.base import Name
from dynaproof.specs.views.group_facts import GroupFact


class Pace(Struct, frozen=True):
    """What time bounds are derived from: constants of a run, drawn before it."""

    latency_us: int
    """The largest latency of a message,"""
    sync_us: int
    """and of a sync. Waiting for a sync includes waiting for the one that is under way."""
    in_flight_slots: int
    """The window, in slots"""
    window_bytes: int
    """and in bytes."""

    @property
    def answer_us(self) -> int:
        """How soon an answer comes if no request stands before it: five round trips and three syncs."""
        return 5 * 2 * self.latency_us + 3 * 2 * self.sync_us

    @property
    def stop_us(self) -> int:
        """How soon after its proposal a split's children serve: six round trips and nine syncs."""
        return 6 * 2 * self.latency_us + 9 * 2 * self.sync_us


class Answered(GroupFact, frozen=True, gc=False):
    """A request was answered this long after it was asked, or has waited so long in vain."""

    request: Hashable
    took_us: int
    slots_before: int
    """What stood before it at the leader: slots not chosen yet and requests that waited,"""
    bytes_before: int
    """and their bytes."""
    pace: Pace


class Lagged(GroupFact, frozen=True, gc=False):
    """A live, reachable replica does not know all that was chosen before the time of one answer."""

    name: Name
    known: int
    chosen: int
    """The last slot that was chosen then."""
    pace: Pace


class StillAway(GroupFact, frozen=True, gc=False):
    """A replica that was away is level now, or not yet."""

    name: Name
    took_us: int
    away_us: int
    """How long it was away."""
    slots: int
    """How many slots it had missed when it came back,"""
    chunk_slots: int
    """and how many of them travel together."""
    idle_us: int
    """How long it may take until it hears what it has missed."""
    pace: Pace


class Copied(GroupFact, frozen=True, gc=False):
    """A copy has arrived, or is still under way."""

    name: Name
    took_us: int
    round_trips: int
    """The round trips that the same copy takes on an idle group."""
    idle_us: int
    """How long a lost question may stay unnoticed."""
    pages: int
    """How many pages it has brought, including those of earlier copies after which the replica was not level;
    0 where its source may not hold them all.
    """
    needed: int
    """How many pages its source had when it began."""
    pace: Pace


class Throttled(GroupFact, frozen=True, gc=False):
    """A write was refused because of a bound."""

    name: Name
    request: Hashable
    writes: int
    """How many writes were asked for in the span for which a partition remembers them,"""
    admitted: int
    """and how many the partition's rate admits in that span."""
    bytes: int
    """The bytes that the partition remembers of those writes,"""
    admitted_bytes: int
    """and the most that its rate admits."""


class Filled(GroupFact, frozen=True, gc=False):
    """Something that fills up is fuller than ever before in this life of the replica."""

    name: Name
    what: str
    size: int
    bound: int


class Worked(GroupFact, frozen=True, gc=False):
    """A handler did more of something than any before it at this place."""

    name: Name
    handler: str
    """The type of the message or timer that it handled."""
    what: str
    amount: int
    bound: int

"""A group against real time, read into a `GroupView`: the age of what an eventual read shows, and the clocks
by which commit timestamps are assigned.

How late a message may be is known only where every enabled event happens when it is due, so only runs that
are timed from the start are judged.
"""

from __future__ import annotations

from typing import ClassVar

from dynaproof.impl.node import Microseconds
from dynaproof.impl.partition.messages.requests import Reply
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.records import Record
from dynaproof.specs.observe.impl.place import Place, replica_of, settings_of
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.time_facts import ReadWhenOld, Stamped

LATE = 8
"""How many times its latency a message, or a second copy of it, may be late; the same for a sync."""

LATEST = 4
"""How many times the lateness of a run's late copies one of them may be late."""

TRUE_US = 200_000
"""The most by which clocks differ that nobody has stepped."""


class FalseClock:
    """A wall clock that is off by `offset`, and since when a proposal has shown it."""

    __slots__ = ("first_slot", "offset", "since")

    def __init__(self, offset: Microseconds, since: int) -> None:
        self.offset = offset
        self.since = since
        self.first_slot: int | None = None
        """The slot from which on its leader has stamped all by this clock, after hearing the others' clocks;
        a slot below that may be sent again after the clock was stepped.
        """


class TimeObserver:
    """Measures; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (ReadWhenOld, Stamped)
    """The types of all facts that are filed."""

    def __init__(self, view: GroupView, group: int) -> None:
        self.view = view
        self.group = group
        self.known_through = 0
        self.known_at: dict[int, int] = {}
        """When the first replica knew each slot to be chosen: what a quorum holds but nobody has counted was
        shown to nobody.
        """
        self.slowest = 1
        self._false: dict[str, FalseClock] = {}
        """By a leader's place: its wall clock, if that alone is further than epsilon from real time."""

    def handled(self, place: Place) -> None:
        """A handler has run: note how slow its node is."""
        self.slowest = max(self.slowest, place.slow)

    def known(self, through: int, tau: int) -> None:
        """A replica knows slots to be chosen."""
        for slot in range(self.known_through + 1, through + 1):
            self.known_at[slot] = tau
        self.known_through = max(self.known_through, through)

    def forget(self, through: int) -> None:
        """Forget when these slots were known: no replica shows a state that old."""
        for slot in [slot for slot in self.known_at if slot <= through]:
            del self.known_at[slot]

    # --- Eventual reads ---

    def read(self, place: Place, replica: PartitionReplica, key: bytes, reply: Reply) -> None:
        """A replica answers an eventual read: if the item had changed since, the value shown was old."""
        if place.world.was_untimed:
            return
        view = self.view
        for slot in range(max(reply.slot, view.pruned_through) + 1, self.known_through + 1):
            chosen = view.chosen.get(slot)
            if chosen is not None and any(one.key == key for one in chosen.record.record.changes()):
                age = place.world.tau - self.known_at[slot]
                view.file(ReadWhenOld(replica.member, reply.request, age, self.oldest_us(place)))
                return

    def oldest_us(self, place: Place) -> int:
        """How old what a replica shows may be: it was in contact, by a clock that may be slow, with a leader
        that had not given up yet; what the leader knew may have come late.
        """
        world, settings = place.world, settings_of(place)
        quiet_us = real_us(place, settings.contact_us + settings.usable_lease_us()) + LATEST * world.late_us
        return quiet_us + self.slowest * (2 * LATE * max(world.latencies) + LATE * max(world.sync_us))

    # --- Commit timestamps ---

    def stamped(self, place: Place, ballot: Ballot, records: tuple[Record, ...]) -> None:
        """A leader's proposals leave: clients' records that it proposed itself, unless pushed by the previous
        timestamp, carry its wall clock.
        """
        if place.world.was_untimed:
            return
        world, settings, offset = place.world, settings_of(place), place.wall_offset
        if abs(offset) <= settings.epsilon_us or not self.others_are_true(place):
            self._false.pop(place.name, None)
            return
        clock = self._false.get(place.name)
        if clock is None or clock.offset != offset:
            clock = self._false[place.name] = FalseClock(offset, world.tau)
        # It hears the others' clocks in the answers by which they renew its lease.
        if world.tau - clock.since <= real_us(place, 2 * settings.usable_lease_us()):
            return
        if clock.first_slot is None:
            replica = replica_of(place, self.group)
            if replica is not None and replica.leadership is not None:
                clock.first_slot = replica.next_slot
            return
        for record in records:
            if record.slot < clock.first_slot:
                continue
            own = record.proposed_at == ballot and record.request is not None
            before = self.view.proposed.get((ballot, record.slot - 1))
            if own and before and record.timestamp > before[0].timestamp + 1:
                bound = settings.epsilon_us + TRUE_US + self.slowest * LATE * max(world.latencies)
                self.view.file(Stamped(place.name, record.slot, abs(offset), bound))

    def others_are_true(self, place: Place) -> bool:
        """Whether no other clock was stepped."""
        places = place.world.places.values()
        return all(abs(other.wall_offset) <= TRUE_US for other in places if other is not place)


def real_us(place: Place, local_us: Microseconds) -> Microseconds:
    """How long it takes until the clock of the node at a place has advanced by so much."""
    return (local_us << 20) // place.rate

"""The capacity of a partition, seen through a `GroupView`: its buckets by an exact fold of what is chosen,
and by what leaders say that they admit and throttle.

The buckets are those of `buckets`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from dynaproof.impl.capacity.rates import Fill, Rates, Version
from dynaproof.impl.metadata.records import ProvisionedTable
from dynaproof.impl.partition.messages.requests import SetRates
from dynaproof.impl.partition.notes import (
    CapacityExceeded,
    LevelHeard,
    ReadAdmitted,
    ReadsDivided,
    ReadsTakenOver,
    UseHeard,
)
from dynaproof.impl.partition.records import Mutation, Outcome, RatesSet, Split, Write
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.paxos.ids import Member, RequestId
from dynaproof.impl.paxos.messages.leadership import Heartbeat
from dynaproof.impl.paxos.records import Record
from dynaproof.impl.router.notes import Invoked
from dynaproof.impl.values.encoding import decode_item
from dynaproof.impl.values.size import item_size_bytes
from dynaproof.specs import sometimes_of_capacity
from dynaproof.specs.observe.impl.buckets import Buckets, fastest
from dynaproof.specs.observe.impl.place import Place, replica_of
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.capacity_facts import (
    MICRO,
    Boosted,
    Charged,
    Exceeded,
    LevelApart,
    ReadCharged,
    ReadsBegan,
    TakesLess,
)
from dynaproof.specs.views.group import GroupView

MOST_MULTIPLIER = 10

ADAPTING = ("pid", "proportional")
"""How a multiplier is decided, if there is one."""

UNCAPPED = 1_000_000 * MICRO
"""What a partition without a cap serves under global admission, in micro-units a second."""

KEPT_SLOTS = 512
"""Slots whose levels are remembered: a replica that is further behind is not looked at."""


class Held(NamedTuple):
    """From a timestamp on a partition has its share of what a version gave its table, halved so often at
    splits since; or nothing any more.
    """

    at_us: int
    version: int
    halvings: int


NOTHING = -1
"""What a partition has once it is split."""


class CapacityObserver:
    """Files facts about the capacity of a group; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (
        Boosted,
        Charged,
        Exceeded,
        LevelApart,
        ReadCharged,
        ReadsBegan,
        TakesLess,
    )
    """The types of all facts that are filed."""

    def __init__(self, view: GroupView, group: int, reach: Callable[[Sometimes], None]) -> None:
        self.view = view
        self.group = group
        self.reach = reach
        self.writes: Buckets | None = None
        """By the chosen records; None until one of them sets rates."""
        self.is_due = False
        """Whether the table is given capacity."""
        self.charges: list[tuple[int, int]] = []
        """Timestamps and costs of all chosen records."""
        self.free: dict[RequestId, bool] = {}
        """Requests that set rates, which cost nothing."""
        self.rates: dict[Version, tuple[Fill, Fill | None]] = {}
        """The rates of reads, by version."""
        self.levels: dict[int, str] = {}
        """By chosen slot, what the fold through it leaves."""
        self.looked_at: dict[Member, int] = {}
        """Through which slot the buckets of a replica were looked at."""
        self.reads: dict[Member, Buckets] = {}
        """The buckets of replicas that have led, by their own clocks,"""
        self.followed: dict[Member, tuple[PartitionReplica, Buckets]] = {}
        """and of those that have heard a leader's level in their present life."""
        self.sent_above: int | None = None
        """The most by which any level ever sent exceeds what was filled since time 0,"""
        self.fastest_read = 0
        """at the greatest rate at which any bucket of reads has filled since."""
        self.parent: CapacityObserver | None = None
        """That of the parent, if a split made this partition."""
        self.throttled: dict[Member, bool] = {}
        """Replicas that have throttled a write."""
        self.taken: dict[str, tuple[int, int]] = {}
        """Of reads and of writes: the version of what its table was given, and the rate that was set last."""
        self.held: list[Held] = []
        """Its shares of what its table was given, in order of time."""

    def begin(self, parent: CapacityObserver, split: Split, index: int) -> None:
        """A split has made the partition: it begins with what its parent's fold leaves, divided."""
        self.parent, self.is_due = parent, parent.is_due
        if parent.writes is None:
            return
        before = next(one for one in reversed(parent.held) if one.halvings != NOTHING)
        if parent.held[-1] is before:
            parent.held.append(Held(split.timestamp, before.version, NOTHING))
        self.held.append(Held(split.timestamp, before.version, before.halvings + 1))
        if parent.throttled:
            self.reach(sometimes_of_capacity.BUCKETS_DIVIDED)
        self.writes = parent.writes.copy().child(index, split.timestamp)
        self.levels[split.slot] = self.writes.shown()
        read, cap = parent.rates[self.writes.version]
        half = Fill(max(1, (read.rate + 1 - index) // 2), (read.kept + 1 - index) // 2)
        self.rates[self.writes.version] = half, cap

    def invoked(self, note: Invoked) -> None:
        """A client asks for something."""
        if isinstance(note.operation, SetRates):
            self.free[note.request] = True

    def boosted(self, table: ProvisionedTable, partition: int) -> None:
        """A partition's rates are set; they are checked if they belong to what its table is given now."""
        for one in self.shares(table, partition):
            if one.rate > one.share:
                self.reach(sometimes_of_capacity.BOOSTED)
            self.view.file(one)
            before, self.taken[one.what] = self.taken.get(one.what), (table.version, one.rate)
            if table.given.adapts == "on_demand" and before is not None and before[0] == table.version:
                self.view.file(TakesLess(one.slot, one.what, one.rate, before[1]))
                if one.rate > before[1]:
                    self.reach(sometimes_of_capacity.TAKES_MORE)

    def has_share(self, table: ProvisionedTable, partition: int) -> bool:
        """Whether a partition has its share of what its table is given now."""
        shares = self.shares(table, partition)
        return bool(shares) and all(one.share <= one.rate <= one.share * one.most for one in shares)

    def shares(self, table: ProvisionedTable, partition: int) -> list[Boosted]:
        """A partition's rates beside its shares; none if they belong to what its table was given before."""
        if self.writes is None or self.writes.version.given != table.version:
            return []
        given, partitions = table.given, len(table.partitions)
        index, slot = table.partitions.index(partition), self.view.chosen_through
        most = MOST_MULTIPLIER if given.adapts in ADAPTING else 1
        shares = []
        for what, rate, whole, cap in (
            ("reads", self.rates[self.writes.version][0].rate, given.read, given.read_cap),
            ("writes", self.writes.own.rate, given.write, given.write_cap),
        ):
            share = whole // partitions + (index < whole % partitions)
            if given.adapts == "global":
                share = UNCAPPED if cap is None else cap
            most = UNCAPPED // whole + 1 if given.adapts == "on_demand" else most
            shares.append(Boosted(slot, what, rate, share, most))
        return shares

    # --- Writes ---

    def chosen(self, record: Record) -> None:
        """The next record is chosen."""
        if isinstance(record, RatesSet):
            rates = record.rates
            self.held.append(Held(record.timestamp, rates.version.given, 0))
            self.rates[rates.version] = rates.read, rates.read_cap
            if self.writes is None:
                self.writes = Buckets.full(rates.write, rates.write_cap, rates.version, record.timestamp)
            else:
                self.reach(sometimes_of_capacity.RATES_CHANGED)
                self.writes.fold((record,))
        elif self.writes is None:
            if self.is_due and isinstance(record, Write):
                self.view.file(Charged(record.slot, "no bucket", 0, MICRO, 0, 0))
            return
        elif isinstance(record, (Write, Outcome)):
            owed = max((owed_for(mutation) for mutation in record.changes()), default=MICRO)
            if record.request in self.free:
                owed = 0
            for name, bucket in self.writes.each():
                bucket.to(record.timestamp)
                self.view.file(Charged(record.slot, name, record.cost, owed, bucket.level, bucket.capacity))
            self.writes.fold((record,))
            if self.writes.own.level < 0:
                self.reach(sometimes_of_capacity.IN_DEBT)
            self.charges.append((record.timestamp, record.cost))
        self.levels[record.slot] = self.writes.shown()
        self.levels.pop(record.slot - KEPT_SLOTS, None)

    def replica(self, place: Place) -> PartitionReplica:
        """The replica at this place, which notes something."""
        replica = replica_of(place, self.group)
        assert replica is not None, "a replica said it"
        return replica

    def exceeded(self, place: Place, note: CapacityExceeded) -> None:
        """A replica throttles; what a leader that was deposed meanwhile goes by is not known here."""
        if "Read" in note.reason:
            self.reach(sometimes_of_capacity.READ_THROTTLED)
            return
        self.reach(sometimes_of_capacity.WRITE_THROTTLED)
        if note.bucket == "node":
            return  # That is the bucket of all partitions there.
        self.throttled[note.member] = True
        replica = self.replica(place)
        leadership = replica.leadership
        if self.writes is None or leadership is None or self.view.newest_leader() != note.member:
            return
        buckets, log = self.writes.copy(), replica.log
        if len(self.throttled) > 1:
            self.reach(sometimes_of_capacity.SUCCESSOR_THROTTLED)
        if log.last >= self.view.chosen_through:
            buckets.fold(log.between(self.view.chosen_through + 1, log.last))
            buckets.fold(leadership.next_batch)
            bucket = buckets.cap if note.bucket == "cap" else buckets.own
            assert bucket is not None, "only a cap that is there is exceeded"
            bucket.to(note.at_us)
            self.view.file(
                Exceeded(
                    note.member,
                    note.request,
                    note.reason,
                    note.cost,
                    note.level,
                    bucket.level,
                    bucket.capacity,
                )
            )

    def handled(self, replica: PartitionReplica) -> None:
        """Look at the buckets that a replica has at its applied slot."""
        applied, state = replica.state.applied, replica.state
        if self.writes is None or self.looked_at.get(replica.member) == applied or not state.full:
            return
        self.looked_at[replica.member] = applied
        expected, metered = self.levels.get(applied), state.metered
        if expected is None:
            return
        buckets = [] if metered is None else [("the share", metered.writes.own)]
        if metered is not None and metered.writes.cap is not None:
            buckets.append(("the cap", metered.writes.cap))
        level = ", ".join(f"{bucket.level} at {bucket.at_us} in {name}" for name, bucket in buckets)
        if level != expected:
            self.view.file(LevelApart(replica.member, applied, level, expected))

    # --- Reads ---

    def beat(self, place: Place, message: Heartbeat) -> None:
        """A leader's heartbeat leaves, perhaps with the level that is left for reads."""
        replica = replica_of(place, self.group)
        if message.level is not None and replica is not None and replica.state.metered is not None:
            self.sent(replica, message.level, place.world.tau)

    def sent(self, replica: PartitionReplica, level: int, tau: int) -> None:
        """A level leaves in a heartbeat, or a leader begins with it."""
        above = (level + 1) * MICRO - self.fastest(replica) * tau
        self.sent_above = above if self.sent_above is None else max(self.sent_above, above)

    def fastest(self, replica: PartitionReplica) -> int:
        """The greatest rate at which a bucket of reads fills by the fastest clock."""
        rates = [own.rate for own, _ in self.rates.values()]
        drift_ppm = replica.settings.drift_ppm
        self.fastest_read = max([self.fastest_read, *(fastest(rate, drift_ppm) for rate in rates)])
        return self.fastest_read

    def most(self, replica: PartitionReplica, tau: int) -> int:
        """The most micro-units that the levels sent so far may leave a replica."""
        if self.sent_above is None:
            return 0
        return (self.sent_above + self.fastest(replica) * tau) // MICRO

    def inherited(self, place: Place, note: ReadsDivided) -> None:
        """A replica of a child begins with its part of what its parent has."""
        replica, tau = self.replica(place), place.world.tau
        assert self.parent is not None, "only a child inherits"
        self.reach(sometimes_of_capacity.READS_DIVIDED)
        most = self.parent.most(replica, tau) // 2
        self.view.file(ReadsBegan(note.member, note.level, note.level, most, 0))
        self.sent(replica, note.level, tau)

    def took_over(self, place: Place, note: ReadsTakenOver) -> None:
        """A leader begins to admit reads."""
        replica, tau = self.replica(place), place.world.tau
        metered = replica.state.metered
        assert metered is not None, "only who has rates admits by them"
        rates = metered.rates
        most = self.most(replica, tau)
        if note.heard is not None:
            self.reach(sometimes_of_capacity.READS_TAKEN_OVER)
        second = min(rates.read.rate, rates.read.kept)
        self.view.file(ReadsBegan(note.member, note.heard, note.level, most, second))
        buckets = Buckets.full(rates.read, rates.read_cap, rates.version, note.at_us)
        buckets.own.level = (note.level + 1) * MICRO
        self.reads[note.member] = buckets
        self.sent(replica, note.level, tau)

    def read(self, place: Place, note: ReadAdmitted) -> None:
        """A replica has admitted a read: by its own bucket as leader, or by the last level that it heard."""
        replica = self.replica(place)
        metered = replica.state.metered
        buckets = self.reads.get(note.member)
        if replica.leadership is None:
            life, buckets = self.followed.get(note.member, (None, None))
            buckets = buckets if life is replica else None
        if buckets is None or metered is None:
            return
        self.follow(buckets, metered.rates, note.at_us)
        for name, bucket in buckets.each():
            bucket.charge(note.cost, note.at_us)
            level = bucket.level
            self.view.file(ReadCharged(note.member, name, note.cost, level, bucket.capacity))

    def follow(self, buckets: Buckets, rates: Rates, at_us: int) -> None:
        """Continue at the rates that a replica has by now; since when it has them is not known."""
        if buckets.version == rates.version:
            return
        between = (one for one in self.rates if buckets.version < one <= rates.version)
        for own, cap in map(self.rates.__getitem__, between):
            buckets.own.loosen(own)
            if buckets.cap is not None and cap is not None:
                buckets.cap.loosen(cap)
        buckets.change(rates.read, rates.read_cap, rates.version, at_us)

    def heard_level(self, place: Place, note: LevelHeard) -> None:
        """A follower continues from its leader's level; what its cap has left is not known."""
        replica = self.replica(place)
        metered = replica.state.metered
        assert metered is not None, "only who has rates hears levels"
        rates = metered.rates
        buckets = Buckets.full(rates.read, None, rates.version, note.at_us)
        buckets.own.level = min(buckets.own.capacity, note.level * MICRO)
        self.followed[note.member] = replica, buckets

    def heard_use(self, place: Place, note: UseHeard) -> None:
        """A leader is charged for what a follower has taken."""
        buckets, metered = self.reads.get(note.member), self.replica(place).state.metered
        if buckets is not None and metered is not None:
            self.follow(buckets, metered.rates, note.at_us)
            buckets.own.charge(note.more, note.at_us)


def owed_for(mutation: Mutation) -> int:
    """The least that changing one item costs."""
    sizes = [
        item_size_bytes(decode_item(stored.item))
        for stored in (mutation.old, mutation.new)
        if stored is not None
    ]
    return max(1, -(-max(sizes, default=0) // 1024)) * MICRO

"""What a replica admits of the capacity that its partition was given, and what it throttles.

*Writes* are admitted by the leader, where the old item is known, with the timestamp that the record would
have, before anything is proposed: what is throttled leaves nothing behind. The leader is ahead of the applied
buckets by what it adopted and what it has in flight; that belongs to the leadership, and is dropped with it.
So what it admitted in vain is not charged, and no capacity is minted (`metered.py`).

*Reads* leave no trace. The leader has buckets by its own clock, and its heartbeats carry the level of its own
one; each replica goes on filling the level that it heard, and begins with that when it leads
(`capacity/shares.py`). An eventual read elsewhere is admitted by the level heard there, and the answer to the
next heartbeat says what was taken, so that the leader charges it: until then each follower may take what it
heard, plus the fill since, plus one largest read, and no more.

*Invariant.* A request that is throttled has no effect, not even on a bucket.
"""

from __future__ import annotations

from dynaproof.impl.capacity.admission import Admission, NodeBuckets, Throttled, writes_per_second
from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.bucket import Bucket, charged, kept
from dynaproof.impl.capacity.rates import NO_VERSION, Rates, Usage, Version, change, divide
from dynaproof.impl.capacity.shares import succeeded
from dynaproof.impl.node import Message, Microseconds
from dynaproof.impl.partition.costs import cost_of_read
from dynaproof.impl.partition.messages.requests import Read
from dynaproof.impl.partition.metered import Metered
from dynaproof.impl.partition.notes import (
    CapacityExceeded,
    LevelHeard,
    ReadAdmitted,
    ReadsDivided,
    ReadsTakenOver,
    UseHeard,
    WriteAdmitted,
)
from dynaproof.impl.partition.records import Outcome, RatesSet, Write
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.partition.state import PartitionState
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member, RequestId
from dynaproof.impl.paxos.records import Record
from dynaproof.impl.paxos.replica import Replica
from dynaproof.impl.paxos.service import Service


class Meter(Service):
    """The buckets of one replica; see the module."""

    def __init__(self, replica: Replica[PartitionState], settings: Settings, node: NodeBuckets) -> None:
        self.replica = replica
        self.env = replica.env
        self.settings = settings
        self.node = node
        """The buckets that all replicas of this storage node share."""
        self.usage = Usage()
        """The usage since the replica started."""
        self.is_ahead = False
        """Whether this leadership has buckets of its own,"""
        self.ahead: Metered | None = None
        """and what they are; None where the partition has none."""
        self.reads: Admission | None = None
        self.reads_version = NO_VERSION
        """The version of the rates at which they fill."""
        self.reads_heard = False
        """Whether their level was heard, or kept from an earlier leadership."""
        self.led: Ballot = NO_BALLOT
        """The ballot for which they were last taken over."""
        self.taken = 0
        """What eventual reads have taken here while another replica led."""
        self.told: dict[Member, int] = {}
        """By voter, what it last said that it has taken; for one leadership."""

    # --- Writes ---

    def buckets(self) -> Metered | None:
        """The buckets of writes, with all that this leadership has in flight."""
        applied = self.replica.state.metered
        if self.replica.leadership is None:
            return applied
        if not self.is_ahead:
            self.is_ahead = True
            self.ahead = None if applied is None else self.on_node(Metered.restore(applied.row()))
        return self.ahead

    def on_node(self, buckets: Metered) -> Metered:
        """Buckets by which a leader admits: the node's is one of them."""
        buckets.writes.node = self.node.writes
        return buckets

    def version(self) -> Version:
        """The version of the rates that were last set."""
        buckets = self.buckets()
        return NO_VERSION if buckets is None else buckets.rates.version

    def admit(self, record: Write | Outcome) -> Throttled | None:
        """Admit a write that is about to be proposed, and charge it; or say why not."""
        buckets = self.buckets()
        if buckets is None:
            return None
        throttled = buckets.writes.admit(record.cost, record.timestamp, self.env.now)
        if throttled is None:
            self.usage.write += record.cost
            self.env.note(WriteAdmitted(self.replica.member, record.cost, self.env.now))
            return None
        if throttled.bucket != "node":  # More of the table's rate would not help.
            self.usage.write_refused += record.cost
        self.note(record.request, throttled, record.cost, record.timestamp)
        return throttled

    def note(self, request: RequestId, why: Throttled, cost: int, at_us: Microseconds) -> None:
        """Note that a request is throttled."""
        member, level = self.replica.member, why.level // MICRO
        at_us = self.env.now if why.bucket == "node" else at_us
        self.env.note(CapacityExceeded(member, request, why.reason, cost, level, at_us, why.bucket))

    def remembered_requests(self) -> int:
        """The most request ids remembered and in flight: as many as the buckets can admit within an id's
        lifetime, so that a burst is never refused for want of ids; plus those that were there when the rates
        changed.
        """
        buckets, settings = self.buckets(), self.settings
        if buckets is None:
            return settings.remembered_requests
        own, lifetime_us = buckets.writes.own, settings.remembered_us
        per_second = writes_per_second(own.rate, own.capacity, lifetime_us)
        admitted = per_second * lifetime_us // MICRO + 1
        return admitted + buckets.ids_before + settings.in_flight_slots + 1

    # --- Reads ---

    def admit_read(self, request: RequestId, read: Read, answer: Message) -> tuple[int, Throttled | None]:
        """What a read with this answer costs, and why it is throttled, if it is."""
        metered = self.replica.state.metered
        if metered is None:
            return 0, None
        cost, now = cost_of_read(read, answer), self.env.now
        throttled = self.buckets_of_reads(metered.rates).admit(cost, now, now)
        if throttled is not None:
            if throttled.bucket != "node":
                self.usage.read_refused += cost
            self.note(request, throttled, cost, now)
            return cost, throttled
        self.usage.read += cost
        self.env.note(ReadAdmitted(self.replica.member, cost, now))
        if not self.replica.serving:
            self.taken += cost
        return cost, throttled

    def buckets_of_reads(self, rates: Rates) -> Admission:
        """The buckets of reads; a new leader begins with what it heard, or with one second's fill."""
        now, leading, reads = self.env.now, self.replica.leading, self.reads
        if reads is None:
            reads = self.reads = rates.full("Read", now)
            reads.node = self.node.reads
            self.reads_version, self.reads_heard = rates.version, False
            reads.own.level = succeeded(False, 0, 0, reads.own.rate, reads.own.capacity)
        elif self.reads_version != rates.version:
            change(reads, rates, now)
            self.reads_version = rates.version
        if leading is not None and leading != self.led:
            self.take_over(leading, reads.own)
        return reads

    def inherit(self, parent: Meter) -> None:
        """A child of a split begins with its part of its parent's level, as heard here."""
        own, whole = self.replica.state.metered, parent.replica.state.metered
        if own is None or whole is None:
            return
        before = parent.buckets_of_reads(whole.rates)
        if not parent.reads_heard:
            return
        reads = self.buckets_of_reads(own.rates)
        divide(reads, before, self.env.now)
        self.reads_heard = True
        self.env.note(ReadsDivided(self.replica.member, reads.own.level // MICRO))

    def take_over(self, leading: Ballot, own: Bucket) -> None:
        """Begin with the level that was heard, filled since; or else with one second's fill."""
        now, heard = self.env.now, own.level // MICRO if self.reads_heard else None
        own.level = succeeded(self.reads_heard, own.level, now - own.at_us, own.rate, own.capacity)
        own.at_us, self.reads_heard, self.told, self.led = now, True, {}, leading
        self.env.note(ReadsTakenOver(self.replica.member, heard, own.level // MICRO, now))

    def level(self) -> int | None:
        """The level that the leader's heartbeats carry: whole micro-units, rounded down."""
        metered = self.replica.state.metered
        if metered is None or not self.replica.serving:
            return None
        own = self.buckets_of_reads(metered.rates).own
        own.refill(self.env.now)
        return own.level // MICRO

    def hears_level(self, level: int) -> None:
        """Go on from the leader's level."""
        metered = self.replica.state.metered
        if metered is None or self.replica.leading is not None:
            return
        own = self.buckets_of_reads(metered.rates).own
        self.env.note(LevelHeard(self.replica.member, level, self.env.now))
        own.level, own.at_us = kept(level * MICRO, own.capacity), self.env.now
        self.reads_heard = True

    def used(self) -> int:
        """What has been taken here while others led."""
        return self.taken

    def hears_used(self, member: Member, used: int) -> None:
        """Charge what a follower has taken since it last said so; what it took before this leadership began,
        an earlier leader knows.
        """
        metered = self.replica.state.metered
        if metered is None or not self.replica.serving:
            return
        reads = self.buckets_of_reads(metered.rates)
        before, self.told[member] = self.told.get(member, used), used
        more = used - before if used >= before else used  # It counts from 0 when it has restarted.
        reads.own.refill(self.env.now)
        self.env.note(UseHeard(self.replica.member, more, self.env.now))
        reads.own.level = charged(reads.own.level, more)
        if reads.cap is not None:
            reads.cap.level = charged(reads.cap.level, more)

    # --- What the replica calls ---

    def proposed(self, record: Record) -> None:
        """What is adopted is charged; what this leadership proposes was charged when it was admitted."""
        if isinstance(record, RatesSet):
            buckets, ids = self.buckets(), self.replica.state.memory.count
            if buckets is None:
                self.ahead = self.on_node(Metered.begin(record.rates, record.timestamp, ids))
            else:
                buckets.change(record.rates, record.timestamp, ids)
        elif isinstance(record, (Write, Outcome)) and record.proposed_at != self.replica.leading:
            buckets = self.buckets()
            if buckets is not None:
                buckets.fold(record.cost, record.timestamp)

    def stepped_down(self) -> None:
        """What is in flight may never be chosen."""
        self.is_ahead, self.ahead = False, None

"""What a storage node does for its region besides hosting replicas: it obeys the admins, those of the highest
term only, reports to them what it hosts, and tells the metadata who leads. The rules are in docs/table.md.

*Invariants.* No command of a term below the fence has any effect, and the fence is durable with what is done
(A8). A buried partition is never made here again; the node says that it is gone only when no lease that was
granted for it here still runs (A7). Partition 0 is not the admins': they neither make nor drop it. Its first
replicas are made by the configuration, on new disks; `metadata_host` knows where it is later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, ClassVar, Protocol

from msgspec import Struct

from dynaproof.impl.capacity.metrics import PERIOD_US
from dynaproof.impl.metadata.directory import directory
from dynaproof.impl.metadata.messages import Leading, Locate, MetadataAt
from dynaproof.impl.metadata.records import METADATA
from dynaproof.impl.node import Message, Microseconds, NodeId, Timer
from dynaproof.impl.partition.messages.requests import READS, Request, WrongPartition
from dynaproof.impl.partition.replica import (
    MoreServices,
    PartitionReplica,
    asked,
    metered,
    nothing_more,
    places_to_split,
)
from dynaproof.impl.paxos.ids import FIRST_INCARNATION, Member
from dynaproof.impl.paxos.messages.membership import CreateReplica, DropReplica
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.storage_node.emitter import Emitter
from dynaproof.impl.storage_node.grants import Grants
from dynaproof.impl.storage_node.messages import (
    DropPartition,
    EmissionStored,
    EmitTimer,
    Fenced,
    HostedReplica,
    Interred,
    MeteredReplica,
    NodeReport,
    PartitionGone,
    RaiseFence,
    ReportTimer,
)
from dynaproof.impl.storage_node.metadata_host import MetadataHost, OfPartition0
from dynaproof.impl.storage_node.node_journal import Buried, Fence


class Region(Struct, frozen=True):
    """What a storage node knows of its region by configuration."""

    metadata: tuple[NodeId, ...]
    """The nodes that host partition 0 at first."""
    admins: tuple[NodeId, ...]
    report_us: Microseconds = 5_000_000
    """How often it reports."""
    chunk_reports: int = 100
    """Replicas in one report, at the most."""
    metrics: NodeId | None = None
    """The metrics service, if there is one."""
    emit_us: Microseconds = PERIOD_US
    """How often the metrics service is told what replicas were asked for."""

    def first_config(self) -> Config:
        """The config that partition 0 begins with."""
        voters = tuple(Member(node, index + 1) for index, node in enumerate(self.metadata))
        return Config(0, voters, len(voters) + 1)


class Host(OfPartition0, Protocol):
    """What the agent needs of its node."""

    grants: Grants

    def abandon(self) -> None:
        """End whatever replica of the lane's group is here or being made."""
        ...

    def take(self, group: int, sender: NodeId, message: Message) -> None:
        """Hand a message to the replica of its lane, unless it is for the node."""
        ...


def pages_bytes(replica: PartitionReplica) -> int:
    """About what the tree of a replica takes on the disk."""
    return replica.state.pages.taken_bytes


def hosted(group: int, replica: PartitionReplica) -> HostedReplica:
    """What a node reports of a replica; where it would be split, too, if it leads."""
    middle, busy_at = places_to_split(replica) if replica.serving else (b"", b"")
    size, requests, split = pages_bytes(replica), asked(replica), replica.state.split is not None
    member, full, led = replica.member, replica.full, replica.is_led()
    return HostedReplica(group, member, False, full, size, requests, split, led, middle, busy_at)


class Agent:
    """The region's agent on one storage node; see the module."""

    def __init__(self, host: Host, region: Region) -> None:
        self.host = host
        self.env = host.env
        self.region = region
        self.admins = frozenset(admin.address for admin in region.admins)
        self.metadata = MetadataHost(host, region.first_config(), self.admins)
        self.emitter = Emitter(self.env, region.metrics, region.emit_us)
        self.reports = 0
        """How many there were in this life."""

    def start(self) -> None:
        """Report from here on."""
        self.env.set_timer(1 + self.env.random("report", self.region.report_us), ReportTimer())
        self.emitter.start()

    def make_first(self) -> None:
        """Make the first replica of partition 0 that the configuration gives this node, if its disk is new
        and its first: a later new disk has forgotten what was there.
        """
        me, config = self.env.me, self.region.first_config()
        for voter in config.voters:
            if voter.node == me and me.incarnation == 1 and self.host.journal.is_new:
                self.env.send(me, CreateReplica(voter, config, 0))

    # --- Reports ---

    def on_report_timer(self, _: Timer) -> None:
        """Once the whole disk was looked at, tell every admin what is here, in chunks, and tell the metadata,
        where it is now, who leads (A15).
        """
        region, me, host, metadata = self.region, self.env.me, self.host, self.metadata
        self.env.set_timer(region.report_us, ReportTimer())
        if host.unread:
            return
        replicas = self.hosted()
        self.reports += 1
        for first in range(0, max(1, len(replicas)), region.chunk_reports):
            chunk = tuple(replicas[first : first + region.chunk_reports])
            fence, boot, shown = host.journal.durable_fence, self.env.boot, metadata.shown()
            rated = self.metered(chunk)
            report = NodeReport(me, boot, self.reports, fence, len(replicas), first, chunk, shown, rated)
            for admin in region.admins:
                self.env.send(admin.address, report)
        led = [
            (group, replica.leading)
            for group, replica in sorted(host.replicas.items())
            if replica.leading is not None and replica.serving
        ]
        for first in range(0, len(led), region.chunk_reports):
            chunk_led = tuple(led[first : first + region.chunk_reports])
            for node in metadata.newest.members:
                self.env.send(node, Leading(me, chunk_led, metadata.newest.epoch))
        metadata.report()

    def metered(self, chunk: tuple[HostedReplica, ...]) -> tuple[MeteredReplica, ...]:
        """The replicas of a chunk that have rates."""
        there = [(one.partition, self.host.replicas[one.partition]) for one in chunk if not one.silent]
        found = ((partition, metered(replica)) for partition, replica in there)
        return tuple(
            MeteredReplica(partition, one[0].version, copy(one[1]), one[0].read.rate, one[0].write.rate)
            for partition, one in found
            if one is not None
        )

    def hosted(self) -> list[HostedReplica]:
        """The replicas that are here, and those that fell silent here."""
        host, me = self.host, self.env.me
        there = [
            hosted(group, replica) for group, replica in sorted(host.replicas.items()) if group != METADATA
        ]
        return there + [
            HostedReplica(group, Member(me, incarnation), True, False)
            for group, incarnation in host.journal.silent()
            if group != METADATA
        ]

    def on_emit_timer(self, _: EmitTimer) -> None:
        """Tell the metrics service what was asked for."""
        self.emitter.on_timer(self.host.replicas)

    def on_emission_stored(self, sender: NodeId, m: EmissionStored) -> None:
        """The metrics service has stored an emission."""
        self.emitter.on_stored(sender, m)

    # --- Commands ---

    def leaves_out(self, m: CreateReplica) -> bool:
        """Whether admins, who place all other replicas, leave this one out when they look for room (H12):
        one of partition 0, or a first voter of a child, for which its split has found room.
        """
        return self.env.lane == METADATA or (m.parent != 0 and m.member.incarnation == FIRST_INCARNATION)

    def obeys(self, sender: NodeId, m: CreateReplica | DropReplica | DropPartition | RaiseFence) -> bool:
        """Whether a command comes from an admin of the highest term seen here; if it does, that term is
        durable with whatever is done (A5, A8). Partition 0 is not theirs: the nodes that host it command it.
        """
        if self.env.lane == METADATA and isinstance(m, CreateReplica | DropReplica):
            return self.metadata.obeys(sender, m)
        journal = self.host.journal
        if sender.address not in self.admins:
            return False
        if m.term < journal.fence:
            if m.term < journal.durable_fence:  # Else the admin asks again: what is shown must be durable.
                self.env.send(sender, Fenced(journal.durable_fence))
            return False
        if m.term > journal.fence:
            self.env.send(self.env.me, Interred(journal.append(Fence(m.term))))
        return self.env.lane != METADATA or isinstance(m, RaiseFence)

    def on_raise_fence(self, sender: NodeId, m: RaiseFence) -> None:
        """An admin has become active."""
        self.obeys(sender, m)

    def on_drop_partition(self, sender: NodeId, m: DropPartition) -> None:
        """Bury the partition, whether or not a replica of it was ever here (A7). The node answers that it is
        gone once the leases that were granted for it have run out: until then its last leader may read by its
        lease.
        """
        host, group = self.host, self.env.lane
        if group in host.unread or not self.obeys(sender, m):
            return
        if not host.journal.buried(group):
            host.abandon()
            self.env.send(self.env.me, Interred(host.journal.append(Buried(group, m.term, m.parent))))
        # What was made here may have been dropped before, and its record have gone from the journal since.
        if self.env.now >= host.grants.bound_until(group, was_made=True):
            self.env.send(sender, PartitionGone(self.env.me))

    # --- Partition 0, and requests for what is not here ---

    def more_of(self, group: int) -> MoreServices:
        """What replicas of a group do besides what replicas of every partition do."""
        return directory(self.metadata.shown) if group == METADATA else nothing_more

    def take_for_metadata(self, sender: NodeId, m: Message) -> None:
        """Take a message for partition 0. By it the replica may know of a newer config; a replica that has
        left is not asked.
        """
        self.metadata.heard(sender, m)
        if self.metadata.has_left(m):
            self.not_there(sender, m)
        else:
            self.host.take(METADATA, sender, m)
            self.metadata.follow()

    def wrong_partition(self, sender: NodeId, m: Request) -> None:
        """No replica of the partition is here. That refuses for good a write aimed at another node's ballot,
        because only the leader of that ballot ever proposes it (R7).
        """
        final = isinstance(m.operation, READS) or m.ballot.node != self.env.me.name
        hosts = self.metadata.shown() if self.env.lane == METADATA else None
        self.env.send(sender, WrongPartition(m.request, m.attempt, final, hosts))

    def on_metadata_at(self, sender: NodeId, m: MetadataAt) -> None:
        """A message says where the metadata is."""
        self.metadata.on_metadata_at(sender, m)

    def not_there(self, sender: NodeId, m: Message) -> None:
        """Answer what is asked of a partition that has no replica here."""
        if isinstance(m, Request):
            self.wrong_partition(sender, m)
        elif isinstance(m, Locate) and self.env.lane == METADATA:
            self.metadata.on_locate(sender, m)

    HANDLERS: ClassVar[Mapping[type[Any], Callable[..., None]]] = {
        DropPartition: on_drop_partition,
        RaiseFence: on_raise_fence,
        MetadataAt: on_metadata_at,
        EmissionStored: on_emission_stored,
    }

    TIMERS: ClassVar[Mapping[type[Timer], Callable[..., None]]] = {
        ReportTimer: on_report_timer,
        EmitTimer: on_emit_timer,
    }

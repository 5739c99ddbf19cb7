"""The storage nodes as an admin hears of them: which may get replicas, which do not know its term yet, and
what they host that nothing names (rules A8 and A11 of docs/table.md).

*Invariant.* What a node hosts is dropped only if the metadata, read after the node's report, has no record of
the partition, and no workflow, read after that, names it; or if the partition is gone. No split ends between
the two reads, so a child that a split has made has a record or is named (`looks_up`). Whatever a node hosts
is looked up in turn, a few partitions at a time, whatever chunks its reports come in.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from dynaproof.impl.admin.reading import Metadata
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.term import Term
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.placement import Candidate
from dynaproof.impl.metadata.records import (
    WORKFLOWS,
    NodeRecord,
    PartitionRecord,
    is_given,
    partition_key,
    partitions_of,
)
from dynaproof.impl.metadata.replacements import RecordNode, is_free
from dynaproof.impl.node import ONLY_LANE, Env, Microseconds, NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import DropReplica
from dynaproof.impl.paxos.notes import Reached
from dynaproof.impl.router.call import Ending
from dynaproof.impl.storage_node.messages import DropPartition, HostedReplica, NodeReport, RaiseFence


class Collect(Struct, frozen=True, gc=False):
    """Are there records of the partitions that a node hosts? What an admin asks in one term is nothing to it
    in a later one: others may have ended a split meanwhile.
    """

    node: NodeId
    partitions: tuple[int, ...]
    term: int


class CollectUnnamed(Struct, frozen=True, gc=False):
    """Does a workflow name these partitions, of which there were no records in this term?"""

    node: NodeId
    partitions: tuple[int, ...]
    term: int


class Heard:
    """What a node said last."""

    __slots__ = (
        "at",
        "chunks",
        "chunks_of",
        "collected",
        "collecting",
        "hosted",
        "hot_since",
        "load",
        "loses",
        "node",
        "pages_bytes",
        "recorded",
        "replicas",
        "report",
        "requests",
    )

    def __init__(self) -> None:
        self.node: NodeId | None = None
        self.at: Microseconds = 0
        self.replicas = 0
        """How many it hosts that take room; those that fell silent take none."""
        self.recorded = False
        """Whether the metadata has a record of it, as far as this admin knows."""
        self.collecting: tuple[int, ...] = ()
        """The partitions for which the admin is looking up whether anything names them."""
        self.collected = 0
        """The partition behind which the next lookup begins; 0: with the first one of the next report."""
        self.report = (0, 0, 0)
        """Disk incarnation, boot and number of the last report that came whole."""
        self.hosted: dict[int, HostedReplica] | None = None
        """What that report says, by partition; None until one has come."""
        self.chunks_of = (0, 0, 0)
        self.chunks: dict[int, tuple[HostedReplica, ...]] = {}
        """The chunks of a report that has not come whole yet, by how many replicas precede each."""
        self.pages_bytes = 0
        """What all its trees take."""
        self.requests: dict[int, int] = {}
        """By partition, how often its replica was asked, as of the last report."""
        self.load: dict[int, int] = {}
        """How much more often than in the report before."""
        self.hot_since: dict[int, Microseconds] = {}
        """By partition whose replica is asked often enough to be hot: since when each report has said so."""
        self.loses = False
        """Whether what the node said last is news of a loss; what is heard from it first may be."""

    def hears(self, m: NodeReport, now: Microseconds, hot_requests: int) -> bool:
        """Take a chunk of a report; return whether it is news: neither older than what the node said before,
        nor a second copy of the newest whole report.
        """
        self.loses = False
        report = (m.node.incarnation, m.boot, m.number)
        if report <= self.report or report < self.chunks_of:
            return False
        if report != self.chunks_of:
            self.chunks_of, self.chunks = report, {}
        self.chunks[m.first] = m.replicas
        if report > self.report and sum(map(len, self.chunks.values())) >= m.total:
            self.takes(report)
            hot = [number for number, asked in self.load.items() if asked >= hot_requests]
            self.hot_since = {number: self.hot_since.get(number, now) for number in hot}
        return True

    def takes(self, report: tuple[int, int, int]) -> None:
        """A report has come whole."""
        hosted = {one.partition: one for first in sorted(self.chunks) for one in self.chunks[first]}
        before_that = self.hosted or {}
        self.loses = report[0] > self.report[0] or any(
            one.silent and one != before_that.get(one.partition) for one in hosted.values()
        )
        same_life = report[:2] == self.report[:2]
        before = self.requests if same_life else {}
        self.requests = {one.partition: one.requests for one in hosted.values()}
        self.load = {number: asked - before.get(number, 0) for number, asked in self.requests.items()}
        self.report, self.hosted, self.chunks = report, hosted, {}
        self.replicas = sum(not one.silent for one in hosted.values())
        self.pages_bytes = sum(one.pages_bytes for one in hosted.values())


class Nodes:
    """The storage nodes of the region; see the module."""

    def __init__(self, env: Env, settings: AdminSettings, metadata: Metadata, term: Term) -> None:
        self.env = env
        self.settings = settings
        self.metadata = metadata
        self.term = term
        self.heard: dict[NodeId, Heard] = {}
        """By address: as many as there are storage nodes."""
        self.records: dict[NodeId, NodeRecord] = {}
        """By address, what the metadata last said of each."""

    def on_report(self, sender: NodeId, m: NodeReport) -> bool:
        """Take a node's report of what it hosts and of its fence (A8); whether it has lost something."""
        if sender != m.node:
            return False
        heard = self.heard.get(sender.address)
        if heard is None:
            heard = self.heard[sender.address] = Heard()
        before = heard.report
        if not heard.hears(m, self.env.now, self.settings.hot_requests):
            return False
        heard.node, heard.at = m.node, self.env.now
        if heard.hosted is None:
            heard.replicas = m.total
        if not self.term.active:
            return False
        if m.fence < self.term.term:
            self.env.send(sender, RaiseFence(self.term.term))
        if not heard.recorded:
            chore = RecordNode(sender)
            self.metadata.read(chore.keys(), chore)
        if heard.report != before and not heard.collecting:
            self.look_up(heard)  # The report has come whole.
        return heard.loses

    def candidates(self, draining: bool = False) -> tuple[Candidate, ...]:
        """The nodes that may get replicas: they have reported lately, have room, and are not drained; or, if
        `draining` is asked for, are drained.
        """
        since, most = self.env.now - self.settings.heard_us, self.settings.replicas_per_node
        return tuple(
            Candidate(heard.node, heard.replicas, most - heard.replicas)
            for address, heard in self.heard.items()
            if heard.node is not None
            and heard.at >= since
            and heard.replicas < most
            and not self.is_dead(address)
            and self.is_draining(address) == draining
        )

    def is_draining(self, address: NodeId) -> bool:
        """Whether a node is drained, as the metadata said last."""
        record = self.records.get(address)
        return record is not None and record.draining

    def is_dead(self, address: NodeId) -> bool:
        """Whether a node was declared dead, as the metadata said last."""
        record = self.records.get(address)
        return record is not None and record.dead

    def silent_since(self, address: NodeId) -> Microseconds:
        """When a node was last heard from, or this life of this admin began, whichever is later."""
        heard = self.heard.get(address)
        return self.term.started_at if heard is None else max(heard.at, self.term.started_at)

    def is_silent(self, address: NodeId) -> bool:
        """Whether a node has not reported for so long that it gets no new replicas either."""
        return self.env.now - self.silent_since(address) >= self.settings.heard_us

    def is_known(self, address: NodeId) -> bool:
        """Whether this admin has heard what a node hosts, or need not wait for that any more."""
        heard = self.heard.get(address)
        return (heard is not None and heard.hosted is not None) or self.is_silent(address)

    def may_choose(self, partition: PartitionRecord, lost: Sequence[Member] = ()) -> bool:
        """Whether a partition may still choose a config, as far as this admin knows: so few voters are lost
        (these, too) or on silent nodes that the others are a quorum. Or one of the others hears from a
        leader: nodes may be silent to this admin alone (A10).
        """
        number, voters = partition.partition, partition.config.voters
        there = [
            voter
            for voter in voters
            if not (voter in lost or self.has_lost(voter, number) or self.is_silent(voter.node.address))
        ]
        reports = [self.reported(voter, number) for voter in there]
        return len(there) >= partition.config.quorum or any(one is not None and one.led for one in reports)

    def has_lost(self, voter: Member, partition: int) -> bool:
        """Whether a voter is lost (section 3 of docs/table.md): its node is dead, is on another disk, or says
        that the voter is silent for ever.
        """
        address = voter.node.address
        heard = self.heard.get(address)
        if self.is_dead(address):
            return True
        if heard is None or heard.hosted is None:
            return False
        if heard.report[0] > voter.node.incarnation:
            return True
        there = heard.hosted.get(partition)
        return there is not None and there.silent and there.member.incarnation >= voter.incarnation

    def lost_for_good(self, partition: PartitionRecord) -> Member | None:
        """A lost voter: the one that came last, if that is lost, else any; while a workflow has the
        partition, only the one that came last.
        """
        config = partition.config
        voters = sorted(config.voters, key=lambda voter: voter != config.brought)
        there = [one for one in voters if one == config.brought or is_free(partition)]
        return next((one for one in there if self.has_lost(one, partition.partition)), None)

    def lacks(self, voter: Member, partition: int) -> tuple[int, int, int] | None:
        """The last report of a voter's node, if it does not name the voter."""
        heard = self.heard.get(voter.node.address)
        if heard is None or heard.hosted is None or heard.report[0] != voter.node.incarnation:
            return None
        there = heard.hosted.get(partition)
        return None if there is not None and there.member == voter else heard.report

    def is_full(self, voter: Member, partition: int) -> bool:
        """Whether a voter is there and has a tree, by its node's last report."""
        there = self.reported(voter, partition)
        return there is not None and there.full

    def is_there(self, voter: Member, partition: int) -> bool:
        """Whether a voter was made and is not silent, by its node's last report."""
        return self.reported(voter, partition) is not None

    def reported(self, voter: Member, partition: int) -> HostedReplica | None:
        """What the last report of a voter's node says of the voter, unless that is silent."""
        there = self.hosted(voter.node.address, partition)
        return None if there is None or there.member != voter else there

    def may_know_barrier(self, member: Member, partition: int) -> bool:
        """Whether a replica of a partition that was split knows so, by its node's last report, if there was
        one.
        """
        heard = self.heard.get(member.node.address)
        there = self.reported(member, partition)
        return heard is None or heard.hosted is None or (there is not None and there.split)

    def is_hot(self, voter: Member, partition: int) -> bool:
        """Whether clients have asked a voter so often for so long that its partition should be split."""
        heard = self.heard.get(voter.node.address)
        since = None if heard is None else heard.hot_since.get(partition)
        return since is not None and self.env.now - since >= self.settings.heat_us

    def hosted(self, address: NodeId, partition: int) -> HostedReplica | None:
        """The replica of a partition that a node's last report names, unless it is silent."""
        heard = self.heard.get(address)
        there = None if heard is None or heard.hosted is None else heard.hosted.get(partition)
        return None if there is None or there.silent else there

    def has_room(self, address: NodeId, replicas: int) -> bool:
        """Whether a node may host this many more replicas (H12); the children of a split are always made."""
        heard = self.heard.get(address)
        return heard is not None and heard.replicas + replicas <= self.settings.replicas_per_node

    def must_be_made(self, voter: Member, child: int, parent: int) -> bool:
        """Whether, by its node's last report, a child's voter was neither there nor lost, and the node had no
        replica of the parent that will make it: none below the barrier (H10).
        """
        heard = self.heard.get(voter.node.address)
        if heard is None or heard.hosted is None or heard.report[0] != voter.node.incarnation:
            return False
        there, above = heard.hosted.get(child), heard.hosted.get(parent)
        was_made = there is not None and there.member.incarnation >= voter.incarnation
        makes_it = above is not None and not above.silent and not above.split
        return not was_made and not makes_it and not self.is_dead(voter.node.address)

    def is_out_of_reach(self, member: Member) -> bool:
        """Whether a member's node is dead, or runs on another disk than the member's: no live node has
        anything of it.
        """
        heard = self.heard.get(member.node.address)
        new_disk = heard is not None and heard.report[0] > member.node.incarnation
        return new_disk or self.is_dead(member.node.address)

    # --- Records of nodes ---

    def add(self, m: RecordNode, read: Read) -> None:
        """Record a node. Who is deposed does not know whether another admin does."""
        governs = self.heard[m.node.address].recorded = self.term.governs(read)
        change = m.decide(read, 0) if governs else None
        if change is not None:
            self.metadata.change(change, m)

    def added(self, m: RecordNode, ending: Ending, slot: int) -> None:
        """Recorded; if not, its record is looked up again at the next report."""
        self.heard[m.node.address].recorded = ending == "ok"

    def unadded(self, m: RecordNode) -> None:
        """The metadata did not answer."""

    # --- Collection ---

    def looks_up(self, partition: int) -> bool:
        """Whether the admin is looking up whether anything names this partition."""
        return any(partition in heard.collecting for heard in self.heard.values())

    def look_up(self, heard: Heard) -> None:
        """Look up the next few partitions that a node hosts; after the last one wait for a report (A11)."""
        assert heard.node is not None, "it has reported"
        assert heard.hosted is not None, "and a report has come whole"
        left = sorted(one for one in heard.hosted if is_given(one) and one > heard.collected)
        heard.collecting = tuple(left[: self.settings.collected_at_once])
        heard.collected = left[len(heard.collecting) - 1] if len(left) > len(heard.collecting) else 0
        if heard.collecting:
            keys = tuple(sorted(map(partition_key, heard.collecting)))
            self.metadata.read(keys, Collect(heard.node, heard.collecting, self.term.term))

    def looked_up(self, node: NodeId) -> None:
        """These partitions are looked up: go on behind them, if there are more."""
        heard = self.heard[node.address]
        heard.collecting = ()
        if heard.collected and self.term.active:
            self.look_up(heard)

    def collect(self, m: Collect, read: Read) -> None:
        """Look whether a workflow names the partitions that have no record; drop what is left of partitions
        that are gone (A11).
        """
        records = {one: read.record(partition_key(one)) for one in m.partitions}
        self.drop_late(m.node, [record for record in records.values() if is_gone(record)])
        missing = tuple(one for one, record in records.items() if record is None)
        if missing:
            self.metadata.scan(WORKFLOWS, CollectUnnamed(m.node, missing, m.term))
        else:
            self.looked_up(m.node)

    def drop_late(self, node: NodeId, gone: list[PartitionRecord]) -> None:
        """Drop whatever a node reports of partitions that were split and are gone; the node refuses while it
        still has to make a child of them (H11).
        """
        hosted = self.heard[node.address].hosted or {}
        for record in gone:
            there = hosted.get(record.partition)
            if there is not None and self.term.active:
                self.env.enter(record.partition)
                self.env.send(node.address, DropReplica(there.member, self.term.term, record.parent))
                self.env.enter(ONLY_LANE)

    def collect_unnamed(self, m: CollectUnnamed, read: Read) -> None:
        """Drop what nothing names (A11)."""
        self.looked_up(m.node)
        if not self.term.active or self.term.term != m.term:
            return
        named = {partition for record in read.records() for partition in partitions_of(record)}
        for partition in m.partitions:
            if partition not in named:
                self.env.note(Reached("replica that nothing named was dropped"))
                self.env.enter(partition)
                self.env.send(m.node.address, DropPartition(self.term.term))
        self.env.enter(ONLY_LANE)

    def uncollected(self, m: Collect | CollectUnnamed) -> None:
        """The metadata did not answer: the next report is looked up."""
        self.heard[m.node.address].collecting = ()


def is_gone(record: PartitionRecord | None) -> bool:
    """Whether a partition was split, and nothing of it is needed any more."""
    return record is not None and record.state == "gone"

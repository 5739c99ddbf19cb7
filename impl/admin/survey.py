"""Walks over all partitions, again and again: takes nodes for dead, begins what the `planner` finds that a
partition needs, and has replicas dropped that no config names (rules A10 and A11 of docs/table.md).

Each step of a walk looks at a page of records. Every change that it finds necessary is a chore (`chores`).

*Invariant.* A node is declared dead only when it has not reported for `dead_us` of this life of this admin,
and no voter of any partition is on a dead node of another zone: one zone at a time. A partition that was
split does not count: its voters are those of its children, until these have others.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, structs

from dynaproof.impl.admin.chores import Chores
from dynaproof.impl.admin.leaving import Leavers, Leaving
from dynaproof.impl.admin.mourning import Mourning
from dynaproof.impl.admin.nodes import Nodes
from dynaproof.impl.admin.planner import Planner
from dynaproof.impl.admin.ratings import Ratings
from dynaproof.impl.admin.reading import Metadata
from dynaproof.impl.admin.replacements import Replacements
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.splits import Splits
from dynaproof.impl.admin.steps import may_hop
from dynaproof.impl.admin.term import Term
from dynaproof.impl.admin.workflows import Workflows
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.placement import Candidate
from dynaproof.impl.metadata.records import (
    NODES,
    PARTITIONS,
    NodeRecord,
    PartitionRecord,
    end_of,
    may_go,
)
from dynaproof.impl.metadata.replacements import (
    Forget,
    MarkNode,
    RecordNode,
    is_free,
    may_begin,
)
from dynaproof.impl.node import ANY_INCARNATION, ONLY_LANE, Env, Microseconds, NodeId, Timer
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import (
    ConfigStatus,
    CreateReplica,
    DropReplica,
    Gone,
    NotNow,
    Status,
)


class SurveyTimer(Timer, frozen=True, gc=False, tag="survey"):
    """Time for the next walk."""


class LookAtNodes(Struct, frozen=True, gc=False):
    """Which nodes are there? For the walk of this number."""

    walk: int


class LookAtPartitions(Struct, frozen=True, gc=False):
    """The next page of partitions."""

    walk: int


class Survey:
    """The walks; see the module."""

    def __init__(
        self,
        env: Env,
        settings: AdminSettings,
        metadata: Metadata,
        term: Term,
        nodes: Nodes,
        workflows: Workflows,
        replacements: Replacements,
        splits: Splits,
        ratings: Ratings,
    ) -> None:
        self.env = env
        self.settings = settings
        self.metadata = metadata
        self.term = term
        self.nodes = nodes
        self.replacements = replacements
        self.walk = 0
        """The number of the last walk."""
        self.walks = False
        """Whether it is under way."""
        self.low = b""
        """Where it goes on."""
        self.walked_at: Microseconds = 0
        """When the last walk ended."""
        self.hurries = False
        """Whether something that walks act on has changed since the one under way began."""
        self.mourning = Mourning(settings.patience_us)
        """Zones of dead nodes on which some partition still has a voter."""
        self.dead: dict[str, bool] = {}
        """The nodes that were dead when this walk began."""
        self.recorded: dict[str, bool] = {}
        """The nodes that were recorded when this walk began."""
        self.leavers = Leavers(settings.commands)
        """Members that have left; leaders are asked whether they may be dropped."""
        self.chores = Chores(settings, metadata, term, workflows, self.hurry)
        """What walks have found."""
        self.planner = Planner(settings, nodes, self.chores, replacements, splits, ratings)

    # --- A walk ---

    def activated(self) -> None:
        """Drop what an earlier term of this admin saw."""
        self.walks = False
        self.mourning.activated()
        self.planner.activated()
        self.chores.activated()
        self.begin()

    def on_timer(self, _: SurveyTimer) -> None:
        """Begin the next walk."""
        if self.term.active and not self.walks:
            self.begin()

    def hurry(self) -> None:
        """Something that walks act on has changed: begin the next one soon, before it is due."""
        if self.walks:
            self.hurries = True
        elif self.term.active:
            self.env.enter(ONLY_LANE)
            left_us = self.walked_at + self.least_pause_us() - self.env.now
            self.env.set_timer(max(1, left_us), SurveyTimer())

    def least_pause_us(self) -> Microseconds:
        """The shortest pause between two walks."""
        return min(self.settings.hurry_us, self.settings.survey_us)

    def begin(self) -> None:
        """Read which nodes there are."""
        self.walks, self.low = True, PARTITIONS
        self.walk += 1
        self.mourning.begin()
        self.planner.begin()
        self.leavers.begin()
        self.metadata.scan(NODES, LookAtNodes(self.walk))

    def wait(self) -> None:
        """Walk again later."""
        pause_us = self.least_pause_us() if self.hurries else self.settings.survey_us
        self.env.enter(ONLY_LANE)
        self.env.set_timer(pause_us, SurveyTimer())
        self.walks = self.hurries = False
        self.walked_at = self.env.now

    def unread(self, m: LookAtNodes | LookAtPartitions) -> None:
        """The metadata did not answer."""
        if m.walk == self.walk:
            self.wait()

    def nodes_read(self, m: LookAtNodes, read: Read) -> None:
        """Take nodes for dead, or for living; then look at the partitions."""
        if m.walk != self.walk:
            return
        records = [record for record in read.records() if isinstance(record, NodeRecord)]
        region = self.env.me.region
        self.nodes.records = {
            NodeId(region, record.zone, record.name, ANY_INCARNATION): record for record in records
        }
        self.mourning.declared(self.declared_since(records), self.env.now)
        self.dead = {record.name: True for record in records if record.dead}
        self.recorded = {record.name: True for record in records}
        for address, record in sorted(self.nodes.records.items()):
            alive = self.env.now - self.nodes.silent_since(address) < self.settings.dead_us
            if record.dead and alive and address in self.nodes.heard:
                self.chores.add(MarkNode(record.name, False))
                self.nodes.records[address] = structs.replace(record, dead=False)
            elif not record.dead and not alive and self.mourning.may_begin(record.zone, self.env.now):
                self.chores.add(MarkNode(record.name, True))
        self.go_on()

    def declared_since(self, records: Sequence[NodeRecord]) -> list[str]:
        """The zones of nodes that were declared dead since the last whole walk began, or are about to be."""
        marked = {chore.name for chore in self.chores.waiting if isinstance(chore, MarkNode) and chore.dead}
        return [
            record.zone
            for record in records
            if record.name in marked or (record.dead and record.name not in self.dead)
        ]

    def go_on(self) -> None:
        """Read the next page."""
        if self.term.active:
            self.metadata.page(self.low, end_of(PARTITIONS), LookAtPartitions(self.walk))
        else:
            self.wait()

    def partitions_read(self, m: LookAtPartitions, read: Read) -> None:
        """Look at a page of partitions; then at the next, if there is one."""
        if m.walk != self.walk:
            return
        candidates = self.nodes.candidates()
        for record in read.records():
            if isinstance(record, PartitionRecord):
                self.look_at(record, candidates)
        if read.through is not None:
            self.low = read.through
            self.go_on()
            return
        self.mourning.walked(self.env.now)
        self.planner.walked(self.env.now)
        self.wait()

    # --- One partition ---

    def look_at(self, partition: PartitionRecord, candidates: tuple[Candidate, ...]) -> None:
        """Replace a voter, if one must be replaced and none is being replaced, or split the partition, as
        soon as it is known what an earlier term has begun; and drop members that may go. In a partition that
        was split nothing is replaced, and its workflow drops everything.
        """
        if partition.state in ("split", "gone"):
            self.planner.halved[partition.partition] = partition.state == "split"
            return
        self.planner.restless.look_at(partition, self.dead)
        for voter in partition.config.voters:
            if voter.node.name not in self.recorded:
                self.chores.add(RecordNode(voter.node))
            elif voter.node.name in self.dead:
                self.mourning.find(voter.node.zone)
        plan = None
        if not self.replacements.are_known():
            self.hurry()  # By the next walk it may be.
        elif may_begin(partition):
            plan = self.planner.plan(partition, candidates)
            if plan is not None:
                self.chores.add(plan)
        brought = partition.config.brought
        unmade = [] if brought is None else [brought]
        if not partition.parent and is_free(partition) and plan is None:
            unmade += partition.config.first_voters  # Active without one, and no node is free (A13).
        for voter in unmade:
            if not self.nodes.has_lost(voter, partition.partition) and self.planner.is_lost(voter, partition):
                self.make_up_for(partition, voter)
        self.collect(partition, candidates)

    def make_up_for(self, partition: PartitionRecord, voter: Member) -> None:
        """Have a voter made that never was, empty (rule M4), on its node, which lives and does not have it;
        unless a replacement does that: it has ended if the node was taken for dead (A10). Without its promise
        the others may have no leader, and so nobody that could replace it (rule 14).
        """
        work = self.replacements.work_in(partition)
        if partition.workflow == 0 or (work is not None and work.new != voter):
            self.env.enter(partition.partition)
            config, slot, parent = partition.config, partition.config_slot, partition.parent
            self.env.send(voter.node, CreateReplica(voter, config, slot, None, self.term.term, parent))

    # --- Collection ---

    def collect(self, partition: PartitionRecord, candidates: tuple[Candidate, ...]) -> None:
        """Have members dropped that the config does not name, and to which no command can give a vote any
        more (A11). For those that had a vote, ask first whether all voters are admitted.

        Where a lost voter cannot be replaced, because members that have left are still there, it is enough
        that all other voters hold the log through the config: they hold what is chosen later too, because the
        lost one does not vote (`model/replacement.py`, `drops_beside_a_loss`).
        """
        voted: list[Member] = []
        for one in partition.pending:
            if not may_go(partition, one):
                continue
            heard = self.nodes.heard.get(one.member.node.address)
            if heard is not None and heard.report[0] > one.member.node.incarnation:
                self.chores.add(Forget(partition.partition, one.member))  # It went with its disk.
            elif one.voted:
                voted.append(one.member)
            else:
                self.drop(partition, one.member)
        if voted and self.leavers.has_turn(partition.partition):
            lost = self.nodes.lost_for_good(partition) or self.planner.never_made(partition)
            if lost is not None and self.planner.has_place(partition, lost, candidates):
                lost = None
            asked = self.leavers.asked[partition.partition] = Leaving(partition, tuple(voted), lost)
            voters = partition.config.voters
            self.ask(asked, voters[self.env.random("asked", len(voters))].node.address)

    def ask(self, leaving: Leaving, node: NodeId) -> None:
        """Ask the leader, or a node that may know it, how its voters are."""
        self.env.enter(leaving.partition.partition)
        self.env.send(node, ConfigStatus(leaving.lost))

    def drop(self, partition: PartitionRecord, member: Member) -> None:
        """Command a node to drop exactly this replica (A6), which a late parent there may make yet (H11)."""
        self.env.enter(partition.partition)
        self.env.send(member.node, DropReplica(member, self.term.term, partition.parent))

    def on_status(self, sender: NodeId, m: Status) -> None:
        """The leader has answered: members that have left may go if all voters are admitted, and hold the log
        (M7, A11).
        """
        leaving = self.leavers.asked.get(self.env.lane)
        if leaving is None or not self.term.active:
            return
        same = m.config.epoch == leaving.partition.config.epoch
        whole = m.admitted and m.held and m.config.epoch >= leaving.partition.config.epoch
        if whole or (same and leaving.lost is not None and m.lost == leaving.lost and m.others_hold):
            for member in leaving.members:
                if member not in m.config.voters:
                    self.drop(leaving.partition, member)

    def on_not_now(self, sender: NodeId, m: NotNow) -> None:
        """Ask the leader that is named."""
        leaving = self.leavers.asked.get(self.env.lane)
        if leaving is None or m.expected_epoch >= 0 or m.leader is None:
            return
        if may_hop(leaving):
            self.ask(leaving, m.leader.address)

    def on_gone(self, sender: NodeId, m: Gone) -> None:
        """The replica is gone for good."""
        if self.term.active and sender == m.member.node:
            self.chores.add(Forget(self.env.lane, m.member))

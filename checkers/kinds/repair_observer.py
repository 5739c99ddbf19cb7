"""Compares why and when voters are replaced, and nodes taken for dead, with what has become of them; and
reaches the situations of this that a campaign counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from dynaproof.checkers.kinds.group import GroupObservation
from dynaproof.checkers.kinds.region import RegionConfig
from dynaproof.checkers.kinds.repair_times import RepairTimes
from dynaproof.checkers.world.place import Place
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.metadata.records import (
    METADATA,
    NodeRecord,
    PartitionRecord,
    ReplacementRecord,
    node_key,
    partition_key,
)
from dynaproof.impl.metadata.replacements import MarkNode, Plan
from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.storage_node.messages import HostedReplica, NodeReport
from dynaproof.specs.observe.impl.drains import DrainObserver
from dynaproof.specs.observe.impl.metadata import MetadataObserver
from dynaproof.specs.observe.impl.orders import SessionObserver
from dynaproof.specs.observe.impl.place import given, replica_of
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.sometimes_of_regions import REPAIRED_UNDER_LOAD
from dynaproof.specs.sometimes_of_repairs import (
    ADMIN_DIED_REPLACING,
    BALANCED,
    NODE_DRAINED,
    SECOND_LOSS_BESIDE,
    SECOND_LOSS_ELSEWHERE,
    TWO_OF_FIVE_LOST,
)
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.region import (
    EpochChosen,
    LearnerVotes,
    Overfull,
    RegionView,
    RepairPlanned,
    TakenForDead,
    TakenForLiving,
)

FIVE = 5
"""Of this many voters, two may be lost."""


class Listening:
    """What one life of an admin has heard of the storage nodes."""

    __slots__ = (
        "chores",
        "chunks",
        "heard",
        "heard_before",
        "mourns",
        "newest",
        "now",
        "read_from",
        "said",
        "since",
        "walk",
        "was_silent",
        "whole",
    )

    def __init__(self, now: Microseconds) -> None:
        self.since = self.now = now
        """When it began, and when it last did something, by its clock."""
        self.heard: dict[str, Microseconds] = {}
        """When a node was last heard;"""
        self.newest: dict[str, tuple[int, int, int]] = {}
        """and the disk, boot and number of its newest report."""
        self.chunks: dict[str, dict[int, tuple[HostedReplica, ...]]] = {}
        """The chunks of that report that have come, by how many replicas precede each;"""
        self.whole: dict[str, tuple[int, int, int]] = {}
        """the newest report that came whole;"""
        self.said: dict[str, list[dict[int, HostedReplica]]] = {}
        """and what the last two whole ones say, by partition, the later one first."""
        self.walk = 0
        """The number of its last walk;"""
        self.heard_before: dict[str, Microseconds] = {}
        """when a node was last heard before that began;"""
        self.read_from = 0
        """and the last slot of the metadata that was acknowledged by then: what it reads is no older."""
        self.was_silent: dict[str, bool] = {}
        """Nodes that were heard again after a long silence."""
        self.chores: tuple[Plan | MarkNode, ...] = ()
        """What waits to be written down."""
        self.mourns: dict[str, Microseconds] = {}
        """By zone: when a node of it was last taken for dead in this life."""

    def hears(self, m: NodeReport, long_us: Microseconds) -> None:
        """A report has come; one that is older than another, or has come before, says nothing of today. A
        silence of `long_us` is long.
        """
        node, report = m.node.name, (m.node.incarnation, m.boot, m.number)
        if report < self.newest.get(node, report) or report == self.whole.get(node):
            return
        if report != self.newest.get(node):
            self.chunks[node] = {}
        self.newest[node] = report
        if self.silent_us(node) >= long_us:
            self.was_silent[node] = True
        self.heard[node] = self.now
        chunks = self.chunks[node]
        chunks[m.first] = m.replicas
        if sum(map(len, chunks.values())) >= m.total:
            self.whole[node] = report
            hosted = {one.partition: one for first in sorted(chunks) for one in chunks[first]}
            self.said[node] = [hosted, *self.said.get(node, ())][:2]

    def walks(self, walk: int, acknowledged: int) -> None:
        """Perhaps another walk has begun."""
        if walk != self.walk:
            self.walk, self.read_from, self.heard_before = walk, acknowledged, dict(self.heard)

    def silent_us(self, node: str) -> Microseconds:
        """For how long a node has not been heard."""
        return self.now - self.heard.get(node, self.since)


class RepairObserver:
    """Files facts about repairs; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (
        EpochChosen,
        LearnerVotes,
        Overfull,
        RepairPlanned,
        TakenForDead,
        TakenForLiving,
        *DrainObserver.PROVIDES,
        *RepairTimes.PROVIDES,
        *SessionObserver.PROVIDES,
    )

    def __init__(
        self,
        region: RegionView,
        metadata: MetadataObserver,
        config: RegionConfig,
        voters_of: Callable[[int], tuple[Member, ...]],
        reach: Callable[[Sometimes], None],
    ) -> None:
        self.region = region
        self.metadata = metadata
        metadata.has_waited = self.has_waited
        self.settings = config.admin
        self.times = RepairTimes(region, metadata, config, voters_of)
        self.voters_of = voters_of
        """The voters of a partition's newest chosen config."""
        self.reach = reach
        self.awaits: Callable[[int, str], None] | None = None
        """Called with a partition, and the name of the node on which a replica of it is to be made."""
        self.drains = DrainObserver(region, metadata)
        metadata.node_changed = self.drains.changed
        self.sessions = SessionObserver(region)
        self.lives: dict[str, Listening] = {}
        """By admin, what its present life has heard."""
        self.silent: dict[tuple[str, str], Microseconds] = {}
        """By admin and node: how long the node had been silent when the admin decided last to take it for
        dead.
        """
        self.brought: dict[tuple[int, Member], bool] = {}
        """Voters that repairs have brought, and that have not been reported with a tree yet."""
        self.learners: dict[tuple[int, Member], bool] = {}
        """Members that must have a tree before they vote."""
        self.epochs: dict[int, int] = {}
        """The epoch of the newest config of each partition in which one was chosen."""
        self.lived: dict[str, int] = {}
        """By storage node: the slot of the record by which it was no longer taken for dead."""
        self.used: dict[str, bool] = {}
        """Storage nodes that have hosted replicas of tables."""

    # --- What admins hear ---

    def admin_handled(self, place: Place) -> None:
        """An admin has handled something."""
        life = self.lives.get(place.name)
        if life is None:
            life = self.lives[place.name] = Listening(place.env.now)
        life.now = place.env.now
        message, admin = given(place), place.node
        if isinstance(message, NodeReport):
            life.hears(message, min(self.settings.heard_us, self.settings.dead_us))
        assert isinstance(admin, Admin)
        life.walks(admin.survey.walk, self.metadata.acknowledged())
        chores = admin.survey.chores
        waiting = [one for one in (*chores.waiting, chores.doing) if isinstance(one, Plan | MarkNode)]
        for chore in waiting:
            if chore not in life.chores:
                self.found(place.name, life, chore)
        life.chores = tuple(waiting)
        self.times.admin_handled(place)
        self.drains.handled(place)
        self.sessions.handled(place)

    def found(self, admin: str, life: Listening, chore: Plan | MarkNode) -> None:
        """An admin is about to write this down."""
        if isinstance(chore, MarkNode):
            silent_us = life.silent_us(chore.name)
            if chore.dead:
                self.silent[admin, chore.name] = silent_us
            else:
                self.region.file(TakenForLiving(chore.name, silent_us, self.settings.dead_us))
        elif chore.reason == "repair":
            lost = self.is_lost(life, chore.partition, chore.out)
            at_once = self.may_vote_at_once(life, chore)
            self.region.file(RepairPlanned(chore.partition, str(chore.out), lost, at_once))

    def may_vote_at_once(self, life: Listening, plan: Plan) -> bool:
        """Whether a repair makes a log replica, or one of the other voters has no tree, as far as its admin
        was told (M5); it must have waited to be told.
        """
        record = self.metadata.records.get(partition_key(plan.partition))
        listed = record.config.voters if isinstance(record, PartitionRecord) else ()
        others = [one for one in (*listed, *self.voters_of(plan.partition)) if one != plan.out]
        hosted = [
            said[0].get(plan.partition) for one in others for said in [life.said.get(one.node.name) or [{}]]
        ]
        is_full = [
            there is not None and there.member == one and there.full and not there.silent
            for one, there in zip(others, hosted, strict=True)
        ]
        all_known = all(
            one.node.name in life.said or life.silent_us(one.node.name) >= self.settings.heard_us
            for one in others
        )
        return plan.role == "log" or (all_known and not all(is_full))

    def admin_stopped(self, place: Place) -> None:
        """An admin has stopped."""
        self.lives.pop(place.name, None)
        admin = place.node
        if isinstance(admin, Admin) and admin.term.active:
            for work in self.metadata.of(ReplacementRecord):
                self.reach(ADMIN_DIED_REPLACING[work.step])

    def marked(self, node: NodeRecord) -> None:
        """A node is taken for dead, or has reported since."""
        if not node.dead:
            self.lived[node.name] = self.metadata.slot
            return
        for one in self.lives.values():
            one.mourns[node.zone] = one.now
        silent_us = self.silent.pop((self.metadata.active, node.name), 0)
        self.region.file(TakenForDead(node.name, silent_us, self.settings.dead_us))

    def has_waited(self, zone: str) -> bool:
        """Whether the active admin may have waited for so long that a zone with dead nodes is mended that it
        takes nodes of other zones for dead as well.
        """
        life = self.lives.get(self.metadata.active)
        return life is not None and life.now - life.mourns.get(zone, life.since) >= self.settings.patience_us

    # --- What is replaced ---

    def replaced(self, before: ReplacementRecord | None, after: ReplacementRecord | None) -> None:
        """A replacement of a voter begins, or has ended."""
        if before is None:
            assert after is not None
            if after.role == "full":
                self.learners[after.partition, after.new] = True
            if self.awaits is not None:
                self.awaits(after.partition, after.new.node.name)
            self.look_at_bounds(after)
        elif after is None and before.new in self.voters_of(before.partition):
            if before.reason == "repair":
                self.brought[before.partition, before.new] = True
            elif before.reason == "balance":
                self.reach(BALANCED)

    def is_lost(self, life: Listening, partition: int, out: Member) -> bool:
        """Whether a voter of a partition is lost, as far as its admin was told: its node is dead, or
        has another disk; or that node's last report says that the voter is silent, or its last two say
        nothing of it.
        """
        has_new_disk = life.newest.get(out.node.name, (0,))[0] > out.node.incarnation
        if has_new_disk or self.is_dead(life, out.node.name):
            return True
        there = [said.get(partition) for said in life.said.get(out.node.name, ())]
        newest = there[0] if there else None
        if newest is not None and newest.silent and newest.member.incarnation >= out.incarnation:
            return True
        return len(there) > 1 and all(one is None or one.member != out for one in there)

    def fell_silent(self, partition: int, voter: Member) -> bool:
        """Whether an admin was told by a voter's node that the voter is silent for ever."""
        heard = [
            said[0].get(partition) for life in self.lives.values() if (said := life.said.get(voter.node.name))
        ]
        return any(
            one is not None and one.silent and one.member.incarnation >= voter.incarnation for one in heard
        )

    def is_dead(self, life: Listening, node: str) -> bool:
        """Whether a node is taken for dead, as the present walk of an admin may have read, and the admin had
        not heard the node of late when that walk began.
        """
        heard_at = life.heard_before.get(node)
        if heard_at is not None and life.now - heard_at < self.settings.dead_us:
            return False
        record = self.metadata.records.get(node_key(node))
        is_dead = isinstance(record, NodeRecord) and record.dead
        return is_dead or self.lived.get(node, 0) > life.read_from

    def config_chosen(self, partition: int, config: Config, places: Mapping[str, Place]) -> None:
        """A config of a partition is chosen. Of a node that is down, it is known only which members were
        never there.
        """
        self.times.config_chosen(partition, config, next(iter(places.values())).world.tau)
        before = self.epochs.get(partition, 0)
        self.region.file(EpochChosen(partition, config.epoch, before))
        self.epochs[partition] = config.epoch
        new = config.brought
        if new is None or not self.learners.pop((partition, new), False):
            return
        place = places.get(new.node.name)
        replica = None if place is None or not place.up else replica_of(place, partition)
        if not self.metadata.is_made(partition, new):
            self.region.file(LearnerVotes(partition, str(new), full=False))
        elif replica is not None and replica.member == new:
            self.region.file(LearnerVotes(partition, str(new), replica.full))

    def look_at_bounds(self, begun: ReplacementRecord) -> None:
        """No more voters are moved at a time than may be, nor repaired on one node; where a quorum of the
        partition may have been gone, nobody waits for that.
        """
        there = [one for one in self.metadata.of(ReplacementRecord) if not self.may_be_stuck(one)]
        moved = [one for one in (*there, begun) if one.reason in ("drain", "balance")]
        repaired = [
            one
            for one in (*there, begun)
            if one.reason == "repair" and one.new.node.address == begun.new.node.address
        ]
        bounds = self.settings.balance_at_once, self.settings.repairs_per_node
        if begun.reason == "move":
            ordered = [one for one in (*self.metadata.of(ReplacementRecord), begun) if one.reason == "move"]
            self.bound("moves that were ordered", len(ordered), self.settings.ordered_moves)
        if begun in moved:
            self.bound("moves of replicas", len(moved), bounds[0])
        if begun in repaired:
            self.bound(f"repairs on {begun.new.node.name}", len(repaired), bounds[1])

    def may_be_stuck(self, work: ReplacementRecord) -> bool:
        """Whether the active admin may have found so many voters of a partition lost, or on nodes that it did
        not hear, that the others are no quorum: now, or when it looked at the replacement last.
        """
        life = self.lives.get(self.metadata.active)
        record = self.metadata.records.get(partition_key(work.partition))
        if life is None or not isinstance(record, PartitionRecord):
            return True
        voters, quorum = dict.fromkeys((*record.config.voters, work.out)), record.config.quorum
        gone = sum(
            voter.node.name in life.was_silent
            or life.silent_us(voter.node.name) >= self.settings.heard_us
            or self.is_lost(life, work.partition, voter)
            for voter in voters
        )
        return len(record.config.voters) - gone < quorum

    def bound(self, what: str, length: int, bound: int) -> None:
        """A length is within its bound."""
        if length > bound:
            self.region.file(Overfull(self.metadata.active, what, length, bound))

    # --- Situations ---

    def reported(self, place: Place, m: NodeReport) -> None:
        """A storage node says what it hosts."""
        for one in m.replicas if self.brought else ():
            if (
                one.full
                and self.brought.pop((one.partition, one.member), False)
                and self.metadata.users_wait()
            ):
                self.reach(REPAIRED_UNDER_LOAD)
        if any(one.partition != METADATA for one in m.replicas):
            self.used[place.name] = True
        elif m.total == len(m.replicas) and self.used.pop(place.name, False):
            nodes = self.metadata.of(NodeRecord)
            if any(one.name == place.name and one.draining for one in nodes):
                self.reach(NODE_DRAINED)

    def lost(self, name: str, groups: Iterable[GroupObservation]) -> None:
        """A storage node has lost its disk, with its replicas of these groups."""
        works = [one for one in self.metadata.of(ReplacementRecord) if one.reason == "repair"]
        repaired = [*((work.partition, work.new) for work in works), *self.brought]
        for group in groups:
            lost, voters = group.members[name], group.config.voters
            if lost not in voters or lost in group.view.forgetful:
                continue
            for partition, new in repaired:
                if partition != group.group:
                    self.reach(SECOND_LOSS_ELSEWHERE)
                elif new != lost and new in voters and new in group.view.spoken:
                    self.reach(SECOND_LOSS_BESIDE)

    def fewer(self, groups: Iterable[GroupView]) -> None:
        """Voters of these groups may have been lost."""
        for view in groups:
            voters = view.configs[-1][1]
            if len(voters) == FIVE and sum(voter in view.forgetful for voter in voters) > 1:
                self.reach(TWO_OF_FIVE_LOST)

"""What a partition needs next, as an admin's walks find it: another replica in the place of a lost voter, a
move off a node that is drained or has too much, or a split (rules A10, A12, A15 and A18 of docs/table.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from dynaproof.impl.admin import split_points
from dynaproof.impl.admin.balance import Restless, better_place
from dynaproof.impl.admin.chores import Chores
from dynaproof.impl.admin.nodes import Nodes
from dynaproof.impl.admin.ratings import Ratings
from dynaproof.impl.admin.replacements import Replacements
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.splits import Splits
from dynaproof.impl.metadata.placement import Candidate, place_one
from dynaproof.impl.metadata.records import PartitionRecord, Reason, ReplacementRecord
from dynaproof.impl.metadata.replacements import PENDING, Plan, in_turn, is_free
from dynaproof.impl.metadata.splits import PlanSplit
from dynaproof.impl.node import Microseconds, NodeId
from dynaproof.impl.paxos.ids import FIRST_INCARNATION, Member
from dynaproof.impl.paxos.messages.membership import Role


class Planner:
    """Plans for single partitions, and what walks must remember for them; see the module."""

    def __init__(
        self,
        settings: AdminSettings,
        nodes: Nodes,
        chores: Chores,
        replacements: Replacements,
        splits: Splits,
        ratings: Ratings,
    ) -> None:
        self.settings = settings
        self.nodes = nodes
        self.chores = chores
        self.replacements = replacements
        self.splits = splits
        self.ratings = ratings
        self.absent: dict[tuple[int, Member], tuple[int, int, int]] = {}
        """Voters that their nodes' last reports did not name when the last walk came by."""
        self.absent_now: dict[tuple[int, Member], tuple[int, int, int]] = {}
        """The same for this walk."""
        self.halved: dict[int, bool] = {}
        """Partitions that this walk found split and not gone: they come before their children."""
        self.restless = Restless()
        """Zones in which nothing is moved to balance them."""

    # --- Walks ---

    def activated(self) -> None:
        """Drop what an earlier term of this admin saw."""
        self.absent = {}

    def begin(self) -> None:
        """A walk begins."""
        self.absent_now, self.halved = {}, {}

    def walked(self, now: Microseconds) -> None:
        """A walk was whole."""
        self.absent = self.absent_now
        self.restless.walked(now)

    # --- Plans ---

    def plan(self, partition: PartitionRecord, candidates: tuple[Candidate, ...]) -> Plan | PlanSplit | None:
        """What is to be done with a partition for which nothing is under way: nothing as long as it cannot
        choose a config, for what is begun would take the place of what can be done (A10).
        """
        lost = [voter for voter in partition.config.voters if self.is_lost(voter, partition)]
        if not self.nodes.may_choose(partition, lost):
            return None
        return (
            self.repair(partition, lost, candidates)
            or self.move(partition, candidates)
            or self.split(partition)
        )

    def repair(
        self, partition: PartitionRecord, lost: Sequence[Member], candidates: tuple[Candidate, ...]
    ) -> Plan | None:
        """Put another replica in the place of a lost voter, of several the first whose turn it is and for
        which a node is free. It waits until the admin knows whether the other voters have trees, for then it
        need not copy one before it votes (A10).
        """
        config, number = partition.config, partition.partition
        for out in in_turn(config, lost):
            others = [voter for voter in config.voters if voter != out]
            if not all(self.nodes.is_known(voter.node.address) for voter in others):
                continue
            role: Role = "log" if all(self.nodes.is_full(voter, number) for voter in others) else "full"
            plan = self.replace(partition, out, candidates, role)
            if plan is not None:
                return plan
        return None

    def is_lost(self, voter: Member, partition: PartitionRecord) -> bool:
        """Whether a voter is lost, or two reports of its node in a row did not name it; but while its parent
        is there, a child's voter may not have been made yet.
        """
        number = partition.partition
        if self.nodes.has_lost(voter, number):
            return True
        report = self.nodes.lacks(voter, number)
        if report is None or (voter.incarnation == FIRST_INCARNATION and self.halved.get(partition.parent)):
            return False
        self.absent_now[number, voter] = report
        return report > self.absent.get((number, voter), report)

    def never_made(self, partition: PartitionRecord) -> Member | None:
        """The voter that came last, if nothing is under way and its node has no room for it (A11)."""
        brought = partition.config.brought
        absent = brought is not None and is_free(partition) and self.is_lost(brought, partition)
        return brought if absent else None

    def replace(
        self, partition: PartitionRecord, out: Member, candidates: tuple[Candidate, ...], role: Role
    ) -> Plan | None:
        """A repair: on the voter's own node only if the voter is certainly gone, and on a node that is
        drained only if no other may have the replica. It waits for a node that is busy with other repairs.
        """
        own = self.nodes.has_lost(out, partition.partition)
        for nodes in (candidates, self.nodes.candidates(draining=True)):
            if self.place(partition, out, nodes, own) is None:
                continue
            node = self.place(partition, out, self.idle(nodes, "repair"), own)
            return None if node is None else Plan(partition.partition, out, node, role, "repair")
        return None

    def place(
        self, partition: PartitionRecord, out: Member, candidates: tuple[Candidate, ...], own: bool
    ) -> NodeId | None:
        """The emptiest of these nodes that may have a replica in the place of a voter; the voter's `own` node
        only if that will do.
        """
        taken = [one.member.node.address for one in partition.pending]
        if not own:
            taken.append(out.node.address)
        return place_one(candidates, partition.config, out, taken)

    def has_place(self, partition: PartitionRecord, lost: Member, candidates: tuple[Candidate, ...]) -> bool:
        """Whether a lost voter can be replaced while all members that have left are there (A11), be it on a
        node that is drained, or later, on one that is busy.
        """
        free = (*candidates, *self.nodes.candidates(draining=True))
        return len(partition.pending) < PENDING and self.place(partition, lost, free, own=True) is not None

    def move(self, partition: PartitionRecord, candidates: tuple[Candidate, ...]) -> Plan | None:
        """Move a replica off a node that is drained, or to one that has less (A15), unless a repair waits."""
        if self.moves() >= self.settings.balance_at_once or self.replacements.needs_repair(partition):
            return None
        for voter in partition.config.voters:
            if self.nodes.is_draining(voter.node.address):
                node = self.place(partition, voter, self.idle(candidates, "drain"), own=False)
                if node is not None:
                    return Plan(partition.partition, voter, node, "full", "drain")
        if not self.settings.balances or self.moves():
            return None
        found = better_place(self.nodes, self.restless, partition, candidates)
        return None if found is None else Plan(partition.partition, *found, "full", "balance")

    def split(self, partition: PartitionRecord) -> PlanSplit | None:
        """Split a partition that is too large or too hot, or whose table lacks a partition, if it may be
        split now (A12, 1; A18).
        """
        planned = [one.table for one in self.chores.planned() if isinstance(one, PlanSplit)]
        under_way = self.splits.under_way() + len(planned)
        if under_way >= self.settings.splits_at_once:
            return None
        if not self.splits.may_plan(partition.partition):
            return None
        plan = split_points.due(self.nodes, partition)
        coming = self.splits.coming(partition.table) + planned.count(partition.table)
        if plan is None and coming < self.ratings.lacking.get(partition.table, 0):
            plan = split_points.for_capacity(self.nodes, partition)
        if plan is None or split_points.readiness(self.nodes, partition, under_way).hindrance:
            return None
        return plan

    def moves(self) -> int:
        """Moves under way, and those that are to begin."""
        waiting = sum(isinstance(one, Plan) and one.reason != "repair" for one in self.chores.planned())
        return self.replacements.moves() + waiting

    def idle(self, candidates: tuple[Candidate, ...], reason: Reason) -> tuple[Candidate, ...]:
        """The nodes among these that are not busy, and have room for more than what comes to them already."""
        return tuple(
            one
            for one in candidates
            if not self.is_busy(one.node.address, reason) and self.coming(one.node.address) < one.room
        )

    def making(self, address: NodeId) -> list[Plan | ReplacementRecord]:
        """What makes replicas on the node of this address, or is to."""
        waiting = [one for one in self.chores.planned() if isinstance(one, Plan)]
        there = [one for one in waiting if one.node.address == address]
        return [*there, *self.replacements.to_node(address)]

    def coming(self, address: NodeId) -> int:
        """How many replicas are made on a node, or are to be, that its last report does not name (H12)."""
        partitions = dict.fromkeys(one.partition for one in self.making(address))
        return sum(self.nodes.hosted(address, one) is None for one in partitions)

    def is_busy(self, address: NodeId, reason: Reason) -> bool:
        """Whether as many replicas are being made on a node as may be at a time. For a repair only other
        repairs count, because a repair does not wait until a move has copied.
        """
        reasons = [one.reason for one in self.making(address)]
        counted = [one for one in reasons if reason != "repair" or one == "repair"]
        return len(counted) >= self.settings.repairs_per_node

"""Which partition is split, and where (A12, A18 of docs/table.md), by what the nodes report.

A partition that is too large is split in the middle of what it stores; one that was too hot for long enough,
where clients ask equally often on either side. A leader reports such a position only if there is one: with a
single hot key there is none, and the partition stays as it is. Where a share of a table passes a partition's
cap, any partition of the table is split, in the middle of what it stores or else of its range.
"""

from __future__ import annotations

from dynaproof.impl.admin.nodes import Nodes
from dynaproof.impl.metadata.records import PartitionRecord
from dynaproof.impl.metadata.splits import PlanSplit, Readiness, is_inside

CHILDREN = 2
"""Replicas that a split makes on each of the nodes."""


def due(nodes: Nodes, partition: PartitionRecord) -> PlanSplit | None:
    """How a partition is split, if it is too large or too hot (A12); None if it is neither, or no report
    says where. Only leaders report positions, and a deposed one reports what was true a short while ago.
    """
    number, settings = partition.partition, nodes.settings
    for voter in partition.config.voters:
        there = nodes.reported(voter, number)
        if there is None:
            continue
        if there.pages_bytes >= settings.split_bytes and is_inside(partition.range, there.middle):
            return PlanSplit(number, partition.table, there.middle, "size")
        if nodes.is_hot(voter, number) and is_inside(partition.range, there.busy_at):
            return PlanSplit(number, partition.table, there.busy_at, "heat")
    return None


def for_capacity(nodes: Nodes, partition: PartitionRecord) -> PlanSplit | None:
    """How to split a partition so that its table has one more (A18); None if its range has one position."""
    number, owned = partition.partition, partition.range
    reports = [nodes.reported(voter, number) for voter in partition.config.voters]
    middles = [there.middle for there in reports if there is not None and is_inside(owned, there.middle)]
    if not middles and owned.positions == 1:
        return None
    at = middles[0] if middles else owned.midpoint()
    return PlanSplit(number, partition.table, at, "capacity")


def readiness(nodes: Nodes, partition: PartitionRecord, under_way: int) -> Readiness:
    """Whether a partition may be split now, beside the splits under way, and where its middle is."""
    number, voters = partition.partition, partition.config.voters
    reports = [nodes.reported(voter, number) for voter in voters]
    middles = [there.middle for there in reports if there is not None and there.middle]
    hindrance = ""
    if any(nodes.has_lost(voter, number) for voter in voters):
        hindrance = "a voter is lost"
    elif not all(nodes.is_full(voter, number) for voter in voters):
        hindrance = "a voter has not reported that it has a tree"
    elif not all(nodes.has_room(voter.node.address, CHILDREN * (under_way + 1)) for voter in voters):
        hindrance = "the node of a voter has no room for two more replicas"
    return Readiness(hindrance, middles[0] if middles else b"")

"""What admins wait for while a partition is split, whom they command besides its voters, and what they do
about its children when it is gone (rules A4, A10 and A12 of docs/table.md).
"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from dynaproof.impl.admin import split_points
from dynaproof.impl.metadata.records import Pending, ReplacementRecord, SplitRecord
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import CreateReplica, DropReplica, Gone
from tests.examples.test_splits_by_admins import MANY, SETTINGS, Region


def driven(region: Region) -> Any:
    """The split, as the active admin drives it."""
    return region.active.node.steps.by_partition[region.parent]


def passes(region: Region, microseconds: int) -> None:
    """Time passes."""
    until = region.world.tau + microseconds
    region.go(lambda: region.world.tau >= until, MANY)


def must_be_made(region: Region, node: NodeId, work: SplitRecord) -> bool:
    """Whether, by the last report of a node, its parent's replica makes no left child there."""
    return bool(region.active.node.nodes.must_be_made(Member(node, 1), work.left, region.parent))


def without_parent(region: Region, node: NodeId, work: SplitRecord) -> None:
    """From here on a node reports that it has nothing of the parent, and so will not make the children."""
    region.hides[node.name, region.parent] = True
    assert region.go(lambda: must_be_made(region, node, work), MANY)


# --- Children that are made by copy (H10) ---


def test_a_child_is_not_made_by_copy_where_its_parent_was_there_between_two_reports() -> None:
    region = Region()
    work = region.list_children()
    node = region.voters[2].node
    region.make(work, region.voters[0].node)
    without_parent(region, node, work)
    passes(region, SETTINGS["make_us"] * 2 // 3)
    del region.hides[node.name, region.parent]
    assert region.go(lambda: not must_be_made(region, node, work), MANY)
    passes(region, 2 * SETTINGS["most_retry_us"])
    without_parent(region, node, work)
    passes(region, SETTINGS["make_us"] * 2 // 3)
    assert not region.commands(CreateReplica)
    assert region.go(lambda: bool(region.commands(CreateReplica)), MANY), "now it was missing for long enough"


def test_a_voter_that_a_replacement_brought_is_made_by_that_and_not_by_the_split() -> None:
    region = Region()
    work = region.list_children()
    node = region.voters[2].node
    region.make(work, region.voters[0].node)
    without_parent(region, node, work)
    child = region.partition(work.left)
    new = Member(node, child.config.next_incarnation)
    replaced = structs.replace(child, config=child.config.replacing(Member(node, 1), new))
    place, one = region.active, driven(region)

    def make(record: Any) -> list[Member]:
        since = len(region.sent)
        region.world.run(place, lambda: place.node.splits.make(one, work.left, record))
        return [command.member for _, _, command in region.commands(CreateReplica, since)]

    assert make(child) == make(replaced) == []
    passes(region, SETTINGS["make_us"])
    assert make(child) == [Member(node, 1)]
    assert make(replaced) == []


# --- The parent's replicas ---


def test_a_parent_is_gone_when_its_members_without_a_vote_are_gone_too() -> None:
    region = Region()
    region.drop_parent()
    voters, parent = region.voters, region.partition(region.parent)
    former = Member(voters[0].node, 99)
    parent = structs.replace(parent, pending=(Pending(former, 0, True),))
    place, one, since = region.active, driven(region), len(region.sent)
    region.world.run(place, lambda: place.node.splits.drop(one, parent))
    told = [(to, command.member) for _, to, command in region.commands(DropReplica, since)]
    assert (former.node, former) in told
    one.heard.gone = dict.fromkeys(voters, True)
    assert not place.node.splits.is_gone(one, parent)
    one.heard.gone[former] = True
    assert place.node.splits.is_gone(one, parent)


# --- Room (H12) ---


@pytest.mark.parametrize(("under_way", "room"), [(0, 2), (1, 4), (3, 8)])
def test_a_split_needs_room_for_its_children_and_for_those_of_each_split_that_is_under_way(
    under_way: int, room: int
) -> None:
    region = Region()
    assert region.go(region.is_reported, MANY)
    nodes, partition = region.active.node.nodes, region.partition(region.parent)
    there = max(nodes.heard[voter.node.address].replicas for voter in region.voters)
    for more, hindrance in ((room - 1, "the node of a voter has no room for two more replicas"), (room, "")):
        nodes.settings = structs.replace(nodes.settings, replicas_per_node=there + more)
        assert split_points.readiness(nodes, partition, under_way).hindrance == hindrance


# --- Children of a partition that is gone (A10) ---


def test_a_voter_of_a_child_that_its_node_does_not_name_is_lost_once_the_parent_is_gone() -> None:
    region = Region()
    work, voters = region.drop_parent(), region.voters
    for voter in voters:
        region.tell(Gone(voter), voter.node)
    assert region.go(lambda: region.work is None, MANY)
    assert not region.metadata.of(ReplacementRecord)
    del region.hosted[voters[0].node.name, work.left]
    assert region.go(lambda: bool(region.metadata.of(ReplacementRecord)), MANY)
    (repair,) = region.metadata.of(ReplacementRecord)
    assert (repair.partition, repair.out) == (work.left, Member(voters[0].node, 1))

"""Which nodes must have dropped a partition before the record of its table goes (rule A14): of those that may
vote all but a minority.
"""

from __future__ import annotations

import pytest

from dynaproof.impl.admin.nodes import Nodes
from dynaproof.impl.admin.workflows import Driven
from dynaproof.impl.metadata.changes import targets_of
from dynaproof.impl.metadata.records import PartitionRecord, Pending, Target, WorkflowRecord
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Member, RequestId
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.values.key_range import whole

NODES: Nodes = None  # type: ignore[assignment]
"""What an admin knows of nodes does not count for a deletion."""
NAMES = ("a1", "b1", "c1", "a2", "b2", "c2", "a3")
MEMBERS = {name: Member(NodeId("region", name[0], f"s{name}", 1), 1 + at) for at, name in enumerate(NAMES)}


def record(voters: str, pending: tuple[Pending, ...], epoch: int = 4) -> PartitionRecord:
    """The record of a partition with these voters, in this epoch."""
    config = Config(epoch, tuple(MEMBERS[name] for name in voters.split()), 9)
    return PartitionRecord(7, "films", 1, whole(), "listed", config, pending=pending)


def pending(name: str, expected_epoch: int, voted: bool = False) -> Pending:
    return Pending(MEMBERS[name], expected_epoch, voted)


def lacks(partition: PartitionRecord, dropped: str) -> int:
    """How many nodes must still answer once these have."""
    targets: tuple[Target, ...] = tuple(targets_of(partition))
    driven = Driven(WorkflowRecord(3, "delete", "films", 1, targets, RequestId("user", 1, 1)))
    for name in dropped.split():
        driven.answered[7, MEMBERS[name].node.address] = True
    return driven.lacks(NODES)


@pytest.mark.parametrize(
    ("voters", "dropped", "lacking"),
    [
        ("a1 b1 c1", "a1", 1),
        ("a1 b1 c1", "a1 c1", 0),
        ("a1 b1 c1 a2 b2", "a1 c1", 1),
        ("a1 b1 c1 a2 b2", "a1 c1 a2", 0),
    ],
)
def test_a_table_goes_once_too_few_voters_for_a_quorum_are_left(
    voters: str, dropped: str, lacking: int
) -> None:
    """Of five, two may be in a zone that is down."""
    assert lacks(record(voters, ()), dropped) == lacking


def test_a_table_goes_though_all_nodes_that_its_voters_have_left_stay_away() -> None:
    left = (pending("a1", 2, voted=True), pending("b1", 3, voted=True), pending("c2", 3))
    assert lacks(record("a2 b2 c1", left), "a2 b2") == 0
    assert lacks(record("a2 b2 c1", left), "a1 b1 c2 a2") == 1


def test_a_table_does_not_go_while_a_voter_that_is_planned_makes_a_quorum() -> None:
    planned = (pending("a2", 4),)
    assert lacks(record("a1 b1 c1", planned), "a1 b1") == 1, "a2 and c1 are left"
    assert lacks(record("a1 b1 c1", planned), "a1 b1 a2") == 0


def test_a_table_goes_though_a_voter_and_the_one_that_was_to_replace_it_are_both_away() -> None:
    """They are in one zone, and it may be down for good."""
    planned = (pending("a2", 4),)
    assert lacks(record("a1 b1 c1", planned), "b1") == 1, "a1 or a2 and c1 are left"
    assert lacks(record("a1 b1 c1", planned), "b1 c1") == 0
    five = record("a1 b1 c1 a2 b2", (pending("c2", 4),))
    assert lacks(five, "a1 a2 b1") == 1, (
        "b2, c1 and c2 are left, and c2 may replace one of those that are not"
    )
    assert lacks(five, "a1 a2 b1 b2") == 0


def test_a_newcomer_takes_the_place_of_any_voter_for_which_its_zone_has_room() -> None:
    """Of five voters a second one may come to the zone that has one."""
    partition = record("a1 b1 c1 a2 b2", (pending("c2", 4),))
    (target,) = targets_of(partition)
    voters = [{name for name in NAMES if MEMBERS[name].node in nodes} for nodes in named(target)]
    five = {"a1", "b1", "c1", "a2", "b2"}
    assert voters == [five, *(five - {out} | {"c2"} for out in ("a1", "b1", "c1", "a2", "b2"))]


def named(target: Target) -> list[list[NodeId]]:
    """The nodes of the configs that a partition may come to."""
    return [[voter.node for voter in config.voters] for config in target.configs()]


def test_all_nodes_that_may_have_something_of_a_partition_are_told_to_drop_it() -> None:
    some = (pending("a2", 2, voted=True), pending("b2", 3), pending("c2", 4))
    (target,) = targets_of(record("a1 b1 c1", some))
    assert set(target.nodes()) == {
        MEMBERS[name].node.address for name in ("a1", "b1", "c1", "a2", "b2", "c2")
    }

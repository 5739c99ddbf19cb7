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


def test_all_nodes_that_may_have_something_of_a_partition_are_told_to_drop_it() -> None:
    some = (pending("a2", 2, voted=True), pending("b2", 3), pending("c2", 4))
    (target,) = targets_of(record("a1 b1 c1", some))
    assert set(target.nodes()) == {
        MEMBERS[name].node.address for name in ("a1", "b1", "c1", "a2", "b2", "c2")
    }

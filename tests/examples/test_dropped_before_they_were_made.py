"""A child that is dropped on a node before it was made there is not made by a late replica of its parent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.impl.admin.nodes import Nodes
from dynaproof.impl.admin.splits import Splits
from dynaproof.impl.admin.survey import Survey
from dynaproof.impl.metadata.changes import targets_of
from dynaproof.impl.metadata.records import PartitionRecord
from dynaproof.impl.paxos.messages.membership import DropReplica
from dynaproof.impl.storage_node.messages import DropPartition, RaiseFence
from dynaproof.impl.values.key_range import whole
from tests.examples.split_group import CONFIG, LEFT, LOW, PARENT, RIGHT, SPLIT, SplitGroup, member

OTHERS = range(100, 103)


def compact(group: SplitGroup, name: str, term: int) -> None:
    """The node's journal begins anew, below a fence of this term."""
    group.tell(name, RaiseFence(term), 0)
    for number in range(100 * term, 100 * term + 60):
        for other in OTHERS:
            group.tell(name, DropReplica(member(name, number), term), other)
    group.go(5_000)


@pytest.mark.parametrize(
    "command", [DropReplica(member("sc"), 1, PARENT), DropPartition(1, PARENT)], ids=["replica", "partition"]
)
def test_a_child_that_was_dropped_before_it_was_made_is_not_made_by_a_late_replica_of_its_parent(
    command: DropReplica | DropPartition,
) -> None:
    """Else the replica would stay for ever, for the metadata has long forgotten it."""
    group = SplitGroup(region=True)
    group.put(LOW)
    group.prepare()
    group.cut("sc")
    group.tell("sa", SPLIT)
    group.wait(lambda: group.have_children("sa", "sb"))
    group.tell("sc", command, LEFT)
    group.go(5_000)
    compact(group, "sc", 2)
    node = group.node("sc")
    assert node.journal.was_made(LEFT), "its parent is here, and may still come to the barrier"
    group.restart("sc")
    group.mend()
    group.wait(lambda: RIGHT in group.node("sc").replicas)
    group.go(5_000)
    node = group.node("sc")
    assert LEFT not in node.replicas
    assert LEFT not in node.making
    group.tell("sc", DropReplica(node.replicas[PARENT].member, 2))
    group.go(5_000)
    assert PARENT not in node.replicas
    compact(group, "sc", 3)
    assert not group.node("sc").journal.was_made(LEFT), "nobody can make it any more"


CHILD = PartitionRecord(LEFT, "books", 1, whole(), "listed", CONFIG, parent=PARENT, children=(7, 8))


def test_every_command_to_drop_what_a_split_made_names_the_parent() -> None:
    sent: list[Any] = []
    voter, address = CONFIG.voters[0], CONFIG.voters[0].node.address
    hosted = {LEFT: SimpleNamespace(member=voter)}
    admin = cast(
        Any,
        SimpleNamespace(
            env=SimpleNamespace(enter=lambda _: None, send=lambda _, message: sent.append(message)),
            term=SimpleNamespace(term=4, active=True),
            heard={address: SimpleNamespace(hosted=hosted)},
            to_drop=lambda _: [voter],
        ),
    )
    Survey.drop(admin, CHILD, voter)
    Nodes.drop_late(admin, voter.node, [CHILD])
    Splits.drop(admin, cast(Any, SimpleNamespace(heard=SimpleNamespace(gone={}))), CHILD)
    assert sent == 3 * [DropReplica(voter, 4, PARENT)]
    assert [(target.partition, target.parent) for target in targets_of(CHILD)] == [
        (LEFT, PARENT),
        (7, LEFT),
        (8, LEFT),
    ]

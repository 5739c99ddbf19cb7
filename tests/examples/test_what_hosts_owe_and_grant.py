"""What a storage node owes and what it has granted, before it says that something is gone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.impl.admin.split_points import readiness
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import CreateReplica, DropReplica, Gone
from dynaproof.impl.storage_node.making import Making
from dynaproof.impl.storage_node.messages import DropPartition
from tests.examples.test_agent import CONFIG, GONE, LEASE_US, NODES, Node

VOTER = CONFIG.voters[0]


def test_a_partition_of_which_a_replica_was_not_looked_at_yet_is_not_buried() -> None:
    """Its files would stay, and so would the lease that it granted."""
    node = Node()
    node.create(5, term=1)
    node.start_unread()
    assert 5 in node.node.unread
    assert node.tell(DropPartition(1), 5) == []
    assert not node.node.journal.buried(5)
    assert node.until(lambda: not node.node.unread, 100_000)
    node.tell(DropPartition(1), 5)
    assert node.until(lambda: node.node.journal.buried(5) and not node.files(5), 1_000_000)


def test_a_replica_that_is_being_made_is_not_said_to_be_gone() -> None:
    """Its mark may be on the disk already."""
    node = Node(syncs_us=10_000)
    node.tell(CreateReplica(VOTER, CONFIG, 0), 5)
    assert 5 in node.node.making
    assert node.tell(DropReplica(VOTER, 1), 5) == []
    assert node.until(lambda: 5 in node.node.replicas, 1_000_000)
    node.tell(DropReplica(VOTER, 1), 5)
    assert node.until(lambda: any(isinstance(m, Gone) for _, m in node.heard()), 100_000)


def test_what_an_earlier_life_may_have_granted_binds_for_a_lease_from_the_start_on() -> None:
    """Also where the replica has ended in that life."""
    node = Node()
    node.create(5, term=1)
    node.tell(DropReplica(VOTER, 1), 5)
    assert 5 not in node.node.replicas
    node.restart()
    assert not node.node.unread
    assert (5, GONE) not in node.tell(DropPartition(1), 5)
    node.until(lambda: False, LEASE_US)
    assert (5, GONE) in node.tell(DropPartition(1), 5)


@pytest.mark.parametrize(("here", "owed"), [(True, True), (False, False)])
def test_only_a_child_with_a_voter_here_is_owed(here: bool, owed: bool) -> None:
    """Else a parent would stay for ever on a node where its children were never to be."""
    me, other = NODES[0], NODES[1]
    child = SimpleNamespace(partition=8, voters=(Member(me if here else other, 1),))
    parent = SimpleNamespace(state=SimpleNamespace(split=SimpleNamespace(children=(child,))))
    making = SimpleNamespace(
        env=SimpleNamespace(me=me),
        node=SimpleNamespace(replicas={5: parent}),
        journal=SimpleNamespace(was_made=lambda _: False),
    )
    assert Making.owes_children(cast(Any, making), 5) == owed
    making.journal.was_made = lambda _: True
    assert not Making.owes_children(cast(Any, making), 5)


@pytest.mark.parametrize("lost", [False, True])
def test_a_partition_is_not_split_beside_a_lost_voter(lost: bool) -> None:
    """It is repaired first: the children would begin without it (A12)."""
    there = SimpleNamespace(middle=b"m", full=True)
    nodes = SimpleNamespace(
        reported=lambda *_: there,
        has_lost=lambda voter, _: lost and voter == CONFIG.voters[1],
        is_full=lambda *_: True,
        has_room=lambda *_: True,
    )
    partition = SimpleNamespace(partition=5, config=CONFIG)
    said = readiness(cast(Any, nodes), cast(Any, partition), 0)
    assert said.hindrance == ("a voter is lost" if lost else "")
    assert said.middle == b"m"

"""A parent is dropped when nobody must read its log any more: one of its replicas says so, if one is left."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from dynaproof.impl.partition.messages.split import Finish, Finished
from dynaproof.impl.paxos.messages.membership import ConfigStatus, DropReplica, RaiseEpoch, Status
from dynaproof.impl.storage_node.messages import HostedReplica
from tests.examples import test_splits_by_admins as by_admins
from tests.examples.split_group import LOW, SPLIT, SplitGroup

MANY = by_admins.MANY


class Region(by_admins.Region):
    """A region of which a test says what the nodes report of the parent, and whether one of them finishes."""

    def __init__(self, **admin: Any) -> None:
        super().__init__(**admin)
        self.work_of_split = self.list_children()
        for voter in self.voters:
            self.make(self.work_of_split, voter.node)

    def reports(self, **of_voters: str) -> None:
        """By the names of nodes, what they say of their replica of the parent."""
        for voter in self.voters:
            said = of_voters.get(voter.node.name, "behind")
            self.hides[voter.node.name, self.parent] = True
            self.hosted[voter.node.name, self.parent] = HostedReplica(
                self.parent, voter, said == "silent", True, split=said == "knows"
            )

    def asked(self) -> set[str]:
        """The names of the nodes that were told to finish."""
        return {to.name for lane, to, _ in self.commands(Finish) if lane == self.parent}


@pytest.fixture(autouse=True)
def _finish_is_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_admins, "COMMANDS", (*by_admins.COMMANDS, Finish))


def test_a_replica_finishes_when_it_knows_the_barrier_and_says_nothing_before() -> None:
    group = SplitGroup()
    group.put(LOW)
    for name in ("sa", "sb"):
        group.tell(name, Finish())
    group.go(5_000)
    assert not group.heard(Finished)
    group.cut("sc")
    group.prepare()
    group.tell("sa", SPLIT)
    group.wait(lambda: group.is_split("sa", "sb"))
    for name in ("sb", "sc"):
        group.tell(name, Finish())
    group.go(5_000)
    assert group.heard(Finished, "sb")
    assert not group.heard(Finished, "sc")
    assert not group.heard(Finished, "sa")


def test_a_replica_that_knows_the_barrier_says_which_config_is_the_last_and_vouches_for_no_voter() -> None:
    """So who has left the parent is not dropped by its word, but goes with the parent (M2, M7)."""
    group = SplitGroup()
    group.tell("sa", RaiseEpoch(0))
    group.wait(lambda: group.replica("sa").config.epoch == 1)
    group.go(5_000)
    config, slot = group.replica("sa").config, group.replica("sa").state.config_slot
    group.tell("sa", ConfigStatus())
    group.tell("sb", ConfigStatus())
    group.go(5_000)
    assert group.heard(Status) == [Status(config, slot, True, True, True, None)]
    command = structs.replace(SPLIT, expected_epoch=1)
    group.prepare(command)
    group.tell("sa", command)
    group.wait(group.is_split)
    lost = config.voters[2]
    for name in ("sa", "sb"):
        group.tell(name, ConfigStatus(lost))
    group.go(5_000)
    barrier = group.replica("sa").state.split.slot
    assert group.heard(Status)[1:] == 2 * [Status(config, slot, False, False, False, lost, barrier)]


def test_a_parent_is_dropped_when_one_of_those_that_know_the_barrier_has_finished() -> None:
    region = Region()
    first, second, third = (voter.node for voter in region.voters)
    region.reports(**{first.name: "knows", second.name: "knows"})
    assert region.go(lambda: len(region.asked()) > 1, MANY), "one after another, for one may not answer"
    assert region.asked() == {first.name, second.name}, "the third does not know the barrier"
    region.stays("made")
    assert not region.commands(DropReplica)
    region.tell(Finished(), second)
    assert region.go(lambda: len(region.commands(DropReplica)) >= 3, MANY)
    asked = len(region.commands(Finish))
    region.stays("drop")
    assert len(region.commands(Finish)) == asked
    assert third.name not in region.asked()


@pytest.mark.parametrize("said", ["silent", "behind"])
def test_a_parent_of_which_no_replica_that_knows_the_barrier_is_left_is_dropped(said: str) -> None:
    region = Region()
    last = region.voters[0].node
    region.reports(**{last.name: "knows"})
    assert region.go(lambda: bool(region.commands(Finish)), MANY)
    region.stays("made")
    region.reports(**{last.name: said})
    assert region.go(lambda: region.step() == "drop", MANY)
    assert region.asked() == {last.name}


def test_a_node_that_has_not_reported_yet_may_have_a_replica_that_knows_the_barrier() -> None:
    region = Region()
    nodes, (voter, *_) = region.active.node.nodes, region.voters
    assert not nodes.may_know_barrier(voter, region.parent)
    nodes.heard[voter.node.address].hosted = None
    assert nodes.may_know_barrier(voter, region.parent)
    del nodes.heard[voter.node.address]
    assert nodes.may_know_barrier(voter, region.parent)

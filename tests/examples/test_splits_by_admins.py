"""An admin splits a partition, in a small region without chance: what it commands in each step, and what
becomes of the metadata. What storage nodes do about it is told here; they do not hear the commands.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from msgspec import structs

from dynaproof.checkers.mutation.seeded.split_admin import BUGS
from dynaproof.checkers.patches import Bug, texts
from dynaproof.impl.metadata.orders import DeleteTable, SplitAt
from dynaproof.impl.metadata.records import PartitionRecord, ReplacementRecord, SplitRecord, TableRecord
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.partition.messages.split import SplitAlready, SplitDone, SplitPartition
from dynaproof.impl.partition.records import ChildSpec, Split
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.messages.membership import (
    CreateReplica,
    DropReplica,
    Gone,
    NotNow,
    OtherEpoch,
    RaiseEpoch,
    ReplaceVoter,
)
from dynaproof.impl.router.messages import Done, Failed
from dynaproof.impl.storage_node.messages import DropPartition, HostedReplica, NodeReport
from dynaproof.impl.values.key_range import whole
from tests.examples.small_region import SmallRegion

SETTINGS = {
    "survey_us": 200_000,
    "dead_us": 30_000_000,
    "command_retry_us": 50_000,
    "most_retry_us": 400_000,
    "split_patience_us": 8_000_000,
    "make_us": 3_000_000,
}
MANY = 40_000
MIDDLE = whole().midpoint()
COMMANDS = (SplitPartition, RaiseEpoch, CreateReplica, DropReplica, ReplaceVoter, DropPartition)


class Region(SmallRegion):
    """A region whose nodes have a table of one partition, and host of its children what a test says."""

    def __init__(self, **admin: Any) -> None:
        super().__init__(admin={**SETTINGS, **admin}, repairs=True)
        self.create("books")
        self.parent = self.table.partitions[0]
        self.sent: list[tuple[int, NodeId, Message]] = []
        """Commands: the partition, to whom, what."""
        self.hosted: dict[tuple[str, int], HostedReplica] = {}
        """By name of a node and partition, what its reports say besides;"""
        self.hides: dict[tuple[str, int], bool] = {}
        """and what they do not say."""
        self.said: dict[str, Any] = {}
        """Fields of what all say of the parent."""
        for place in self.admins:
            self.listen(place)

    def listen(self, place: Any) -> None:
        """Take the commands of an admin, and change the reports that it hears."""
        admin, send, on_report = place.node, place.node.env.send, place.node.nodes.on_report

        def take(to: NodeId, message: Message) -> None:
            if isinstance(message, COMMANDS):
                self.sent.append((admin.env.lane, to, message))
            else:
                send(to, message)

        def report(sender: NodeId, m: NodeReport) -> bool:
            name = m.node.name
            there = [self.told(one) for one in m.replicas if (name, one.partition) not in self.hides]
            there += [one for (node, _), one in self.hosted.items() if node == name]
            changed = structs.replace(m, replicas=tuple(there), total=len(there))
            return bool(on_report(sender, changed))

        admin.env.send, admin.nodes.on_report = take, report

    def told(self, one: HostedReplica) -> HostedReplica:
        return structs.replace(one, **self.said) if one.partition == self.parent else one

    # --- What is there ---

    @property
    def metadata(self) -> Any:
        return self.run.observation.metadata  # type: ignore[attr-defined]

    @property
    def active(self) -> Any:
        (place,) = [one for one in self.admins if one.up and one.node.term.active]  # type: ignore[union-attr]
        return place

    @property
    def table(self) -> TableRecord:
        (found,) = self.metadata.of(TableRecord)
        assert isinstance(found, TableRecord)
        return found

    def partition(self, number: int) -> PartitionRecord:
        (found,) = [one for one in self.metadata.of(PartitionRecord) if one.partition == number]
        assert isinstance(found, PartitionRecord)
        return found

    @property
    def voters(self) -> tuple[Member, ...]:
        return self.partition(self.parent).config.voters

    @property
    def work(self) -> SplitRecord | None:
        found = self.metadata.of(SplitRecord)
        assert len(found) <= 1
        return found[0] if found else None

    def step(self) -> str:
        return "" if self.work is None else self.work.step

    # --- What happens ---

    def tell(self, message: Message, sender: NodeId | None = None, lane: int = 0) -> None:
        """The active admin hears an answer in the lane of the parent, or of another partition."""
        place, sender = self.active, sender or self.voters[0].node

        def hear() -> None:
            place.node.env.enter(lane or self.parent)
            place.node.on_message(sender, message)

        self.world.run(place, hear)

    def commands(self, kind: type, since: int = 0) -> list[tuple[int, NodeId, Any]]:
        """Those of a kind that were sent since so many were."""
        return [one for one in self.sent[since:] if isinstance(one[2], kind)]

    def order_split(self) -> SplitRecord:
        """An operator has the partition split, and the leader is told."""
        assert self.go(self.is_reported, MANY)
        assert isinstance(self.ask(SplitAt(self.parent, MIDDLE)), Done)
        assert self.go(lambda: bool(self.commands(SplitPartition)), MANY)
        work = self.work
        assert work is not None
        return work

    def is_reported(self) -> bool:
        nodes = self.active.node.nodes
        return all(nodes.is_full(voter, self.parent) for voter in self.voters)

    def split(self) -> Split:
        """What the leader proposes at the command of the work."""
        work, parent = self.work, self.partition(self.parent)
        assert work is not None
        voters = tuple(Member(voter.node, 1) for voter in parent.config.voters)
        low, high = parent.range.split(work.at)
        left, right = ChildSpec(work.left, low, voters), ChildSpec(work.right, high, voters)
        return Split(9, Ballot(1, "sa", 1), parent.config.epoch, 90, left, right)

    def make(self, work: SplitRecord, node: NodeId, **fields: Any) -> None:
        """A node has made both children."""
        for child in work.children:
            there = HostedReplica(child, Member(node, 1), False, True)
            self.hosted[node.name, child] = structs.replace(there, **fields)

    def list_children(self) -> SplitRecord:
        """The split is chosen, and the children are listed."""
        work = self.order_split()
        self.tell(SplitDone(self.split()))
        assert self.go(lambda: self.step() == "made", MANY)
        return work

    def drop_parent(self) -> SplitRecord:
        """All children are made, and the nodes are commanded to drop the parent."""
        work = self.list_children()
        for voter in self.voters:
            self.make(work, voter.node)
        assert self.go(lambda: len(self.commands(DropReplica)) >= 3, MANY)
        return work

    def stays(self, step: str) -> None:
        """The work stays in its step for long enough."""
        until = self.world.tau + 8_000_000
        self.go(lambda: self.world.tau >= until, MANY)
        assert self.step() == step


def test_a_partition_is_split_its_children_listed_and_its_replicas_dropped_when_all_are_made() -> None:
    region = Region()
    work = region.order_split()
    (lane, _, command), *_ = region.commands(SplitPartition)
    assert (lane, command) == (
        region.parent,
        SplitPartition(0, whole(), MIDDLE, work.left, work.right),
    )
    assert region.partition(region.parent).children == work.children, "in the record before it is commanded"
    assert region.table.partitions == (region.parent,), "nothing is listed that is only proposed"
    region.tell(SplitDone(region.split()))
    assert region.go(lambda: region.step() == "made", MANY)
    assert (region.table.partitions, region.table.parents) == (work.children, (region.parent,))
    for child, half in zip(work.children, whole().split(MIDDLE), strict=True):
        record = region.partition(child)
        assert (record.range, record.parent, record.config_slot) == (half, region.parent, 9)
        assert [voter.incarnation for voter in record.config.voters] == [1, 1, 1]
    for voter in region.voters[:2]:
        region.make(work, voter.node)
    region.stays("made")
    assert not region.commands(DropReplica), "one voter has not made its children yet"
    region.make(work, region.voters[2].node)
    assert region.go(lambda: len(region.commands(DropReplica)) >= 3, MANY)
    assert {command.member for _, _, command in region.commands(DropReplica)} == set(region.voters)
    voters = region.voters
    for voter in voters[:2]:
        region.tell(Gone(voter), voter.node)
    region.stays("drop")
    region.tell(Gone(voters[2]), voters[2].node)
    assert region.go(lambda: region.work is None, MANY)
    gone = region.partition(region.parent)
    assert (gone.state, gone.config.voters, gone.children) == ("gone", (), work.children)


def test_a_split_whose_voter_is_lost_is_given_up_and_its_epoch_raised() -> None:
    region = Region()
    work = region.order_split()
    before = region.partition(region.parent)
    place = region.world.at(region.voters[1].node)
    region.world.crash(place, "lost", lose_disk=True)
    region.world.start(place)
    assert region.go(lambda: bool(region.commands(RaiseEpoch)), MANY)
    assert region.step() == "void"
    assert region.commands(RaiseEpoch)[0][2] == RaiseEpoch(0)
    region.tell(NotNow(0, "it does not lead", None))
    region.stays("void")
    raised = before.config.raised()
    region.metadata.was_chosen = lambda *_: True
    region.tell(OtherEpoch(0, raised, 12))
    assert region.go(lambda: bool(region.metadata.of(ReplacementRecord)), MANY), "now it is repaired"
    after = region.partition(region.parent)
    assert (after.state, after.children, after.config) == ("listed", (), raised)
    assert not any(one.partition in work.children for one in region.metadata.of(PartitionRecord))


def test_a_split_that_was_given_up_too_late_goes_on() -> None:
    region = Region(split_patience_us=1_000_000)
    region.order_split()
    assert region.go(lambda: region.step() == "void", MANY)
    region.tell(SplitAlready(0, region.split()))
    assert region.go(lambda: region.step() == "made", MANY)


def test_the_answer_for_another_split_is_none() -> None:
    region = Region()
    region.order_split()
    other = region.split()
    region.tell(SplitDone(structs.replace(other, left=structs.replace(other.left, partition=99))))
    region.tell(SplitDone(region.split()), lane=99)
    before = region.world.tau
    region.go(lambda: region.world.tau > before + 2_000_000, MANY)
    assert region.step() == "split"


def test_a_child_is_made_by_copy_where_no_replica_of_the_parent_will_make_it_for_long_enough() -> None:
    region = Region()
    work = region.list_children()
    below, knows, lacks = (voter.node for voter in region.voters)
    region.make(work, below)
    region.hides[lacks.name, region.parent] = True
    region.hides[knows.name, region.parent] = True
    split = HostedReplica(region.parent, region.voters[1], False, True, split=True)
    region.hosted[knows.name, region.parent] = split
    assert region.go(lambda: len(region.commands(CreateReplica)) >= 4, MANY)
    made = {(lane, to.name): command for lane, to, command in region.commands(CreateReplica)}
    assert set(made) == {(child, node.name) for child in work.children for node in (knows, lacks)}
    for (child, name), command in made.items():
        config = region.partition(child).config
        term = region.active.node.term.term
        (voter,) = [one for one in config.voters if one.node.name == name]
        assert command == CreateReplica(voter, config, 9, None, term, region.parent)
    assert not [one for one in region.sent if one[1] == below and isinstance(one[2], CreateReplica)]


def test_a_voter_of_a_child_that_is_lost_is_replaced_and_is_not_made_again() -> None:
    region = Region()
    work = region.list_children()
    for voter in region.voters:
        region.make(work, voter.node)
    lost = region.voters[0].node
    region.hosted[lost.name, work.left] = HostedReplica(work.left, Member(lost, 1), True, False)
    assert region.go(lambda: bool(region.metadata.of(ReplacementRecord)), MANY)
    (repair,) = region.metadata.of(ReplacementRecord)
    assert (repair.partition, repair.out) == (work.left, Member(lost, 1))
    assert region.step() == "made"
    region.stays("made")
    created = region.commands(CreateReplica)
    assert Member(lost, 1) not in [command.member for _, _, command in created]
    assert all(command.parent == region.parent for _, _, command in created)
    assert not region.commands(DropReplica)


def test_a_child_that_is_not_made_yet_is_not_taken_for_lost() -> None:
    region = Region()
    region.list_children()
    region.stays("made")
    assert not region.metadata.of(ReplacementRecord)


def test_a_child_that_is_split_before_all_of_it_is_made_counts_when_it_is_gone() -> None:
    region = Region()
    work = region.list_children()
    splits, child = region.active.node.splits, region.partition(work.left)
    for voter in region.voters:
        region.make(work, voter.node)
    region.hosted[region.voters[0].node.name, work.right] = HostedReplica(
        work.right, Member(region.voters[0].node, 1), True, False
    )
    assert region.go(lambda: splits.is_settled(work.left, child), MANY)
    assert not splits.is_settled(work.right, region.partition(work.right)), "one voter is lost"
    assert not splits.is_settled(work.left, None)
    assert not splits.is_settled(work.left, structs.replace(child, state="split"))
    empty = structs.replace(child.config, voters=())
    assert splits.is_settled(work.left, structs.replace(child, state="gone", config=empty))


def test_who_is_made_before_it_is_listed_is_not_collected() -> None:
    region = Region()
    work = region.order_split()
    region.make(work, region.voters[0].node)
    before = region.world.tau
    region.go(lambda: region.world.tau > before + 3_000_000, MANY)
    assert region.step() == "split"
    assert not region.commands(DropPartition)


def test_what_a_late_node_has_of_a_partition_that_is_gone_is_dropped_exactly() -> None:
    region = Region()
    region.drop_parent()
    voters = region.voters
    for voter in voters:
        region.tell(Gone(voter), voter.node)
    assert region.go(lambda: region.work is None, MANY)
    since = len(region.sent)
    assert region.go(lambda: len(region.commands(DropReplica, since)) >= 3, MANY)
    for lane, to, command in region.commands(DropReplica, since):
        assert (lane, to) == (region.parent, command.member.node.address)
        assert command.member in voters
    assert not region.commands(DropPartition, since)


def test_a_split_does_not_end_while_somebody_looks_up_whether_its_children_have_records() -> None:
    region = Region()
    work, voters = region.drop_parent(), region.voters
    nodes = region.active.node.nodes
    looks_up, nodes.looks_up = nodes.looks_up, lambda partition: partition == work.left
    for voter in voters:
        region.tell(Gone(voter), voter.node)
    region.stays("drop")
    nodes.looks_up = looks_up
    assert region.go(lambda: region.work is None, MANY)


def test_the_other_admin_goes_on_with_what_stands_in_the_record() -> None:
    region = Region()
    work = region.list_children()
    region.world.crash(region.active, "test")
    assert region.go(lambda: any(one.up and one.node.term.active for one in region.admins), MANY)  # type: ignore[union-attr]
    for voter in region.voters:
        region.make(work, voter.node)
    assert region.go(lambda: bool(region.commands(DropReplica)), MANY)
    assert region.commands(DropReplica)[-1][2].term == region.active.node.term.term == 2


@pytest.mark.parametrize("listed", [False, True])
def test_a_table_that_is_deleted_while_a_partition_is_split_leaves_no_child_that_may_come(
    listed: bool,
) -> None:
    region = Region()
    work = region.list_children() if listed else region.order_split()
    numbers, voters = {region.parent, *work.children}, region.voters
    assert region.ask(DeleteTable("books")).table.status == "deleting"
    assert region.go(lambda: region.work is None, MANY), "the split ends"
    assert region.go(lambda: len(region.commands(DropPartition)) >= 9, MANY)
    told = {(lane, to) for lane, to, _ in region.commands(DropPartition)}
    assert told == {(number, voter.node.address) for number in numbers for voter in voters}


def reports(region: Region, **fields: Any) -> None:
    """From here on all nodes say this of the parent."""
    region.said = fields


def test_a_partition_that_is_too_large_is_split_in_the_middle() -> None:
    region = Region(split_bytes=1 << 20)
    reports(region, pages_bytes=1 << 20, middle=MIDDLE)
    assert region.go(lambda: region.work is not None, MANY)
    assert region.work is not None
    assert (region.work.reason, region.work.at) == ("size", MIDDLE)


def test_a_partition_that_is_hot_for_long_enough_is_split_where_it_is_hot_and_not_at_a_single_key() -> None:
    region = Region(hot_requests=10, heat_us=6_000_000)
    asked = {"n": 0}

    def told(one: HostedReplica) -> HostedReplica:
        asked["n"] += 100
        region.run.observation.splits.heat.told[region.parent, region.said.get("busy_at", b"")] = True
        return structs.replace(one, requests=asked["n"], busy_at=region.said.get("busy_at", b""))

    region.told = told  # type: ignore[method-assign]
    region.stays("")
    reports(region, busy_at=MIDDLE)
    assert region.go(lambda: region.work is not None, MANY)
    assert region.work is not None
    assert (region.work.reason, region.work.at) == ("heat", MIDDLE)


def test_a_split_that_is_given_up_is_planned_again_after_a_pause_that_grows() -> None:
    region = Region(split_bytes=1 << 20, split_patience_us=400_000, survey_us=100_000)
    region.metadata.was_chosen = lambda *_: True
    reports(region, pages_bytes=1 << 20, middle=MIDDLE)
    pauses = []
    for epoch in range(3):
        assert region.go(lambda: region.step() == "split", MANY)
        assert region.go(lambda: region.step() == "void", MANY)
        raised = region.partition(region.parent).config.raised()
        region.tell(OtherEpoch(epoch, raised, 12 + epoch))
        assert region.go(lambda: region.work is None, MANY)
        ended = region.world.tau
        assert region.go(lambda: region.work is not None, MANY)
        pauses.append(region.world.tau - ended)
    assert pauses[0] >= 300_000
    assert all(later > 1.5 * earlier for earlier, later in itertools.pairwise(pauses)), pauses


def test_a_partition_is_not_split_where_it_cannot_be() -> None:
    region = Region(split_bytes=1, splits_at_once=1)
    reports(region, pages_bytes=1 << 20, middle=bytes(16))
    region.stays("")
    region.active.node.nodes.settings = structs.replace(region.active.node.settings, replicas_per_node=2)
    reports(region, pages_bytes=1 << 20, middle=MIDDLE)
    region.stays("")
    said = region.ask(SplitAt(region.parent))
    assert isinstance(said, Failed)
    assert said.message.endswith("the node of a voter has no room for two more replicas")


@pytest.mark.parametrize(
    ("order", "error"),
    [
        (SplitAt(0), "ValidationException"),
        (SplitAt(99), "ResourceNotFoundException"),
        (SplitAt(1, b"short"), "ValidationException"),
        (SplitAt(1, bytes(16)), "ValidationException"),
        (SplitAt(1), "ResourceInUseException"),
    ],
)
def test_orders_to_split_that_cannot_be_obeyed_are_declined(order: SplitAt, error: str) -> None:
    region = Region()
    assert region.go(region.is_reported, MANY)
    said = region.ask(order)
    assert isinstance(said, Failed)
    assert (said.error, said.definite) == (error, True)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_each_seeded_bug_of_splits_fits_its_source(bug: Bug) -> None:
    assert all(source != changed for _, source, changed in texts(bug))

"""Splits as changes of the metadata, driven by any answers in any order: the partitions of a table cover all
at any time, a child is listed only if its split is chosen, no id is given twice, a split that was given up
never comes, and a deleted table leaves nothing that may yet come.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import structs

from dynaproof.impl.metadata.changes import (
    Read,
    delete_table,
    keys_of_workflow,
    keys_to_delete,
    lineage,
    remove_table,
    take_over,
)
from dynaproof.impl.metadata.orders import DeleteTable, Refusal, SplitAt
from dynaproof.impl.metadata.records import (
    ADMIN_KEY,
    IDS_KEY,
    OF_SPLITS,
    TOUCHED_KEY,
    Barrier,
    Ids,
    PartitionRecord,
    Pending,
    SplitRecord,
    TableRecord,
    WorkflowRecord,
    decode,
    encode,
    partition_key,
    partitions_of,
    record_of,
    table_key,
    workflow_key,
)
from dynaproof.impl.metadata.replacements import Plan, abandon, is_under_way
from dynaproof.impl.metadata.splits import (
    LINEAGE,
    PlanSplit,
    Readiness,
    SplitAnswers,
    advance_split,
    is_inside,
    is_of,
    keys_of_split,
    keys_to_split,
    split_at,
)
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import Change
from dynaproof.impl.partition.records import ChildSpec, Split, StoredItem
from dynaproof.impl.paxos.ids import Ballot, Member, RequestId
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.values.key import KeyAttribute, KeySchema
from dynaproof.impl.values.key_range import is_partition, position, whole

NODES = tuple(NodeId("region", zone, f"s{zone}") for zone in "abc")
SPARE = NodeId("region", "a", "sa2")
FIRST = Config(0, tuple(Member(node, index + 1) for index, node in enumerate(NODES)), 4)
SCHEMA = KeySchema(KeyAttribute("id", "S"))
REQUEST = RequestId(NodeId("region", "a", "router-a"), 1, 1)
MOST = 2
FIRST_PARTITION = 7
MIDDLE = whole().midpoint()


def chosen_split(work: SplitRecord, parent: PartitionRecord, config: Config, slot: int) -> Split:
    """What a leader proposes at the command of this work, under its config."""
    voters = tuple(Member(voter.node, 1) for voter in config.voters)
    low, high = parent.range.split(work.at)
    left, right = ChildSpec(work.left, low, voters), ChildSpec(work.right, high, voters)
    return Split(slot, Ballot(1, "sa", 1), config.epoch, slot * 10, left, right)


class Region:
    """The metadata of one table as a dict, changed as a partition does it."""

    def __init__(self) -> None:
        self.items: dict[bytes, StoredItem] = {}
        self.slot = 0
        assert self.apply(take_over(self.read((ADMIN_KEY, TOUCHED_KEY)), "admin-a"))
        table = TableRecord("books", 1, "active", SCHEMA, 3, (FIRST_PARTITION,), REQUEST, 0)
        self.put(table_key("books"), table)
        self.put(
            partition_key(FIRST_PARTITION),
            PartitionRecord(FIRST_PARTITION, "books", 1, whole(), "listed", FIRST),
        )
        self.put(IDS_KEY, Ids(FIRST_PARTITION + 1, 1, 2, 0))

    def put(self, key: bytes, record: Any) -> None:
        self.slot += 1
        self.items[key] = StoredItem(encode(record), self.slot, self.slot)

    def read(self, keys: tuple[bytes, ...]) -> Read:
        assert list(keys) == sorted(keys), "the keys of a read ascend"
        return Read([(key, self.items[key]) for key in keys if key in self.items])

    def apply(self, change: Change) -> bool:
        keys = [part.key for part in change.parts]
        assert keys == sorted(dict.fromkeys(keys)), "a change touches each key once, in order"
        self.slot += 1
        if not all(part.holds(self.items.get(part.key)) for part in change.parts):
            return False
        for part in change.parts:
            if part.changes and part.item is None:
                del self.items[part.key]
            elif part.changes:
                self.items[part.key] = StoredItem(part.item, self.slot, self.slot)  # type: ignore[arg-type]
        return True

    def record(self, key: bytes) -> Any:
        found = self.items.get(key)
        return None if found is None else record_of(key, found.item)

    def of(self, kind: type) -> list[Any]:
        return [one for one in map(self.record, sorted(self.items)) if isinstance(one, kind)]

    @property
    def table(self) -> TableRecord:
        (found,) = self.of(TableRecord)
        assert isinstance(found, TableRecord)
        return found

    def partition(self, number: int) -> PartitionRecord:
        found = self.record(partition_key(number))
        assert isinstance(found, PartitionRecord)
        return found

    def step(self, work: SplitRecord, answers: SplitAnswers) -> Change | None:
        return advance_split(self.read(keys_of_split(work)), work, answers)

    # --- The usual course ---

    def begin(self, number: int = FIRST_PARTITION, at: bytes = MIDDLE) -> SplitRecord:
        plan = PlanSplit(number, "books", at, "order")
        change = plan.decide(self.read(plan.keys()), MOST)
        assert change is not None
        assert self.apply(change)
        return self.work_of(number)

    def work_of(self, number: int) -> SplitRecord:
        found = self.record(workflow_key(self.partition(number).workflow))
        assert isinstance(found, SplitRecord)
        return found

    def choose(self, work: SplitRecord) -> Split:
        parent = self.partition(work.partition)
        return chosen_split(work, parent, parent.config, self.slot)

    def go(self, work: SplitRecord, answers: SplitAnswers) -> SplitRecord | None:
        change = self.step(work, answers)
        assert change is not None
        assert self.apply(change)
        found = self.record(workflow_key(work.workflow))
        assert found is None or isinstance(found, SplitRecord)
        return found

    def split(self) -> SplitRecord:
        """Begin a split, and list its children."""
        work = self.begin()
        made = self.go(work, SplitAnswers(split=self.choose(work)))
        assert made is not None
        return made

    def delete(self) -> WorkflowRecord:
        read = self.read(keys_to_delete(self.table))
        change = delete_table(read, DeleteTable("books"), REQUEST, MOST)
        assert isinstance(change, Change)
        assert self.apply(change)
        (found,) = self.of(WorkflowRecord)
        assert isinstance(found, WorkflowRecord)
        return found


class Splitting(RuleBasedStateMachine):
    """A table that is split and split again, whatever leaders and nodes say."""

    def __init__(self) -> None:
        super().__init__()
        self.region = Region()
        self.given: list[int] = [FIRST_PARTITION]
        self.chosen: dict[int, Split] = {}
        """By parent."""
        self.configs: dict[int, Config] = {FIRST_PARTITION: FIRST}
        """The newest that is chosen, by partition."""
        self.given_up: list[int] = []
        """Children that never come."""
        self.deleted: WorkflowRecord | None = None

    @initialize()
    def start(self) -> None:
        assert is_partition([whole()], whole())

    @precondition(lambda self: self.deleted is None)
    @rule(which=st.integers(0, 20), at=st.integers(0, (1 << 128) - 1))
    def plan(self, which: int, at: int) -> None:
        """A plan is written unless it may not be; the same one, decided twice, is written once."""
        region = self.region
        numbers = lineage(region.table)
        before = region.partition(numbers[which % len(numbers)])
        plan = PlanSplit(before.partition, "books", position(at), "size")
        decided = [plan.decide(region.read(plan.keys()), MOST) for _ in range(2)]
        may = before.state == "listed" and before.workflow == 0 and is_inside(before.range, position(at))
        (ids,) = region.of(Ids)
        assert (decided[0] is not None) == (may and ids.splitting < MOST)
        if decided[0] is None or decided[1] is None:
            return
        assert region.apply(decided[0])
        assert not region.apply(decided[1]), "what one admin has decided, another one cannot decide again"
        work = region.work_of(before.partition)
        assert work.children == region.partition(before.partition).children, "in the record first (A3)"
        assert not set(work.children) & set(self.given)
        assert work.left < work.right
        self.given += work.children

    @precondition(lambda self: self.region.of(SplitRecord))
    @rule(
        which=st.integers(0, 5),
        choose=st.sampled_from(("nothing", "split", "split", "raise")),
        told=st.booleans(),
        hopeless=st.booleans(),
        made=st.booleans(),
        gone=st.booleans(),
    )
    def step(self, which: int, choose: str, told: bool, hopeless: bool, made: bool, gone: bool) -> None:
        """The leader may obey the command of the step, at the epoch that it expects; the admin hears what it
        hears, and writes it down.
        """
        region = self.region
        works = region.of(SplitRecord)
        work: SplitRecord = works[which % len(works)]
        number = work.partition
        read = region.read(keys_of_split(work))
        if not is_under_way(read, work):
            assert region.apply(abandon(read, work))
            return
        config, parent = self.configs[number], region.partition(number)
        free = number not in self.chosen and config.epoch == work.expected_epoch
        if free and choose == "split":  # However late: the command of an earlier step stays under way.
            self.chosen[number] = chosen_split(work, parent, config, region.slot)
        elif free and choose == "raise" and work.step == "void":
            self.configs[number] = config.raised()
            self.given_up += work.children
        split = self.chosen.get(number) if told else None
        config = self.configs[number]
        answers = SplitAnswers(split, config if told else None, region.slot, hopeless, made, gone)
        change = region.step(work, answers)
        if change is None:
            return
        assert region.apply(change)
        assert not region.apply(change), "a step is written once"
        after = region.record(workflow_key(work.workflow))
        if after is not None:
            assert structs.replace(after, step=work.step) == work
        if after is not None and after.step == "made" != work.step:
            for child in self.chosen[number].children:
                self.configs[child.partition] = child.config
                record = region.partition(child.partition)
                assert (record.range, record.config, record.parent) == (child.range, child.config, number)
        if after is None and work.step != "drop":
            assert number not in self.chosen, "what is chosen is not given up"
            assert region.partition(number).children == ()
            assert region.partition(number).workflow == 0

    @precondition(lambda self: self.deleted is None)
    @rule()
    def delete(self) -> None:
        """All that may be there, or come, is to be dropped."""
        there = {one.partition for one in self.region.of(PartitionRecord) if one.state != "gone"}
        may_come = {child for work in self.region.of(SplitRecord) for child in work.children}
        self.deleted = self.region.delete()
        targets = {one.partition: one for one in self.deleted.targets}
        assert set(targets) >= there | may_come
        for one in targets.values():
            if one.partition in there | may_come:
                assert {node.name for node in one.nodes()} >= {node.name for node in NODES}

    @precondition(lambda self: self.deleted is not None)
    @rule()
    def remove(self) -> None:
        """The table goes, with all that stands of it."""
        if self.deleted is None or not self.region.of(TableRecord):
            return
        read = self.region.read(keys_of_workflow(self.deleted))
        assert self.region.apply(remove_table(read, self.deleted))
        assert not self.region.of(PartitionRecord)

    @invariant()
    def each_key_has_one_owner(self) -> None:
        if self.region.of(TableRecord):
            table = self.region.table
            records = {one.partition: one for one in self.region.of(PartitionRecord)}
            assert sorted(records) == sorted(lineage(table))
            leaves = [records[one] for one in table.partitions]
            assert all(one.state == "listed" for one in leaves)
            assert [one.range.start for one in leaves] == sorted(one.range.start for one in leaves)
            assert is_partition([one.range for one in leaves], whole())

    @invariant()
    def lineage_is_a_tree(self) -> None:
        records = {one.partition: one for one in self.region.of(PartitionRecord)}
        for one in records.values():
            if one.state in ("split", "gone"):
                assert one.partition in self.chosen
                assert one.barrier is not None
                halves = [records[child] for child in one.children]
                assert is_partition([half.range for half in halves], one.range)
                assert all(half.parent == one.partition for half in halves)
            assert one.partition not in self.given_up
            assert (one.state == "gone") == (one.config.voters == ())

    @invariant()
    def splits_are_counted(self) -> None:
        (ids,) = self.region.of(Ids)
        assert ids.splitting == len(self.region.of(SplitRecord)) <= MOST
        assert ids.partition > max(self.given)


TestSplitting = Splitting.TestCase


def test_children_that_are_made_are_conditioned_on_who_votes_in_them() -> None:
    region = Region()
    made = region.split()
    change = region.step(made, SplitAnswers(made=True))
    assert change is not None
    left = region.partition(made.left)
    region.put(partition_key(made.left), structs.replace(left, config=left.config.raised()))
    assert not region.apply(change), "a voter may have been replaced since it was looked at"


def test_a_split_that_is_hopeless_is_given_up_in_writing_before_its_epoch_is_raised() -> None:
    region = Region()
    work = region.begin()
    void = region.go(work, SplitAnswers(hopeless=True))
    assert void is not None
    assert void.step == "void"
    assert region.step(void, SplitAnswers(hopeless=True)) is None
    assert region.step(void, SplitAnswers(config=FIRST)) is None, "that epoch does not make it void"
    split = region.choose(work)
    late = region.step(void, SplitAnswers(split=split))
    assert late is not None, "it was chosen before: the children are listed"
    assert region.go(void, SplitAnswers(config=FIRST.raised(), config_slot=9)) is None
    assert region.partition(FIRST_PARTITION).config == FIRST.raised()
    assert not region.apply(late)


def test_a_split_of_another_workflow_is_not_taken_for_this_one() -> None:
    region = Region()
    work = region.begin()
    assert is_of(region.choose(work), work)
    assert not is_of(region.choose(structs.replace(work, left=98, right=99)), work)


def test_a_table_of_which_the_parent_is_no_part_is_not_changed() -> None:
    region = Region()
    work = region.begin()
    split = region.choose(work)
    region.put(table_key("books"), structs.replace(region.table, partitions=(99,)))
    assert region.step(work, SplitAnswers(split=split)) is None


def test_a_partition_is_split_or_its_voter_replaced_but_not_both_at_a_time() -> None:
    region = Region()
    replacement = Plan(FIRST_PARTITION, FIRST.voters[0], SPARE, "full", "move")
    region.begin()
    assert replacement.decide(region.read(replacement.keys()), MOST) is None
    other = Region()
    change = replacement.decide(other.read(replacement.keys()), MOST)
    assert change is not None
    assert other.apply(change)
    plan = PlanSplit(FIRST_PARTITION, "books", MIDDLE, "heat")
    assert plan.decide(other.read(plan.keys()), MOST) is None


def test_children_lie_where_their_parent_has_voters_and_whoever_is_pending() -> None:
    region = Region()
    pending = (Pending(Member(SPARE, 4), 0, False),)
    parent = structs.replace(region.partition(FIRST_PARTITION), pending=pending)
    region.put(partition_key(FIRST_PARTITION), parent)
    work = region.begin()
    targets = {one.partition: one for one in region.delete().targets}
    assert set(targets) == {FIRST_PARTITION, work.left, work.right}
    for child in work.children:
        assert set(targets[child].nodes()) == {node.address for node in (*NODES, SPARE)}


def test_a_parent_that_is_gone_goes_with_its_table_and_asks_nothing_of_any_node() -> None:
    region = Region()
    made = region.split()
    drop = region.go(made, SplitAnswers(made=True))
    assert drop is not None
    assert region.go(drop, SplitAnswers(gone=True)) is None
    assert region.partition(FIRST_PARTITION).state == "gone"
    deleting = region.delete()
    (of_parent,) = [one for one in deleting.targets if one.partition == FIRST_PARTITION]
    assert of_parent.nodes() == ()
    assert region.apply(remove_table(region.read(keys_of_workflow(deleting)), deleting))
    assert set(region.items) == {ADMIN_KEY, TOUCHED_KEY, IDS_KEY}


def test_who_had_left_a_parent_that_is_gone_is_not_waited_for_when_its_table_is_deleted() -> None:
    region = Region()
    made = region.split()
    drop = region.go(made, SplitAnswers(made=True))
    assert drop is not None
    left = (Pending(Member(SPARE, 9), 0, True),)
    parent = structs.replace(region.partition(FIRST_PARTITION), pending=left)
    region.put(partition_key(FIRST_PARTITION), parent)
    assert region.go(drop, SplitAnswers(gone=True)) is None
    (of_parent,) = [one for one in region.delete().targets if one.partition == FIRST_PARTITION]
    assert of_parent.nodes() == ()


@pytest.mark.parametrize(
    ("at", "hindrance", "middle", "error"),
    [
        (b"", "", b"", "its leader reports no position inside"),
        (MIDDLE, "a voter is lost", MIDDLE, "a voter is lost"),
        (bytes(16), "", MIDDLE, "strictly inside"),
        (b"", "", MIDDLE, ""),
        (position(1), "", MIDDLE, ""),
    ],
)
def test_an_order_to_split_is_obeyed_or_says_why_not(
    at: bytes, hindrance: str, middle: bytes, error: str
) -> None:
    region = Region()
    read = region.read(keys_to_split(FIRST_PARTITION, "books"))
    said = split_at(read, SplitAt(FIRST_PARTITION, at), "books", Readiness(hindrance, middle), MOST)
    if error:
        assert isinstance(said, Refusal)
        assert error in said.message
    else:
        assert isinstance(said, Change)
        assert region.apply(said)
        assert region.work_of(FIRST_PARTITION).at == (at or middle)


def test_an_order_to_split_what_is_not_there_or_is_changed_or_too_much_is_refused() -> None:
    region, ready = Region(), Readiness("", MIDDLE)

    def refused(order: SplitAt, most: int = MOST) -> str:
        read = region.read(keys_to_split(order.partition, "books"))
        said = split_at(read, order, "books", ready, most)
        assert isinstance(said, Refusal)
        return said.error

    assert refused(SplitAt(99)) == "ResourceNotFoundException"
    assert refused(SplitAt(FIRST_PARTITION), most=0) == "LimitExceededException"
    table = region.table
    region.put(table_key("books"), structs.replace(table, status="creating"))
    assert refused(SplitAt(FIRST_PARTITION)) == "ResourceInUseException"
    region.put(table_key("books"), structs.replace(table, parents=tuple(range(100, 100 + LINEAGE))))
    assert refused(SplitAt(FIRST_PARTITION)) == "LimitExceededException"
    region.put(table_key("books"), table)
    region.begin()
    assert refused(SplitAt(FIRST_PARTITION)) == "ResourceInUseException"


def test_what_says_something_of_splits_only_stands_in_the_records_of_what_was_split() -> None:
    region = Region()
    before = {key: stored.item for key, stored in region.items.items()}
    for key, item in before.items():
        record = decode(item)
        assert encode(record) == item
        assert item[0] == 0x90 + len(record.__struct_fields__) - OF_SPLITS.get(type(record), 0) + 1, key
    work = region.begin()
    region.go(work, SplitAnswers(split=region.choose(work)))
    assert set(partitions_of(region.table)) == {FIRST_PARTITION, *work.children}
    assert region.partition(FIRST_PARTITION).barrier == Barrier(region.slot - 1, (region.slot - 1) * 10)

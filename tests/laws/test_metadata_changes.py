"""Changes of the metadata, applied to a dict of records: each touches every item at the version that was
read, and leaves records that keep what the metadata promises; and placement keeps rule M2 whatever the nodes
are.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.rates import Provisioned
from dynaproof.impl.metadata.changes import (
    Read,
    activate,
    add_node,
    create_table,
    delete_table,
    first_config,
    is_current,
    keys_of_workflow,
    keys_to_create,
    keys_to_delete,
    remove_table,
    take_over,
    touch,
    update_table,
)
from dynaproof.impl.metadata.orders import (
    Action,
    CreateTable,
    DeleteTable,
    MoveReplica,
    Refusal,
    SplitAt,
    UpdateTable,
    wrong_with,
)
from dynaproof.impl.metadata.placement import Candidate, place
from dynaproof.impl.metadata.records import (
    ADMIN_KEY,
    IDS_KEY,
    TOUCHED_KEY,
    AdminRecord,
    Ids,
    NodeRecord,
    PartitionRecord,
    ProvisionedTable,
    ReplacementRecord,
    SplitRecord,
    Status,
    TableRecord,
    Target,
    WorkflowRecord,
    encode,
    key_of,
    node_key,
    partition_key,
    record_of,
    table_key,
    workflow_key,
)
from dynaproof.impl.metadata.replacements import Plan
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import Change
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.values.key import KeyAttribute, KeySchema
from dynaproof.impl.values.key_range import is_partition, whole

SCHEMA = KeySchema(KeyAttribute("id", "S"))
ROUTER = NodeId("region", "a", "router-a")
MOST_WORKFLOWS = 64
NODES = tuple(Candidate(NodeId("region", zone, f"s{zone}{row}"), row) for zone in "abc" for row in (1, 2))
NAMES = ("books", "films")


class Metadata:
    """The metadata as a dict, changed as a partition does it."""

    def __init__(self) -> None:
        self.items: dict[bytes, StoredItem] = {}
        self.slot = 0
        self.orders = 0
        self.change(take_over(self.read((ADMIN_KEY, TOUCHED_KEY)), "admin-a"))

    def read(self, keys: tuple[bytes, ...]) -> Read:
        assert list(keys) == sorted(keys), "the keys of a read ascend"
        return Read([(key, self.items[key]) for key in keys if key in self.items])

    def change(self, change: Change) -> bool:
        """Whether it held, and so happened."""
        keys = [part.key for part in change.parts]
        assert keys == sorted(dict.fromkeys(keys)), "a change touches each key once, in order"
        self.slot += 1
        if not all(part.holds(self.items.get(part.key)) for part in change.parts):
            return False
        for part in change.parts:
            if part.changes and part.item is None:
                self.items.pop(part.key, None)
            elif part.changes:
                self.items[part.key] = StoredItem(part.item, self.slot, self.slot)  # type: ignore[arg-type]
        return True

    def of(self, kind: type) -> list[Any]:
        records = [record_of(key, stored.item) for key, stored in self.items.items()]
        return [record for record in records if isinstance(record, kind)]

    # --- What admins do ---

    def request(self) -> RequestId:
        self.orders += 1
        return RequestId(ROUTER, 1, self.orders)

    def create(
        self, name: str, partitions: int, replicas: int = 3, request: RequestId | None = None
    ) -> Change | TableRecord | Refusal:
        order = CreateTable(name, SCHEMA, partitions, replicas)
        return create_table(
            self.read(keys_to_create(name)), order, request or self.request(), NODES, MOST_WORKFLOWS
        )

    def delete(self, name: str) -> Change | TableRecord | Refusal:
        found = self.read((table_key(name),)).record(table_key(name))
        keys = (ADMIN_KEY, table_key(name)) if found is None else keys_to_delete(found)
        return delete_table(self.read(keys), DeleteTable(name), self.request(), MOST_WORKFLOWS)

    def last_step(self, workflow: WorkflowRecord) -> Change:
        read = self.read(keys_of_workflow(workflow))
        assert is_current(read, workflow)
        return (activate if workflow.kind == "create" else remove_table)(read, workflow)

    def offers(self, name: str, partitions: int) -> list[Change]:
        """Every change that an admin may decide on now."""
        decided = [self.create(name, partitions), self.delete(name)]
        decided += [self.last_step(workflow) for workflow in self.of(WorkflowRecord)]
        decided.append(touch(self.read((ADMIN_KEY, TOUCHED_KEY)), 1))
        decided.append(take_over(self.read((ADMIN_KEY, TOUCHED_KEY)), "admin-b"))
        decided.append(add_node(self.read((ADMIN_KEY, node_key("sa1"))), NODES[0].node))
        return [one for one in decided if isinstance(one, Change)]

    def is_consistent(self) -> None:
        """What the records promise of each other."""
        tables, partitions, workflows = (
            self.of(kind) for kind in (TableRecord, PartitionRecord, WorkflowRecord)
        )
        named = {table.workflow: table for table in tables if table.workflow}
        assert len(named) == sum(table.workflow > 0 for table in tables)
        assert sorted(named) == sorted(workflow.workflow for workflow in workflows)
        for workflow in workflows:
            table = named[workflow.workflow]
            assert (table.name, table.generation) == (workflow.table, workflow.generation)
            assert table.status == {"create": "creating", "delete": "deleting"}[workflow.kind]
            assert tuple(target.partition for target in workflow.targets) == table.partitions
        assert sorted(one.partition for one in partitions) == sorted(
            one for table in tables for one in table.partitions
        )
        for table in tables:
            own = [self.read((partition_key(one),)).record(partition_key(one)) for one in table.partitions]
            assert is_partition([one.range for one in own], whole()), "the ranges of a table cover all"
            assert {(one.table, one.generation) for one in own} == {(table.name, table.generation)}
            assert (table.status == "active") == (table.workflow == 0)
        for ids in self.of(Ids):
            assert all(one.partition < ids.partition for one in partitions)
            assert all(table.generation < ids.generation for table in tables)
            assert all(workflow.workflow < ids.workflow for workflow in workflows)


STEPS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(1, 4), st.integers(0, 7), st.integers(0, 2)), max_size=25
)
"""A table's name and partitions for whatever is decided; which of the changes that may be is taken, and how
many others were decided before from the same state.
"""


@given(STEPS)
def test_records_stay_consistent_whatever_is_decided_and_a_change_of_an_old_state_does_nothing(steps) -> None:
    metadata = Metadata()
    ids = Ids(1, 1, 1, 0)
    given_to: dict[int, int] = {}
    for name, partitions, which, others in steps:
        offers = metadata.offers(name, partitions)
        first = offers[which % len(offers)]
        assert metadata.change(first), "what was read is as it was"
        metadata.is_consistent()
        after = next(iter(metadata.of(Ids)), ids)
        assert after.partition >= ids.partition
        assert after.workflow >= ids.workflow
        assert after.generation >= ids.generation, "ids ascend"
        for table in metadata.of(TableRecord):
            for one in table.partitions:
                assert given_to.setdefault(one, table.generation) == table.generation
        ids = after
        touched = {part.key for part in first.parts if part.changes}
        for other in offers[:others]:
            looked_at = {part.key for part in other.parts}
            if touched & looked_at:
                before = dict(metadata.items)
                assert not metadata.change(other), "it was decided from an older state"
                assert metadata.items == before


@given(STEPS)
def test_nothing_that_a_deposed_admin_has_decided_takes_effect(steps) -> None:
    metadata = Metadata()
    for name, partitions, which, _ in steps:
        assert metadata.change(metadata.offers(name, partitions)[which % 2])
        decided = metadata.offers(name, partitions)
        assert metadata.change(take_over(metadata.read((ADMIN_KEY, TOUCHED_KEY)), "admin-b"))
        before = dict(metadata.items)
        assert not any(metadata.change(one) for one in decided)
        assert metadata.items == before


@given(st.integers(1, 4), st.integers(1, 4))
def test_a_retry_of_the_same_request_gets_the_same_table(partitions: int, other: int) -> None:
    metadata = Metadata()
    request = metadata.request()
    first = metadata.create("books", partitions, request=request)
    assert isinstance(first, Change)
    twice = metadata.create("books", partitions, request=request)
    assert metadata.change(first)
    assert isinstance(twice, Change)
    assert not metadata.change(twice), "the first copy of it was faster"
    (table,) = metadata.of(TableRecord)
    assert metadata.create("books", other, request=request) == table
    (workflow,) = metadata.of(WorkflowRecord)
    assert metadata.change(metadata.last_step(workflow))
    (active,) = metadata.of(TableRecord)
    assert metadata.create("books", partitions, request=request) == active
    refused = metadata.create("books", partitions)
    assert isinstance(refused, Refusal)
    assert refused.error == "ResourceInUseException"


def test_a_table_that_is_being_created_may_be_deleted_though_no_further_workflow_may_begin() -> None:
    """The one takes the place of the other."""
    metadata = Metadata()
    created = metadata.create("books", 1)
    assert isinstance(created, Change)
    assert metadata.change(created)
    (table,) = metadata.of(TableRecord)
    decided = delete_table(metadata.read(keys_to_delete(table)), DeleteTable("books"), REQUEST, 1)
    assert isinstance(decided, Change)
    assert metadata.change(decided)
    assert [one.under_way for one in metadata.of(Ids)] == [len(metadata.of(WorkflowRecord))] == [1]
    (workflow,) = metadata.of(WorkflowRecord)
    assert metadata.change(metadata.last_step(workflow))
    assert [one.under_way for one in metadata.of(Ids)] == [0]


def test_a_table_under_the_name_of_a_deleted_one_shares_no_id_with_it() -> None:
    metadata = Metadata()
    seen: list[int] = []
    for generation in (1, 2, 3):
        created = metadata.create("books", 2)
        assert isinstance(created, Change)
        assert metadata.change(created)
        (table,) = metadata.of(TableRecord)
        assert table.generation == generation
        assert not set(table.partitions) & set(seen)
        seen += table.partitions
        deleted = metadata.delete("books")
        assert isinstance(deleted, Change)
        assert metadata.change(deleted)
        (workflow,) = metadata.of(WorkflowRecord)
        assert workflow.kind == "delete", "the workflow that creates it has ended with it"
        assert metadata.change(metadata.last_step(workflow))
        assert set(metadata.items) == {ADMIN_KEY, TOUCHED_KEY, IDS_KEY}


ANY_NODES = st.lists(
    st.builds(
        Candidate,
        st.builds(NodeId, st.just("region"), st.sampled_from("abcd"), st.sampled_from("stuvw")),
        st.integers(0, 5),
    ),
    max_size=14,
    unique_by=lambda candidate: candidate.node,
)


@given(ANY_NODES, st.integers(1, 6), st.sampled_from((3, 5)))
def test_placement_keeps_most_of_each_partition_when_a_zone_is_lost(
    candidates: list[Candidate], partitions: int, replicas: int
) -> None:
    placed = place(candidates, partitions, replicas)
    most = (replicas - 1) // 2
    per_zone = [sum(one.node.zone == zone for one in candidates) for zone in "abcd"]
    assert (placed is not None) == (sum(min(most, count) for count in per_zone) >= replicas)
    for nodes in placed or ():
        assert len(nodes) == replicas == len(set(nodes))
        assert set(nodes) <= {one.node for one in candidates}
        zones = [node.zone for node in nodes]
        assert max(map(zones.count, zones)) <= most
    assert placed is None or len(placed) == partitions
    assert placed == place(list(reversed(candidates)), partitions, replicas), (
        "in whatever order they are heard"
    )


@given(st.integers(1, 12))
def test_equal_nodes_get_equal_shares(partitions: int) -> None:
    nodes = [Candidate(NodeId("region", zone, f"s{zone}{row}"), 0) for zone in "abc" for row in (1, 2)]
    placed = place(nodes, partitions, 3)
    assert placed is not None
    share = [sum(one.node in chosen for chosen in placed) for one in nodes]
    assert max(share) - min(share) <= 1


RECORDS = (
    AdminRecord(1, "admin-a"),
    NodeRecord("sa", "a"),
    Ids(1, 2, 3, 0),
    TableRecord("books", 1, "active", SCHEMA, 3, (1, 2), RequestId(ROUTER, 1, 1), 0),
    WorkflowRecord(7, "create", "books", 1, (), RequestId(ROUTER, 1, 1)),
)


def test_a_record_stands_under_its_own_key_only() -> None:
    for record in RECORDS:
        assert record_of(key_of(record), encode(record)) == record
        assert all(record_of(key_of(other), encode(record)) is None for other in RECORDS if other != record)
    assert record_of(table_key("books"), b"\xc1") is None
    assert workflow_key(255) < workflow_key(256), "workflows lie in the order of their ids"


def test_a_table_is_deleted_where_replicas_are_pending_too() -> None:
    metadata = Metadata()
    created = metadata.create("books", 1)
    assert isinstance(created, Change)
    assert metadata.change(created)
    (workflow,) = metadata.of(WorkflowRecord)
    assert metadata.change(metadata.last_step(workflow))
    (partition,) = metadata.of(PartitionRecord)
    out = partition.config.voters[0]
    others = [voter.node for voter in partition.config.voters]
    spare = next(one.node for one in NODES if one.node.zone == out.node.zone and one.node not in others)
    plan = Plan(partition.partition, out, spare, "full", "move")
    decided = plan.decide(metadata.read(plan.keys()), 1)
    assert decided is not None
    assert metadata.change(decided)
    deleted = metadata.delete("books")
    assert isinstance(deleted, Change)
    assert metadata.change(deleted)
    (target,) = next(one for one in metadata.of(WorkflowRecord) if one.kind == "delete").targets
    assert set(target.nodes()) == {node.address for node in (*others, spare)}
    (taken,) = metadata.of(PartitionRecord)
    assert taken.workflow != 0, "the replacement finds its partition taken"


@given(st.integers(1, 4), st.integers(0, 5), st.integers(1, 12))
def test_the_first_leaders_of_a_table_are_spread_over_the_zones_of_equal_nodes(
    rows: int, load: int, partitions: int
) -> None:
    """The first node of each partition leads it at first; a zone that led them all would serve all alone."""
    nodes = [NodeId("region", zone, f"s{zone}{row}") for zone in "abc" for row in range(rows)]
    placed = place([Candidate(node, load) for node in nodes], partitions, 3)
    assert placed is not None
    first = [nodes[0].zone for nodes in placed]
    led = [first.count(zone) for zone in "abc"]
    assert max(led) - min(led) <= 1


PARTITION = PartitionRecord(3, "books", 1, whole(), "listed", first_config([one.node for one in NODES[:3]]))
REQUEST = RequestId(ROUTER, 1, 1)


@pytest.mark.parametrize("wrong", [0, -1])
def test_a_record_that_names_a_partition_of_no_table_is_none(wrong: int) -> None:
    """What it says would be done to the metadata, or to nothing."""
    table = TableRecord("books", 1, "active", SCHEMA, 3, (3,), REQUEST, 0)
    member = PARTITION.config.voters[0]
    replacing = ReplacementRecord(7, 3, "move", member, member, "full", "create", 0)
    splitting = SplitRecord(7, 3, "books", "size", b"", 4, 5, "split", 0)
    deleting = WorkflowRecord(7, "delete", "books", 1, (Target(3, PARTITION.config),), REQUEST)
    for record, fields in (
        (table, {"partitions": (3, wrong)}),
        (table, {"parents": (wrong,)}),
        (PARTITION, {"children": (4, wrong)}),
        (replacing, {"partition": wrong}),
        (splitting, {"partition": wrong}),
        (splitting, {"left": wrong}),
        (splitting, {"right": wrong}),
        (deleting, {"targets": (Target(wrong, PARTITION.config),)}),
    ):
        assert record_of(key_of(record), encode(record)) == record
        changed = structs.replace(record, **fields)
        assert record_of(key_of(changed), encode(changed)) is None, changed


@pytest.mark.parametrize("status", ["creating", "deleting"])
def test_what_a_table_is_given_changes_only_while_it_is_active(status: Status) -> None:
    given = Provisioned(MICRO, MICRO, 5_000_000, None, None)
    record = ProvisionedTable("books", 1, "active", SCHEMA, 3, (3,), REQUEST, 0, version=1, given=given)
    order = UpdateTable("books", structs.replace(given, read=2 * MICRO))

    def said(now: Status) -> Change | TableRecord | Refusal:
        item = encode(structs.replace(record, status=now))
        return update_table(Read([(table_key("books"), StoredItem(item, 3, 3))]), order)

    assert isinstance(said("active"), Change)
    refused = said(status)
    assert isinstance(refused, Refusal)
    assert refused.error == "ResourceInUseException"


@pytest.mark.parametrize(
    "action",
    [
        CreateTable("books", SCHEMA, given=Provisioned(0, MICRO, 5_000_000, None, None)),
        UpdateTable("books", Provisioned(0, MICRO, 5_000_000, None, None)),
        MoveReplica(0, "sa", "sb"),
        MoveReplica(1 << 64, "sa", "sb"),
        SplitAt(-1),
        SplitAt(1, bytes(15)),
        SplitAt(1, bytes(17)),
    ],
)
def test_an_order_that_no_record_can_say_breaks_a_rule(action: Action) -> None:
    assert wrong_with(action, 500) is not None

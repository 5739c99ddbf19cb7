"""What is changed together in the metadata: pure functions from what was read to one conditioned change.

*Invariants.* Every change is conditioned on the version of each item that it touches, and on the admin's
record, which has one version as long as one admin is active (A1): so a deposed admin changes nothing, and
nothing is changed twice. The ids and nodes that a step chooses are in the record before any command names
them (A3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import structs

from dynaproof.impl.metadata.orders import (
    AsOf,
    CreateTable,
    DeleteTable,
    Refusal,
    UpdateTable,
    exists,
    has_changed,
    is_changing,
    no_room,
    not_found,
    not_provisioned,
    too_many,
)
from dynaproof.impl.metadata.placement import Candidate, place
from dynaproof.impl.metadata.records import (
    ADMIN_KEY,
    FIRST_IDS,
    IDS_KEY,
    TOUCHED_KEY,
    AdminRecord,
    Ids,
    MetadataRecord,
    NodeRecord,
    PartitionRecord,
    ProvisionedTable,
    TableRecord,
    Target,
    TouchedRecord,
    WorkflowRecord,
    encode,
    may_go,
    node_key,
    partition_key,
    record_of,
    table_key,
    workflow_key,
)
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import Change, Part
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.paxos.ids import Member, RequestId
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.values.key_range import equal_parts


class Read:
    """Some items of the metadata as they stood at one slot, or, of a range read in several pages, each page
    at its own; what is not among them was not there.
    """

    __slots__ = ("_items", "_records", "through")

    def __init__(self, items: Iterable[tuple[bytes, StoredItem]], through: bytes | None = None) -> None:
        self.through = through
        """Where the part of a range that was not read begins; None if all was read."""
        self._items: Mapping[bytes, StoredItem] = dict(items)
        self._records = {key: record_of(key, stored.item) for key, stored in self._items.items()}

    def is_sound(self) -> bool:
        """Whether each item is the record of its key."""
        return all(record is not None for record in self._records.values())

    def record(self, key: bytes) -> Any:
        """The record under a key; None if there is none."""
        return self._records.get(key)

    def version(self, key: bytes) -> int:
        """The version of the item under a key; 0 if there is none."""
        stored = self._items.get(key)
        return 0 if stored is None else stored.slot

    def records(self) -> list[Any]:
        """All records that were read, in the order of their keys."""
        return list(self._records.values())

    def leaves(self, key: bytes, record: MetadataRecord | None) -> Part:
        """The part of a change that leaves this under a key, if the item is still the one that was read."""
        return Part(key, self.version(key), True, None if record is None else encode(record))

    def removes(self, key: bytes) -> Part:
        """The part of a change that leaves nothing under a key, whether or not something was there."""
        return self.leaves(key, None) if self.version(key) else self.stays(key)

    def stays(self, key: bytes) -> Part:
        """The part of a change that looks whether the item is still the one that was read."""
        return Part(key, self.version(key), False)


def change(parts: Sequence[Part]) -> Change:
    """These parts, in the order of their keys."""
    return Change(tuple(sorted(parts, key=lambda part: part.key)))


def change_of_one(read: Read, key: bytes, record: MetadataRecord) -> Change:
    """The active admin leaves this one record, and changes nothing else."""
    return change([read.stays(ADMIN_KEY), read.leaves(key, record)])


# --- Who is active ---

TERM_KEYS = (ADMIN_KEY, TOUCHED_KEY)
"""What an admin watches."""


def take_over(read: Read, name: str) -> Change:
    """Become active: raise the term (A1)."""
    before: AdminRecord | None = read.record(ADMIN_KEY)
    term = 1 if before is None else before.term + 1
    return change(
        [
            read.leaves(ADMIN_KEY, AdminRecord(term, name)),
            read.leaves(TOUCHED_KEY, TouchedRecord(term)),
        ]
    )


def touch(read: Read, term: int) -> Change:
    """Show that the active admin lives, beside the record of who is active (A1)."""
    return change([read.stays(ADMIN_KEY), read.leaves(TOUCHED_KEY, TouchedRecord(term))])


# --- Tables ---


def keys_to_create(name: str) -> tuple[bytes, ...]:
    """What is read before a table is created, in ascending order."""
    return (ADMIN_KEY, IDS_KEY, table_key(name))


def create_table(
    read: Read, order: CreateTable, request: RequestId, nodes: Sequence[Candidate], most_workflows: int
) -> Change | TableRecord | Refusal:
    """Make the records of a table, of its partitions and of the workflow that makes their replicas, in one
    write (A13), with all ids and nodes that it chooses (A3). A retry of the order that made the table gets
    the table as it is.
    """
    before: TableRecord | None = read.record(table_key(order.name))
    if before is not None:
        return before if before.request == request else exists(order.name)
    ids: Ids = read.record(IDS_KEY) or FIRST_IDS
    if ids.under_way >= most_workflows:
        return too_many(most_workflows)
    placed = place(nodes, order.partitions, order.replicas)
    if placed is None:
        return no_room(order.replicas)
    numbers = tuple(range(ids.partition, ids.partition + order.partitions))
    targets = tuple(
        Target(number, first_config(there)) for number, there in zip(numbers, placed, strict=True)
    )
    table = TableRecord(
        order.name,
        ids.generation,
        "creating",
        order.schema,
        order.replicas,
        numbers,
        request,
        ids.workflow,
    )
    if order.given is not None:
        table = ProvisionedTable(**structs.asdict(table), version=1, given=order.given)
    workflow = WorkflowRecord(ids.workflow, "create", order.name, ids.generation, targets, request)
    after = structs.replace(
        ids,
        partition=ids.partition + order.partitions,
        workflow=ids.workflow + 1,
        generation=ids.generation + 1,
        under_way=ids.under_way + 1,
    )
    return change(
        [
            read.stays(ADMIN_KEY),
            read.leaves(IDS_KEY, after),
            read.leaves(table_key(order.name), table),
            read.leaves(workflow_key(ids.workflow), workflow),
            *(
                read.leaves(
                    partition_key(target.partition),
                    PartitionRecord(
                        target.partition, order.name, ids.generation, part, "creating", target.config
                    ),
                )
                for target, part in zip(targets, equal_parts(order.partitions), strict=True)
            ),
        ]
    )


def first_config(nodes: Sequence[NodeId]) -> Config:
    """The config that a partition begins with, a voter on each of these nodes."""
    voters = tuple(Member(node, index + 1) for index, node in enumerate(nodes))
    return Config(0, voters, len(voters) + 1)


def keys_of_workflow(workflow: WorkflowRecord) -> tuple[bytes, ...]:
    """What a step of a workflow reads and changes, in ascending order."""
    partitions = (partition_key(target.partition) for target in workflow.targets)
    own = (table_key(workflow.table), workflow_key(workflow.workflow))
    return tuple(sorted((ADMIN_KEY, IDS_KEY, *own, *partitions)))


def one_less(read: Read, counted: Literal["under_way", "replacing", "splitting"] = "under_way") -> Part:
    """The part of a change by which a workflow ends (on a table, a partition's voters or a split): one less
    is under way.
    """
    ids: Ids = read.record(IDS_KEY) or FIRST_IDS
    return read.leaves(IDS_KEY, structs.replace(ids, **{counted: max(0, getattr(ids, counted) - 1)}))


def is_current(read: Read, workflow: WorkflowRecord) -> bool:
    """Whether a workflow is still under way, and its table is the same generation and names it (A4)."""
    table: TableRecord | None = read.record(table_key(workflow.table))
    return (
        read.record(workflow_key(workflow.workflow)) == workflow
        and table is not None
        and table.generation == workflow.generation
        and table.workflow == workflow.workflow
        and has_partitions(read, table)
    )


def has_partitions(read: Read, table: TableRecord | None) -> bool:
    """Whether the records of all partitions of a table, also of those that were split, were read; true
    without a table.
    """
    partitions = () if table is None else lineage(table)
    return all(read.record(partition_key(partition)) is not None for partition in partitions)


def lineage(table: TableRecord) -> tuple[int, ...]:
    """All partitions of a table that have records: those that own its ranges, and those that were split."""
    return (*table.partitions, *table.parents)


def activate(read: Read, workflow: WorkflowRecord) -> Change:
    """All replicas were made: the table becomes active, and the workflow ends (A13)."""
    table: TableRecord = read.record(table_key(workflow.table))
    partitions: list[PartitionRecord] = [
        read.record(partition_key(target.partition)) for target in workflow.targets
    ]
    return change(
        [
            read.stays(ADMIN_KEY),
            one_less(read),
            read.leaves(table_key(workflow.table), structs.replace(table, status="active", workflow=0)),
            read.leaves(workflow_key(workflow.workflow), None),
            *(
                read.leaves(partition_key(one.partition), structs.replace(one, state="listed"))
                for one in partitions
            ),
        ]
    )


def keys_to_delete(table: TableRecord) -> tuple[bytes, ...]:
    """What is read before a table is deleted, in ascending order."""
    partitions = (partition_key(partition) for partition in lineage(table))
    workflow = (workflow_key(table.workflow),) if table.workflow else ()
    return tuple(sorted((ADMIN_KEY, IDS_KEY, table_key(table.name), *workflow, *partitions)))


def delete_table(
    read: Read, order: DeleteTable, request: RequestId, most_workflows: int
) -> Change | TableRecord | Refusal:
    """Forbid everything else, and make the workflow that drops the replicas, in one write. Whatever was under
    way for the table ends with it (A4, A14); replicas that this may have made are dropped with the rest, also
    those of children that a split may yet bring. If the table is being deleted already, do nothing more.
    """
    table: TableRecord | None = read.record(table_key(order.name))
    if table is None:
        return not_found(order.name)
    if table.status == "deleting":
        return table
    ids: Ids = read.record(IDS_KEY) or FIRST_IDS
    if not table.workflow and ids.under_way >= most_workflows:
        return too_many(most_workflows)
    return begin_to_delete(read, table, request)


def begin_to_delete(read: Read, table: TableRecord, request: RequestId) -> Change:
    """Begin the workflow that deletes a table, on this request: an order to delete it, or the one to create
    it, which cannot be carried out (A13).
    """
    ids: Ids = read.record(IDS_KEY) or FIRST_IDS
    under_way = ids.under_way + (0 if table.workflow else 1)
    partitions: list[PartitionRecord] = [
        read.record(partition_key(partition)) for partition in lineage(table)
    ]
    targets = tuple(target for one in partitions for target in targets_of(one))
    workflow = WorkflowRecord(ids.workflow, "delete", table.name, table.generation, targets, request)
    return change(
        [
            read.stays(ADMIN_KEY),
            read.leaves(IDS_KEY, structs.replace(ids, workflow=ids.workflow + 1, under_way=under_way)),
            read.leaves(
                table_key(table.name), structs.replace(table, status="deleting", workflow=ids.workflow)
            ),
            Part(workflow_key(ids.workflow), 0, True, encode(workflow)),
            *([read.leaves(workflow_key(table.workflow), None)] if table.workflow else []),
            *(
                read.leaves(partition_key(one.partition), structs.replace(one, workflow=ids.workflow))
                for one in partitions
            ),
        ]
    )


def targets_of(partition: PartitionRecord) -> list[Target]:
    """Where there may be something of a partition, or of its planned children, which lie where their parent
    does (A14). Listed children have records of their own.
    """
    others = tuple(one.member.node for one in partition.pending if not may_go(partition, one))
    left = tuple(one.member.node for one in partition.pending if may_go(partition, one))
    planned = partition.children if partition.state == "listed" else ()
    return [Target(one, partition.config, others, left) for one in (partition.partition, *planned)]


def remove_table(read: Read, workflow: WorkflowRecord) -> Change:
    """Of every partition, too few nodes are left to be a quorum: the records go (A14)."""
    return change(
        [
            read.stays(ADMIN_KEY),
            one_less(read),
            read.leaves(table_key(workflow.table), None),
            read.leaves(workflow_key(workflow.workflow), None),
            *(read.removes(partition_key(target.partition)) for target in workflow.targets),
        ]
    )


def keys_to_update(name: str) -> tuple[bytes, ...]:
    """What is read before what a table is given changes, in ascending order."""
    return (ADMIN_KEY, table_key(name))


def update_table(read: Read, order: UpdateTable) -> Change | TableRecord | Refusal:
    """Give a table something else; its partitions hear of it afterwards, by the version. A table that has it
    already is not given it again (A16). An order based on what its sender had seen has no effect if that has
    changed (A17).
    """
    table: TableRecord | None = read.record(table_key(order.name))
    if table is None:
        return not_found(order.name)
    if table.status != "active":
        return is_changing(order.name)
    if not isinstance(table, ProvisionedTable):
        return not_provisioned(order.name)
    if order.as_of is not None and order.as_of != AsOf(table.generation, table.version):
        return has_changed(order.name)
    if table.given == order.given:
        return table
    after = structs.replace(table, version=table.version + 1, given=order.given)
    return change_of_one(read, table_key(order.name), after)


# --- Nodes ---


def add_node(read: Read, node: NodeId) -> Change:
    """Record a storage node that has reported and has no record."""
    return change_of_one(read, node_key(node.name), NodeRecord(node.name, node.zone))

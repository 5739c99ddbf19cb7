"""What is changed in the metadata to split a partition: pure functions, as in `changes` (rule A12 of
docs/table.md).

*Invariants.* The ids of the children are in the records of the split and of their parent before any command
names them (A3). One write takes the range from the parent and gives it to its children, and only once the
`Split` is known to be chosen: so each key has one owner at any time, and the lineage is a tree whose leaves
cover all. A split that is given up ends when the epoch that its command expects is past; its ids are never
used.
"""

from __future__ import annotations

from msgspec import Struct, structs

from dynaproof.impl.capacity.rates import partitions_needed
from dynaproof.impl.metadata.changes import Read, change, lineage, one_less
from dynaproof.impl.metadata.orders import (
    Refusal,
    SplitAt,
    in_use,
    invalid,
    not_split,
    too_many,
    too_many_partitions,
    unknown,
)
from dynaproof.impl.metadata.records import (
    ADMIN_KEY,
    FIRST_IDS,
    IDS_KEY,
    Barrier,
    Ids,
    PartitionRecord,
    ProvisionedTable,
    SplitReason,
    SplitRecord,
    SplitStep,
    TableRecord,
    encode,
    partition_key,
    table_key,
    workflow_key,
)
from dynaproof.impl.metadata.replacements import is_free, learned
from dynaproof.impl.partition.messages.requests import Change, Part
from dynaproof.impl.partition.records import ChildSpec, Split
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.values.key_range import InvalidRange, KeyRange

LINEAGE = 1_000
"""Partitions of one table, including those that were split, beyond which none is split: deleting a table is
one write that touches the records of all. The splits under way may add as many more.
"""


# --- To begin ---


class PlanSplit(Struct, frozen=True, gc=False):
    """Split a partition of a table at a position."""

    partition: int
    table: str
    at: bytes
    reason: SplitReason

    def keys(self) -> tuple[bytes, ...]:
        """What is read before, in ascending order."""
        return keys_to_split(self.partition, self.table)

    def decide(self, read: Read, most: int) -> Change | None:
        """Make the workflow and reserve the partition for it, with the ids that it chooses, in one write
        (A12, 1); None if that is no longer allowed, or `most` are under way.
        """
        partition: PartitionRecord | None = read.record(partition_key(self.partition))
        table: TableRecord | None = read.record(table_key(self.table))
        ids: Ids = read.record(IDS_KEY) or FIRST_IDS
        if partition is None or table is None or not is_possible(self, partition, table):
            return None
        if self.reason == "capacity" and not lacks_partitions(table):
            return None
        if ids.splitting >= most:
            return None
        left, right = ids.partition, ids.partition + 1
        work = SplitRecord(
            ids.workflow,
            self.partition,
            self.table,
            self.reason,
            self.at,
            left,
            right,
            "split",
            partition.config.epoch,
        )
        planned = structs.replace(partition, workflow=ids.workflow, children=(left, right))
        after = structs.replace(
            ids, partition=right + 1, workflow=ids.workflow + 1, splitting=ids.splitting + 1
        )
        return change(
            [
                read.stays(ADMIN_KEY),
                read.stays(table_key(self.table)),  # The table is why the split is needed.
                read.leaves(IDS_KEY, after),
                read.leaves(partition_key(self.partition), planned),
                Part(workflow_key(ids.workflow), 0, True, encode(work)),
            ]
        )


def keys_to_split(partition: int, table: str) -> tuple[bytes, ...]:
    """What is read before a partition of a table is split, in ascending order."""
    return (ADMIN_KEY, IDS_KEY, partition_key(partition), table_key(table))


def is_possible(plan: PlanSplit, partition: PartitionRecord, table: TableRecord) -> bool:
    """Whether a partition of an active table is free (A4), the position is strictly inside its range, and the
    table may have more partitions.
    """
    return (
        is_active(table, partition)
        and is_free(partition)
        and is_inside(partition.range, plan.at)
        and len(lineage(table)) < LINEAGE
    )


def lacks_partitions(table: TableRecord) -> bool:
    """Whether a share of what a table is given passes a partition's cap (A18)."""
    return isinstance(table, ProvisionedTable) and partitions_needed(table.given) > len(table.partitions)


def is_active(table: TableRecord, partition: PartitionRecord) -> bool:
    """Whether a partition is one of an active table."""
    return table.status == "active" and partition.partition in table.partitions


def is_inside(owned: KeyRange, at: bytes) -> bool:
    """Whether a position cuts a range into two that are not empty."""
    try:
        owned.split(at)
    except InvalidRange:
        return False
    return True


class Readiness(Struct, frozen=True, gc=False):
    """What the reports of the voters' nodes say of a partition that should be split."""

    hindrance: str
    """Why it may not be split now; empty if it may."""
    middle: bytes
    """Where its leader would split it; empty if no report says where."""


def split_at(read: Read, order: SplitAt, table: str, ready: Readiness, most: int) -> Change | Refusal:
    """Begin to split a partition where an operator says, or in the middle."""
    partition: PartitionRecord | None = read.record(partition_key(order.partition))
    of: TableRecord | None = read.record(table_key(table))
    if partition is None or of is None or partition.table != table:
        return unknown("Partition", order.partition)
    if not is_free(partition) or not is_active(of, partition):
        return in_use(order.partition)
    if ready.hindrance:
        return not_split(order.partition, ready.hindrance)
    at = order.at or ready.middle
    if not at:
        return not_split(order.partition, "its leader reports no position inside")
    if not is_inside(partition.range, at):
        return invalid(f"Partition {order.partition} is split at a position strictly inside its range only")
    if len(lineage(of)) >= LINEAGE:
        return too_many_partitions(table, LINEAGE)
    return PlanSplit(order.partition, table, at, "order").decide(read, most) or too_many(most)


# --- Step by step ---


class SplitAnswers(Struct, frozen=True, gc=False):
    """What was answered to an admin that drives a split."""

    split: Split | None = None
    """The `Split`, once it is known to be chosen."""
    config: Config | None = None
    """The newest config known to be chosen."""
    config_slot: int = 0
    """The slot of that config."""
    hopeless: bool = False
    """Whether a voter is lost, or the leader takes too long."""
    made: bool = False
    """Whether every voter of the children's configs, as they were read, has been made."""
    gone: bool = False
    """Whether all live nodes have answered that the parent's replicas are gone."""


def keys_of_split(work: SplitRecord) -> tuple[bytes, ...]:
    """What a step reads and changes, in ascending order."""
    partitions = sorted((work.partition, *work.children))
    return (
        ADMIN_KEY,
        IDS_KEY,
        *map(partition_key, partitions),
        table_key(work.table),
        workflow_key(work.workflow),
    )


def is_of(split: Split, work: SplitRecord) -> bool:
    """Whether a chosen `Split` is the one that a workflow asks for: a partition is split once."""
    return (split.left.partition, split.right.partition) == work.children


def advance_split(read: Read, work: SplitRecord, answers: SplitAnswers) -> Change | None:
    """Write down what was answered, and the next step (A12); None if there is nothing to write."""
    if work.step in ("split", "void"):
        if answers.split is not None:
            return list_children(read, work, answers.split)
        before: PartitionRecord = read.record(partition_key(work.partition))
        partition = learned(before, answers.config, answers.config_slot)
        if partition.config.epoch > work.expected_epoch:
            return end_void(read, work, partition)
        if work.step == "split" and answers.hopeless:  # Written down before the epoch is raised.
            return go_on(read, work, "void", ())
    elif work.step == "made" and answers.made:
        # The change holds only if the voters of the children are still those that were read.
        return go_on(read, work, "drop", work.children)
    elif work.step == "drop" and answers.gone:
        return remove_parent(read, work)
    return None


def go_on(read: Read, work: SplitRecord, step: SplitStep, looked_at: tuple[int, ...]) -> Change:
    """Go to the next step, if the partitions that were looked at have not changed."""
    after = structs.replace(work, step=step)
    stay = [read.stays(partition_key(one)) for one in looked_at]
    return change([read.stays(ADMIN_KEY), *stay, read.leaves(workflow_key(work.workflow), after)])


def list_children(read: Read, work: SplitRecord, split: Split) -> Change | None:
    """The `Split` is chosen: in one write the children, with the voters that it names, take the place of
    their parent, and the lineage grows (A12, 3). None if the table does not name the parent: then what was
    read is not sound.
    """
    parent: PartitionRecord = read.record(partition_key(work.partition))
    table: TableRecord | None = read.record(table_key(work.table))
    if table is None or work.partition not in table.partitions:
        return None
    barrier = Barrier(split.slot, split.timestamp)
    return change(
        [
            read.stays(ADMIN_KEY),
            read.leaves(table_key(work.table), with_children(table, work)),
            read.leaves(
                partition_key(work.partition), structs.replace(parent, state="split", barrier=barrier)
            ),
            *(
                read.leaves(partition_key(child.partition), listed(child, parent, split.slot))
                for child in split.children
            ),
            read.leaves(workflow_key(work.workflow), structs.replace(work, step="made")),
        ]
    )


def with_children(table: TableRecord, work: SplitRecord) -> TableRecord:
    """A table with the children in the place of their parent. From then on its partitions have other shares
    of what it is given (A16).
    """
    at = table.partitions.index(work.partition)
    leaves = (*table.partitions[:at], *work.children, *table.partitions[at + 1 :])
    after = structs.replace(table, partitions=leaves, parents=(*table.parents, work.partition))
    if isinstance(after, ProvisionedTable):
        return structs.replace(after, version=after.version + 1)
    return after


def listed(child: ChildSpec, parent: PartitionRecord, slot: int) -> PartitionRecord:
    """The record of a child: its first config is as if it stood at the barrier (H4)."""
    return PartitionRecord(
        child.partition,
        parent.table,
        parent.generation,
        child.range,
        "listed",
        child.config,
        slot,
        parent=parent.partition,
    )


def end_void(read: Read, work: SplitRecord, partition: PartitionRecord) -> Change:
    """The epoch is past, and no `Split` was chosen before: none ever will be (A12, 2)."""
    after = structs.replace(partition, workflow=0, children=())
    return end(read, work, after)


def remove_parent(read: Read, work: SplitRecord) -> Change:
    """Nothing of the parent is left that counts; its place in the lineage stays (A12, 4)."""
    parent: PartitionRecord = read.record(partition_key(work.partition))
    config = structs.replace(parent.config, voters=())
    return end(read, work, structs.replace(parent, state="gone", config=config, pending=(), workflow=0))


def end(read: Read, work: SplitRecord, partition: PartitionRecord) -> Change:
    """End the workflow, and leave its partition like this."""
    return change(
        [
            read.stays(ADMIN_KEY),
            one_less(read, "splitting"),
            read.leaves(partition_key(work.partition), partition),
            read.leaves(workflow_key(work.workflow), None),
        ]
    )

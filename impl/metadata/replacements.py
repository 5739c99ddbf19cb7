"""What is changed in the metadata to replace a voter of a partition: pure functions, as in `changes`.

*Invariants.* A partition has one workflow at a time (A4), and which replica it makes, and where, is in its
record before any command names that replica (A3). The copy of a config goes forward only, and only to a
chosen one (A9). Every member that may be on a node and is no voter stands in the partition's `pending` until
it is known to be gone.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, structs

from dynaproof.impl.metadata.changes import Read, add_node, change, change_of_one, one_less
from dynaproof.impl.metadata.orders import (
    DrainNode,
    MoveReplica,
    Refusal,
    in_use,
    invalid,
    too_many,
    unknown,
)
from dynaproof.impl.metadata.placement import Candidate
from dynaproof.impl.metadata.records import (
    ADMIN_KEY,
    FIRST_IDS,
    IDS_KEY,
    Ids,
    NodeRecord,
    PartitionRecord,
    PartitionWork,
    Pending,
    Reason,
    ReplacementRecord,
    encode,
    may_go,
    node_key,
    partition_key,
    workflow_key,
)
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import Change, Part
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import Role
from dynaproof.impl.paxos.records import Config

PENDING = 64
"""Members of one partition that are not voters and not known to be gone, at the most: with more, no voter is
replaced.
"""


# --- To begin ---


class Plan(Struct, frozen=True, gc=False):
    """Put a new replica on `node` in the place of the voter `out` of a partition."""

    partition: int
    out: Member
    node: NodeId
    role: Role
    reason: Reason

    def keys(self) -> tuple[bytes, ...]:
        """What is read before, in ascending order."""
        return keys_to_replace(self.partition)

    def decide(self, read: Read, most: int) -> Change | None:
        """Make the workflow and reserve the partition for it, with the incarnation that it chooses, in one
        write (A10, 1); None if that is no longer allowed, or `most` are under way.
        """
        partition: PartitionRecord | None = read.record(partition_key(self.partition))
        ids: Ids = read.record(IDS_KEY) or FIRST_IDS
        if partition is None or not is_possible(self, partition) or ids.replacing >= most:
            return None
        new = Member(self.node, next_incarnation(partition))
        epoch = partition.config.epoch
        work = ReplacementRecord(
            ids.workflow,
            self.partition,
            self.reason,
            self.out,
            new,
            self.role,
            "create" if self.role == "full" else "replace",
            epoch,
        )
        planned = structs.replace(
            partition,
            next_incarnation=new.incarnation + 1,
            pending=(*partition.pending, Pending(new, epoch, False)),
            workflow=ids.workflow,
        )
        after = structs.replace(ids, workflow=ids.workflow + 1, replacing=ids.replacing + 1)
        return change(
            [
                read.stays(ADMIN_KEY),
                read.leaves(IDS_KEY, after),
                read.leaves(partition_key(self.partition), planned),
                Part(workflow_key(ids.workflow), 0, True, encode(work)),
            ]
        )


def keys_to_replace(partition: int) -> tuple[bytes, ...]:
    """What is read before a voter is replaced, in ascending order."""
    return (ADMIN_KEY, IDS_KEY, partition_key(partition))


def next_incarnation(partition: PartitionRecord) -> int:
    """The lowest incarnation that neither a config nor a workflow ever used."""
    return max(partition.next_incarnation, partition.config.next_incarnation)


def is_free(partition: PartitionRecord) -> bool:
    """Whether a partition is listed, and no workflow is under way for it (A4)."""
    return partition.state == "listed" and partition.workflow == 0


def may_begin(partition: PartitionRecord) -> bool:
    """Whether a voter of a partition may be replaced now; not with too many members pending."""
    return is_free(partition) and len(partition.pending) < PENDING


def is_possible(plan: Plan, partition: PartitionRecord) -> bool:
    """Whether a partition is free (A4), and would still have its voters on different nodes, spread over the
    zones as rule M2 asks.
    """
    config, address = partition.config, plan.node.address
    others = [voter.node.address for voter in config.voters if voter != plan.out]
    return (
        may_begin(partition)
        and plan.out in config.voters
        and (plan.reason == "repair" or address != plan.out.node.address)
        and address not in others
        and all(one.member.node.address != address for one in partition.pending)
        and not config.replacing(plan.out, Member(plan.node, next_incarnation(partition))).crowded()
    )


# --- Step by step ---


class Answers(Struct, frozen=True, gc=False):
    """What was answered to an admin that drives a replacement."""

    config: Config | None = None
    """The newest config known to be chosen."""
    config_slot: int = 0
    """The slot of that config."""
    made: bool = False
    """Whether the node has said that the new replica is there."""
    late: bool = False
    """Whether the step takes too long."""
    gone: bool = False
    """Whether the new replica's node is lost, or has no room for it."""
    unheld: bool = False
    """Whether the word that a log may begin at the config did not come in time."""


def keys_of_replacement(work: ReplacementRecord) -> tuple[bytes, ...]:
    """What a step reads and changes, in ascending order."""
    return (ADMIN_KEY, IDS_KEY, partition_key(work.partition), workflow_key(work.workflow))


def is_under_way(read: Read, work: PartitionWork) -> bool:
    """Whether the partition of a workflow is still there, and still names it (A4)."""
    partition: PartitionRecord | None = read.record(partition_key(work.partition))
    return partition is not None and partition.workflow == work.workflow


def advance(read: Read, work: ReplacementRecord, answers: Answers) -> Change | None:
    """Write down what was answered, and the next step (A10); None if there is nothing to write."""
    before: PartitionRecord = read.record(partition_key(work.partition))
    partition = learned(before, answers.config, answers.config_slot)
    after = next_step(work, partition.config, answers)
    if after == work and partition == before:
        return None
    parts = [read.stays(ADMIN_KEY), read.leaves(workflow_key(work.workflow), after)]
    if after is None:
        partition = structs.replace(partition, workflow=0)
        parts.append(one_less(read, "replacing"))
    if partition != before:
        parts.append(read.leaves(partition_key(work.partition), partition))
    return change(parts)


def next_step(work: ReplacementRecord, config: Config, answers: Answers) -> ReplacementRecord | None:
    """Where a replacement stands under the newest config known to be chosen; None: it has ended (A10)."""
    made = work.made or answers.made
    step, role = work.step, work.role
    if config.epoch > work.expected_epoch:
        if work.new not in config.voters or made or (step == "make" and answers.gone):
            return None  # Void; done; or lost, like any other voter.
        role = "full" if step == "void" or (step == "make" and answers.unheld) else role
        step = "make"
    elif answers.late or answers.gone or step == "void":
        step, role = "void", "full"
    elif step == "create" and made:
        step = "replace"
    return structs.replace(work, made=made, step=step, role=role)


def learned(partition: PartitionRecord, config: Config | None, slot: int) -> PartitionRecord:
    """The record with a chosen config newer than its copy (A9); voters that have left stay in `pending`."""
    old = partition.config
    if config is None or config.epoch <= old.epoch:
        return partition
    left = [Pending(voter, old.epoch, True) for voter in old.voters if voter not in config.voters]
    others = [one for one in partition.pending if one.member not in config.voters]
    return structs.replace(partition, config=config, config_slot=slot, pending=(*others, *left))


def abandon(read: Read, work: PartitionWork) -> Change:
    """The partition was taken by another workflow, or has no record any more: this one ends (A4)."""
    less = one_less(read, "replacing" if isinstance(work, ReplacementRecord) else "splitting")
    return change([read.stays(ADMIN_KEY), less, read.leaves(workflow_key(work.workflow), None)])


# --- Afterwards ---


class Forget(Struct, frozen=True, gc=False):
    """A member is gone from its node, or the node's disk is: it no longer exists."""

    partition: int
    member: Member

    def keys(self) -> tuple[bytes, ...]:
        """What is read before, in ascending order."""
        return (ADMIN_KEY, partition_key(self.partition))

    def decide(self, read: Read, _most: int) -> Change | None:
        """Remove it from `pending`, if it may be dropped and is still listed (A11)."""
        key = partition_key(self.partition)
        partition: PartitionRecord | None = read.record(key)
        if partition is None:
            return None
        pending = tuple(
            one for one in partition.pending if one.member != self.member or not may_go(partition, one)
        )
        if pending == partition.pending:
            return None
        after = structs.replace(partition, pending=pending)
        return change_of_one(read, key, after)


def keys_of_node(name: str) -> tuple[bytes, ...]:
    """What is read before the record of a node is changed, in ascending order."""
    return (ADMIN_KEY, node_key(name))


class RecordNode(Struct, frozen=True, gc=False):
    """A storage node has no record: it reports for the first time, or hosts a voter and never has."""

    node: NodeId

    def keys(self) -> tuple[bytes, ...]:
        """What is read before, in ascending order."""
        return keys_of_node(self.node.name)

    def decide(self, read: Read, _most: int) -> Change | None:
        """Make its record, so that it can be taken for dead."""
        return add_node(read, self.node) if read.record(node_key(self.node.name)) is None else None


class MarkNode(Struct, frozen=True, gc=False):
    """A storage node is taken for dead, or has reported again."""

    name: str
    dead: bool

    def keys(self) -> tuple[bytes, ...]:
        """What is read before, in ascending order."""
        return keys_of_node(self.name)

    def decide(self, read: Read, _most: int) -> Change | None:
        """Write it down, if it is news."""
        key = node_key(self.name)
        record: NodeRecord | None = read.record(key)
        if record is None or record.dead == self.dead:
            return None
        after = structs.replace(record, dead=self.dead)
        return change_of_one(read, key, after)


# --- What operators order ---


def drain_node(read: Read, order: DrainNode) -> Change | Refusal | None:
    """Write down that a node is drained, or no longer is (A15); None if the record says so already."""
    key = node_key(order.name)
    record: NodeRecord | None = read.record(key)
    if record is None:
        return unknown("Node", order.name)
    if record.draining == order.draining:
        return None
    after = structs.replace(record, draining=order.draining)
    return change_of_one(read, key, after)


def move_replica(read: Read, order: MoveReplica, nodes: Sequence[Candidate], most: int) -> Change | Refusal:
    """Begin to move a replica (A15); `nodes` are those that may get one."""
    partition: PartitionRecord | None = read.record(partition_key(order.partition))
    if partition is None:
        return unknown("Partition", order.partition)
    out = next((voter for voter in partition.config.voters if voter.node.name == order.out), None)
    if out is None:
        return unknown(f"Replica of partition {order.partition}", order.out)
    to = next((one.node for one in nodes if one.node.name == order.to), None)
    if to is None:
        return unknown("Node with room", order.to)
    plan = Plan(order.partition, out, to, "full", "move")
    if not is_free(partition):
        return in_use(order.partition)
    if not is_possible(plan, partition):
        return invalid(f"Partition {order.partition} may not have a replica on {order.to} beside its others")
    return plan.decide(read, most) or too_many(most)

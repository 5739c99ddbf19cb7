"""The records of the metadata: what a region knows of itself. docs/table.md has the rules.

Each is one item of partition 0, under a key of its own. Its *version* is the slot of the write that left it,
so every write raises it, and a change is conditioned on the version of each item that it touches
(`partition.messages.requests.Change`): two admins that read the same state cannot both change it.

*Invariants.* Ids of partitions, workflows and generations are given in ascending order, and never twice. A
partition has a record from before its first replica is made until every replica is gone, except one at the
most; a child of a split is named by the record of the split from before the split is asked for, and gets its
own record when the split is chosen. While a workflow is under way for a table, the table names it. The
partitions of a table are the leaves of its lineage, and their ranges cover all hashes.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct, structs

from dynaproof.impl.capacity.rates import Provisioned
from dynaproof.impl.node import Microseconds, NodeId
from dynaproof.impl.partition.records import Item
from dynaproof.impl.paxos.ids import Member, RequestId
from dynaproof.impl.paxos.messages.membership import Role
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.values.key import KeySchema
from dynaproof.impl.values.key_range import KeyRange

Status: TypeAlias = Literal["creating", "active", "deleting"]
"""Of a table."""


class AdminRecord(Struct, frozen=True, gc=False, array_like=True, tag="admin"):
    """Which admin is active, and of which term (A1)."""

    term: int
    name: str


class TouchedRecord(Struct, frozen=True, gc=False, array_like=True, tag="touched"):
    """Written again and again by the active admin, to show that it lives; so the record of which admin is
    active keeps one version for a whole term.
    """

    term: int


class Ids(Struct, frozen=True, gc=False, array_like=True, tag="ids"):
    """The lowest ids never given, and the bounded numbers of workflows under way, by kind."""

    partition: int
    workflow: int
    generation: int
    under_way: int
    """On tables."""
    replacing: int = 0
    """On voters of partitions."""
    splitting: int = 0
    """On partitions that are split."""


class TableRecord(Struct, frozen=True, gc=False, array_like=True, tag="table"):
    """A table: one generation of its name."""

    name: str
    generation: int
    status: Status
    schema: KeySchema
    replicas: int
    """Of each of its partitions."""
    partitions: tuple[int, ...]
    """In the order of their ranges, which cover all: none of them is split."""
    request: RequestId
    """The request that created it, so that a retry of it is recognized."""
    workflow: int
    """The workflow that is under way for it; 0: none is."""
    parents: tuple[int, ...] = ()
    """The partitions that were split, in that order, gone or not: they go with the table (A14)."""


class ProvisionedTable(TableRecord, frozen=True, gc=False, array_like=True, kw_only=True, tag="provisioned"):
    """A table that is given capacity; any other one has as much as it asks for."""

    version: int
    """Of what it is given: it grows with every change of that and of the number of partitions."""
    given: Provisioned


class Pending(Struct, frozen=True, gc=False, array_like=True):
    """A replica that may be there, or come, and is not in the config: a future voter, or a former one."""

    member: Member
    expected_epoch: int
    """That of the command that should give it its vote: a config of a later epoch that does not name it makes
    that command void.
    """
    voted: bool
    """Whether a chosen config has named it."""


class Barrier(Struct, frozen=True, gc=False, array_like=True):
    """Where a partition ends: the slot and the commit timestamp of its `Split`."""

    slot: int
    timestamp: Microseconds


class PartitionRecord(Struct, frozen=True, gc=False, array_like=True, tag="partition"):
    """A partition of a table: *listed* while it owns its range, *split* when its children do, and *gone* when
    no node has anything of it that still counts.
    """

    partition: int
    table: str
    generation: int
    range: KeyRange
    state: Literal["creating", "listed", "split", "gone"]
    config: Config
    """The newest one that an admin knows to be chosen (A9); without voters when the partition is gone."""
    config_slot: int = 0
    """The slot of the config; of a child's first one, that of the barrier (H4)."""
    next_incarnation: int = 0
    """The lowest that no workflow has given, if that is above the config's own."""
    pending: tuple[Pending, ...] = ()
    workflow: int = 0
    """The one that is under way for this partition alone; 0: none is (A4)."""
    parent: int = 0
    """The partition that was split into it; 0: it was created with the table."""
    children: tuple[int, ...] = ()
    """The partitions that a split makes of it; while it is listed they are planned, and may never come."""
    barrier: Barrier | None = None
    """Once it is split."""


class Target(Struct, frozen=True, gc=False, array_like=True):
    """A partition, and where its replicas should be."""

    partition: int
    config: Config
    others: tuple[NodeId, ...] = ()
    """Nodes that may have replicas that the config does not name, but a later one may."""
    left: tuple[NodeId, ...] = ()
    """Nodes that may have replicas to which no command can give a vote any more."""
    parent: int = 0
    """The partition whose split made this one, or would have; 0: none."""

    def nodes(self) -> tuple[NodeId, ...]:
        """The addresses of all nodes that may have a replica of it."""
        there = (*(voter.node for voter in self.config.voters), *self.others, *self.left)
        return tuple(dict.fromkeys(node.address for node in there))

    def configs(self) -> list[Config]:
        """The config, and those that a command may still have chosen: each of the others in the place of a
        voter for which rule M2 allows it (A14).
        """
        config = self.config
        later = [config.replacing(out, Member(one, 0)) for one in self.others for out in config.voters]
        return [config, *([one for one in later if not one.crowded()] or later)]

    def too_many(self, nodes: Container[NodeId]) -> int:
        """How many of these addresses must go, at the least, so that the others are a quorum of no config
        (A14).
        """
        return max(
            0,
            *(
                sum(voter.node.address in nodes for voter in config.voters) + 1 - config.quorum
                for config in self.configs()
            ),
        )


class WorkflowRecord(Struct, frozen=True, gc=False, array_like=True, tag="workflow"):
    """Work of several steps on a table, which any admin can take over; its kind is the step that it is in:
    replicas are made, or dropped.
    """

    workflow: int
    kind: Literal["create", "delete"]
    table: str
    generation: int
    targets: tuple[Target, ...]
    request: RequestId
    """The request that ordered it."""


Step: TypeAlias = Literal["create", "replace", "make", "void"]
"""Of a replacement: a learner is made; the leader is told to give it the vote; it is made because a chosen
config names it; or the epoch is raised, so that no command of the replacement counts any more.
"""

Reason: TypeAlias = Literal["repair", "drain", "balance", "move"]


class ReplacementRecord(Struct, frozen=True, gc=False, array_like=True, tag="replacement"):
    """The work of replacing one voter of a partition (A10), which any admin can take over."""

    workflow: int
    partition: int
    reason: Reason
    out: Member
    new: Member
    role: Role
    """A log replica's, until it is written down that the new replica is made empty (M5)."""
    step: Step
    expected_epoch: int
    """That of the config that the command to replace expects."""
    made: bool = False
    """Whether its node has answered that `new` is there."""


SplitStep: TypeAlias = Literal["split", "void", "made", "drop"]
"""Of a split: the leader is told to propose it; or the epoch is raised, so that no command of the split
counts any more; the children are listed, and all their voters must be made; the replicas of the parent are
dropped.
"""

SplitReason: TypeAlias = Literal["size", "heat", "capacity", "order"]


class SplitRecord(Struct, frozen=True, gc=False, array_like=True, tag="split"):
    """The work of splitting a partition (A12), which any admin can take over."""

    workflow: int
    partition: int
    table: str
    reason: SplitReason
    at: bytes
    """The position, strictly inside its range, where the right child begins."""
    left: int
    right: int
    step: SplitStep
    expected_epoch: int
    """That of the config that the command to split expects."""

    @property
    def children(self) -> tuple[int, int]:
        """In the order of their ranges."""
        return self.left, self.right


class NodeRecord(Struct, frozen=True, gc=False, array_like=True, tag="node"):
    """A storage node that has reported."""

    name: str
    zone: str
    draining: bool = False
    """Whether its replicas must be moved elsewhere (A15)."""
    dead: bool = False
    """Whether it has not reported for so long that its replicas are taken for lost."""


MetadataRecord: TypeAlias = (
    AdminRecord
    | TouchedRecord
    | Ids
    | TableRecord
    | PartitionRecord
    | WorkflowRecord
    | ReplacementRecord
    | SplitRecord
    | NodeRecord
    | ProvisionedTable
)

PartitionWork: TypeAlias = ReplacementRecord | SplitRecord
"""A workflow of one partition, which names it (A4)."""

METADATA = 0
"""The partition that holds all these records."""

ADMIN_KEY = b"admin"
TOUCHED_KEY = b"admin/touched"
IDS_KEY = b"ids"
TABLES = b"table/"
PARTITIONS = b"partition/"
WORKFLOWS = b"workflow/"
NODES = b"node/"

FIRST_IDS = Ids(1, 1, 1, 0)
"""The first ids to be given: partition 0 is the metadata itself."""

OF_SPLITS: dict[type, int] = {Ids: 1, TableRecord: 1, PartitionRecord: 3}
"""How many fields of a record, the last ones, are about splits only."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(MetadataRecord).decode


def encode(record: MetadataRecord) -> Item:
    """A record as an item. Fields about splits only stand in the records of what was split; so all others are
    the same bytes as before anything was split, and code that knows of no splits can read them.
    """
    of_splits = OF_SPLITS.get(type(record), 0)
    values = structs.astuple(record)
    if not of_splits or values[-of_splits:] != record.__struct_defaults__[-of_splits:]:
        return _encode(record)
    return _encode((record.__struct_config__.tag, *values[:-of_splits]))


def decode(item: Item) -> MetadataRecord:
    """The record of an item. Raises `msgspec.MsgspecError` if the item is no record."""
    record: MetadataRecord = _decode(item)
    return record


def record_of(key: bytes, item: Item) -> MetadataRecord | None:
    """The record of the item under a key; None if it is no record, or belongs under another key."""
    try:
        record = decode(item)
        return record if key_of(record) == key and all(map(is_given, partitions_of(record))) else None
    except (msgspec.MsgspecError, UnicodeDecodeError, OverflowError):
        return None


def key_of(record: MetadataRecord) -> bytes:
    """The key under which a record stands. Raises OverflowError if it has a number that is never given."""
    if isinstance(record, TableRecord):
        return table_key(record.name)
    if isinstance(record, PartitionRecord):
        return partition_key(record.partition)
    if isinstance(record, WorkflowRecord | ReplacementRecord | SplitRecord):
        return workflow_key(record.workflow)
    if isinstance(record, NodeRecord):
        return node_key(record.name)
    return {AdminRecord: ADMIN_KEY, TouchedRecord: TOUCHED_KEY, Ids: IDS_KEY}[type(record)]


def partitions_of(record: MetadataRecord) -> tuple[int, ...]:
    """The partitions that a record names."""
    if isinstance(record, TableRecord):
        return (*record.partitions, *record.parents)
    if isinstance(record, PartitionRecord):
        return (record.partition, *record.children, *([record.parent] if record.parent else []))
    if isinstance(record, SplitRecord):
        return (record.partition, record.left, record.right)
    if isinstance(record, ReplacementRecord):
        return (record.partition,)
    return tuple(target.partition for target in record.targets) if isinstance(record, WorkflowRecord) else ()


def may_go(partition: PartitionRecord, one: Pending) -> bool:
    """Whether no command can give a vote any more to a member that the config does not name (A11)."""
    return one.member not in partition.config.voters and partition.config.epoch > one.expected_epoch


def is_given(partition: int) -> bool:
    """Whether a partition of a table may have this number; others are the metadata's, or no partition's."""
    return METADATA < partition < 1 << 64


def table_key(name: str) -> bytes:
    """The key of a table's record."""
    return TABLES + name.encode()


def partition_key(partition: int) -> bytes:
    """The key of a partition's record; keys ascend with ids."""
    return PARTITIONS + partition.to_bytes(8, "big")


def workflow_key(workflow: int) -> bytes:
    """The key of a workflow's record; keys ascend with ids."""
    return WORKFLOWS + workflow.to_bytes(8, "big")


def node_key(name: str) -> bytes:
    """The key of a storage node's record."""
    return NODES + name.encode()


def end_of(prefix: bytes) -> bytes:
    """The first key behind all that begin with a prefix; its last byte must not be the largest."""
    return prefix[:-1] + bytes([prefix[-1] + 1])

"""The records of the metadata: what a region knows of itself. docs/table.md has the rules.

Each is one item of partition 0, under a key of its own. Its *version* is the slot of the write that left it,
so every write raises it, and a change is conditioned on the version of each item that it touches
(`partition.messages.requests.Change`): two admins that read the same state cannot both change it.

*Invariants.* Ids of partitions, workflows and generations are given in ascending order, and never twice. A
partition has a record from before its first replica is made until every replica is gone, but one at the
most; one that a split makes is named by the record of the split from before that is asked for, and gets its
own when it is chosen. While a workflow is under way for a table, the table names it. The partitions of a
table are the leaves of its lineage, and their ranges cover all.
"""

from __future__ import annotations

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
    """Who is active, and of which term (A1)."""

    term: int
    name: str


class TouchedRecord(Struct, frozen=True, gc=False, array_like=True, tag="touched"):
    """Written again and again by the active admin, to show that it lives; the record of who is active has one
    version for a whole term.
    """

    term: int


class Ids(Struct, frozen=True, gc=False, array_like=True, tag="ids"):
    """The least that were never given; and how many workflows of each kind are under way: that is bounded."""

    partition: int
    workflow: int
    generation: int
    under_way: int
    """Of tables,"""
    replacing: int = 0
    """of partitions' voters,"""
    splitting: int = 0
    """and of partitions that are split."""


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
    """That created it, so that a retry of it is known;"""
    workflow: int
    """and the workflow that is under way for it; 0: none is."""
    parents: tuple[int, ...] = ()
    """The partitions that were split, in that order, gone or not: they go with the table (A14)."""


class ProvisionedTable(TableRecord, frozen=True, gc=False, array_like=True, kw_only=True, tag="provisioned"):
    """A table that is given capacity; any other one has as much as it asks for."""

    version: int
    """Of what it is given: it grows with every change of that, and of the number of partitions."""
    given: Provisioned


class Pending(Struct, frozen=True, gc=False, array_like=True):
    """A replica that may be there, or come, and that the config does not name: what is to become a voter, and
    what was one.
    """

    member: Member
    expected_epoch: int
    """That of the command that was to give it its vote: a config of a later epoch which does not name it
    makes that command void.
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
    """The newest that an admin has heard of to be chosen (A9), without voters when it is gone;"""
    config_slot: int = 0
    """and its slot: of the first one of a child, that of the barrier (H4)."""
    next_incarnation: int = 0
    """The least that no workflow has given, if that is above the config's own."""
    pending: tuple[Pending, ...] = ()
    workflow: int = 0
    """That is under way for it alone; 0: none is (A4)."""
    parent: int = 0
    """The partition of which a split made it; 0: the table was created with it."""
    children: tuple[int, ...] = ()
    """Those that a split makes of it; while it is listed they are planned, and may never come."""
    barrier: Barrier | None = None
    """Once it is split."""


class Target(Struct, frozen=True, gc=False, array_like=True):
    """A partition and where its replicas are to be."""

    partition: int
    config: Config
    others: tuple[NodeId, ...] = ()
    """Nodes that may have replicas which the config does not name."""

    def nodes(self) -> tuple[NodeId, ...]:
        """The addresses of all nodes that may have one."""
        there = (*(voter.node for voter in self.config.voters), *self.others)
        return tuple(dict.fromkeys(node.address for node in there))


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
    """That ordered it."""


Step: TypeAlias = Literal["create", "replace", "make", "void"]
"""Of a replacement: a learner is made; the leader is to give it the vote; it is made, for a chosen config
names it; or the epoch is raised, so that no command of it counts any more.
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
    """A log replica's, until it is written down that it is made empty (M5)."""
    step: Step
    expected_epoch: int
    """That of the config which the command to replace expects."""
    made: bool = False
    """Whether its node has answered that `new` is there."""


SplitStep: TypeAlias = Literal["split", "void", "made", "drop"]
"""Of a split: the leader is to propose it; or the epoch is raised, so that no command of it counts any more;
the children are listed, and all their voters are to be made; the replicas of the parent are dropped.
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
    """That of the config which the command to split expects."""

    @property
    def children(self) -> tuple[int, int]:
        """In the order of their ranges."""
        return self.left, self.right


class NodeRecord(Struct, frozen=True, gc=False, array_like=True, tag="node"):
    """A storage node that has reported."""

    name: str
    zone: str
    draining: bool = False
    """Whether its replicas are to be moved elsewhere (A15)."""
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
"""The partition that holds all this."""

ADMIN_KEY = b"admin"
TOUCHED_KEY = b"admin/touched"
IDS_KEY = b"ids"
TABLES = b"table/"
PARTITIONS = b"partition/"
WORKFLOWS = b"workflow/"
NODES = b"node/"

FIRST_IDS = Ids(1, 1, 1, 0)
"""What is given first: partition 0 is the metadata itself."""

OF_SPLITS: dict[type, int] = {Ids: 1, TableRecord: 1, PartitionRecord: 3}
"""How many fields of a record, the last ones, say something of splits only."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(MetadataRecord).decode


def encode(record: MetadataRecord) -> Item:
    """A record as an item. What says something of splits only stands in the records of what was split; so all
    others are the bytes that they were when nothing was split yet, and are read by who knows of no splits.
    """
    of_splits = OF_SPLITS.get(type(record), 0)
    values = structs.astuple(record)
    if not of_splits or values[-of_splits:] != record.__struct_defaults__[-of_splits:]:
        return _encode(record)
    return _encode((record.__struct_config__.tag, *values[:-of_splits]))


def decode(item: Item) -> MetadataRecord:
    """The record of an item. Raises `msgspec.MsgspecError` if it is none's."""
    record: MetadataRecord = _decode(item)
    return record


def record_of(key: bytes, item: Item) -> MetadataRecord | None:
    """The record of the item under this key; None if it is none's, or one's that stands under another key."""
    try:
        record = decode(item)
        return record if key_of(record) == key and all(map(is_given, partitions_of(record))) else None
    except (msgspec.MsgspecError, UnicodeDecodeError, OverflowError):
        return None


def key_of(record: MetadataRecord) -> bytes:
    """The key under which a record stands. Raises OverflowError where it has a number that is never given."""
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


def is_given(partition: int) -> bool:
    """Whether a partition may have this number: it is none's, or the metadata's, else."""
    return METADATA < partition < 1 << 64


def table_key(name: str) -> bytes:
    """The key of a table's record."""
    return TABLES + name.encode()


def partition_key(partition: int) -> bytes:
    """The key of a partition's record; in order of ids."""
    return PARTITIONS + partition.to_bytes(8, "big")


def workflow_key(workflow: int) -> bytes:
    """The key of a workflow's record; in order of ids."""
    return WORKFLOWS + workflow.to_bytes(8, "big")


def node_key(name: str) -> bytes:
    """The key of a storage node's record."""
    return NODES + name.encode()


def end_of(prefix: bytes) -> bytes:
    """The first key behind all that begin with a prefix, whose last byte is not the largest."""
    return prefix[:-1] + bytes([prefix[-1] + 1])

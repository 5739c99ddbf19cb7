"""What users ask of a region's tables; routers send it as orders to the active admin. The refusals are
DynamoDB's, in its words, where the API has them. One of its refusals is never made: a table that is being
created may be deleted here (A14), where the API says `ResourceInUseException`.

Sources: API reference, CreateTable and DeleteTable (errors); the words are the service's, as recorded by the
test suites of moto and dynalite; those of `too_many` as in public reports of it (serverless/serverless 2622,
hashicorp/terraform-provider-aws 1776).
"""

from __future__ import annotations

import re
from typing import TypeAlias

from msgspec import Struct

from dynaproof.impl.capacity.rates import Provisioned, is_sound
from dynaproof.impl.metadata.records import TableRecord, is_given
from dynaproof.impl.node import Message
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.sessions import Session
from dynaproof.impl.values.key import KeySchema
from dynaproof.impl.values.key_range import HASH_BYTES

NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
"""Of a table (developer guide, *Naming rules*)."""

REPLICAS = (3, 5)


class CreateTable(Struct, frozen=True, gc=False, tag="create_table"):
    """Make a table with this many partitions, each of three or five replicas."""

    name: str
    schema: KeySchema
    partitions: int = 1
    replicas: int = 3
    given: Provisioned | None = None
    """The capacity that it is given; None: as much as it asks for."""


class AsOf(Struct, frozen=True, gc=False, array_like=True, order=True):
    """A table as it was seen: its generation, and the version of what it is given."""

    generation: int
    version: int


class UpdateTable(Struct, frozen=True, gc=False, tag="update_table"):
    """Give a provisioned table something else."""

    name: str
    given: Provisioned
    as_of: AsOf | None = None
    """Only if the table is still as it was then (A17); None: in any case. The API has no such condition."""


class DeleteTable(Struct, frozen=True, gc=False, tag="delete_table"):
    """Delete a table with all its items, also one that is being created."""

    name: str


class DrainNode(Struct, frozen=True, gc=False, tag="drain_node"):
    """Move all replicas off a storage node, and make none there (A15); or, if `draining` is False, stop doing
    so. Ordered by an operator; the API has no such thing.
    """

    name: str
    draining: bool = True


class MoveReplica(Struct, frozen=True, gc=False, tag="move_replica"):
    """Move a partition's replica from one storage node to another. Ordered by an operator."""

    partition: int
    out: str
    to: str


class SplitAt(Struct, frozen=True, gc=False, tag="split_at"):
    """Split a partition at a position of the hash space (R9), or where its leader reports the middle of what
    it stores. Ordered by an operator.
    """

    partition: int
    at: bytes = b""
    """Empty: in the middle."""


Action: TypeAlias = CreateTable | UpdateTable | DeleteTable | DrainNode | MoveReplica | SplitAt

ACTIONS = (CreateTable, UpdateTable, DeleteTable, DrainNode, MoveReplica, SplitAt)
"""What can be ordered."""


class Refusal(Struct, frozen=True, gc=False):
    """An error of the API: its name and its message. The request has had no effect."""

    error: str
    message: str


def not_found(name: str) -> Refusal:
    """There is no such table."""
    return Refusal("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")


def exists(name: str) -> Refusal:
    """There is a table of this name."""
    return Refusal("ResourceInUseException", f"Table already exists: {name}")


def is_changing(name: str) -> Refusal:
    """The table is not active."""
    return Refusal(
        "ResourceInUseException", f"Attempt to change a resource which is still in use: Table: {name}"
    )


def not_provisioned(name: str) -> Refusal:
    """The table has no provisioned capacity."""
    return Refusal(
        "ValidationException",
        f"One or more parameter values were invalid: table {name} has no provisioned throughput",
    )


def has_changed(name: str) -> Refusal:
    """The table is no longer as the sender of the order had seen it."""
    return Refusal("ResourceInUseException", f"Table {name} has changed since it was described")


def too_many(most: int) -> Refusal:
    """As many tables are being created and deleted as may be at one time."""
    return Refusal(
        "LimitExceededException",
        f"Subscriber limit exceeded: Only {most} tables can be created, updated, or deleted simultaneously",
    )


def no_room(replicas: int) -> Refusal:
    """No storage nodes are known on which the replicas of a partition may lie."""
    return Refusal(
        "ServiceUnavailable",
        f"Too few storage nodes have reported to place {replicas} replicas so that no zone has more of them "
        "than may be lost",
    )


def unknown(what: str, name: object) -> Refusal:
    """There is no such node, partition or replica."""
    return Refusal("ResourceNotFoundException", f"Requested resource not found: {what}: {name} not found")


def in_use(partition: int) -> Refusal:
    """A voter of the partition is being replaced, it is split, or its table is being created or deleted."""
    return Refusal("ResourceInUseException", f"Partition {partition} is being changed")


def not_split(partition: int, why: str) -> Refusal:
    """The partition may not be split as it is now."""
    return Refusal("ResourceInUseException", f"Partition {partition} is not split: {why}")


def too_many_partitions(table: str, most: int) -> Refusal:
    """A table has as many partitions as it may, with those that were split."""
    return Refusal(
        "LimitExceededException",
        f"Table {table} has as many partitions as it may: {most}, with those that were split",
    )


def wrong_with(action: Action, most_partitions: int) -> str | None:
    """Which rule an order breaks; None if it breaks none."""
    if isinstance(action, DrainNode):
        return None
    if isinstance(action, MoveReplica | SplitAt):
        if not is_given(action.partition):
            return f"A partition of a table has a positive number, not {action.partition}"
        if isinstance(action, SplitAt) and len(action.at) not in (0, HASH_BYTES):
            return f"A position of the hash space has {HASH_BYTES} bytes, not {len(action.at)}"
        return None
    if NAME.fullmatch(action.name) is None:
        return (
            "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may "
            "contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'"
        )
    if isinstance(action, DeleteTable):
        return None
    if action.given is not None and not is_sound(action.given):
        return "The provisioned throughput is out of its bounds"
    if isinstance(action, UpdateTable):
        return None
    if not 1 <= action.partitions <= most_partitions:
        return f"A table is created with 1 to {most_partitions} partitions, not {action.partitions}"
    if action.replicas not in REPLICAS:
        return f"A partition has {REPLICAS[0]} replicas or {REPLICAS[1]}, not {action.replicas}"
    if len(set(action.schema.names)) < len(action.schema.names):
        return "Both the Hash Key and the Range Key element in the KeySchema have the same name"
    return None


def invalid(message: str) -> Refusal:
    """The order breaks a rule."""
    return Refusal("ValidationException", message)


class Order(Message, frozen=True, gc=False, tag="order"):
    """A router's order to an admin, in a session of its own: the router repeats it there until it is
    answered, and no copy of it takes effect a second time.
    """

    session: Session
    number: int
    request: RequestId
    action: Action


class Obeyed(Message, frozen=True, gc=False, tag="obeyed"):
    """The order is durably under way; the table as it is now, if the order is about one."""

    request: RequestId
    table: TableRecord | None


class Declined(Message, frozen=True, gc=False, tag="declined"):
    """The order has no effect."""

    request: RequestId
    refusal: Refusal


class NotActive(Message, frozen=True, gc=False, tag="not_active"):
    """This admin is not active, or cannot tell; given in this session, the order has no effect, of which a
    copy of this answer says nothing in a later one. `active` was active last.
    """

    request: RequestId
    session: Session
    active: str

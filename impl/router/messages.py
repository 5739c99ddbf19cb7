"""What a user asks of a router, named as in DynamoDB's API, and the answers. Items and keys are their
canonical bytes (`impl/values/encoding.py`); a token is the storage key of the last item read.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from dynaproof.impl.metadata.orders import (
    CreateTable,
    DeleteTable,
    DrainNode,
    MoveReplica,
    SplitAt,
    UpdateTable,
)
from dynaproof.impl.metadata.records import TableRecord
from dynaproof.impl.node import Message, Microseconds
from dynaproof.impl.partition.records import Item
from dynaproof.impl.sessions import Session


class PutItem(Struct, frozen=True, gc=False, tag="put_item"):
    """Replace an item; with `conditional`, only if the stored one equals `expected` (None: absent)."""

    table: str
    item: Item
    conditional: bool = False
    expected: Item | None = None

    @property
    def size_bytes(self) -> int:
        """What its items take."""
        return len(self.item) + len(self.expected or b"")


class DeleteItem(Struct, frozen=True, gc=False, tag="delete_item"):
    """Delete an item; with `conditional`, only if the stored one equals `expected`."""

    table: str
    key: Item
    conditional: bool = False
    expected: Item | None = None

    @property
    def size_bytes(self) -> int:
        """What its key and its item take."""
        return len(self.key) + len(self.expected or b"")


class GetItem(Struct, frozen=True, gc=False, tag="get_item"):
    """Read an item."""

    table: str
    key: Item
    strong: bool = False

    @property
    def size_bytes(self) -> int:
        """What its key takes."""
        return len(self.key)


class BatchWriteItem(Struct, frozen=True, gc=False, tag="batch_write_item"):
    """Several writes without conditions, each by itself; at most 25, of 16 MB together."""

    writes: tuple[PutItem | DeleteItem, ...]

    @property
    def size_bytes(self) -> int:
        """What its items and keys take."""
        return sum(one.size_bytes for one in self.writes)


class BatchGetItem(Struct, frozen=True, gc=False, tag="batch_get_item"):
    """Several reads, each by itself; at most 100. What goes beyond 16 MB in all is left unprocessed."""

    gets: tuple[GetItem, ...]

    @property
    def size_bytes(self) -> int:
        """What its keys take."""
        return sum(one.size_bytes for one in self.gets)


class ScanTable(Struct, frozen=True, gc=False, tag="scan_table"):
    """One page of all items of a table, or of one of `segments` equal ranges of hashes, behind a token."""

    table: str
    after: bytes | None = None
    limit: int = 1_000
    segment: int = 0
    segments: int = 1
    strong: bool = False

    @property
    def size_bytes(self) -> int:
        """What its token takes."""
        return len(self.after or b"")


class QueryTable(Struct, frozen=True, gc=False, tag="query_table"):
    """One page of the items with this partition key, in the order of their sort keys."""

    table: str
    key: Item
    after: bytes | None = None
    limit: int = 1_000
    strong: bool = False

    @property
    def size_bytes(self) -> int:
        """What its key and its token take."""
        return len(self.key) + len(self.after or b"")


class DescribeTable(Struct, frozen=True, gc=False, tag="describe_table"):
    """What is this table?"""

    name: str


class ListTables(Struct, frozen=True, gc=False, tag="list_tables"):
    """The names of the tables behind one, in order."""

    after: str = ""
    limit: int = 100


Action: TypeAlias = (
    PutItem
    | DeleteItem
    | GetItem
    | BatchWriteItem
    | BatchGetItem
    | ScanTable
    | QueryTable
    | CreateTable
    | UpdateTable
    | DeleteTable
    | DrainNode
    | MoveReplica
    | SplitAt
    | DescribeTable
    | ListTables
)


OF_ITEMS = (PutItem, DeleteItem, GetItem, BatchWriteItem, BatchGetItem, ScanTable, QueryTable)
"""The actions on items, which take memory as these do."""


def size_of(action: Action) -> int:
    """What the items, keys and tokens of a user's request take."""
    return action.size_bytes if isinstance(action, OF_ITEMS) else 0


class Done(Struct, frozen=True, gc=False, tag="done"):
    """A write, or an operator's order, took effect; or the item that was read, None if there is none."""

    item: Item | None = None


class Items(Struct, frozen=True, gc=False, tag="items"):
    """A page of items with their storage keys; what follows lies behind `after`, None at the end."""

    items: tuple[tuple[bytes, Item], ...]
    after: bytes | None


class Batch(Struct, frozen=True, gc=False, tag="batch"):
    """For each part of a batch, in order, the item that was read or None; and the parts that were not
    processed, each with whether it certainly had no effect.
    """

    items: tuple[Item | None, ...]
    unprocessed: tuple[tuple[int, bool], ...]


class Described(Struct, frozen=True, gc=False, tag="described"):
    """A table as the metadata has it."""

    table: TableRecord


class Names(Struct, frozen=True, gc=False, tag="names"):
    """Names of tables, and whether there are more."""

    names: tuple[str, ...]
    more: bool


Result: TypeAlias = Done | Items | Batch | Described | Names


class Ask(Message, frozen=True, gc=False, tag="ask"):
    """A user's request; the numbers of a session ascend, so that a repeated message asks nothing twice."""

    session: Session
    number: int
    action: Action


class Answered(Message, frozen=True, gc=False, tag="answered", omit_defaults=True):
    """The result, and the capacity that the request has consumed, in micro-units (`ConsumedCapacity`)."""

    session: Session
    number: int
    result: Result
    consumed: int = 0


class Failed(Message, frozen=True, gc=False, tag="failed"):
    """An error of the API, by its name. `definite`: what was asked for has had no effect, and never will.
    `observed`: the item for which a condition failed.
    """

    session: Session
    number: int
    error: str
    message: str
    definite: bool
    observed: Item | None = None


class Throttled(Failed, frozen=True, gc=False, tag="throttled"):
    """An error for want of capacity: nothing has happened. The API's reasons, and when there would be enough
    if nobody else asked.
    """

    reasons: tuple[str, ...] = ()
    after_us: Microseconds = 0

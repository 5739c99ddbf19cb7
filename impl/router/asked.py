"""What users have asked a router for, while it is under way."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from dynaproof.impl.metadata.records import PartitionRecord
from dynaproof.impl.node import Microseconds, NodeId
from dynaproof.impl.partition.messages.requests import Operation
from dynaproof.impl.partition.records import Item
from dynaproof.impl.router.errors import ApiError
from dynaproof.impl.router.messages import (
    Ask,
    Batch,
    BatchGetItem,
    BatchWriteItem,
    Done,
    GetItem,
    Result,
)
from dynaproof.impl.router.tables import Known
from dynaproof.impl.tokens.messages import TableOf


class Paid(Struct, frozen=True, gc=False):
    """What was taken of a table's tokens for a call, in micro-units."""

    of: TableOf
    cost: int


class PartOf(Struct, frozen=True, gc=False):
    """The part of a request that a call is for: the item of this index, or the next piece of a page."""

    asked: int
    index: int = 0
    paid: Paid | None = None
    """None: it needs no tokens."""


class Piece:
    """One item of a user's request."""

    __slots__ = ("done", "error", "generation", "gone", "item", "key", "operation", "table")

    def __init__(self, table: str, generation: int, key: bytes, operation: Operation) -> None:
        self.table = table
        self.generation = generation
        """The table's generation by which it is called."""
        self.key = key
        self.operation = operation
        self.done = False
        self.item: Item | None = None
        """The item that was read, or for which a condition failed."""
        self.error: ApiError | None = None
        """Why it was not processed."""
        self.gone = False
        """Whether nothing has happened, and its table was another one when it was done, or gone."""


class Paging:
    """A page that is being filled."""

    __slots__ = ("bytes", "generation", "high", "items", "low", "partitions", "table", "wanted")

    def __init__(self, table: str, low: bytes, high: bytes | None, wanted: int) -> None:
        self.table = table
        self.generation = 0
        """The table's generation by which the last piece was called."""
        self.low = low
        """Where the next piece begins."""
        self.high = high
        """Where the page ends at the latest."""
        self.wanted = wanted
        self.items: list[tuple[bytes, Item]] = []
        self.bytes = 0
        self.partitions: list[int] = []
        """The partitions of which pieces were read."""

    def is_void(self, generation: int) -> bool:
        """Whether the range is that of another table than the one of this generation, with another schema
        perhaps, of which nothing was read.
        """
        return not self.items and self.generation not in (0, generation)

    def begin(self, partition: int, generation: int) -> None:
        """A piece is called for, by the table of this generation."""
        self.partitions.append(partition)
        self.generation = generation


class Asked:
    """One request of a user."""

    __slots__ = (
        "action",
        "began_at",
        "client",
        "consumed",
        "number",
        "paging",
        "pieces",
        "ready",
        "session",
        "tables",
        "taken",
        "until",
    )

    def __init__(self, client: NodeId, ask: Ask, now: Microseconds, timeout_us: Microseconds) -> None:
        self.client = client
        self.session = ask.session
        self.number = ask.number
        """The user's own."""
        self.action = ask.action
        self.began_at = now
        self.until = now + timeout_us
        self.tables: dict[str, Known] = {}
        """The tables found so far, of those that it is about; until its calls begin."""
        self.pieces: list[Piece] = []
        self.paging: Paging | None = None
        self.ready: dict[int, tuple[PartitionRecord, Operation]] = {}
        """Parts that need tokens before they are forwarded: where to, and what is asked there."""
        self.consumed = 0
        """Capacity, in micro-units, so far."""
        self.taken = 0
        """Bytes that are counted for it (`Room`)."""

    def older(self, used: Mapping[str, Known]) -> str | None:
        """The first of these tables that the metadata was asked for before this began; None if none was."""
        return next((name for name, known in used.items() if known.asked_at < self.began_at), None)

    @property
    def left(self) -> int:
        """Pieces that are not done."""
        return sum(not piece.done for piece in self.pieces)

    @property
    def items_bytes(self) -> int:
        """The size of the items that were read for it."""
        pages = 0 if self.paging is None else self.paging.bytes
        return pages + sum(0 if piece.item is None else len(piece.item) for piece in self.pieces)

    def called_by(self, part: PartOf) -> tuple[str, int]:
        """The table and the generation by which a call was made for a part."""
        by = self.paging or self.pieces[part.index]
        return by.table, by.generation


def what_became_of(asked: Asked) -> tuple[Result | ApiError, Item | None]:
    """The answer when all items are done, and the item for which a condition failed; each item has its own
    error, if any (R6). A batch of which nothing was done is answered with one of these errors: an indefinite
    one, if there is any, else that of an item whose table is still there.
    """
    if isinstance(asked.action, (BatchGetItem, BatchWriteItem)):
        failed = [(not one.error.definite, not one.gone, one.error) for one in asked.pieces if one.error]
        if len(failed) == len(asked.pieces):
            return max(failed, key=lambda one: one[:2])[2], None
        each = enumerate(asked.pieces)
        unprocessed = tuple((index, one.error.definite) for index, one in each if one.error is not None)
        return Batch(tuple(piece.item for piece in asked.pieces), unprocessed), None
    (piece,) = asked.pieces
    if piece.error is not None:
        return piece.error, piece.item
    return Done(piece.item if isinstance(asked.action, GetItem) else None), None

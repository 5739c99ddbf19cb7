"""From items and keys of the API to storage keys and operations of a partition: pure functions."""

from __future__ import annotations

import msgspec

from dynaproof.impl.metadata.records import TableRecord
from dynaproof.impl.partition.messages.requests import Delete, Get, Put
from dynaproof.impl.partition.records import Item
from dynaproof.impl.router.asked import Paging, Piece
from dynaproof.impl.router.messages import (
    Action,
    BatchGetItem,
    BatchWriteItem,
    DeleteItem,
    GetItem,
    PutItem,
    QueryTable,
    ScanTable,
)
from dynaproof.impl.values.attribute import Item as AttributeItem
from dynaproof.impl.values.encoding import decode_item
from dynaproof.impl.values.errors import InvalidValue, out_of_bounds
from dynaproof.impl.values.key import encode_exact_key, encode_key, partition_prefix
from dynaproof.impl.values.key_range import equal_part
from dynaproof.impl.values.size import check_item_depth, check_item_size, too_deep

MAX_SEGMENTS = 1_000_000
"""Of a parallel scan (API reference, Scan)."""


def decoded(item: Item) -> AttributeItem:
    """The attributes of an item or a key.

    Raises:
        InvalidValue: the bytes are no item, or one with too many levels.
    """
    try:
        found = decode_item(item)
    except RecursionError:
        raise too_deep() from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidValue("item_bytes", f"These bytes are not an item: {error}") from None
    check_item_depth(found)
    return found


def piece_of(table: TableRecord, action: PutItem | DeleteItem | GetItem) -> Piece:
    """The operation on one item.

    Raises:
        InvalidValue: the item or the key breaks a rule, with the service's words.
    """
    schema = table.schema
    if isinstance(action, PutItem):
        item = decoded(action.item)
        key = encode_key(schema, item)
        check_item_size(item)
        operation = Put(key, action.item, action.conditional, action.expected)
        return Piece(table.name, table.generation, key, operation)
    key = encode_exact_key(schema, decoded(action.key))
    if isinstance(action, GetItem):
        return Piece(table.name, table.generation, key, Get(key, action.strong))
    return Piece(table.name, table.generation, key, Delete(key, action.conditional, action.expected))


def page_of(table: TableRecord, action: ScanTable | QueryTable, most_items: int) -> Paging:
    """The range of storage keys that a page is filled from: of a query, those of its partition key, which lie
    together (rules R8 and R9).

    Raises:
        InvalidValue: there can be no such page.
    """
    wrong = out_of_bounds("limit", action.limit, 1)
    if wrong is None and isinstance(action, ScanTable):
        wrong = out_of_bounds("totalSegments", action.segments, 1, MAX_SEGMENTS)
        wrong = wrong or out_of_bounds("segment", action.segment, 0)
    if wrong is not None:
        raise wrong
    schema, wanted = table.schema, min(most_items, action.limit)
    high: bytes | None
    if isinstance(action, QueryTable):
        key = decoded(action.key)
        if list(key) != [schema.partition.name]:
            raise InvalidValue("query_key", "Query condition missed key schema element")
        low = partition_prefix(schema, key[schema.partition.name])
        high = behind(low)
    else:
        if action.segment >= action.segments:
            raise InvalidValue(
                "segments",
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
                f"Segment: {action.segment} is not less than TotalSegments: {action.segments}",
            )
        part = equal_part(action.segments, action.segment)
        low, high = part.start, part.end
    if action.after is not None:
        after = action.after + b"\x00"
        if after < low or (high is not None and after > high):
            raise InvalidValue("token", "The provided starting key is outside query boundaries")
        low = after
    return Paging(table.name, low, high, wanted)


MAX_WRITES, MAX_GETS = 25, 100
"""Of one batch (API reference, BatchWriteItem and BatchGetItem)."""


def check_bytes(action: Action, most: int) -> None:
    """Check that a batch of writes is not larger than this.

    Raises:
        InvalidValue: it is.
    """
    if isinstance(action, BatchWriteItem) and action.size_bytes > most:
        raise InvalidValue("batch_bytes", f"The total request size exceeds {most} bytes")


def tables_of(action: Action) -> tuple[str, ...]:
    """The names of the tables that an action is about, each once.

    Raises:
        InvalidValue: a batch is empty, or too large.
    """
    if isinstance(action, (ScanTable, QueryTable)):
        return (action.table,)
    return tuple(dict.fromkeys(one.table for one in single(action)))


def single(action: Action) -> tuple[PutItem | DeleteItem | GetItem, ...]:
    """The operations on single items in what was asked for; a batch has a few of them, on different items.

    Raises:
        InvalidValue: the batch is empty, or too large.
    """
    if isinstance(action, (PutItem, DeleteItem, GetItem)):
        return (action,)
    if isinstance(action, BatchGetItem):
        each, most = action.gets, MAX_GETS
    else:
        assert isinstance(action, BatchWriteItem), "only these are about single items"
        each, most = action.writes, MAX_WRITES  # type: ignore[assignment]
    if not each:
        raise InvalidValue(
            "batch_empty",
            "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        )
    if len(each) > most:
        call = type(action).__name__
        raise InvalidValue("batch_size", f"Too many items requested for the {call} call")
    return each


def check_different(pieces: list[Piece]) -> None:
    """Check that the items of a batch are different.

    Raises:
        InvalidValue: one is there twice.
    """
    if len({(piece.table, piece.key) for piece in pieces}) < len(pieces):
        raise InvalidValue("batch_duplicates", "Provided list of item keys contains duplicates")


def behind(prefix: bytes) -> bytes | None:
    """The first key behind all that begin with a prefix; None if there is none."""
    cut = prefix.rstrip(b"\xff")
    return cut[:-1] + bytes([cut[-1] + 1]) if cut else None

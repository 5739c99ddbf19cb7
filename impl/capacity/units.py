"""What an operation costs, in micro-units: the documented formulas over the sizes of items.

*Reads.* One read unit is a strongly consistent read of up to 4 KB; an eventual one costs half of that, a
transactional one twice. An item that is absent costs as much as a small one. Query and Scan sum the sizes of
the items that they evaluate, including those that a filter then drops, and round the sum; a batch rounds each
item.

*Writes.* One write unit is a write of up to 1 KB, by the larger of the item before and after; a transactional
one costs twice. A write whose condition fails costs the same; a deletion counts the item before.

Sizes are those of `values/size.py`: names and values. Source: developer guide, *DynamoDB read and write
operations*, *Capacity unit consumption*.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.values.size import MAX_ITEM_BYTES

Consistency = Literal["eventual", "strong", "transactional"]

READ_BYTES: Final = 4 * 1024
WRITE_BYTES: Final = 1024

HALVES: Final[dict[Consistency, int]] = {"eventual": 1, "strong": 2, "transactional": 4}
"""Half units that a read of up to 4 KB costs."""

PAGE_BYTES: Final = 1 << 20
"""What a page of Query or Scan evaluates, at the most."""


def pieces(size_bytes: int, piece_bytes: int) -> int:
    """How many begun pieces a size has; one at least."""
    return (size_bytes + piece_bytes - 1) // piece_bytes or 1


def read_cost(size_bytes: int, consistency: Consistency) -> int:
    """GetItem of an item of this size (0: an absent one), or a page that has evaluated this much."""
    return pieces(size_bytes, READ_BYTES) * HALVES[consistency] * (MICRO // 2)


def write_cost(before_bytes: int, after_bytes: int, *, transactional: bool = False) -> int:
    """PutItem, UpdateItem and DeleteItem, whether the condition holds or not; 0 bytes: absent.

    For a write whose condition fails, `after_bytes` is the size that the item would have had.
    """
    units = pieces(max(before_bytes, after_bytes), WRITE_BYTES)
    return units * (2 * MICRO if transactional else MICRO)


def batch_get_cost(sizes_bytes: Iterable[int], consistency: Consistency) -> int:
    """BatchGetItem, and the reads of a transaction: each item by itself."""
    return sum(read_cost(size, consistency) for size in sizes_bytes)


def page_cost(sizes_bytes: Iterable[int], consistency: Consistency) -> int:
    """A page of Query or Scan: the sum of what was evaluated, rounded once."""
    return read_cost(sum(sizes_bytes), consistency)


def batch_write_cost(sizes_bytes: Iterable[tuple[int, int]], *, transactional: bool = False) -> int:
    """BatchWriteItem, and several items that one record changes: pairs of sizes, before and after."""
    return sum(write_cost(before, after, transactional=transactional) for before, after in sizes_bytes)


LARGEST_WRITE: Final = write_cost(MAX_ITEM_BYTES, MAX_ITEM_BYTES)
"""One item of the largest size."""

LARGEST_READ: Final = read_cost(PAGE_BYTES, "strong")
"""A whole page, by a strongly consistent read."""

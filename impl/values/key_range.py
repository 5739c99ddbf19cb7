"""Ranges of the hash space: which keys a partition owns.

Storage keys begin with the 128-bit hash of their partition key (`key.py`), so a range of hashes is a range
of keys, and the range of a key is found by comparing bytes, without taking the key apart. A `KeyRange` is
half-open: `start` is its first position, `end` the first beyond it, or None at the end of the space.
Positions are 16 bytes, most significant first, so that they sort as the numbers do.

*Invariant.* start < end: no range is empty. A split gives two ranges that share nothing and leave nothing
out.

Source: the talk *DynamoDB under the hood* (partitions own ranges of the hash of the partition key).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from msgspec import Struct

HASH_BYTES = 16
"""Size of a position of the hash space."""

_END = 1 << (8 * HASH_BYTES)


class InvalidRange(ValueError):  # noqa: N818
    """A range that would be empty or outside the space, or a split at a point that is not inside."""


class KeyRange(Struct, frozen=True, gc=False, array_like=True):
    """The positions from `start` up to but not including `end` (None: to the end of the space)."""

    start: bytes
    end: bytes | None

    def __post_init__(self) -> None:
        if len(self.start) != HASH_BYTES or (self.end is not None and len(self.end) != HASH_BYTES):
            raise InvalidRange(f"positions of the hash space have {HASH_BYTES} bytes")
        if self.end is not None and self.start >= self.end:
            raise InvalidRange("a range ends after its start")

    def contains(self, key: bytes) -> bool:
        """Whether a position lies inside, or a storage key that begins with its position."""
        return self.start <= key and (self.end is None or key < self.end)

    def covers(self, other: KeyRange) -> bool:
        """Whether every position of `other` lies inside."""
        return self.start <= other.start and (
            self.end is None or (other.end is not None and other.end <= self.end)
        )

    def overlaps(self, other: KeyRange) -> bool:
        """Whether some position lies in both."""
        return (other.end is None or self.start < other.end) and (self.end is None or other.start < self.end)

    def split(self, at: bytes) -> tuple[KeyRange, KeyRange]:
        """The range up to `at`, and the range from `at` on.

        Raises:
            InvalidRange: `at` is not inside, or is the start (one half would be empty).
        """
        if at == self.start or len(at) != HASH_BYTES or not self.contains(at):
            raise InvalidRange("a range is split at a position inside it, not at its start")
        return KeyRange(self.start, at), KeyRange(at, self.end)

    def midpoint(self) -> bytes:
        """The position in the middle, rounded down; a split there gives halves that differ by at most one.

        Raises:
            InvalidRange: the range has a single position.
        """
        if self.positions == 1:
            raise InvalidRange("a range of a single position has no middle")
        return position(int.from_bytes(self.start, "big") + self.positions // 2)

    @property
    def positions(self) -> int:
        """How many positions the range has: 2 ** 128 for the whole space."""
        end = _END if self.end is None else int.from_bytes(self.end, "big")
        return end - int.from_bytes(self.start, "big")


def position(number: int) -> bytes:
    """The position with this number, from 0 to 2 ** 128 - 1. Raises InvalidRange for others."""
    if not 0 <= number < _END:
        raise InvalidRange("positions of the hash space go from 0 to 2 ** 128 - 1")
    return number.to_bytes(HASH_BYTES, "big")


def whole() -> KeyRange:
    """The whole space."""
    return KeyRange(bytes(HASH_BYTES), None)


def equal_parts(count: int) -> tuple[KeyRange, ...]:
    """The whole space as `count` ranges in order, whose sizes differ by at most one position; none ends
    within a hash (R9).

    Raises:
        InvalidRange: `count` is not from 1 to 2 ** 128.
    """
    if count < 1:
        raise _no_part()
    return tuple(equal_part(count, number) for number in range(count))


def equal_part(count: int, number: int) -> KeyRange:
    """One of `equal_parts`, counted from 0, without the others.

    Raises:
        InvalidRange: `count` is not from 1 to 2 ** 128, or there is no such part.
    """
    if not 1 <= count <= _END:
        raise _no_part()
    if not 0 <= number < count:
        raise InvalidRange("parts are counted from 0")
    last = number + 1 == count
    return KeyRange(
        position(_END * number // count), None if last else position(_END * (number + 1) // count)
    )


def _no_part() -> InvalidRange:
    return InvalidRange("the space is cut into at least one part, and no part is empty")


def are_disjoint(ranges: Iterable[KeyRange]) -> bool:
    """Whether no position lies in two of the ranges."""
    ordered = sorted(ranges, key=lambda each: each.start)
    return not any(left.overlaps(right) for left, right in pairwise(ordered))


def gaps(ranges: Iterable[KeyRange], within: KeyRange) -> tuple[KeyRange, ...]:
    """What of `within` lies in none of the ranges, in order; the ranges may overlap and stick out."""
    left_out: list[KeyRange] = []
    reached: bytes | None = within.start  # Everything of `within` before this is dealt with; None: all is.
    for each in sorted(ranges, key=lambda each: each.start):
        if reached is None or (within.end is not None and each.start >= within.end):
            break
        if each.start > reached:
            left_out.append(KeyRange(reached, each.start))
        reached = None if each.end is None else max(reached, each.end)
    if reached is not None and (within.end is None or reached < within.end):
        left_out.append(KeyRange(reached, within.end))
    return tuple(left_out)


def is_partition(ranges: Iterable[KeyRange], of: KeyRange) -> bool:
    """Whether the ranges are disjoint, and together are exactly `of`."""
    parts = tuple(ranges)
    return are_disjoint(parts) and not gaps(parts, of) and all(of.covers(part) for part in parts)

"""How large records are when they are encoded: what counts in a message, and in a leader's window.

The size of a record is computed once in each log that takes it, and kept as a sum, so that no bound in bytes
costs more than a look at two numbers, or a binary search.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from dynaproof.impl.paxos.records import Record

_encode = msgspec.msgpack.Encoder().encode

HEADER_BYTES = 512
"""What a message between replicas takes beside its records, at the most: two names, a few ballots and
numbers."""
BALLOT_BYTES = 64
"""What the ballot takes that goes with a chosen record, at the most."""
NO_OP_BYTES = 128
"""What the no-op of a new leader takes, at the most."""


def encoded_size(record: Record) -> int:
    """The bytes of a record as it is journalled and sent."""
    return len(_encode(record))


class Sizes:
    """Encoded sizes of consecutive records, as sums: those of any part are found at once."""

    __slots__ = ("_gone", "_last", "_sums")

    def __init__(self) -> None:
        self._gone = 0
        """Bytes of what was cut at the beginning."""
        self._sums: list[int] = []
        """Through each record, with what was cut."""
        self._last: tuple[Record | None, int] = (None, 0)

    def of(self, record: Record) -> int:
        """The size of one record. The last one is remembered: a leader asks before it proposes."""
        if record is not self._last[0]:
            self._last = (record, encoded_size(record))
        return self._last[1]

    def replace(self, at: int, records: Sequence[Record]) -> None:
        """These records stand from `at` on, which is at most behind the last; what is above them stays."""
        sums = self._sums
        above = [after - before for before, after in pairwise(sums[at + len(records) - 1 :])]
        del sums[at:]
        total = sums[-1] if sums else self._gone
        for size in (*map(self.of, records), *above):
            total += size
            sums.append(total)

    def keep(self, kept: int) -> None:
        """Only so many are left, from the first on."""
        del self._sums[kept:]

    def cut(self, gone: int) -> None:
        """So many are gone at the beginning."""
        if gone:
            self._gone = self._sums[gone - 1]
            del self._sums[:gone]

    def between(self, start: int, end: int) -> int:
        """The bytes of the records from `start` up to `end`, which is left out."""
        return self._through(end - 1) - self._through(start - 1) if end > start else 0

    def end_in(self, start: int, end: int, size: int, each: int) -> int:
        """Where a part from `start` on ends that takes at most `size` bytes, and `each` for every record; it
        has one record at least, and ends at `end` at the latest.
        """
        limit, sums = size + self._through(start - 1), self._sums
        fitting = bisect_right(
            range(start, end), limit, key=lambda at: sums[at] + each * (at - start + 1)
        )
        return max(start + fitting, min(start + 1, end))

    def _through(self, at: int) -> int:
        return self._sums[at] if at >= 0 else self._gone

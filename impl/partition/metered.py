"""The buckets of a partition's writes: a fold of its log and, as a row of `memory`, part of its state.

A record carries its cost and its commit timestamp, and a change of the rates is a record, so every replica
has the same levels at the same slot (`capacity/shares.py`). A leader is ahead of that by what is in flight:
it has a `Metered` of its own, a copy of the applied one plus what it has adopted and proposed since.

*Invariant.* The levels are those of folding the chosen records from the first `RatesSet` on. Before that, and
for ever in a bare group or a table without provisioned capacity, there are no buckets and nothing is refused
because of them: a table is active only once each of its partitions has its rates. The children of a split
divide what is left at the barrier, and the rates, until they get their own.
"""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.capacity.admission import Admission
from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.bucket import Bucket
from dynaproof.impl.capacity.rates import Fill, Rates, change, divide, part_of
from dynaproof.impl.node import Microseconds


class Level(Struct, frozen=True, gc=False, array_like=True):
    """The level of a bucket at a time: whole micro-units, rounded down, and the grains beyond them."""

    micro_units: int
    grains: int
    at_us: Microseconds


class MeteredRow(Struct, frozen=True, gc=False, array_like=True, tag="metered"):
    """The buckets of writes after a record."""

    rates: Rates
    own: Level
    cap: Level | None
    ids_before: int


class Metered:
    """The buckets of a partition's writes, and the rates at which all of its buckets fill."""

    __slots__ = ("ids_before", "rates", "writes")

    def __init__(self, rates: Rates, writes: Admission, ids_before: int) -> None:
        self.rates = rates
        self.writes = writes
        self.ids_before = ids_before
        """How many request ids were remembered when the rates were set."""

    @classmethod
    def begin(cls, rates: Rates, timestamp: Microseconds, ids_before: int = 0) -> Metered:
        """The first rates of a partition: the buckets are full."""
        return cls(rates, rates.full("Write", timestamp), ids_before)

    @classmethod
    def restore(cls, row: MeteredRow) -> Metered:
        """The buckets that a row describes."""
        own, cap = row.rates.write, row.rates.write_cap
        there = None if cap is None or row.cap is None else bucket_of(cap, row.cap)
        return cls(row.rates, Admission("Write", bucket_of(own, row.own), there), row.ids_before)

    def child(self, index: int, timestamp: Microseconds, ids: int) -> Metered:
        """The buckets with which a split's child begins, at the barrier; it remembers `ids` request ids."""
        rates = part_of(self.rates, index)
        writes = rates.full("Write", timestamp)
        divide(writes, self.writes, timestamp)
        return Metered(rates, writes, ids)

    def row(self) -> MeteredRow:
        """These buckets as a row."""
        cap = self.writes.cap
        return MeteredRow(
            self.rates, level_of(self.writes.own), None if cap is None else level_of(cap), self.ids_before
        )

    def fold(self, cost: int, timestamp: Microseconds) -> None:
        """Charge what a leader has admitted."""
        self.writes.replay(cost, timestamp)

    def change(self, rates: Rates, timestamp: Microseconds, ids_before: int = 0) -> None:
        """Go on at other rates."""
        change(self.writes, rates, timestamp)
        self.rates, self.ids_before = rates, ids_before


def level_of(bucket: Bucket) -> Level:
    """The level of a bucket."""
    return Level(*divmod(bucket.level, MICRO), bucket.at_us)


def bucket_of(fill: Fill, level: Level) -> Bucket:
    """A bucket with this level."""
    return Bucket(fill.rate, fill.capacity, level.micro_units * MICRO + level.grains, level.at_us)

"""Buckets, written a second time, on purpose: they do not share a bug with the system's."""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.impl.capacity.rates import Fill, Version
from dynaproof.impl.partition.records import Outcome, RatesSet, Write
from dynaproof.impl.paxos.records import Record
from dynaproof.specs.views.capacity_facts import MICRO


class Reference:
    """A bucket, as simple as can be."""

    __slots__ = ("at_us", "capacity", "level", "rate")

    def __init__(self, fill: Fill, at_us: int) -> None:
        self.rate, self.capacity = fill.rate, fill.kept * MICRO
        self.level, self.at_us = self.capacity, at_us

    def to(self, at_us: int) -> None:
        """Fill up to a time, unless it is past."""
        if at_us > self.at_us:
            self.level = min(self.capacity, self.level + self.rate * (at_us - self.at_us))
            self.at_us = at_us

    def charge(self, cost: int, at_us: int) -> None:
        """Take what a request costs."""
        self.to(at_us)
        self.level -= cost * MICRO

    def change(self, fill: Fill, at_us: int) -> None:
        """Continue at another rate."""
        self.to(at_us)
        self.rate, self.capacity = fill.rate, fill.kept * MICRO
        self.level = min(self.level, self.capacity)

    def loosen(self, fill: Fill) -> None:
        """The rate changed at an unknown time after the last request: fill at the greater of the two."""
        self.rate, self.capacity = max(self.rate, fill.rate), max(self.capacity, fill.kept * MICRO)

    def child(self, index: int, at_us: int, *, is_cap: bool) -> Reference:
        """The bucket of one of a split's two children: half of this one; a cap keeps its rate."""
        self.to(at_us)
        rate, kept = self.rate, self.capacity // MICRO
        if not is_cap:
            rate, kept = max(1, (rate + 1 - index) // 2), (kept + 1 - index) // 2
        half = Reference(Fill(rate, kept), self.at_us)
        half.level = min(half.capacity, self.level // 2)
        return half

    def copy(self) -> Reference:
        """An independent copy."""
        other = Reference(Fill(self.rate, 0), self.at_us)
        other.capacity, other.level = self.capacity, self.level
        return other


class Buckets:
    """The bucket of a partition's share, and that of its cap, if it has one."""

    __slots__ = ("cap", "own", "version")

    def __init__(self, own: Reference, cap: Reference | None, version: Version) -> None:
        self.own = own
        self.cap = cap
        self.version = version

    @classmethod
    def full(cls, own: Fill, cap: Fill | None, version: Version, at_us: int) -> Buckets:
        """Full ones, as they begin."""
        return cls(Reference(own, at_us), None if cap is None else Reference(cap, at_us), version)

    def change(self, own: Fill, cap: Fill | None, version: Version, at_us: int) -> None:
        """Continue at other rates."""
        self.own.change(own, at_us)
        self.version = version
        if cap is None:
            self.cap = None
        elif self.cap is None:
            self.cap = Reference(cap, at_us)
        else:
            self.cap.change(cap, at_us)

    def fold(self, records: Iterable[Record]) -> None:
        """Charge records."""
        for record in records:
            if isinstance(record, RatesSet):
                rates = record.rates
                self.change(rates.write, rates.write_cap, rates.version, record.timestamp)
            elif isinstance(record, (Write, Outcome)):
                for _, bucket in self.each():
                    bucket.charge(record.cost, record.timestamp)

    def child(self, index: int, at_us: int) -> Buckets:
        """The buckets of one of the two children of a split."""
        cap = None if self.cap is None else self.cap.child(index, at_us, is_cap=True)
        return Buckets(self.own.child(index, at_us, is_cap=False), cap, self.version)

    def each(self) -> list[tuple[str, Reference]]:
        """Both buckets, each with its name."""
        return [("the share", self.own)] + ([] if self.cap is None else [("the cap", self.cap)])

    def copy(self) -> Buckets:
        """Independent copies."""
        return Buckets(self.own.copy(), None if self.cap is None else self.cap.copy(), self.version)

    def shown(self) -> str:
        """The levels as text."""
        return ", ".join(f"{bucket.level} at {bucket.at_us} in {name}" for name, bucket in self.each())


def fastest(rate: int, drift_ppm: int) -> int:
    """The rate at which a bucket fills by the fastest clock."""
    return rate + 2 * rate * drift_ppm // 1_000_000 + 1

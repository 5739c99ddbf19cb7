"""A token bucket: it fills at a rate up to its capacity, and what is admitted takes its cost out of it.

*Invariant.* The level lies within [-largest, capacity], where `largest` is the greatest cost of one request.

*Rules.*

1. A request is admitted if the bucket holds its cost, **or is full**: so a large item can be written to a
   small table at all, and the debt that it leaves is less than its cost. Debt is paid by the fill before
   anything else is admitted.
2. A clock that reads less than before fills nothing, and what it reads afterwards counts from the highest
   reading. So whatever a clock does, the fill is at most the rate times the rise of its highest reading.
3. When the rate changes, the bucket fills at the old rate up to then, and keeps its level as far as it fits.

By rules 1 to 3 what is admitted is at most the level at the beginning, plus all that was filled, plus one
largest request; the proofs are in `checkers/proofs/buckets.py`.

Rates are micro-units a second, costs micro-units, levels and capacities grains (`arithmetic`).
Source: developer guide, *Burst capacity* (up to 300 seconds of unused capacity).
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from dynaproof.impl.capacity.arithmetic import MICRO, SECOND_US, div, maximum, minimum

BURST_US: Final = 300 * SECOND_US
"""How much of its fill a partition's bucket keeps."""


def burst(rate: int) -> int:
    """The capacity of a partition's bucket: 300 seconds of its fill."""
    return rate * BURST_US


def read_at(at_us: int, now_us: int) -> int:
    """The highest reading of the clock so far (rule 2)."""
    return maximum(at_us, now_us)


def refilled(level: int, elapsed_us: int, rate: int, capacity: int) -> int:
    """The level after a time without requests."""
    return minimum(capacity, level + rate * elapsed_us)


def admits(level: int, cost: int, capacity: int) -> bool:
    """Whether a request of this cost is admitted now (rule 1)."""
    return (level >= cost * MICRO) | (level >= capacity)


def charged(level: int, cost: int) -> int:
    """The level once a request has been admitted."""
    return level - cost * MICRO


def kept(level: int, capacity: int) -> int:
    """What stays of a level when the rate, and so the capacity, changes (rule 3)."""
    return minimum(level, capacity)


def admitted_at_once(level: int, cost: int, asked: int, capacity: int) -> int:
    """How many of `asked` equal requests at the same moment are admitted, one after the other.

    As many as the level holds; or one, if the bucket is full.
    """
    held = div(maximum(level, 0), cost * MICRO)
    full = minimum(1, maximum(0, level - capacity + 1))
    return minimum(asked, maximum(held, full))


def admitted_at_most(rate: int, capacity: int, largest: int, window_us: int) -> int:
    """What a bucket admits in any window of this length, at the most, in grains."""
    return capacity + rate * window_us + largest * MICRO


class Bucket(Struct):
    """The state of one bucket, and the pure functions above applied to it in their order."""

    rate: int
    """Micro-units a second."""
    capacity: int
    """Grains."""
    level: int
    """Grains, at the time `at_us`; below 0 is debt."""
    at_us: int
    """The highest time that was read."""

    def refill(self, now_us: int) -> None:
        """Fill up to now."""
        at_us = read_at(self.at_us, now_us)
        self.level = refilled(self.level, at_us - self.at_us, self.rate, self.capacity)
        self.at_us = at_us

    def take(self, cost: int, now_us: int) -> bool:
        """Refill, then admit a request and charge it, or refuse it without an effect."""
        self.refill(now_us)
        if not admits(self.level, cost, self.capacity):
            return False
        self.level = charged(self.level, cost)
        return True

    def change(self, rate: int, capacity: int, now_us: int) -> None:
        """Go on at another rate (rule 3)."""
        self.refill(now_us)
        self.rate, self.capacity, self.level = rate, capacity, kept(self.level, capacity)

    def replay(self, cost: int, timestamp_us: int) -> None:
        """Fold a record of the log, which was admitted already: fill up to its timestamp, take its cost."""
        self.refill(timestamp_us)
        self.level = charged(self.level, cost)


def full_bucket(rate: int, capacity: int, now_us: int) -> Bucket:
    """A bucket at its beginning: that of a table that was just made."""
    return Bucket(rate, capacity, capacity, now_us)

"""What a table was given, and what each of its partitions has of it.

`Provisioned` belongs to a table; `rates_of` divides it among the partitions (`shares`). A partition is told
its `Rates` with a version that only grows, so of two commands the one decided later stands, whichever comes
last.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct, structs

from dynaproof.impl.capacity.admission import CAPS, Admission, Direction, partitions_for
from dynaproof.impl.capacity.arithmetic import MICRO, SECOND_US, div, maximum
from dynaproof.impl.capacity.bucket import BURST_US, Bucket, full_bucket
from dynaproof.impl.capacity.controller import MOST, ONE
from dynaproof.impl.capacity.shares import boosted, divided, share

LEAST_US: Final = SECOND_US // 100
LEAST_RATE: Final = MICRO // 1_000
"""Micro-units a second that a table is given, at the least: no partition is left with nothing."""
MOST_RATE: Final = 1_000_000 * MICRO
"""Micro-units a second that a table is given, at the most."""
MOST_KEPT: Final = MOST_RATE * (BURST_US // SECOND_US)
"""Micro-units that a bucket keeps, at the most."""
CHILDREN: Final = 2
"""Of a partition that is split."""


class Version(Struct, frozen=True, gc=False, array_like=True, order=True):
    """The version of the rates of a table's partitions; versions ascend as rates are decided."""

    given: int
    """The version of what the table is given."""
    term: int = 0
    """The term of the admin that has boosted that; 0 if none has."""
    step: int = 0
    """How often that admin had boosted it."""


NO_VERSION: Final = Version(0)
"""Of a partition without rates."""

Adapting: TypeAlias = Literal["none", "proportional", "pid", "on_demand", "global"]
"""How a table's rate gets to where it is asked for: by shares alone; by a multiplier of the shares, which a
controller decides, or which follows the peaks of the table; or by tokens that routers draw, and then its
partitions have only their caps.
"""


class Provisioned(Struct, frozen=True, gc=False, array_like=True):
    """What a table is given, in micro-units a second; values other than the service's are for experiments."""

    read: int
    write: int
    burst_us: int = BURST_US
    """How much of its fill a partition's bucket keeps."""
    read_cap: int | None = CAPS["Read"]
    write_cap: int | None = CAPS["Write"]
    """What one partition serves, in micro-units a second, whatever it has saved; None: as much as it has."""
    adapts: Adapting = "none"


class Fill(Struct, frozen=True, gc=False, array_like=True):
    """How a bucket fills: at `rate` micro-units a second, up to `kept` micro-units. All its numbers fit the
    64 bits of a message; grains do not.
    """

    rate: int
    kept: int

    @property
    def capacity(self) -> int:
        """In grains."""
        return self.kept * MICRO

    def bucket(self, now_us: int) -> Bucket:
        """A full bucket."""
        return full_bucket(self.rate, self.capacity, now_us)

    def is_sound(self) -> bool:
        """Whether a bucket may fill like this."""
        return 0 < self.rate <= MOST_RATE * (MOST // ONE) and 0 <= self.kept <= MOST_KEPT


class Rates(Struct, frozen=True, gc=False, array_like=True):
    """How the buckets of a partition fill: its own, and that of its cap, if it has one."""

    version: Version
    """It only grows."""
    read: Fill
    write: Fill
    read_cap: Fill | None
    write_cap: Fill | None
    table: str = ""
    """The table in whose metrics it counts; empty: in none."""

    def is_sound(self) -> bool:
        """Whether buckets may fill like this."""
        fills = (self.read, self.write, self.read_cap, self.write_cap)
        return self.version > NO_VERSION and all(fill is None or fill.is_sound() for fill in fills)

    def own(self, direction: Direction) -> Fill:
        """How its own bucket fills."""
        return self.read if direction == "Read" else self.write

    def cap(self, direction: Direction) -> Fill | None:
        """How the bucket of its cap fills."""
        return self.read_cap if direction == "Read" else self.write_cap

    def full(self, direction: Direction, now_us: int) -> Admission:
        """The buckets of a partition that was just made: all full."""
        cap = self.cap(direction)
        return Admission(
            direction, self.own(direction).bucket(now_us), None if cap is None else cap.bucket(now_us)
        )


class Usage(Struct, array_like=True):
    """What was asked of buckets, in micro-units."""

    read: int = 0
    """Reads admitted."""
    read_refused: int = 0
    """Reads refused."""
    write: int = 0
    write_refused: int = 0
    """Likewise, of writes."""

    def add(self, other: Usage) -> None:
        """Count another usage too."""
        self.read += other.read
        self.read_refused += other.read_refused
        self.write += other.write
        self.write_refused += other.write_refused

    def since(self, before: Usage) -> Usage:
        """The increase since `before`; all of it, if the counting began anew."""
        more = Usage(
            self.read - before.read,
            self.read_refused - before.read_refused,
            self.write - before.write,
            self.write_refused - before.write_refused,
        )
        return self if min(more.read, more.read_refused, more.write, more.write_refused) < 0 else more


def change(admission: Admission, rates: Rates, now_us: int) -> None:
    """Go on at other rates: nothing is minted (`bucket`, rule 3). A cap that was not there begins full."""
    own, cap = rates.own(admission.direction), rates.cap(admission.direction)
    admission.own.change(own.rate, own.capacity, now_us)
    if cap is None:
        admission.cap = None
    elif admission.cap is None:
        admission.cap = cap.bucket(now_us)
    else:
        admission.cap.change(cap.rate, cap.capacity, now_us)


def part_of(rates: Rates, index: int) -> Rates:
    """What a child of a split, by its index in the order of ranges, has of the rates of its parent until it
    hears its own (A16). Each child has the parent's cap.
    """

    def part(fill: Fill) -> Fill:
        return Fill(maximum(1, share(fill.rate, CHILDREN, index)), share(fill.kept, CHILDREN, index))

    return structs.replace(rates, read=part(rates.read), write=part(rates.write))


def divide(child: Admission, parent: Admission, now_us: int) -> None:
    """A child's own bucket begins with its part of what is left in its parent's (`shares`); so does the
    bucket of its cap, which fills again in a second.
    """
    pairs = [(child.own, parent.own)]
    if child.cap is not None and parent.cap is not None:
        pairs.append((child.cap, parent.cap))
    for its, whole in pairs:
        whole.refill(now_us)
        its.level, its.at_us = divided(whole.level, 1, CHILDREN, its.capacity), whole.at_us


def is_sound(given: Provisioned) -> bool:
    """Whether a table can be given so much."""
    rates = (given.read, given.write, given.read_cap, given.write_cap)
    return LEAST_US <= given.burst_us <= BURST_US and all(
        rate is None or LEAST_RATE <= rate <= MOST_RATE for rate in rates
    )


def partitions_needed(given: Provisioned) -> int:
    """How many partitions a table needs so that no share of what it is given passes a cap (A18)."""
    pairs = ((given.read, given.read_cap), (given.write, given.write_cap))
    return max((partitions_for(rate, cap) for rate, cap in pairs if cap is not None), default=1)


def of_table(given: Provisioned, direction: Direction) -> Fill:
    """How the bucket of a whole table fills."""
    rate = given.read if direction == "Read" else given.write
    return Fill(rate, div(rate * given.burst_us, SECOND_US))


def rates_of(
    given: Provisioned,
    version: Version,
    partitions: int,
    index: int,
    *,
    read_multiplier: int = ONE,
    write_multiplier: int = ONE,
    table: str = "",
) -> Rates:
    """What the partition of this index, in the order of ranges, has of what its table is given (A16), times
    the multipliers, in millionths; what is kept for bursts is that of the share. Under global admission it
    has its cap.
    """

    def own(rate: int, cap: int | None, multiplier: int) -> Fill:
        if given.adapts == "global":
            most = MOST_RATE if cap is None else cap
            return Fill(most, most)
        part = share(rate, partitions, index)
        return Fill(boosted(part, multiplier), div(part * given.burst_us, SECOND_US))

    def cap(rate: int | None) -> Fill | None:
        return None if rate is None else Fill(rate, rate)  # One second's fill.

    return Rates(
        version,
        own(given.read, given.read_cap, read_multiplier),
        own(given.write, given.write_cap, write_multiplier),
        cap(given.read_cap),
        cap(given.write_cap),
        table,
    )

"""Facts about metrics, alarms, and tables that are scaled. Amounts are in micro-units; what is provisioned is
in whole units of the table's policy.
"""

from __future__ import annotations

from dynaproof.specs.views.region import RegionFact


class Emitted(RegionFact, frozen=True, gc=False):
    """What all nodes have ever emitted of a table's metric, each emission once, beside what all replicas of
    the table have ever counted of it.
    """

    table: str
    metric: str
    emitted: int
    counted: int


class Stored(RegionFact, frozen=True, gc=False):
    """The statistics of a period of a metric (count, sum, maximum), beside those of the emissions that were
    answered.
    """

    table: str
    metric: str
    period: int
    stored: tuple[int, int, int]
    expected: tuple[int, int, int]


class AlarmAt(RegionFact, frozen=True, gc=False):
    """The state that an alarm is in, and the one that it should be in; how many of the periods that it looks
    at breach its threshold, and how many are missing.
    """

    table: str
    alarm: str
    state: str
    expected: str
    breaching: int
    missing: int


class OrderGiven(RegionFact, frozen=True, gc=False):
    """How much was ordered to be provisioned; what the alarms and the last period make of the amount before,
    and why; whether a cooldown may hold that back; and the bounds.
    """

    table: str
    metric: str
    before: int
    ordered: int
    expected: int
    why: str
    held: bool
    least: int
    most: int


class Provision(RegionFact, frozen=True, gc=False):
    """What a table is given has changed: by how much, how long after the last change, and the cooldown that
    has to pass first, both by the clock of the service that scales it; and the bounds of what it may be
    given.
    """

    table: str
    metric: str
    before: int
    after: int
    least: int
    most: int
    since_us: int
    cooldown_us: int


class ChangeOrdered(RegionFact, frozen=True, gc=False):
    """A change follows a table's version `before`; and how many orders based on that version asked for it."""

    table: str
    before: int
    orders: int


class Turned(RegionFact, frozen=True, gc=False):
    """What is provisioned changes in the other direction than last time: what a period had consumed when that
    change was decided, and when this one was, after it; None: no order for this one came after it.
    """

    table: str
    metric: str
    out: bool
    consumed_before: int
    consumed: int | None


class SplitForCapacity(RegionFact, frozen=True, gc=False):
    """A split of a partition begins because its table has so many partitions, and needs so many."""

    table: str
    partition: int
    partitions: int
    needed: int


class Crowded(RegionFact, frozen=True, gc=False):
    """Long after the faults, a table has so many partitions, and needs so many."""

    table: str
    partitions: int
    needed: int
    waited_us: int

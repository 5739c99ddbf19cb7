"""Facts about metrics, alarms, and tables that are scaled. Amounts are micro-units, what is provisioned whole
units of the table's policy.
"""

from __future__ import annotations

from dynaproof.specs.views.region import RegionFact


class Emitted(RegionFact, frozen=True, gc=False):
    """What all nodes have ever emitted of a metric of a table, each emission once, beside what all replicas
    of the table have ever counted of it.
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
    """An alarm is in a state, and should be in another one, or the same; of the periods that it looks at so
    many breach its threshold, and so many are missing.
    """

    table: str
    alarm: str
    state: str
    expected: str
    breaching: int
    missing: int


class OrderGiven(RegionFact, frozen=True, gc=False):
    """It is ordered that so much be provisioned; what the alarms and the last period make of what was there
    before, and why; whether a cooldown may hold that back; and the bounds.
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
    """What a table is given has changed by so much, so long after the last change, of which a cooldown
    passes first, both by the clock of whoever scales it; and what it may be given.
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
    """A table's version `before` is followed by a change: orders by that version, which asked for it, were
    given so often.
    """

    table: str
    before: int
    orders: int


class Turned(RegionFact, frozen=True, gc=False):
    """What is provisioned goes the other way than at its last change: that was decided when a period had
    consumed so much, and this, since then, when it had consumed so much; None: it was not ordered since.
    """

    table: str
    metric: str
    out: bool
    consumed_before: int
    consumed: int | None


class SplitForCapacity(RegionFact, frozen=True, gc=False):
    """It is begun to split a partition because its table of so many partitions needs so many."""

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

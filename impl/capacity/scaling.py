"""Auto scaling by target tracking: two alarms on what a table consumes move what it is provisioned.

*Rules.*

1. The high alarm goes off when the utilisation is above the target for 2 minutes, the low one when it is 20
   points below the target, or below half of it, for 15.
2. Then as much is provisioned as makes the last minute's consumption the target: consumption / target,
   rounded up to whole units, within the bounds.
3. A high alarm never lowers what is provisioned, and a low one never raises it; each waits for its cooldown
   since the last change.
4. Only minutes that began after the last change count: those before it say what could be consumed then.

Cooldowns go by a clock that never steps, minutes by the clock that dates the metrics; with one clock, these
are the same. A policy may have other periods than minutes, and other units than whole ones: experiments are
shorter than days, and smaller than tables.

*Why it does not flap.* Let the load be L, and D what rule 2 makes of it. What is consumed is at most L, and
at least the lesser of L and what is provisioned. If less than D is provisioned, a high alarm raises that to D
at the most and a low one does not change it; if more than D is provisioned, a high alarm does not change it,
and a low one lowers it to D. So under constant load it goes in one direction, whatever the alarms do, and D
is where it stays.

The proofs are in `checkers/proofs/scaling.py`. Source: developer guide, *Managing throughput capacity
automatically with auto scaling*. Not here: the limit on how often a table may be decreased in a day.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct, field

from dynaproof.impl.capacity.alarms import Alarm, Missing
from dynaproof.impl.capacity.arithmetic import (
    MICRO,
    MINUTE_US,
    SECOND_US,
    ceiling,
    clamped,
    div,
    maximum,
    minimum,
    select,
)
from dynaproof.impl.capacity.metrics import Metric, MetricStore

LEAST_TARGET, MOST_TARGET = 20, 90
"""Percent that a target may be."""

HIGH_PERIODS: Final = 2
LOW_PERIODS: Final = 15
LOW_POINTS: Final = 20


class Tracking(Struct, frozen=True):
    """What a table's provisioned units follow."""

    target_percent: int
    least: int
    most: int
    """Whole units."""
    out_cooldown_us: int = MINUTE_US
    in_cooldown_us: int = 5 * MINUTE_US
    unit: int = MICRO
    """What the bounds are counted in, in micro-units a second."""
    period_us: int = MINUTE_US
    """How long a period of the metrics is."""
    high_periods: int = HIGH_PERIODS
    low_periods: int = LOW_PERIODS
    missing: Missing = "ignore"
    """How both alarms treat a period without data."""


def low_percent(target_percent: int) -> int:
    """The utilisation below which the low alarm goes off."""
    return maximum(target_percent - LOW_POINTS, div(target_percent, 2))


PART: Final = 100 * SECOND_US
"""Parts in a micro-unit: in these, a period's consumption at a utilisation is a whole number."""


def per_period(units: int, percent: int, tracking: Tracking) -> int:
    """What a period at this utilisation consumes, in parts of a micro-unit."""
    return units * percent * tracking.unit * tracking.period_us


def desired(consumed: int, tracking: Tracking) -> int:
    """The units to provision so that a period's consumption, in micro-units, is the target (rule 2)."""
    needed = ceiling(consumed * 100 * SECOND_US, tracking.target_percent * tracking.unit * tracking.period_us)
    return clamped(needed, tracking.least, tracking.most)


def scaled(provisioned: int, consumed: int, tracking: Tracking, high: Any, low: Any, since_us: int) -> int:
    """What is provisioned next, `since_us` after the last change (rule 3)."""
    wanted = desired(consumed, tracking)
    out = high & (since_us >= tracking.out_cooldown_us)
    back = low & (since_us >= tracking.in_cooldown_us)
    lowered = select(back, minimum(provisioned, wanted), provisioned)
    return clamped(select(out, maximum(provisioned, wanted), lowered), tracking.least, tracking.most)


class Scaler(Struct):
    """Auto scaling of one table, for reads or for writes."""

    tracking: Tracking
    consumed: Metric
    """Its values are micro-units."""
    provisioned: int
    changed_us: int = 0
    """When what is provisioned was changed last."""
    counts_from_us: int = 0
    """From when on periods count (rule 4), by the clock of the metrics."""
    high: Alarm = field(default_factory=lambda: Alarm("", Metric("", ""), "Sum", True, 0, 1, 1))
    low: Alarm = field(default_factory=lambda: Alarm("", Metric("", ""), "Sum", False, 0, 1, 1))

    def __post_init__(self) -> None:
        high, low, missing = self.tracking.high_periods, self.tracking.low_periods, self.tracking.missing
        self.high = Alarm("AlarmHigh", self.consumed, "Sum", True, 0, high, high, missing)
        self.low = Alarm("AlarmLow", self.consumed, "Sum", False, 0, low, low, missing)
        self.aim()

    def aim(self) -> None:
        """Set the alarms to what is provisioned now."""
        tracking = self.tracking
        target, low = tracking.target_percent, low_percent(tracking.target_percent)
        # Consumption is whole micro-units: so it is beyond these where it is beyond the parts.
        self.high.threshold = div(per_period(self.provisioned, target, tracking), PART)
        self.low.threshold = ceiling(per_period(self.provisioned, low, tracking), PART)

    def evaluate(self, store: MetricStore, clock_us: int) -> None:
        """Bring the alarms to their states, by the clock of the metrics."""
        self.high.evaluate(store, clock_us, self.counts_from_us)
        self.low.evaluate(store, clock_us, self.counts_from_us)

    def wanted(self, store: MetricStore, now_us: int, clock_us: int) -> int:
        """What should be provisioned, by the alarms as they are and the last period."""
        (consumed,) = store.last(self.consumed, "Sum", 1, clock_us, self.counts_from_us)
        if consumed is None:
            return self.provisioned
        high, low = self.high.state == "ALARM", self.low.state == "ALARM"
        since_us = now_us - self.changed_us
        return scaled(self.provisioned, consumed, self.tracking, high, low, since_us)

    def change(self, provisioned: int, now_us: int, clock_us: int) -> None:
        """From now on this much is provisioned."""
        self.provisioned, self.changed_us, self.counts_from_us = provisioned, now_us, clock_us
        self.aim()

    def step(self, store: MetricStore, now_us: int) -> bool:
        """Evaluate the alarms, and change what is provisioned; whether it has changed. With one clock."""
        self.evaluate(store, now_us)
        return self.act(store, now_us)

    def act(self, store: MetricStore, now_us: int) -> bool:
        """Change what is provisioned, by the alarms as they are; whether it has changed. With one clock."""
        wanted = self.wanted(store, now_us, now_us)
        if wanted == self.provisioned:
            return False
        self.change(wanted, now_us, now_us)
        return True

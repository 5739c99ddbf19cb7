"""Auto scaling by target tracking: two alarms on what a table consumes move what it is provisioned.

*Rules.*

1. The high alarm goes off when the utilisation is above the target for 2 minutes, the low one when it is 20
   points below the target, or below half of it, for 15.
2. What is provisioned then is what makes the last minute's consumption the target: consumption / target,
   rounded up to whole units, within the bounds.
3. A high alarm never lowers it and a low one never raises it; each waits for its cooldown since the last
   change.
4. Only minutes that began after the last change count: those before it say what could be consumed then.

*Why it does not flap.* Let the load be L, and D what rule 2 makes of it. What is consumed is at most L, and
at least the lesser of L and what is provisioned. Below D, a high alarm raises it to D at the most and a low
one does not move it; above D, a high alarm does not move it, and a low one lowers it to D. So under constant
load it goes in one direction, whatever the alarms do, and D is where it stays.

The proofs are in `checkers/proofs/scaling.py`. Source: developer guide, *Managing throughput capacity
automatically with auto scaling*. Not here: the limit on how often a table may be decreased in a day.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct, field

from dynaproof.impl.capacity.alarms import Alarm
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


def low_percent(target_percent: int) -> int:
    """The utilisation below which the low alarm goes off."""
    return maximum(target_percent - LOW_POINTS, div(target_percent, 2))


def per_minute(units: int, percent: int) -> int:
    """What a minute at this utilisation consumes, in micro-units."""
    return div(units * percent * (MINUTE_US // SECOND_US) * MICRO, 100)


def desired(consumed: int, tracking: Tracking) -> int:
    """The units of which a minute's consumption, in micro-units, is the target (rule 2)."""
    needed = ceiling(consumed * 100, tracking.target_percent * (MINUTE_US // SECOND_US) * MICRO)
    return clamped(needed, tracking.least, tracking.most)


def scaled(provisioned: int, consumed: int, tracking: Tracking, high: Any, low: Any, since_us: int) -> int:
    """What is provisioned next, so long after the last change (rule 3)."""
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
    high: Alarm = field(default_factory=lambda: Alarm("", Metric("", ""), "Sum", True, 0, 1, 1))
    low: Alarm = field(default_factory=lambda: Alarm("", Metric("", ""), "Sum", False, 0, 1, 1))

    def __post_init__(self) -> None:
        self.high = Alarm("AlarmHigh", self.consumed, "Sum", True, 0, HIGH_PERIODS, HIGH_PERIODS)
        self.low = Alarm("AlarmLow", self.consumed, "Sum", False, 0, LOW_PERIODS, LOW_PERIODS)
        self.aim()

    def aim(self) -> None:
        """Set the alarms to what is provisioned now."""
        self.high.threshold = per_minute(self.provisioned, self.tracking.target_percent)
        self.low.threshold = per_minute(self.provisioned, low_percent(self.tracking.target_percent))

    def step(self, store: MetricStore, now_us: int) -> bool:
        """Evaluate the alarms, and change what is provisioned; whether it has changed."""
        self.high.evaluate(store, now_us, self.changed_us)
        self.low.evaluate(store, now_us, self.changed_us)
        return self.act(store, now_us)

    def act(self, store: MetricStore, now_us: int) -> bool:
        """Change what is provisioned by the alarms as they are; whether it has changed."""
        (consumed,) = store.last(self.consumed, "Sum", 1, now_us, self.changed_us)
        if consumed is None:
            return False
        high, low = self.high.state == "ALARM", self.low.state == "ALARM"
        since_us = now_us - self.changed_us
        provisioned = scaled(self.provisioned, consumed, self.tracking, high, low, since_us)
        if provisioned == self.provisioned:
            return False
        self.provisioned, self.changed_us = provisioned, now_us
        self.aim()
        return True

"""Alarms on metrics: how many of the last periods were beyond a threshold.

An alarm looks at the last `periods` periods, and is in ALARM if at least `needed` of them breach its
threshold. What a missing period counts as depends on the alarm: `breaching`, `not_breaching`; with `ignore` a
missing period leaves the state as it is, unless the others decide it; with `missing` an alarm without any
period has INSUFFICIENT_DATA.

Source: CloudWatch user guide, *Using Amazon CloudWatch alarms*, *Configuring how alarms treat missing data*.
Unlike there, the range is not widened where periods are missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from dynaproof.impl.capacity.arithmetic import select
from dynaproof.impl.capacity.metrics import Metric, MetricStore, Statistic

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Missing = Literal["missing", "ignore", "breaching", "not_breaching"]


def alarming(breaching: int, missing: int, needed: int, missing_breach: bool) -> bool:
    """Whether enough periods breach the threshold; missing ones do if they count as breaching."""
    return breaching + select(missing_breach, missing, 0) >= needed


def decided(breaching: int, missing: int, needed: int) -> bool:
    """Whether the state is the same whatever the missing periods were."""
    return (breaching >= needed) | (breaching + missing < needed)


class Alarm(Struct):
    """A threshold over a metric, and its state."""

    name: str
    metric: Metric
    statistic: Statistic
    above: bool
    """Whether values above the threshold breach it, or values below."""
    threshold: int
    periods: int
    needed: int
    missing: Missing = "ignore"
    state: State = "INSUFFICIENT_DATA"

    def breaches(self, value: int) -> bool:
        """Whether a period with this statistic breaches the threshold."""
        return value > self.threshold if self.above else value < self.threshold

    def evaluate(self, store: MetricStore, now_us: int, since_us: int = 0) -> None:
        """Go to the next state, by the periods that are over and began at `since_us` or later."""
        self.judge(store.last(self.metric, self.statistic, self.periods, now_us, since_us))

    def judge(self, points: Sequence[int | None]) -> None:
        """Go to the next state, by the statistics of these periods."""
        breaching = sum(self.breaches(value) for value in points if value is not None)
        missing = sum(value is None for value in points)
        if self.missing == "missing" and missing == len(points):
            self.state = "INSUFFICIENT_DATA"
        elif self.missing != "ignore" or decided(breaching, missing, self.needed):
            on = alarming(breaching, missing, self.needed, self.missing == "breaching")
            self.state = "ALARM" if on else "OK"

"""Metrics, as a CloudWatch-like service keeps them: sums, counts and maxima over periods of one minute.

A metric is a namespace, a name and dimensions. A node that consumes or refuses capacity puts values; a period
is read once it is over. A period in which nothing was put has no statistics: it is missing, not 0.

*Invariant.* A metric keeps at most `KEPT_PERIODS` periods, and a store at most `KEPT_METRICS` metrics; beyond
that the oldest period goes, and a value of a further metric is counted in `shed`.

Source: CloudWatch user guide, *Metrics concepts*.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct, field

from dynaproof.impl.capacity.arithmetic import MINUTE_US, div

PERIOD_US: Final = MINUTE_US
KEPT_PERIODS: Final = 3 * 60
KEPT_METRICS: Final = 1_024

Statistic = Literal["Sum", "Average", "Maximum", "SampleCount"]


class Metric(Struct, frozen=True, gc=False):
    """What is measured, of what."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()
    """Names with values, in the order of the names."""


class Statistics(Struct):
    """Of one period."""

    count: int = 0
    sum: int = 0
    maximum: int = 0

    def put(self, value: int) -> None:
        """Count a value."""
        self.maximum = value if not self.count else max(self.maximum, value)
        self.count += 1
        self.sum += value

    def read(self, statistic: Statistic) -> int:
        """One of the statistics; an average is rounded down."""
        match statistic:
            case "Sum":
                return self.sum
            case "Average":
                return div(self.sum, self.count)
            case "Maximum":
                return self.maximum
            case "SampleCount":
                return self.count


class MetricStore(Struct):
    """The metrics of a region."""

    period_us: int = PERIOD_US
    series: dict[Metric, dict[int, Statistics]] = field(default_factory=dict)
    """By the number of the period since time 0, in their order."""
    shed: int = 0

    def put(self, metric: Metric, value: int, at_us: int) -> None:
        """Count a value in its period."""
        periods = self.series.get(metric)
        if periods is None:
            if len(self.series) >= KEPT_METRICS:
                self.shed += 1
                return
            periods = self.series[metric] = {}
        number = div(at_us, self.period_us)
        statistics = periods.get(number)
        if statistics is None:
            statistics = periods[number] = Statistics()
            if len(periods) > KEPT_PERIODS:
                del periods[min(periods)]
        statistics.put(value)

    def last(
        self, metric: Metric, statistic: Statistic, count: int, now_us: int, since_us: int = 0
    ) -> list[int | None]:
        """The last periods that are over, the newest last; None: missing, or begun before `since_us`."""
        periods = self.series.get(metric, {})
        newest = div(now_us, self.period_us) - 1
        found: list[int | None] = []
        for number in range(newest - count + 1, newest + 1):
            statistics = periods.get(number) if number * self.period_us >= since_us else None
            found.append(None if statistics is None else statistics.read(statistic))
        return found

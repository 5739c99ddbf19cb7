"""The outcome of a simulation: samples over time, and a few numbers that say how it went."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from fractions import Fraction

from msgspec import Struct

from dynaproof.checkers.capacity.scenarios import Scenario

MINUTE = 60
GRAINS = 10**12
COLUMNS = ("second", "demand", "provisioned", "consumed", "throttled", "tokens", "multiplier", "alarm")


class Sample(Struct, frozen=True):
    """A moment: rates since the last one in units a second, tokens in grains, multiplier in millionths."""

    second: int
    demand: Fraction
    provisioned: int
    consumed: Fraction
    throttled: Fraction
    tokens: int
    multiplier: int
    alarm: str

    def row(self) -> tuple[str, ...]:
        """As a row of a CSV file, in units."""
        rates = (self.demand, self.consumed, self.throttled)
        demand, consumed, throttled = (f"{float(rate):.3f}" for rate in rates)
        tokens, multiplier = f"{self.tokens / GRAINS:.3f}", f"{self.multiplier / 10**6:.6f}"
        times = (str(self.second), demand, str(self.provisioned))
        return (*times, consumed, throttled, tokens, multiplier, self.alarm)


class Result(Struct, frozen=True):
    """How a scenario went under a policy."""

    scenario: str
    policy: str
    seed: int
    offered: int
    """Units, since the scenario became interesting."""
    throttled: int
    throttled_share: float
    throttled_seconds: int
    """In how many seconds something was refused,"""
    ends_after: int | None
    """and how long after the scenario became interesting that was over; None: it never was."""
    over_admitted_share: float
    """What was consumed above what is provisioned, minute by minute, as a share of the latter."""
    greatest_multiplier: int
    least_provisioned: int
    greatest_provisioned: int
    provisioned_changes: int
    samples: tuple[Sample, ...]

    def summary(self) -> dict[str, object]:
        """Without the samples."""
        return {name: getattr(self, name) for name in self.__struct_fields__ if name != "samples"}

    def csv(self) -> str:
        """The samples as a CSV file."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows(one.row() for one in self.samples)
        return text.getvalue()


class Books:
    """What is counted while a simulation runs."""

    def __init__(self, scenario: Scenario, policy: str, seed: int) -> None:
        self.scenario, self.policy, self.seed = scenario, policy, seed
        self.offered = self.throttled = self.throttled_seconds = self.changes = 0
        self.last_throttled = scenario.since - 1
        self.over = self.provisioned = 0
        self.minute_consumed = self.minute_provisioned = 0
        self.samples: list[Sample] = []
        self.since_sample = [0, 0, 0]

    def count(self, second: int, tick: int, consumed: int, throttled: int, units: int) -> None:
        """Count a tick, in units."""
        since = self.since_sample
        since[0] += tick
        since[1] += consumed
        since[2] += throttled
        self.minute_consumed += consumed
        self.minute_provisioned += units * tick
        if (second + tick) % MINUTE == 0:
            self.over += max(0, self.minute_consumed - self.minute_provisioned)
            self.provisioned += self.minute_provisioned
            self.minute_consumed = self.minute_provisioned = 0
        if second >= self.scenario.since:
            self.offered += consumed + throttled
            self.throttled += throttled
            if throttled:
                self.throttled_seconds += tick
                self.last_throttled = second + tick - 1

    def sample(self, made: Callable[[Fraction, Fraction, Fraction], Sample]) -> None:
        """Keep a moment, with the rates since the last one."""
        seconds, consumed, throttled = self.since_sample
        self.since_sample = [0, 0, 0]
        self.samples.append(
            made(
                Fraction(consumed + throttled, seconds),
                Fraction(consumed, seconds),
                Fraction(throttled, seconds),
            )
        )

    def result(self) -> Result:
        """The outcome."""
        ends = self.last_throttled + 1
        provisioned = [one.provisioned for one in self.samples]
        return Result(
            self.scenario.name,
            self.policy,
            self.seed,
            self.offered,
            self.throttled,
            round(self.throttled / self.offered, 6) if self.offered else 0.0,
            self.throttled_seconds,
            None if ends >= self.scenario.seconds - MINUTE else ends - self.scenario.since,
            round(self.over / self.provisioned, 6) if self.provisioned else 0.0,
            max(one.multiplier for one in self.samples),
            min(provisioned),
            max(provisioned),
            self.changes,
            tuple(self.samples),
        )

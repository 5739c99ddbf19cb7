"""A campaign: many runs, on one core or several, in an order that does not depend on how many.

Schedule k of a campaign has the seed `base * 1_000_003 + k`; a portfolio takes the strategies in turn. The
digest is SHA-256 over the runs' digests in schedule order, so two campaigns of the same seed and length are
equal if and only if all their runs are.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Iterator

from msgspec import Struct

from checkers.simulator.partition import execute
from checkers.simulator.run import STRATEGIES, Outcome, RunConfig, draw

CHUNK = 8


class Totals(Struct):
    """What a campaign has seen so far."""

    schedules: int = 0
    events: int = 0
    simulated_us: int = 0
    faults: dict[str, int] = {}
    sometimes: dict[str, int] = {}
    operations: list[int] = []
    faults_per_run: list[int] = []

    def add(self, outcome: Outcome) -> None:
        """Count one run."""
        self.schedules += 1
        self.events += outcome.events
        self.simulated_us += outcome.simulated_us
        for found, totals in ((outcome.faults, self.faults), (outcome.reached, self.sometimes)):
            for name, count in found.items():
                totals[name] = totals.get(name, 0) + count
        self.operations.append(sum(outcome.endings.values()))
        self.faults_per_run.append(sum(outcome.faults.values()))


def config_of(scenario: str, strategy: str, base: int, schedule: int) -> RunConfig:
    """The configuration of one schedule of a campaign."""
    name = STRATEGIES[schedule % len(STRATEGIES)] if strategy == "portfolio" else strategy
    return draw(scenario, base * 1_000_003 + schedule, name)


def _one(arguments: tuple[str, str, int, int]) -> tuple[int, Outcome]:
    return arguments[3], execute(config_of(*arguments))


def outcomes(
    scenario: str, strategy: str, base: int, schedules: Iterator[int], jobs: int
) -> Iterator[tuple[int, Outcome]]:
    """Run schedules and give their outcomes in order, each as soon as it and all before it are known."""
    work = ((scenario, strategy, base, schedule) for schedule in schedules)
    if jobs <= 1:
        yield from map(_one, work)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(_one, work, CHUNK)


class Digest:
    """SHA-256 over the runs' digests, in the order of the schedules."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, outcome: Outcome) -> None:
        """The next run."""
        self._hash.update(bytes.fromhex(outcome.digest))

    def hexdigest(self) -> str:
        """Of all so far."""
        return self._hash.hexdigest()

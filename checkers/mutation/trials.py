"""Trials: one seeded bug under one strategy from one seed, until a schedule breaks a promise.

A kill counts only if the same schedule breaks nothing without the bug. So each kill brings its own control,
and what the system itself breaks kills no bug.

*Invariant.* A trial's row depends only on its bug, strategy, seed and number of schedules (except for its
seconds); one that ended without a kill can continue later with the next schedule.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from dynaproof.checkers.mutation.catalogue import KNOWN_BUGS
from dynaproof.checkers.mutation.hunt import explore, shrunk
from dynaproof.checkers.mutation.row_file import read_rows
from dynaproof.checkers.processes import in_order
from dynaproof.checkers.runs.exploring import execute
from dynaproof.checkers.scenarios.catalogue import find

STRATEGIES = ("portfolio", "random", "pct-3", "pct", "pct-10", "pos")
"""What is compared: the portfolio, the random walk, PCT at three depths (`pct` has 5), and POS."""

Key = tuple[str, str, int]
"""Bug, strategy, seed."""


class Row(Struct, frozen=True):
    """The result of one trial.

    `schedules` is how many were tried, including the one that killed the bug; `spec` the promise that it
    broke, None if it is alive; `by` the strategy of the killing schedule; `seconds` processor time;
    `shrunk_events` the length of the shrunk run, None if it was not shrunk; `unsound` how many schedules
    broke a promise without the bug as well, and so killed nothing; `made_by` the version that measured it.
    """

    bug: str
    strategy: str
    seed: int
    schedules: int
    spec: str | None
    by: str | None
    seconds: float
    shrunk_events: int | None
    unsound: int
    made_by: str

    @property
    def key(self) -> Key:
        """The trial whose row it is."""
        return self.bug, self.strategy, self.seed


class Trial(Struct, frozen=True):
    """What has to be tried: schedules from the end of `before` on, up to `schedules` in all."""

    bug: str
    strategy: str
    seed: int
    schedules: int
    shrink: bool
    before: Row | None


# --- Trying ---


def tried(made_by: str, trial: Trial) -> Row:
    """Explore until the bug dies, or all schedules are tried."""
    bug, before = KNOWN_BUGS[trial.bug], trial.before
    first, unsound, seconds = (before.schedules, before.unsound, before.seconds) if before else (0, 0, 0.0)
    while True:
        began = time.process_time()
        found = explore(bug, trial.strategy, trial.schedules, trial.seed, first=first)
        seconds += time.process_time() - began
        if found is None:
            by = spec = events = None
            first = trial.schedules
            break
        first, config, outcome = found
        if execute(find(config.scenario), config).failure is not None:
            unsound += 1
            continue
        assert outcome.failure is not None
        by, spec, events = config.strategy, outcome.failure.spec, None
        if trial.shrink:
            small = shrunk(bug, config, outcome).result.failure
            assert small is not None
            events = small.step
        break
    return Row(
        trial.bug,
        trial.strategy,
        trial.seed,
        first,
        spec,
        by,
        round(seconds, 3),
        events,
        unsound,
        made_by,
    )


def trials(
    bugs: Sequence[str],
    strategies: Sequence[str],
    seeds: Sequence[int],
    schedules: int,
    rows: Mapping[Key, Row],
    *,
    shrinks: bool = True,
) -> list[Trial]:
    """What is still to be tried, seed by seed, so that the first thing measured is a whole table.

    For each bug, the kill by the first strategy from the first seed is shrunk, if anything `shrinks`.
    """
    todo = []
    for seed in seeds:
        for strategy in strategies:
            for bug in bugs:
                row = rows.get((bug, strategy, seed))
                shrink = shrinks and (strategy, seed) == (strategies[0], seeds[0])
                if row is None or (row.spec is None and row.schedules < schedules):
                    todo.append(Trial(bug, strategy, seed, schedules, shrink, row))
                elif shrink and row.spec is not None and row.shrunk_events is None:
                    todo.append(Trial(bug, strategy, seed, schedules, shrink, None))
    return todo


def measured(
    todo: Sequence[Trial],
    made_by: str,
    jobs: int,
    seconds: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Row]:
    """The rows of these trials, each as soon as it and all before it are known; after so many seconds no more
    are begun.
    """
    began = clock()

    def in_time() -> Iterator[Trial]:
        for trial in todo:
            if seconds is not None and clock() - began > seconds:
                return
            yield trial

    for _, row in in_order(partial(tried, made_by), in_time(), jobs):
        yield row


# --- The file of rows ---


def rows_in(file: Path) -> dict[Key, Row]:
    """The rows of a file, the newest of each trial.

    Raises:
        RowError: the file holds something else.
        OSError: the file cannot be read.
    """
    return {row.key: row for row in read_rows(file, Row, "the row of a trial")}


def of_another_version(rows: Mapping[Key, Row], made_by: str) -> str | None:
    """Another version that measured some of these rows, if any did."""
    return next((row.made_by for row in rows.values() if row.made_by != made_by), None)

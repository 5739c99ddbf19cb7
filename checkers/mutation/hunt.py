"""The hunt for a seeded bug: schedules until one breaks a named spec, else the directed scenarios.

One of our bugs is hunted in the scenario that it names; one of a user's file in the scenario that is asked
for.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from msgspec import Struct, structs

from dynaproof.checkers.campaign import outcomes
from dynaproof.checkers.campaign.levers import levers_on
from dynaproof.checkers.interrupts import interrupts_held
from dynaproof.checkers.mutation.catalogue import KNOWN_BUGS
from dynaproof.checkers.mutation.directed.catalogue import DIRECTED, trace_of
from dynaproof.checkers.mutation.time_limit import EndlessError, at_most
from dynaproof.checkers.patches import Bug, seeded
from dynaproof.checkers.runs.config import Failure, RunResult
from dynaproof.checkers.runs.exploring import execute
from dynaproof.checkers.runs.run_file import RUN_FORMAT, RunFile
from dynaproof.checkers.runs.shrink import smallest
from dynaproof.checkers.scenarios.bugs import bugs_of
from dynaproof.checkers.scenarios.catalogue import config_of, find
from dynaproof.impl.journal.journal import RottenLogError
from dynaproof.impl.tree.pages import RottenPageError

SHRINKING = 80
"""Runs that the shrinking of one kill may take."""

RUN_SECONDS, SHRINKING_SECONDS = 300.0, 300.0
"""How long one run, and all runs of shrinking a kill, may take in processor time: a bug may send a handler in
circles.
"""

RAISED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    EndlessError,
    RottenLogError,
    RottenPageError,
)
"""What code that reads a state which a bug has broken raises, outside of all handlers; or it never ends."""


class Kill(Struct, frozen=True):
    """The result of hunting one seeded bug.

    `how` is "explored", "directed" or None (it survived); `spec` the promise that it broke; `scenario` where
    it was explored; `strategy` that of the killing run, or the name of the directed scenario; `schedules` how
    many were explored; `shrunk_events` how many events after the fixture the shrunk run, or the scenario,
    takes; `levers` which levers were on in the killing run; `uncounted` the first failure that kills nothing,
    because it is an error and no broken promise, of a bug that survived.
    """

    name: str
    killed: bool
    how: str | None
    spec: str | None
    scenario: str
    strategy: str
    schedules: int
    seconds: float
    shrunk_events: int | None
    levers: tuple[str, ...] = ()
    uncounted: str | None = None

    def row(self) -> dict[str, object]:
        """As `mutants --json` prints it."""
        return {field: getattr(self, field) for field in self.__struct_fields__}


def explore(
    bug: Bug,
    strategy: str,
    schedules: int,
    seed: int,
    scenario: str | None = None,
    *,
    first: int = 0,
    changed: Callable[[Any], Any] = lambda config: config,
    uncounted: Callable[[Failure], None] = lambda _failure: None,
) -> tuple[int, Any, RunResult] | None:
    """How many schedules it took, and the run that breaks a spec; None if none does.

    Without a `scenario`, it is the one that the bug names; schedules before the `first` are left out, every
    configuration is run as `changed` makes it, and `uncounted` is told the failures that kill nothing.
    """
    where = scenario or bug.scenario
    with seeded(bug):
        for number in range(first, schedules):
            config = changed(config_of(where, strategy, seed, number))
            try:
                # A user's run is watched (`checkers/runs/endless.py`), and its line named.
                with at_most(RUN_SECONDS) if scenario is None else nullcontext():
                    outcome = execute(find(where), config)
            except RAISED:
                if scenario is not None:
                    raise  # The user is told what their own code does wrong.
                continue  # An observer of what the bug has broken raises: that proves nothing.
            if outcome.failure is not None and bug.counts(outcome.failure.spec):
                return number + 1, config, outcome
            if outcome.failure is not None:
                uncounted(outcome.failure)
    return None


def hunt(
    bug: Bug,
    strategy: str,
    schedules: int,
    seed: int,
    clock: Callable[[], float] = time.monotonic,
    scenario: str | None = None,
) -> tuple[Kill, RunFile | None]:
    """Explore; then run the directed scenarios, for one of our bugs (without a `scenario`).

    If exploration killed it, the shrunk run is given too.
    """
    began = clock()

    def kill(how: str | None, spec: str | None, by: str, explored: int, events: int | None) -> Kill:
        took = round(clock() - began, 3)
        where = scenario or bug.scenario
        return Kill(bug.name, how is not None, how, spec, where, by, explored, took, events)

    errors: list[Failure] = []
    explored = explore(bug, strategy, schedules, seed, scenario, uncounted=errors.append)
    if explored is not None:
        number, config, outcome = explored
        assert outcome.failure is not None
        found = kill("explored", outcome.failure.spec, config.strategy, number, None)
        run = shrunk(bug, config, outcome)
        assert run.result.failure is not None
        events, levers = run.result.failure.step, levers_on(config)
        return structs.replace(found, shrunk_events=events, levers=levers), run
    with seeded(bug):
        for directed in DIRECTED.values() if scenario is None else ():
            failure = trace_of(directed).failure
            if failure is not None and bug.counts(failure.spec):
                return kill("directed", failure.spec, directed.name, schedules, failure.step), None
    survived = kill(None, None, strategy, schedules, None)
    if errors:
        survived = structs.replace(survived, uncounted=f"{errors[0].spec}: {errors[0].sentence}")
    return survived, None


def shrunk(bug: Bug, config: Any, outcome: RunResult) -> RunFile:
    """The smallest run found that kills the bug by the same spec; the run itself if a smaller one cannot be
    looked at, because the bug makes the observers raise.
    """
    with seeded(bug):
        try:
            with at_most(SHRINKING_SECONDS):
                return smallest(find(config.scenario), config, outcome, bug.name, SHRINKING, SHRINKING)
        except RAISED:
            return RunFile(RUN_FORMAT, bug.name, config, outcome, minimal=False)


def _hunt_named(arguments: tuple[str, str, int, int, str | None]) -> tuple[Kill, RunFile | None]:
    name, strategy, schedules, seed, scenario = arguments
    bugs = KNOWN_BUGS if scenario is None else bugs_of(scenario)
    return hunt(bugs[name], strategy, schedules, seed, scenario=scenario)


def hunts(
    names: Sequence[str], strategy: str, schedules: int, seed: int, jobs: int, scenario: str | None = None
) -> Iterator[tuple[Kill, RunFile | None]]:
    """Hunt several bugs, yielding each result as soon as it and all before it are known.

    Without a `scenario` they are ours, each hunted in the scenario that it names.
    """
    work = [(name, strategy, schedules, seed, scenario) for name in names]
    if jobs <= 1 or len(work) == 1:
        yield from map(_hunt_named, work)
        return
    with interrupts_held():
        processes = multiprocessing.get_context("spawn").Pool(jobs)
    with processes as pool:
        yield from pool.imap(_hunt_named, work)


def broken_in(scenario: str, strategy: str, schedules: int, seed: int, jobs: int) -> str | None:
    """What the system without a bug breaks in a scenario with the same effort; None: nothing."""
    for number, outcome in outcomes(scenario, strategy, seed, iter(range(schedules)), jobs):
        if outcome.failure is not None:
            failure = outcome.failure
            return f"schedule {number} of {scenario} breaks {failure.spec}: {failure.sentence}"
    return None


def broken_directed() -> str | None:
    """What the system without a bug breaks in the directed scenarios, in a sentence; None: nothing."""
    for one in DIRECTED.values():
        trace = trace_of(one)
        if trace.failure is not None:
            return f"{one.name} breaks {trace.failure.spec}: {trace.failure.sentence}"
        if trace.stuck is not None:
            return f"{one.name} cannot go on as written: {trace.stuck}"
    return None

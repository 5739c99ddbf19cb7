"""Shrinking: leave out of a failing run what its failure does not need.

First by configuration: faults, noise, whatever else the scenario can make smaller, other seeds. Then, where
the broken promise is one of every step, by schedule: single events and choices, by their names. Greedy and
deterministic. A candidate counts only if it breaks the same spec; the one with fewer faults, then with fewer
events wins. Shrinking goes on until nothing more can be left out, or says by `RunFile.minimal` that its
budget ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from msgspec import structs

from dynaproof.checkers.runs.config import RunResult, without_fault
from dynaproof.checkers.runs.exploring import execute, record
from dynaproof.checkers.runs.run_file import RUN_FORMAT, RunFile, schedule_of
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.schedule import follow
from dynaproof.checkers.seam import Label
from dynaproof.checkers.strategies.recording import Recorded

Execute = Callable[[Any], RunResult]
Follow = Callable[[Recorded], tuple[RunResult, Recorded]]
Breaks = Callable[[Recorded], Recorded | None]
Choice = tuple[Label, int]

ATTEMPTS = 400
"""The most runs that one shrink by configuration may take."""

SCHEDULE_ATTEMPTS = 2_000
"""The most runs that one shrink by schedule may take; each ends at the failure."""


class Budget:
    """Runs that may still be tried."""

    def __init__(self, runs: int) -> None:
        self.left = runs


def smallest(
    scenario: Scenario,
    config: Any,
    result: RunResult,
    mutant: str | None = None,
    attempts: int = ATTEMPTS,
    schedule_attempts: int = SCHEDULE_ATTEMPTS,
) -> RunFile:
    """The smallest run found that breaks the same spec, to be saved."""
    budget = Budget(attempts)
    config, result = shrink(scenario, config, result, partial(execute, scenario), budget)
    assert result.failure is not None
    file = RunFile(RUN_FORMAT, mutant, config, result, minimal=budget.left > 0)
    if result.failure.spec in scenario.eventual:
        return file
    _, recorded = record(scenario, config)
    if not recorded.events:  # It fails before anything has happened.
        return file
    small = smaller_schedule(scenario, config, result, recorded, mutant, schedule_attempts)
    return file if small is None else small


def smaller(scenario: Scenario, file: RunFile) -> RunFile | None:
    """The smallest run found that breaks the promise that this one breaks, by its schedule if it has one;
    None if this one does not break it any more.
    """
    assert file.result.failure is not None, "only a failing run is shrunk"
    recorded = file.recorded()
    if recorded is not None:
        return smaller_schedule(scenario, file.config, file.result, recorded, file.mutant)
    result = execute(scenario, file.config)
    if result.failure is None or result.failure.spec != file.result.failure.spec:
        return None
    return smallest(scenario, file.config, result, file.mutant)


def smaller_schedule(
    scenario: Scenario,
    config: Any,
    result: RunResult,
    recorded: Recorded,
    mutant: str | None = None,
    attempts: int = SCHEDULE_ATTEMPTS,
) -> RunFile | None:
    """The run with the smallest part of its schedule found that breaks the same spec; None if the whole
    schedule does not, so that something else has a part in the failure.
    """
    failure = result.failure
    assert failure is not None
    budget = Budget(attempts)
    small = shrink_schedule(
        recorded,
        failure.spec,
        lambda candidate: follow(scenario, config, candidate, in_setup=failure.in_setup, lenient=True),
        budget,
    )
    if small is None:
        return None
    result, recorded = follow(scenario, config, small, in_setup=failure.in_setup)
    return RunFile(RUN_FORMAT, mutant, config, result, schedule_of(recorded), minimal=budget.left > 0)


def shrink_schedule(schedule: Recorded, spec: str, attempt: Follow, budget: Budget) -> Recorded | None:
    """Leave out events, then choices, until neither can be left out or the budget ends; None if the whole
    schedule does not break the spec.

    What counts is what really happens of a candidate: events that became impossible go with those left out.
    """

    def breaks(candidate: Recorded) -> Recorded | None:
        budget.left -= 1
        result, happened = attempt(candidate)
        return happened if result.failure is not None and result.failure.spec == spec else None

    found, before = breaks(schedule), None
    while found is not None and budget.left > 0 and found != before:
        before = found
        found = without_events(found, breaks, budget)
        found = without_choices(found, breaks, budget)
    return found


def without_events(schedule: Recorded, breaks: Breaks, budget: Budget) -> Recorded:
    """Leave out stretches of events, halving their length down to one, from the end to the front."""
    size = max(1, len(schedule.events) // 2)
    while budget.left > 0:
        end, before = len(schedule.events), len(schedule.events)
        while end > 0 and budget.left > 0:
            start = max(0, end - size)
            events = schedule.events[:start] + schedule.events[end:]
            found = breaks(Recorded(events, schedule.choices))
            if found is not None and len(found.events) < len(schedule.events):
                schedule = found
            end = min(start, len(schedule.events))
        if size == 1 and len(schedule.events) == before:
            break
        size = max(1, size // 2)
    return schedule


def without_choices(schedule: Recorded, breaks: Breaks, budget: Budget) -> Recorded:
    """Give every choice that may have it the benign default: all at once, else one after another."""
    if budget.left <= 0 or not chosen(schedule):
        return schedule
    benign = breaks(Recorded(schedule.events, ()))
    if benign is not None and len(benign.events) <= len(schedule.events):
        return benign
    for choice in chosen(schedule):
        if budget.left <= 0:
            break
        fewer = tuple(other for other in chosen(schedule) if other != choice)
        found = breaks(Recorded(schedule.events, fewer))
        if found is not None and len(found.events) <= len(schedule.events):
            schedule = found
    return schedule


def chosen(schedule: Recorded) -> list[Choice]:
    """The choices that are not the benign default."""
    return [choice for choice in schedule.choices if choice[1]]


def shrink(
    scenario: Scenario, config: Any, result: RunResult, execute: Execute, budget: Budget
) -> tuple[Any, RunResult]:
    """The smallest configuration found that breaks the same spec, and its result."""
    assert result.failure is not None, "only a failing run is shrunk"
    spec = result.failure.spec
    smaller = True
    while smaller and budget.left > 0:
        smaller = False
        for candidate in candidates(scenario, config):
            budget.left -= 1
            found = execute(candidate)
            if (
                found.failure is not None
                and found.failure.spec == spec
                and _size(scenario, candidate, found) < _size(scenario, config, result)
            ):
                config, result, smaller = candidate, found, True
                break
            if budget.left <= 0:
                break
    return config, result


def _size(scenario: Scenario, config: Any, result: RunResult) -> tuple[int, int, int]:
    step = result.failure.step if result.failure is not None else result.events
    noise = sum((config.loss > 0, config.duplication > 0))
    return (len(config.faults) + noise, step, scenario.load(config))


def candidates(scenario: Scenario, config: Any) -> Iterator[Any]:
    """Smaller configurations, the most promising first."""
    for index in range(len(config.faults)):
        yield without_fault(config, index)
    if config.loss:
        yield structs.replace(config, loss=0)
    if config.duplication:
        yield structs.replace(config, duplication=0)
    yield from scenario.smaller(config)
    for index, fault in enumerate(config.faults):
        for step in (1, fault.step // 2, fault.step - 10):
            if 0 < step < fault.step:
                earlier = structs.replace(fault, step=step)
                faults = (*config.faults[:index], earlier, *config.faults[index + 1 :])
                yield structs.replace(config, faults=tuple(sorted(faults, key=lambda f: f.step)))
    for near in range(1, 9):
        yield structs.replace(config, seed=config.seed + near)

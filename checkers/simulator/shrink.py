"""Shrinking: leave out of a failing run what its failure does not need.

First by configuration: faults, operations, clients, keys, noise, other seeds. Then, where the broken promise
is one of every step, by schedule: single events and choices, by their names. Greedy and deterministic. A
candidate counts only if it breaks the same spec; the one with fewer faults, then with fewer events wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import structs

from dynaproof.checkers.simulator.partition import execute
from dynaproof.checkers.simulator.run import Outcome, RunConfig, without_fault
from dynaproof.checkers.simulator.run_file import RUN_FORMAT, RunFile, schedule_of
from dynaproof.checkers.simulator.schedule import EVENTUALLY, follow, record
from dynaproof.checkers.strategies.recording import Recorded

Execute = Callable[[RunConfig], Outcome]
Follow = Callable[[Recorded], tuple[Outcome, Recorded]]

ATTEMPTS = 400
"""Runs that one shrink by configuration may take."""

SCHEDULE_ATTEMPTS = 600
"""Runs that one shrink by schedule may take; they end at the failure."""


def smallest(
    config: RunConfig,
    outcome: Outcome,
    mutant: str | None = None,
    attempts: int = ATTEMPTS,
    schedule_attempts: int = SCHEDULE_ATTEMPTS,
) -> RunFile:
    """The smallest run found that breaks the same spec, to be saved."""
    config, outcome = shrink(config, outcome, execute, attempts)
    assert outcome.failure is not None
    if outcome.failure.spec in EVENTUALLY:
        return RunFile(RUN_FORMAT, mutant, config, outcome)
    _, recorded = record(config)
    if not recorded.events:  # It fails in the fixture.
        return RunFile(RUN_FORMAT, mutant, config, outcome)
    return smaller_schedule(config, outcome, recorded, mutant, schedule_attempts)


def smaller_schedule(
    config: RunConfig,
    outcome: Outcome,
    recorded: Recorded,
    mutant: str | None = None,
    attempts: int = SCHEDULE_ATTEMPTS,
) -> RunFile:
    """The run with the smallest part of its schedule found that breaks the same spec."""
    assert outcome.failure is not None
    small = shrink_schedule(
        recorded,
        outcome.failure.spec,
        lambda candidate: follow(config, candidate, lenient=True),
        attempts,
    )
    outcome, recorded = follow(config, small)
    return RunFile(RUN_FORMAT, mutant, config, outcome, schedule_of(recorded))


def shrink_schedule(schedule: Recorded, spec: str, attempt: Follow, attempts: int) -> Recorded:
    """Leave out runs of events, halving their length down to one, from the end to the front; then choices.

    What counts is what really happens of a candidate: events that became impossible go with those left out.
    """

    def breaks(candidate: Recorded) -> Recorded | None:
        nonlocal attempts
        attempts -= 1
        outcome, happened = attempt(candidate)
        return happened if outcome.failure is not None and outcome.failure.spec == spec else None

    found = breaks(schedule)
    assert found is not None, "the schedule of a failing run fails"
    schedule, size = found, max(1, len(found.events) // 2)
    while attempts > 0:
        end, before = len(schedule.events), len(schedule.events)
        while end > 0 and attempts > 0:
            start = max(0, end - size)
            events = schedule.events[:start] + schedule.events[end:]
            found = breaks(Recorded(events, schedule.choices))
            if found is not None and len(found.events) < len(schedule.events):
                schedule = found
            end = min(start, len(schedule.events))
        if size == 1 and len(schedule.events) == before:
            break
        size = max(1, size // 2)
    return without_choices(schedule, breaks, attempts)


def without_choices(
    schedule: Recorded, breaks: Callable[[Recorded], Recorded | None], attempts: int
) -> Recorded:
    """Give every choice that may have it the benign default."""
    kept = [choice for choice in schedule.choices if choice[1]]
    benign = breaks(Recorded(schedule.events, ()))
    if benign is not None and len(benign.events) <= len(schedule.events):
        return benign
    for choice in list(kept):
        if attempts <= 0:
            break
        attempts -= 1
        fewer = [other for other in kept if other is not choice]
        found = breaks(Recorded(schedule.events, tuple(fewer)))
        if found is not None and len(found.events) <= len(schedule.events):
            schedule, kept = found, fewer
    return schedule


def shrink(
    config: RunConfig, outcome: Outcome, execute: Execute, attempts: int = ATTEMPTS
) -> tuple[RunConfig, Outcome]:
    """The smallest configuration found that breaks the same spec, and what comes of it."""
    assert outcome.failure is not None, "only a failing run is shrunk"
    spec, left = outcome.failure.spec, attempts
    smaller = True
    while smaller and left > 0:
        smaller = False
        for candidate in candidates(config):
            left -= 1
            found = execute(candidate)
            if (
                found.failure is not None
                and found.failure.spec == spec
                and _size(candidate, found) < _size(config, outcome)
            ):
                config, outcome, smaller = candidate, found, True
                break
            if left <= 0:
                break
    return config, outcome


def _size(config: RunConfig, outcome: Outcome) -> tuple[int, int, int]:
    step = outcome.failure.step if outcome.failure is not None else outcome.events
    noise = sum((config.loss > 0, config.duplication > 0))
    return (len(config.faults) + noise, step, config.operations * config.clients)


def candidates(config: RunConfig) -> Iterator[RunConfig]:
    """Smaller configurations, the most promising first."""
    for index in range(len(config.faults)):
        yield without_fault(config, index)
    if config.loss:
        yield structs.replace(config, loss=0)
    if config.duplication:
        yield structs.replace(config, duplication=0)
    if config.clients > 1:
        yield structs.replace(config, clients=config.clients - 1)
    for operations in (1, 2, config.operations // 2, config.operations - 1):
        if 0 < operations < config.operations:
            yield structs.replace(config, operations=operations)
    if config.keys > 1:
        yield structs.replace(config, keys=1)
    for index, fault in enumerate(config.faults):
        for step in (1, fault.step // 2, fault.step - 10):
            if 0 < step < fault.step:
                earlier = structs.replace(fault, step=step)
                faults = (*config.faults[:index], earlier, *config.faults[index + 1 :])
                yield structs.replace(config, faults=tuple(sorted(faults, key=lambda f: f.step)))
    for near in range(1, 9):
        yield structs.replace(config, seed=config.seed + near)

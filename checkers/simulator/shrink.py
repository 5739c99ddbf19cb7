"""Shrinking: leave faults, operations, clients, keys and noise out of a failing run while the same promise
still fails.

Greedy and deterministic. A candidate counts only if it breaks the same spec; the one with fewer faults,
then with fewer events wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import structs

from checkers.simulator.run import Outcome, RunConfig, without_fault

Execute = Callable[[RunConfig], Outcome]

ATTEMPTS = 400
"""Runs that one shrink may take."""


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

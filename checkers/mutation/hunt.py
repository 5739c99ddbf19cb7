"""The hunt: schedules of a portfolio until a seeded bug breaks a named spec."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from difflib import unified_diff

from msgspec import Struct

from checkers.campaign import config_of
from checkers.mutation.catalogue import Mutant
from checkers.simulator.partition import execute
from checkers.simulator.run import Outcome, RunConfig
from checkers.simulator.run_file import RUN_FORMAT, RunFile
from checkers.simulator.shrink import shrink
from impl.storage.replica import Replica


class Kill(Struct, frozen=True):
    """What became of one seeded bug; `spec` is None where it survived."""

    name: str
    killed: bool
    how: str
    spec: str | None
    strategy: str
    schedules: int
    seconds: float
    step: int | None


def hunt(
    mutant: Mutant, strategy: str, schedules: int, seed: int, clock: Callable[[], float] = time.monotonic
) -> tuple[Kill, RunConfig | None, Outcome | None]:
    """Run schedules until one breaks a spec; a handler that raises counts for nothing."""
    began = clock()
    for number in range(schedules):
        config = config_of("partition", strategy, seed, number)
        outcome = execute(config, mutant.node_class)
        failure = outcome.failure
        if failure is not None and failure.spec != "handlers_never_raise":
            took = round(clock() - began, 3)
            kill = Kill(
                mutant.name, True, "explored", failure.spec, config.strategy, number + 1, took, failure.step
            )
            return kill, config, outcome
    took = round(clock() - began, 3)
    return Kill(mutant.name, False, "explored", None, strategy, schedules, took, None), None, None


def shrunk(mutant: Mutant, config: RunConfig, outcome: Outcome) -> RunFile:
    """The smallest run found that kills the bug by the same spec."""
    small, found = shrink(config, outcome, lambda candidate: execute(candidate, mutant.node_class))
    return RunFile(RUN_FORMAT, mutant.name, small, found)


def overridden(mutant: Mutant) -> list[str]:
    """The names of the functions that the bug replaces."""
    return [
        name
        for name in vars(mutant.override)
        if callable(getattr(mutant.override, name)) and hasattr(Replica, name)
    ]


def difference(mutant: Mutant) -> str:
    """What the bug replaces, as a unified diff against the original functions."""
    lines = [f"{mutant.name}: {mutant.sentence}"]
    for name in overridden(mutant):
        if name.startswith("__"):
            continue
        before = inspect.getsource(getattr(Replica, name)).splitlines()
        after = inspect.getsource(getattr(mutant.override, name)).splitlines()
        lines += unified_diff(before, after, f"original {name}", f"seeded {name}", lineterm="", n=2)
    return "\n".join(lines)

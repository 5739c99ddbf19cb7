"""Runs of the scenario that are checked against a model as they go, for campaigns.

Beside its `RunResult`, a run gives the result of refinement, and which of the model's states it saw. A
difference counts as a failure of the run, under the name `REFINEMENT`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

from msgspec import Struct, structs

from dynaproof.checkers.kinds.group import GroupConfig, first_config
from dynaproof.checkers.processes import in_order
from dynaproof.checkers.refinement.checking import Refined, Refinement
from dynaproof.checkers.refinement.covering import COLD, FROM_BOOT_ON, Seen, small
from dynaproof.checkers.refinement.recording import Behaviour
from dynaproof.checkers.runs.config import Failure, RunResult
from dynaproof.checkers.runs.exploring import Exploring
from dynaproof.checkers.runs.run import perform
from dynaproof.checkers.scenarios.catalogue import config_of
from dynaproof.checkers.scenarios.partition import PARTITION

REFINEMENT = "refinement"
"""The name under which a difference from the model fails a run."""

MODELS = ("multi_paxos",)
"""The models that the implementation can be checked against."""


class RefinedRun(Struct, frozen=True):
    """A run beside the model; `seconds` are those of the whole run, checking included."""

    result: RunResult
    refined: Refined
    seen: tuple[tuple[object, ...], ...]
    seconds: float


def run_refined(
    config: GroupConfig,
    clock: Callable[[], float] = time.perf_counter,
) -> RefinedRun:
    """Run a configuration and follow it through the model; a `COLD` one from boot on, and with its states.

    A cold run has no end phase: replicas that a crash took before they were made may leave no quorum.
    """
    began = clock()
    covers = config.scenario == COLD
    scenario = FROM_BOOT_ON if covers else PARTITION
    behaviour = Behaviour(first_config().voters, clock)
    run, result = perform(scenario, config, Exploring(ends=not covers), (behaviour,))
    ran = clock()
    seen = Seen()
    refined = Refinement(behaviour, seen.visit if covers else None).check()
    ended = clock()
    refined = structs.replace(refined, seconds=behaviour.seconds + ended - ran)
    if refined.difference is not None and result.failure is None:
        step = refined.difference.step - run.setup_steps
        failure = Failure(REFINEMENT, refined.difference.sentence(), step)
        result = structs.replace(result, failure=failure)
    return RefinedRun(result, refined, tuple(seen.states), ended - began)


def execute_refined(config: GroupConfig) -> RunResult:
    """A run with a difference from the model as a failure."""
    return run_refined(config).result


def refined_runs(
    strategy: str, base: int, schedules: Iterator[int], jobs: int, *, covers: bool
) -> Iterator[tuple[int, str, RefinedRun]]:
    """Runs of the scenario `partition` with their strategies, in order; `covers`: small ones from boot on."""
    for schedule, (used, one) in in_order(partial(_one, strategy, base, covers), schedules, jobs):
        yield schedule, used, one


def _one(strategy: str, base: int, covers: bool, schedule: int) -> tuple[str, RefinedRun]:
    config = config_of("partition", strategy, base, schedule)
    return config.strategy, run_refined(small(config) if covers else config)


class RefinedTotals:
    """The sums over a campaign's refined runs."""

    def __init__(self) -> None:
        self.runs = 0
        self.steps = 0
        self.actions: dict[str, int] = {}
        self.left: dict[str, int] = {}
        self.whole = 0
        self.differences = 0
        self.seconds = 0.0
        self.all_seconds = 0.0

    def add(self, one: RefinedRun) -> None:
        """Add the next run."""
        refined = one.refined
        self.runs += 1
        self.steps += refined.steps
        self.seconds += refined.seconds
        self.all_seconds += one.seconds
        for name, number in refined.actions.items():
            self.actions[name] = self.actions.get(name, 0) + number
        if refined.difference is not None:
            self.differences += 1
        elif refined.left is None:
            self.whole += 1
        else:
            self.left[refined.left] = self.left.get(refined.left, 0) + 1

    def summary(self) -> dict[str, object]:
        """For the campaign's JSON object; `share` is refinement's part of the whole time."""
        return {
            "steps": self.steps,
            "actions": dict(sorted(self.actions.items())),
            "whole_runs": self.whole,
            "left_the_model": dict(sorted(self.left.items())),
            "differences": self.differences,
            "seconds": round(self.seconds, 3),
            "share": round(self.seconds / self.all_seconds, 3) if self.all_seconds else 0.0,
        }

"""A campaign from its first schedule to its end: limits, failures, state, and progress reports."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

from dynaproof.checkers.campaign.errors import CampaignError
from dynaproof.checkers.campaign.levers import levers_on
from dynaproof.checkers.campaign.schedules import (
    REPRODUCIBLE,
    confirmed,
    differs_elsewhere,
    numbers,
    outcomes,
)
from dynaproof.checkers.campaign.state import Found, State, StateFile, begun, plain
from dynaproof.checkers.runs.config import Failure, RunResult
from dynaproof.checkers.runs.run_file import RUN_FORMAT, RunFile, save, stamped
from dynaproof.checkers.runs.shrink import smallest
from dynaproof.checkers.scenarios.catalogue import config_of, find
from dynaproof.checkers.strategies.users_strategy import StrategyError
from dynaproof.checkers.whole_file import file_problem

MOST_FAILURES = 5
"""A campaign ends after this many failures: each is shrunk, and the first ones say enough."""

SAVED_EVERY_SECONDS = 15.0


class Listener(Protocol):
    """Listens to the progress of a campaign."""

    def went_on(self, state: State) -> None:
        """Another schedule has been counted."""

    def failed(self, schedule: int, failure: Failure) -> None:
        """A schedule breaks a promise, and is shrunk next."""

    def found(self, found: Found, run: RunFile) -> None:
        """The shrunk run of a schedule that failed."""

    def not_kept(self, problem: str) -> None:
        """The state cannot be written down (said once): an interruption would lose the campaign."""


class Nobody:
    """The listener of a campaign of which only the end counts."""

    def went_on(self, state: State) -> None:
        pass

    def failed(self, schedule: int, failure: Failure) -> None:
        pass

    def found(self, found: Found, run: RunFile) -> None:
        pass

    def not_kept(self, problem: str) -> None:
        pass


NOBODY = Nobody()


class Campaign(Struct, frozen=True):
    """How a campaign ended.

    `ended` is "limit" (its schedules or seconds are over), "failures" (so many that it stopped early) or
    "interrupted" (Ctrl-C); `kept` is the file with which it can go on, if there is one, and `other` the file
    of an interrupted campaign of the same name, which this one left alone, or could not remove.
    """

    state: State
    ended: Literal["limit", "failures", "interrupted"]
    kept: Path | None
    other: Path | None
    runs: tuple[RunFile, ...] = ()
    """The shrunk runs of the failures, in order."""


def explore(
    scenario: str,
    *,
    strategy: str = "portfolio",
    seed: int = 1,
    schedules: int | None = None,
    seconds: float | None = None,
    jobs: int = 1,
    most_failures: int = MOST_FAILURES,
    folder: Path | None = None,
    resume: bool = False,
    made_by: str = "",
    listener: Listener = NOBODY,
    clock: Callable[[], float] = time.monotonic,
) -> Campaign:
    """Drive a scenario through many orders and faults; every failing run is shrunk.

    New runs start until `schedules` are done or `seconds` are over (with neither: until interrupted), and end
    with the failure number `most_failures`. One run in `schedules.SAMPLED` is run twice and compared, and so
    is each that fails, before it is shrunk; a user's also in fresh processes. Into
    `folder` go the shrunk runs, and the state of a campaign that goes on for long or is interrupted; `resume`
    goes on from that state, if the same `made_by` wrote it. Without a folder nothing is written. A failure
    whose run cannot be written is kept nonetheless: `runs` has the run, and `Found.unsaved` the reason.

    Raises:
        CampaignError: there is nothing to resume, or not by this version; or a user's strategy goes wrong.
        KeyError: an unknown scenario or strategy.
        OSError: the state to be resumed cannot be read.
    """
    state = begun(scenario, strategy, seed, made_by)
    file = StateFile(folder, state) if folder is not None else None
    if resume:
        if file is None:
            raise ValueError("a campaign is resumed from a folder")
        state = file.resumed(state)
    before, began = state.seconds, clock()
    saved = began
    ended: Literal["limit", "failures", "interrupted"] = "limit"
    runs: list[RunFile] = []
    todo = numbers(state.totals.schedules, schedules, seconds, clock)
    try:
        for number, first in outcomes(scenario, strategy, seed, todo, jobs):
            outcome = first if first.failure is None else confirmed(scenario, strategy, seed, number, first)
            if outcome.failure is not None:
                listener.failed(number, outcome.failure)
                found, run = shrunk(state, number, outcome, folder)
                state.failures.append(found)
                runs.append(run)
                listener.found(found, run)
            state.totals.add(outcome)  # Not before: interrupted while it is shrunk, a failure would be lost.
            state.levers.add(levers_on(config_of(scenario, strategy, seed, number)), outcome.reached)
            now = clock()
            state.seconds = before + now - began
            listener.went_on(state)
            if file is not None and now - saved > SAVED_EVERY_SECONDS:
                saved = now
                keep(file, state, listener)
            if len(state.failures) >= most_failures:
                ended = "failures"
                break
        if not state.failures:
            differs = differs_elsewhere(scenario, strategy, seed, state.totals.schedules)
            if differs is not None:
                number, outcome = differs
                found, run = shrunk(state, number, outcome, folder)
                state.failures.append(found)
                runs.append(run)
                listener.found(found, run)
    except StrategyError as error:
        raise CampaignError(str(error), "a strategy of your own is as Strategy says") from error
    except KeyboardInterrupt:
        ended = "interrupted"
    state.seconds = before + clock() - began
    kept = other = None
    if file is not None and ended == "interrupted":
        kept = file.path if keep(file, state, listener) else None
        other = None if file.mine else file.path
    elif file is not None:
        other = None if file.remove() else file.path
    return Campaign(state, ended, kept, other, tuple(runs))


def keep(file: StateFile, state: State, listener: Listener) -> bool:
    """Write the state down, if that can be; the first problem with it is told."""
    known = file.problem
    kept = file.save(state)
    if known is None and file.problem is not None:
        listener.not_kept(file.problem)
    return kept


def shrunk(state: State, schedule: int, outcome: RunResult, folder: Path | None) -> tuple[Found, RunFile]:
    """The smallest run found that breaks the same promise, in a file of its own if that can be written."""
    failure = outcome.failure
    assert failure is not None
    config = config_of(state.scenario, state.strategy, state.seed, schedule)
    if failure.spec == REPRODUCIBLE:
        small = RunFile(RUN_FORMAT, None, config, outcome)
    else:
        small = smallest(find(state.scenario), config, outcome)
    small = stamped(small, state.made_by)
    run = unsaved = None
    if folder is not None:
        path = folder / f"{failure.spec}-{plain(config.strategy)}-{config.seed}.json"
        try:
            save(path, small)
            run = str(path)
        except OSError as error:  # What hours of work have found outlives a full disk.
            unsaved = file_problem(error)
    broken = small.result.failure
    assert broken is not None
    return Found(failure.spec, run, schedule, failure.step, broken.step, small.minimal, unsaved), small

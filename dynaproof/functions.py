"""`explore`, `replay`, `shrink`, `trace`, `check` and `explore_model`: what the commands do, as functions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dynaproof.arguments import above_zero, known_strategy
from dynaproof.checkers import campaign
from dynaproof.checkers.patches import seeded
from dynaproof.checkers.runs import trace as tracing
from dynaproof.checkers.runs.run_file import RunFile, RunFileError, load, rerun, save
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.shrink import smaller
from dynaproof.checkers.runs.trace import Step
from dynaproof.checkers.scenarios.catalogue import find
from dynaproof.checkers.scenarios.given import name_of, strategy_name_of
from dynaproof.checkers.scenarios.usable import require_usable
from dynaproof.checkers.seam import Strategy
from dynaproof.checkers.strategies.catalogue import GIVEN
from dynaproof.checkers.strategies.users_strategy import METHODS, is_strategy
from dynaproof.checkers.user_file import article, being_imported
from dynaproof.errors import UserError
from dynaproof.provenance import maker
from dynaproof.rerunning import LAST_STEPS
from dynaproof.results import Campaign, Replay, Shrunk, Trace, Verdict
from dynaproof.seeding import bug_named

if TYPE_CHECKING:
    from dynaproof.checkers.state_space.explore import Result as ModelResult
    from dynaproof.model.language import Model
    from dynaproof.specs.history import History
    from dynaproof.specs.objects import SequentialObject

DEFAULT_SECONDS = 50.0


def explore(
    scenario: Scenario | str,
    *,
    schedules: int | None = None,
    seconds: float | None = None,
    seed: int = 1,
    jobs: int = 1,
    strategies: str | type[Strategy] | Sequence[str | type[Strategy]] = "portfolio",
    most_failures: int = campaign.MOST_FAILURES,
    folder: Path | str | None = None,
) -> Campaign:
    """Drive a scenario through many orders and faults, with every spec checked at every step.

    `scenario` is an object, or its name (`FILE.py:NAME` or one of ours); the same goes for strategies.
    Without `schedules` and `seconds`, it runs for about a minute. Each failing run is shrunk, and written
    into `folder` if one is given.

    Raises:
        UserError: there is no such scenario or strategy, or other processes cannot find the scenario.
    """
    if not isinstance(scenario, str | Scenario):
        raise UserError(
            f"explore takes a Scenario or FILE.py:NAME, not a {type(scenario).__name__}",
            "Scenario(name=..., sentence=..., kinds=(...,)) makes one",
        )
    above_zero({"schedules": schedules, "seconds": seconds, "jobs": jobs})
    importing = being_imported()
    if importing is not None:
        raise UserError(
            f"{importing} explores while it is imported, as other processes do too",
            'call it below if __name__ == "__main__":',
        )
    name = scenario if isinstance(scenario, str) else name_of(scenario)
    try:
        require_usable(name)
    except LookupError as error:
        raise UserError(str(error.args[0])) from error
    if jobs > 1 and not isinstance(scenario, str) and ".py:" not in name:
        raise UserError(
            f"the scenario {name} stands in no file, so other processes cannot import it",
            "give it a name in a file, or take jobs=1",
        )
    names = [
        strategy_called(one) for one in ([strategies] if isinstance(strategies, str | type) else strategies)
    ]
    for one in names:
        known_strategy(one)
        if jobs > 1 and one in GIVEN:
            raise UserError(
                f"the strategy {one} stands in no file, so other processes cannot import it",
                "define it in a file, or take jobs=1",
            )
    strategy = ",".join(names)
    if schedules is None and seconds is None:
        seconds = DEFAULT_SECONDS
    try:
        done = campaign.explore(
            name,
            strategy=strategy,
            seed=seed,
            schedules=schedules,
            seconds=seconds,
            jobs=jobs,
            most_failures=most_failures,
            folder=None if folder is None else Path(folder),
            made_by=maker(),
        )
    except campaign.CampaignError as error:
        raise UserError(error.message, error.hint) from error
    if done.ended == "interrupted":
        raise KeyboardInterrupt
    return Campaign(name, strategy, seed, done.state, done.runs)


def strategy_called(given: object) -> str:
    """The name of a strategy that is given by name or as a class.

    Raises:
        UserError: it is neither.
    """
    if isinstance(given, str):
        return given
    if not is_strategy(given):
        raise UserError(
            f"explore takes strategies by name or as classes, and {article(given)} is neither",
            f"a strategy is a class with {', '.join(METHODS)}",
        )
    return strategy_name_of(given)


def opened(file: Path | str | RunFile) -> RunFile:
    """The run in a file.

    Raises:
        UserError: it is not a run file, or cannot be used.
    """
    if isinstance(file, RunFile):
        return file
    try:
        return load(Path(file), find)
    except RunFileError as error:
        raise UserError(str(error)) from error


def replay(file: Path | str | RunFile) -> Replay:
    """Run a run again, exactly, and compare.

    Raises:
        UserError: it is not a run file, or cannot be used.
        Divergence: its schedule is no longer possible.
    """
    run = opened(file)
    with seeded(bug_named(run.config.scenario, run.mutant)):
        result = rerun(run, find(run.config.scenario))
    return Replay(run, result, _last_steps(run) if result.failure is not None else ())


def shrink(file: Path | str | RunFile, out: Path | str | None = None) -> Shrunk:
    """Leave out of a failing run what its failure does not need, and write it to `out` if that is given.

    Raises:
        UserError: it is not a run file, breaks no promise, or no longer fails.
    """
    run = opened(file)
    if run.result.failure is None:
        raise UserError("this run breaks no promise, so there is nothing to shrink")
    with seeded(bug_named(run.config.scenario, run.mutant)):
        small = smaller(find(run.config.scenario), run)
    if small is None:
        raise UserError("this run does not fail any more as it did", "replay it to see where")
    if out is not None:
        save(Path(out), small, maker())
    return Shrunk(run, small, _last_steps(small))


def trace(file: Path | str | RunFile) -> Trace:
    """The steps of a run as sentences, each with what it changed.

    Raises:
        UserError: it is not a run file, or cannot be used.
    """
    run = opened(file)
    return Trace(run, _steps(run))


def check(history: History | Path | str, object: str | SequentialObject = "register") -> Verdict:  # noqa: A002
    """Whether a history (or that of a file) is linearizable as an object, given by name or your own.

    Raises:
        UserError: the file cannot be read, there is no such object, or the two do not fit.
    """
    from dynaproof.checkers.linearizability import UnfitOperationError, UnknownOperationError
    from dynaproof.checkers.linearizability import check as decide
    from dynaproof.commands.histories import object_named, read_history

    thing = object_named(object) if isinstance(object, str) else object
    if isinstance(history, Path | str):
        history = read_history(str(history), None, thing)
    try:
        return Verdict(history, decide(history, thing))
    except (UnfitOperationError, UnknownOperationError) as error:
        raise UserError(str(error)) from error


def explore_model(
    model: Model, *, symmetry: bool = False, threads: int = 1, seconds: float | None = None
) -> ModelResult:
    """Explore all states of a model, until one breaks a promise or the seconds are up.

    With `symmetry`, states that differ only in the names of equal members count once.

    Raises:
        UserError: it is not a model, or its text has a mistake, which is reported with its line.
    """
    from dynaproof.checkers.state_space.explore import Limits
    from dynaproof.checkers.state_space.explore import explore as exhaust
    from dynaproof.model.language import Model, ModelError

    if not isinstance(model, Model):
        raise UserError(f"explore_model takes an object of a Model, not {model!r}", "make one: MyModel()")
    above_zero({"threads": threads, "seconds": seconds})
    try:
        return exhaust(model, symmetry=symmetry, threads=threads, limits=Limits(seconds=seconds))
    except ModelError as error:
        raise UserError(str(error)) from error


def _steps(run: RunFile) -> tuple[Step, ...]:
    steps: list[Step] = []
    with seeded(bug_named(run.config.scenario, run.mutant)):
        tracing.trace(run, find(run.config.scenario), steps.append)
    return tuple(steps)


def _last_steps(run: RunFile) -> tuple[Step, ...]:
    return _steps(run)[-LAST_STEPS:]

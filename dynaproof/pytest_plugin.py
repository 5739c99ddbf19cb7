"""The pytest plugin: the fixture `explore` runs a campaign and fails its test if a promise is broken.

    from ring import RING

    def test_at_most_one_leader(explore):
        explore(RING, schedules=500)

A failure shows the promise, what was found, the last steps of the shrunk run, and the command that replays
it. Runs are written to `.dynaproof/` in the folder in which pytest was started. The fixture returns the
campaign, so a test may ask more of it.

Every pytest of an environment loads this module, so it imports pytest only, and adds neither options nor
hooks: whoever does not ask for the fixture pays for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dynaproof.checkers.campaign import Campaign, Found, State
    from dynaproof.checkers.runs.config import Failure
    from dynaproof.checkers.runs.run_file import RunFile
    from dynaproof.checkers.runs.scenario import Scenario

FOLDER = ".dynaproof"
"""Where the runs of failed tests lie, a folder for each test."""

SCHEDULES = 200
"""How many runs a test explores that does not say how many."""

IGNORED = "# Made by dynaproof: the runs of failed tests.\n*\n"


class Explore:
    """What the fixture gives: a function that explores a scenario for one test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self,
        scenario: Scenario | str,
        *,
        schedules: int | None = None,
        seconds: float | None = None,
        seed: int = 1,
        strategy: str = "portfolio",
        jobs: int = 1,
    ) -> Campaign:
        """Explore a scenario, an object or `FILE.py:NAME`; the test fails at the first broken promise.

        Args:
            scenario: What is run.
            schedules: How many runs; without it and `seconds`, 200.
            seconds: For how long to start new runs.
            seed: Where the seeds of the runs begin.
            strategy: Who decides what happens next; see `dynaproof strategies`.
            jobs: Processes.
        """
        from dynaproof.errors import UserError

        if schedules is None and seconds is None:
            schedules = SCHEDULES
        report = Report()
        try:
            campaign = _campaign(
                scenario, report, self._folder, schedules, seconds, seed=seed, strategy=strategy, jobs=jobs
            )
        except UserError as error:
            pytest.fail(f"{error.message}; {error.hint}" if error.hint else error.message, pytrace=False)
        if report.told is not None:
            _keep_out_of_commits(self._folder.parent)
            pytest.fail(report.told, pytrace=False)
        return campaign


class Report:
    """The listener of a campaign: what a test tells of its first failure."""

    def __init__(self) -> None:
        self.told: str | None = None

    def went_on(self, state: State) -> None:
        """A test tells nothing of what goes well."""

    def failed(self, schedule: int, failure: Failure) -> None:
        """It is told once it is shrunk."""

    def found(self, found: Found, run: RunFile) -> None:
        """Tell the shrunk run, and how it is replayed."""
        from dynaproof.rerunning import command_line, failure_lines

        failure = run.result.failure
        assert failure is not None
        told = "\n".join([*failure_lines(run, failure), f"replay it: {command_line('replay', found.run)}"])
        self.told = told.removeprefix("FAILED ")  # pytest has said so.


def _campaign(
    scenario: Scenario | str,
    report: Report,
    folder: Path,
    schedules: int | None,
    seconds: float | None,
    *,
    seed: int,
    strategy: str,
    jobs: int,
) -> Campaign:
    from dynaproof.arguments import above_zero
    from dynaproof.checkers import campaign
    from dynaproof.checkers.user_file import UserFileError, name_of
    from dynaproof.commands.explore import check_arguments
    from dynaproof.errors import UserError
    from dynaproof.provenance import maker

    above_zero({"schedules": schedules, "seconds": seconds, "jobs": jobs})
    try:
        name = scenario if isinstance(scenario, str) else name_of(scenario)
    except UserFileError as error:
        raise UserError(str(error)) from error
    check_arguments(name, strategy)
    return campaign.explore(
        name,
        strategy=strategy,
        seed=seed,
        schedules=schedules,
        seconds=seconds,
        jobs=jobs,
        most_failures=1,
        folder=folder,
        made_by=maker(),
        listener=report,
    )


@pytest.fixture
def explore(request: pytest.FixtureRequest) -> Callable[..., Campaign]:
    """Explore a scenario: `explore(SCENARIO, schedules=200, seed=1)` gives the campaign, or fails the test."""
    test = re.sub(r"[^\w.-]+", "-", f"{request.path.stem}.{request.node.name}").strip("-")
    return Explore(Path(FOLDER, test))


def _keep_out_of_commits(folder: Path) -> None:
    """Have version control leave the runs alone, as pytest does with its cache."""
    ignore = folder / ".gitignore"
    if folder.is_dir() and not ignore.exists():
        ignore.write_text(IGNORED, encoding="utf-8")

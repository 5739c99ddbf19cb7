"""The pytest plugin: the fixture `explore` runs a campaign and fails its test if a promise is broken.

    from ring import RING

    def test_at_most_one_leader(explore):
        explore(RING, schedules=500)

A failure shows the promise, what was found, the last steps of the shrunk run, and the command that replays
it. Runs are written to `.dynaproof/` in the folder in which pytest was started. The fixture returns the
campaign, so a test may ask more of it.

Every pytest of an environment loads this module, so it imports only pytest, and adds neither options nor
hooks: a test that does not ask for the fixture pays nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dynaproof import Campaign, Scenario

FOLDER = ".dynaproof"
"""Where the runs of failed tests are, in a folder for each test."""

SCHEDULES = 200
"""How many runs a test explores if it does not say."""

IGNORED = "# Made by dynaproof: the runs of failed tests.\n*\n"


def run_as_written() -> None:
    """Have pytest load the modules of dynaproof as they stand in their files.

    It rewrites the assertions in every module of a distribution that has a plugin. Seeded bugs and kept
    programs of models compare what runs with what the file says, and the innermost loop has assertions too.
    """
    for finder in sys.meta_path:
        rewritten = getattr(finder, "_must_rewrite", None)
        if isinstance(rewritten, set):
            rewritten.discard("dynaproof")


run_as_written()


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
        jobs: int = 1,
        strategies: str | Sequence[str] = "portfolio",
    ) -> Campaign:
        """Explore a scenario, an object or `FILE.py:NAME`; the test fails at the first broken promise.

        Args:
            scenario: What is run.
            schedules: How many runs; without it and `seconds`, 200.
            seconds: For how long to start new runs.
            seed: Where the seeds of the runs begin.
            jobs: Processes.
            strategies: What decides the next event; see `dynaproof strategies`.
        """
        import dynaproof
        from dynaproof.errors import UserError

        if schedules is None and seconds is None:
            schedules = SCHEDULES
        try:
            campaign = dynaproof.explore(
                scenario,
                schedules=schedules,
                seconds=seconds,
                seed=seed,
                jobs=jobs,
                strategies=strategies,
                most_failures=1,
                folder=self._folder,
            )
        except UserError as error:
            told = f"{error.message}; {error.hint}" if error.hint else error.message
            raise pytest.fail.Exception(told, pytrace=False) from None
        if campaign.runs:
            _keep_out_of_commits(self._folder.parent)
            pytest.fail(_told(campaign), pytrace=False)
        return campaign


def _told(campaign: Campaign) -> str:
    """The first failure of a campaign, and how it is replayed."""
    from dynaproof.rerunning import failure_lines

    run, found = campaign.runs[0], campaign.failures[0]
    failure = run.result.failure
    assert failure is not None, "a campaign keeps the runs that fail"
    lines = failure_lines(run, failure)
    if found.unsaved is not None:
        lines.append(f"the run could not be saved: {found.unsaved}")
    lines.append(f"{'find it again' if found.run is None else 'replay it'}: {campaign.again(found)}")
    return "\n".join(lines).removeprefix("FAILED ")  # pytest says that itself.


@pytest.fixture
def explore(request: pytest.FixtureRequest) -> Callable[..., Campaign]:
    """Explore a scenario: `explore(SCENARIO, schedules=200, seed=1)` gives the campaign or fails the test."""
    test = re.sub(r"[^\w.-]+", "-", f"{request.path.stem}.{request.node.name}").strip("-")
    return Explore(Path(FOLDER, test))


def _keep_out_of_commits(folder: Path) -> None:
    """Have version control ignore the runs, as pytest does for its cache."""
    ignore = folder / ".gitignore"
    if folder.is_dir() and not ignore.exists():
        with suppress(OSError):  # A disk that is full hides no failure.
            ignore.write_text(IGNORED, encoding="utf-8")

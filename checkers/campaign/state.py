"""What a campaign has seen, and the file in which it is kept while it can still go on.

A file has one owner: the campaign that wrote it, or resumed it. Another campaign of the same name neither
replaces nor removes it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct, field

from dynaproof.checkers.campaign.errors import CampaignError
from dynaproof.checkers.campaign.levers import LeverCounts
from dynaproof.checkers.campaign.schedules import Totals
from dynaproof.checkers.user_file import WITH
from dynaproof.checkers.users_files import changed, hashes_of
from dynaproof.checkers.whole_file import file_problem, write_whole

STATE_FORMAT = 5


class Found(Struct, frozen=True):
    """A broken promise: where, and the run file that shows it (None if nothing is written).

    `minimal` says whether shrinking went on until nothing more could be left out; `unsaved` names the file
    that could not be written, and why.
    """

    spec: str
    run: str | None
    schedule: int
    step: int
    shrunk_events: int
    minimal: bool
    unsaved: str | None = None


class State(Struct):
    """A campaign so far."""

    format: int
    made_by: str
    scenario: str
    strategy: str
    seed: int
    files: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each file of a user's that it runs, and of those that these import, by their paths."""
    seconds: float = 0.0
    totals: Totals = field(default_factory=Totals)
    levers: LeverCounts = field(default_factory=LeverCounts)
    failures: list[Found] = field(default_factory=list)

    def name(self) -> str:
        """The campaign as text: scenario, strategy and seed, by which it differs from others."""
        return f"{self.scenario}, {self.strategy}, seed {self.seed}"


def begun(scenario: str, strategy: str, seed: int, made_by: str) -> State:
    """A campaign that has seen nothing yet."""
    names = (*scenario.split(WITH), *strategy.split(","))
    return State(STATE_FORMAT, made_by, scenario, strategy, seed, hashes_of(names))


def plain(name: str) -> str:
    """A name as a part of a file's name."""
    return name.replace("/", "-").replace("\\", "-").replace(":", "-").lstrip("-")


class StateFile:
    """The file of one campaign in a folder."""

    def __init__(self, folder: Path, state: State) -> None:
        self.path = folder / f"campaign-{plain(state.scenario)}-{plain(state.strategy)}-{state.seed}.json"
        self.mine = not self.path.exists()
        """Whether this campaign may write it: nobody has, or `resumed` has taken it over."""
        self.problem: str | None = None
        """Why it could not be written, if that has failed: which file, and the reason."""

    def resumed(self, new: State) -> State:
        """The campaign that was interrupted, in place of a new one of the same name.

        Raises:
            CampaignError: there is none, or it cannot go on here.
            OSError: the file cannot be read.
        """
        if self.mine:
            raise CampaignError(
                f"{self.path}: there is no interrupted campaign of {new.name()}", "run it without --resume"
            )
        try:
            state = msgspec.json.decode(self.path.read_bytes(), type=State)
        except ValueError as error:
            raise CampaignError(f"{self.path}: not the state of a campaign ({error})", LEAVE_IT) from error
        if state.format != STATE_FORMAT:
            raise CampaignError(
                f"{self.path}: format {state.format}, this version reads {STATE_FORMAT}", REMOVE
            )
        if state.name() != new.name():
            raise CampaignError(f"{self.path}: it is the state of {state.name()}, not {new.name()}", REMOVE)
        if state.made_by != new.made_by:
            raise CampaignError(
                f"{self.path}: begun by {state.made_by}, and this is {new.made_by}: their runs may differ",
                "go on with the version that began it, or run without --resume",
            )
        file = changed(state.files)
        if file is not None:
            raise CampaignError(
                f"{self.path}: {file} has changed since that campaign began: its runs may differ",
                "go on with the file as it was, or run without --resume",
            )
        self.mine = True
        return state

    def save(self, state: State) -> bool:
        """Write the state whole, or not at all; False if it is another campaign's, or has a `problem`."""
        if not self.mine:
            return False
        try:
            write_whole(self.path, msgspec.json.encode(state))
        except OSError as error:  # A campaign of hours outlives a full disk.
            self.problem = file_problem(error)
            return False
        return True

    def remove(self) -> bool:
        """Remove the file, for nothing is left to go on with; False if another campaign's or ours is left."""
        if self.mine:
            with suppress(OSError):  # Its folder may be read-only, or no folder, by now.
                self.path.unlink(missing_ok=True)
        return not self.path.exists()


REMOVE = "remove it, and run without --resume"
LEAVE_IT = "take another --out, or run without --resume"

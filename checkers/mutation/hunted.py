"""What of a hunt is done, in a file, so that the same command goes on from there after an interruption."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, field, structs

from dynaproof.checkers.mutation.hunt import Kill
from dynaproof.checkers.mutation.row_file import RowError, RowFile, read_rows
from dynaproof.checkers.users_files import changed

DIRECTED = "the directed scenarios"
"""The subject of the row that says that the system without a bug survives these."""


class Effort(Struct, frozen=True):
    """What every row of a file has in common; `made_by` is the version that hunted."""

    strategy: str
    schedules: int
    seed: int
    made_by: str
    scenario: str = ""
    """That of a user's own bugs; each of ours names its own."""
    files: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the user's files that are hunted in, by their paths."""

    def __str__(self) -> str:
        hunted_in = f"{self.scenario}, " if self.scenario else ""
        effort = f"--strategy {self.strategy} --schedules {self.schedules} --seed {self.seed}"
        return f"{hunted_in}{effort} of {self.made_by}"


class Done(Struct, frozen=True):
    """The hunt of one bug; or, without `kill`, the scenario in which the system without a bug has survived
    (its `subject`).
    """

    subject: str
    effort: Effort
    kill: Kill | None


class Hunted:
    """The results of a hunt so far, in a file if there is one."""

    def __init__(self, file: Path | None, effort: Effort) -> None:
        """Read the results so far.

        Raises:
            RowError: the file holds something else, or results of another effort.
            OSError: the file cannot be read.
        """
        self.effort = effort
        self.kills: dict[str, Kill] = {}
        self.survived: dict[str, bool] = {}
        for row in [] if file is None else read_rows(file, Done, "a result of a hunt"):
            different = structs.replace(row.effort, files=effort.files) != effort
            path = None if different else changed(row.effort.files)
            if path is not None:
                raise RowError(f"{file}: {path} has changed since that hunt began")
            if different:
                raise RowError(f"{file}: hunted with {row.effort}, and this is {effort}")
            self.take(row)
        self.file = None if file is None else RowFile(file)

    def take(self, row: Done) -> None:
        """Something is done."""
        if row.kill is None:
            self.survived[row.subject] = True
        else:
            self.kills[row.subject] = row.kill

    def add(self, subject: str, kill: Kill | None) -> None:
        """Something has been done: write it down."""
        row = Done(subject, self.effort, kill)
        self.take(row)
        if self.file is not None:
            self.file.add(row)

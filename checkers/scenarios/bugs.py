"""The seeded bugs of a user's file: `bugs = (bug(...), ...)` beside the scenario; each changes that file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dynaproof.checkers.patches import Bug, Edit
from dynaproof.checkers.user_file import file_of, imported


def bugs_of(scenario: str) -> dict[str, Bug]:
    """The bugs in the file of `FILE.py:NAME`, by name.

    Raises:
        LookupError: the file has none, or something under that name that cannot be hunted; the message is a
            sentence.
    """
    file = file_of(scenario)
    bugs = getattr(imported(Path(file)), "bugs", None)
    if bugs is None:
        raise LookupError(
            f"{file} has no seeded bugs: bugs = (bug(NAME, SENTENCE, Edit(__name__, OLD, NEW)), ...)"
        )
    if isinstance(bugs, Bug):
        raise LookupError(f"{file} has one bug as its bugs, which is a tuple: bugs = (bug(...),)")
    if not isinstance(bugs, tuple | list):
        raise LookupError(f"{file} has {bugs!r:.60} as its bugs, which is a tuple: bugs = (bug(...), ...)")
    by_name: dict[str, Bug] = {}
    for one in bugs:
        _require_bug(file, one)
        if one.name in by_name:
            raise LookupError(f"{file} has two bugs named {one.name!r}; a bug is hunted by its name")
        by_name[one.name] = one
    return by_name


def _require_bug(file: str, one: Any) -> None:
    """Reject what cannot be seeded."""
    if not isinstance(one, Bug):
        raise LookupError(f"{file} has {one!r:.60} among its bugs, and a bug is a Bug")
    if not one.edits:
        raise LookupError(
            f"{file} has the bug {one.name!r} without edits, which breaks nothing: "
            "bug(NAME, SENTENCE, Edit(__name__, OLD, NEW))"
        )
    if not all(isinstance(edit, Edit) for edit in one.edits):
        raise LookupError(f"{file} has the bug {one.name!r} with something among its edits that is no Edit")

"""The seeded bugs of a user's file: `bugs = (bug(...), ...)` beside the scenario; each changes that file."""

from __future__ import annotations

from pathlib import Path

from dynaproof.checkers.patches import Bug
from dynaproof.checkers.user_file import file_of, imported


def bugs_of(scenario: str) -> dict[str, Bug]:
    """The bugs in the file of `FILE.py:NAME`, by name.

    Raises:
        LookupError: the file has none, or something else under that name; the message is a sentence.
    """
    file = file_of(scenario)
    bugs = getattr(imported(Path(file)), "bugs", None)
    if bugs is None:
        raise LookupError(
            f"{file} has no seeded bugs: bugs = (bug(NAME, SENTENCE, Edit(__name__, OLD, NEW)), ...)"
        )
    wrong = [one for one in bugs if not isinstance(one, Bug)] if isinstance(bugs, tuple | list) else [bugs]
    if wrong:
        raise LookupError(f"{file} has {wrong[0]!r} among its bugs, and a bug is a Bug")
    return {one.name: one for one in bugs}

"""The seeded bug of a run: one of ours, or one from the user's file that has its scenario."""

from __future__ import annotations

from collections.abc import Mapping

from dynaproof.checkers.patches import Bug
from dynaproof.errors import UserError, unknown_name


def known_bugs(scenario: str) -> Mapping[str, Bug]:
    """The bugs that a scenario can be run with, by name.

    Raises:
        UserError: the file of a user's scenario states no bugs, or something that is not bugs.
    """
    from dynaproof.checkers.scenarios.bugs import bugs_of
    from dynaproof.checkers.user_file import file_of

    if not file_of(scenario):
        from dynaproof.checkers.mutation.catalogue import KNOWN_BUGS

        return KNOWN_BUGS
    try:
        return bugs_of(scenario)
    except LookupError as error:
        raise UserError(str(error.args[0])) from error


def bug_named(scenario: str, name: str | None) -> Bug | None:
    """The bug that a run was made with; None for a run without one.

    Raises:
        UserError: there is no bug of that name.
    """
    if name is None:
        return None
    known = known_bugs(scenario)
    if name not in known:
        raise unknown_name("mutant", name, list(known))
    return known[name]

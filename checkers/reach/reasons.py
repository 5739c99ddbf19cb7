"""Why a campaign does not reach a branch, by file and function; within one, by the line where it begins.

A reason says what would have to happen, and whether anything in the campaign can make it happen. A branch
that is reached counts for itself, whatever stands here.
"""

from typing import Final

from dynaproof.checkers.reach.branches import Branch

REASONS: Final[dict[str, dict[tuple[str, str], str]]] = {}
"""By file, (function, line's text or empty for all of its lines): the reason."""


def reason_of(branch: Branch) -> str | None:
    """Why it is not reached, as far as that is known."""
    of = REASONS.get(branch.file, {})
    return of.get((branch.function, branch.text), of.get((branch.function, "")))

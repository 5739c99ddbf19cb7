"""Bugs of leader hints."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.hints"

BUGS = (
    model_bug(
        "FollowsAnyHint",
        "A router follows every hint that it is given.",
        Edit(MODEL, "self.hint_ballot[asked] > self.followed", "self.hint_ballot[asked] > 0"),
        violates="arrives",
    ),
    model_bug(
        "AsksTheFirstAgain",
        "A router that is given no newer hint asks the first voter, and not the next one.",
        Edit(MODEL, "self.at = asked + 1 if asked + 1 < self.nodes else 0", "self.at = 0"),
        violates="arrives",
    ),
)

"""Bugs of a replacement whose leader does not hear the new replica."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.deaf_leader"

BUGS = (
    model_bug(
        "LeadsOn",
        "A leader that gave no vote to the new replica leads on.",
        Edit(MODEL, "return bool(v != self.leader)", "return bool(v == self.leader)"),
        violates="is_replaced",
    ),
    model_bug(
        "AsksOnAndOn",
        "A replacement is given up, and planned again with the same leader.",
        Edit(MODEL, 'self.step = "void"', 'self.step = "planned"'),
        violates="is_replaced",
    ),
)

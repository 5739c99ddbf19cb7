"""Bugs of two-phase commit."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.two_phase_commit"

BUGS = (
    model_bug(
        "CommitsWithoutAll",
        "The transaction manager commits as soon as anyone is prepared.",
        Edit(MODEL, "all(r in self.tm_prepared", "any(r in self.tm_prepared"),
        violates="consistent",
    ),
    model_bug(
        "AbortsAfterPreparing",
        "A resource manager that has promised to commit changes its mind.",
        Edit(
            MODEL,
            'self.rm_state[r] == "working"',
            'self.rm_state[r] in {"working", "prepared"}',
            within="TwoPhaseCommit.rm_choose_to_abort",
        ),
        violates="consistent",
    ),
)

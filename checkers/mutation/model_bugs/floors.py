"""Bugs of forgetting what was dropped."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.floors"

BUGS = (
    model_bug(
        "ForgetsWhatNoTermDropped",
        "What was dropped without a term is forgotten at any fence.",
        Edit(
            MODEL,
            "return bool(0 < self.dropped_by[p] < self.fence)",
            "return bool(self.dropped_by[p] < self.fence)",
        ),
        violates="dropped_stays_dropped",
    ),
    model_bug(
        "ForgetsAtTheSameTerm",
        "A floor is forgotten as soon as the node has seen the term that dropped.",
        Edit(
            MODEL,
            "return bool(0 < self.dropped_by[p] < self.fence)",
            "return bool(0 < self.dropped_by[p] <= self.fence)",
        ),
        violates="dropped_stays_dropped",
    ),
    model_bug(
        "LowerTermsObeyed",
        "A node forgets by its fence, and obeys commands of lower terms.",
        Edit(MODEL, "return bool(p == METADATA or t >= self.fence)", "return True"),
        violates="dropped_stays_dropped",
    ),
    model_bug(
        "OlderOneStays",
        "A node that is told to drop an incarnation leaves it, and makes no other.",
        Edit(MODEL, "if self.has[p] == i:", "if self.has[p] > i:"),
        violates="settles",
    ),
)

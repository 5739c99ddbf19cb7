"""Bugs of replacing the voters of a child of which not all were heard."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.child_voters"

BUGS = (
    model_bug(
        "WaitsForAllOthers",
        "A voter of a child is replaced once all others were heard of, however many the group may lose.",
        Edit(MODEL, "return bool(unheard < self.voters - self.quorum())", "return bool(unheard == 0)"),
        violates="whole",
    ),
    model_bug(
        "ReplacedUnheard",
        "A voter of a child is replaced whether or not others were heard of.",
        Edit(MODEL, "return bool(unheard < self.voters - self.quorum())", "return True"),
        violates="data_survive",
    ),
    model_bug(
        "OneTooFewIsHeard",
        "As many others may be unheard as the group may lose, besides the one that is replaced.",
        Edit(
            MODEL,
            "return bool(unheard < self.voters - self.quorum())",
            "return bool(unheard <= self.voters - self.quorum())",
        ),
        violates="data_survive",
    ),
    model_bug(
        "SuccessorsUnheard",
        "A voter is replaced although the one that was brought in last may have no data.",
        Edit(
            MODEL,
            'return any(self.brought == w and (w == v or self.data[w] == "there") for w in self.Voter)',
            "return True",
        ),
        violates="data_survive",
    ),
)

"""Bugs of requests over a split."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.router"

BUGS = (
    model_bug(
        "WrongPartitionByHearsay",
        "A replica that has the split in its log, and has not applied it, refuses definitely.",
        Edit(MODEL, "return self.split_is_chosen()", "return self.barrier() > 0"),
        violates="nothing_after_a_definite_error",
    ),
    model_bug(
        "WrongPartitionPastTheDeadline",
        "A replica that may have forgotten the request refuses definitely.",
        Edit(MODEL, "return not self.past_before_barrier", "return True", within="Router.within_deadline"),
        violates="nothing_after_a_definite_error",
    ),
    model_bug(
        "ThawedMemory",
        "A child is made from the parent's state as it is by then: behind the barrier it forgot.",
        Edit(
            MODEL,
            "return not self.past_before_barrier",
            "return not self.past_at_parent",
            within="Router.inherits",
        ),
        violates="applies_once",
    ),
    model_bug(
        "IdsStayBehind",
        "A child starts without the ids that the parent remembers.",
        Edit(MODEL, "return not self.past_before_barrier", "return False", within="Router.inherits"),
        violates="applies_once",
    ),
    model_bug(
        "LastAnswerCounts",
        "A router takes one definite refusal, the parent's say, for the outcome of all attempts.",
        Edit(MODEL, "return False", "return len(self.refused) > 0"),
        violates="nothing_after_a_definite_error",
    ),
)

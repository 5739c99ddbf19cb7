"""Bugs of when the record of a deleted table goes."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.deletion"

BUGS = (
    model_bug(
        "ForgetsWhatIsPlanned",
        "Only the nodes of the recorded config are waited for.",
        Edit(
            MODEL,
            "return self.names(self.recorded, n) or self.names(self.planned, n)",
            "return self.names(self.recorded, n)",
        ),
        violates="what_is_deleted_is_not_served",
    ),
    model_bug(
        "AsManyAsAQuorumLack",
        "The record goes although as many have not answered as are a quorum.",
        Edit(MODEL, "<= (VOTERS - 1) // 2", "<= (VOTERS + 1) // 2"),
        violates="what_is_deleted_is_not_served",
    ),
    model_bug(
        "WaitsForWhoHasLeft",
        "Nodes that only earlier configs name are waited for too.",
        Edit(
            MODEL,
            "return sum(self.may_vote(n) for n in self.Node if n not in self.dropped)",
            "return sum(n < self.planned + VOTERS for n in self.Node if n not in self.dropped)",
        ),
        violates="the_record_goes",
    ),
)

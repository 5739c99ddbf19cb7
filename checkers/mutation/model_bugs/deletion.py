"""Bugs of when the record of a deleted table goes."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.deletion"

BUGS = (
    model_bug(
        "ForgetsWhatIsPlanned",
        "Only a quorum of the recorded config is heeded.",
        Edit(MODEL, " and not self.enough(self.planned, left)", ""),
        violates="what_is_deleted_is_not_served",
    ),
    model_bug(
        "ForgetsWhatIsRecorded",
        "Only a quorum of the planned config is heeded.",
        Edit(MODEL, "not self.enough(self.recorded, left) and ", ""),
        violates="what_is_deleted_is_not_served",
    ),
    model_bug(
        "AsManyAsAQuorumLack",
        "The record goes although a quorum of the recorded config is left.",
        Edit(
            MODEL,
            "not self.enough(self.recorded, left)",
            "sum(self.names(self.recorded, n) for n in left) < VOTERS",
        ),
        violates="what_is_deleted_is_not_served",
    ),
    model_bug(
        "WaitsForWhoHasLeft",
        "A quorum of the first config is heeded too, whose nodes may be away for good.",
        Edit(
            MODEL,
            "require(not self.enough(self.recorded, left)",
            "require(not self.enough(0, left) and not self.enough(self.recorded, left)",
        ),
        violates="the_record_goes",
    ),
)

"""Bugs of checkpoints, of cutting the log, and of catching up."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.catch_up"

BUGS = (
    model_bug(
        "NamedBeforeDurable",
        "The log names new pages as soon as they are written; a crash finds the name, and not the pages.",
        Edit(MODEL, " and self.draft_synced[r])", ")", within="CatchUp.name"),
        violates="chosen_records_survive",
    ),
    model_bug(
        "CutsPastTheSlowestCursor",
        "The log is kept for one reader, and not for every one.",
        Edit(
            MODEL,
            "all(n <= self.cursor[k] for k in self.Reader)",
            "any(n <= self.cursor[k] for k in self.Reader)",
        ),
        violates="readers_find_their_records",
    ),
    model_bug(
        "CutsWhatIsApplied",
        "The log is cut below what is applied, of which the disk has no checkpoint.",
        Edit(MODEL, "n <= self.named[r]", "n <= self.applied[r]", within="CatchUp.cut_log"),
        violates="chosen_records_survive",
    ),
    model_bug(
        "CopyWithoutIds",
        "A copy brings the items and not the remembered ids.",
        Edit(MODEL, "self.draft_ids[r] = self.view_ids[peer]", "self.draft_ids[r] = set()"),
        violates="state_is_a_fold",
    ),
    model_bug(
        "CopyWithoutLog",
        "A copy brings the checkpoint only: the log begins behind it.",
        Edit(MODEL, "self.draft_cut[r] = self.cut[peer]", "self.draft_cut[r] = self.view[peer]"),
        violates="readers_find_their_records",
    ),
    model_bug(
        "CutUnderAView",
        "The log is cut above the checkpoint that is held for a copy.",
        Edit(MODEL, "self.view[r] is None or n <= self.view[r]", "True"),
        violates="log_continues_what_is_held",
    ),
    model_bug(
        "MixedCopy",
        "A copy that was begun goes on with the newest checkpoint, and keeps what it has of the older one.",
        Edit(MODEL, "self.draft[r] = self.view[peer]", "self.draft[r] = self.named[peer]"),
        violates="state_is_a_fold",
    ),
)

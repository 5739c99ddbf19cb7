"""Bugs of deleting a table while a partition of it is being split."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.delete_split"
MOST_HAVE_ANSWERED: Final = "return sum((p, n) not in self.answered for n in self.Node) <= 1"

BUGS = (
    model_bug(
        "DropsWhatIsListed",
        "Only the parent is dropped, which the metadata lists.",
        Edit(
            MODEL, 'require(self.status == "deleting" or', 'require((self.status == "deleting" and p == 1) or'
        ),
        Edit(MODEL, MOST_HAVE_ANSWERED, f"return p > 1 or {MOST_HAVE_ANSWERED.removeprefix('return ')}"),
        violates="no_quorum_without_a_record",
    ),
    model_bug(
        "ChildLeavesNoTombstone",
        "Where there is no child yet, nothing remembers that it was to be dropped.",
        Edit(
            MODEL,
            "self.buried.add((p, n))",
            "if (p, n) in self.has:\n    self.buried.add((p, n))",
        ),
        violates="no_quorum_without_a_record",
    ),
    model_bug(
        "AQuorumIsEnough",
        "The record goes as soon as one node has answered.",
        Edit(MODEL, MOST_HAVE_ANSWERED, "return any((p, n) in self.answered for n in self.Node)"),
        violates="no_quorum_without_a_record",
    ),
    model_bug(
        "NobodyReports",
        "What a late node makes is not looked for when the record is gone.",
        Edit(MODEL, ' or (self.status == "gone" and (p, n) in self.has)', ""),
        violates="nothing_stays",
    ),
)

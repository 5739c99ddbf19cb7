"""Bugs of replacing voters by log replicas and learners."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.replacement"

BUGS = (
    model_bug(
        "LogReplicaBesideALaggard",
        "A live voter is replaced by a log replica: it may be one of the two that hold what a third lacks.",
        Edit(MODEL, "return all(self.high[a] == self.last for a in self.voting if a != out)", "return True"),
        violates="quorums_hold_all",
    ),
    model_bug(
        "TwoLogReplicas",
        "A second voter without a tree is added.",
        Edit(MODEL, "return all(self.low[a] == 1 for a in self.voting if a != out)", "return True"),
        violates="quorums_hold_all",
    ),
    model_bug(
        "AsksByWhatItKnows",
        "An acceptor whose log begins above what a candidate knows says only that it is too far behind.",
        Edit(MODEL, "return int(self.high[c])", "return 0 if c in self.unsure else int(self.high[c])"),
        violates="quorums_can_lead",
    ),
    model_bug(
        "PartialCopyVotes",
        "A new voter counts at once, whatever it holds.",
        Edit(MODEL, "return bool(held == self.last)", "return True"),
        violates="quorums_hold_all",
    ),
    model_bug(
        "DropsAtTheConfig",
        "One that has left is dropped as soon as the config is chosen.",
        Edit(MODEL, "return all(a in self.admitted for a in self.voting)", "return True"),
        violates="enough_copies",
    ),
)

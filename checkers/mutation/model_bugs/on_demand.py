"""Bugs of what on-demand tables take."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.on_demand"
FIRST: Final = "return int(max(self.heard[t][p] % (self.most + 1) for p in self.Partition))"

BUGS = (
    model_bug(
        "OntoAnyVersion",
        "A partition obeys whatever has a higher version, also if it has heard another admin meanwhile.",
        Edit(MODEL, "return bool(self.has[p] == onto)", "return True"),
        violates="never_takes_less",
    ),
    model_bug(
        "BeginsAnew",
        "An admin that takes over begins with the shares alone.",
        Edit(MODEL, FIRST, "return 0"),
        violates="never_takes_less",
    ),
    model_bug(
        "BeginsWithAnyReport",
        "An admin begins with what one partition has, and not with the most.",
        Edit(MODEL, FIRST, FIRST.replace("max", "min")),
        violates="never_takes_less",
    ),
    model_bug(
        "CountsAtTheBeginningOnly",
        "What an earlier admin's late command did does not count once an admin has begun.",
        Edit(MODEL, "return bool(self.has[p] < t * (self.most + 1))", "return False"),
        violates="never_takes_less",
    ),
    model_bug(
        "OntoTheFirstVersion",
        "An admin tells a partition its multiplier onto the version with which its term began.",
        Edit(
            MODEL,
            "self.heard[t][p] = self.has[p]",
            "self.heard[t][p] = self.has[p] if self.multiplier[t] is None else self.heard[t][p]",
        ),
        violates="comes_to_one",
    ),
)

"""Bugs of the bound on tails."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.long_tail"
ONE_NO_OP: Final = "dynaproof.model.multi_paxos.one_no_op"
ONE_BALLOT: Final = (
    Edit(MODEL, "slots = Constant(3)", "slots = Constant(4)"),
    Edit(MODEL, "ballots = Constant(2)", "ballots = Constant(1)"),
)
"""The bounds of bugs for which one leader is enough."""
KEEPS_ITS_OWN: Final = Edit(MODEL, "return max(own, told)", "return own")

BUGS = (
    model_bug(
        "KeepsNothing",
        "What is known to be chosen is volatile.",
        Edit(MODEL, "return max(own, told)", "return 0"),
        violates="tails_fit",
    ),
    model_bug(
        "KeepsItsOwn",
        "An accept's journal record carries what was known before the message.",
        KEEPS_ITS_OWN,
        *ONE_BALLOT,
        violates="tails_fit",
    ),
    model_bug(
        "KeepsItsOwnInTwoWindows",
        "The same where a message holds two windows and a no-op: every crash between two accepts adds one.",
        KEEPS_ITS_OWN,
        Edit(MODEL, "return int(self.window + 1)", "return int(2 * self.window + 1)"),
        *ONE_BALLOT,
        violates="tails_fit",
    ),
    model_bug(
        "NoWindow",
        "A leader proposes as fast as it is asked.",
        Edit(MODEL, "return bool(self.proposed[b] - self.counted(b) < self.window)", "return True"),
        *ONE_BALLOT,
        violates="tails_fit",
    ),
    model_bug(
        "ProposesBehindItsBatch",
        "A leader proposes while its first batch is not chosen: its window counts from the batch's end.",
        Edit(
            MODEL,
            "require(self.counted(b) >= self.tail_end[b] and self.within_window(b))",
            "require(self.proposed[b] - max(self.counted(b), self.tail_end[b]) < self.window)",
        ),
        violates="tails_fit",
    ),
    model_bug(
        "NoOpsPileUp",
        "Every leader puts a no-op of its own behind the tail that it adopts.",
        Edit(
            ONE_NO_OP,
            'any(maker == m and self.tail_end[m] == n and self.role[m] == "leader" for m in self.Ballot)',
            "False",
        ),
        Edit(MODEL, "ballots = Constant(2)", "ballots = Constant(3)"),
        violates="tails_fit",
    ),
    model_bug(
        "PromisesWhatDoesNotFit",
        "An acceptor promises though its tail does not fit a message.",
        Edit(MODEL, "require(self.fits(a, self.base[b]))", "require(True)"),
        violates="batches_fit",
    ),
)

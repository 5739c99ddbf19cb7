"""Bugs of the one no-op at the end of a tail."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.multi_paxos.one_no_op"
PROTOCOL: Final = "dynaproof.model.multi_paxos.protocol"

BUGS = (
    model_bug(
        "AddsBehindANoOp",
        "A leader puts a no-op of its own behind the one with which the tail that it adopts ends.",
        Edit(
            MODEL,
            """
            return not any(
                n == length and n > self.base[b] and self.is_no_op(records[n - 1], n) for n in self.Slot
            )
            """,
            "return True",
        ),
        violates="no_ops_do_not_pile_up",
    ),
    model_bug(
        "TakesTheLastForANoOp",
        "A leader takes whatever record its tail ends with for a no-op, and adds none.",
        Edit(PROTOCOL, "slots = Constant(2)", "slots = Constant(3)"),
        Edit(PROTOCOL, "ballots = Constant(3)", "ballots = Constant(2)"),
        Edit(MODEL, "self.is_no_op(records[n - 1], n) for n", "records[n - 1] is not None for n"),
        violates="first_accepts_end_with_a_no_op",
    ),
)

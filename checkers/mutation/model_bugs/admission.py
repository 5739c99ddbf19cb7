"""Bugs of admission."""

from __future__ import annotations

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.mutation.model_bugs.reconfiguration import (
    OLD_PROMISES_COUNT,
    ONLY_THE_ADMITTED_PROMISE,
)

BUGS = (
    model_bug(
        "OldPromisesCount",
        "The promises of the old config's voters count as the quorum of the config that a candidate finds.",
        OLD_PROMISES_COUNT,
        violates="phase_one_meets_the_votes",
    ),
)
BUGS_AFTER_ONE_LOSS = (
    model_bug(
        "OnlyTheAdmittedPromise",
        "A new incarnation holds its promises back until it knows the log through its config.",
        ONLY_THE_ADMITTED_PROMISE,
        violates="led_again",
    ),
)

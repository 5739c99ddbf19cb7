"""Bugs of admission."""

from __future__ import annotations

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.mutation.model_bugs.reconfiguration import (
    OLD_PROMISES_COUNT,
    ONLY_THE_ADMITTED_PROMISE,
    PROTOCOL,
    RULES,
)
from dynaproof.checkers.patches import Edit

BUGS = (
    model_bug(
        "PromisesOfTheOldConfig",
        "The promises of the old config's voters count as the quorum of the config that a candidate finds.",
        OLD_PROMISES_COUNT,
        violates="phase_one_meets_the_votes",
    ),
    model_bug(
        "OnePromiseLess",
        "A candidate leads with one promise less than a quorum.",
        Edit(PROTOCOL, "> self.voters", "> self.voters - 2", within=f"{RULES}.quorum_with"),
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
    model_bug(
        "EveryoneMustPromise",
        "A candidate leads with the promises of all voters only.",
        Edit(PROTOCOL, "> self.voters", "> 2 * self.voters - 1", within=f"{RULES}.quorum_with"),
        violates="led_again",
    ),
)

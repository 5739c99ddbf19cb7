"""Bugs of leases."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.lease"
YOUNG: Final = "Lease.young"

BUGS = (
    model_bug(
        "CountsFromTheAnswer",
        "The leader takes a round to be as old as its last answer.",
        Edit(
            MODEL,
            """
            if self.young(self.age[b, k]):
                self.answered.add((b, k, g))
            """,
            """
            self.answered.add((b, k, g))
            self.age[b, k] = 0
            """,
        ),
        violates="holder_is_led_last",
    ),
    model_bug(
        "IgnoresDrift",
        "The leader uses the whole of L of its own clock.",
        Edit(MODEL, "2 * age < self.lease", "age < self.lease", within=YOUNG),
        violates="holder_is_led_last",
    ),
    model_bug(
        "HalfTheDrift",
        "The leader allows for its own drift, and not for the grantor's: it uses L (1 - rho).",
        Edit(MODEL, "2 * age < self.lease", "3 * age < 2 * self.lease", within=YOUNG),
        violates="holder_is_led_last",
    ),
    model_bug(
        "UsesTheLastInstant",
        "The grantor is free at L, and the leader still serves at the bound itself: `<=` on both sides.",
        Edit(MODEL, "2 * age < self.lease", "2 * age <= self.lease", within=YOUNG),
        violates="holder_is_led_last",
    ),
    model_bug(
        "RetransmissionProlongs",
        "A question that is sent again carries the time of the repetition, and old answers count for it.",
        Edit(MODEL, " and not self.young(self.age[b, k])", "", within="Lease.ask"),
        violates="holder_is_led_last",
    ),
    model_bug(
        "RestartDoesNotWait",
        "A restarted grantor, which has forgotten what it granted, promises at once.",
        Edit(MODEL, "self.left[g] = self.lease", "self.left[g] = 0", within="Lease.restart"),
        violates="holder_is_led_last",
    ),
    model_bug(
        "PromisesUnderALease",
        "A grantor compares ballots only, and promises although a lease that it granted runs.",
        Edit(MODEL, "require(self.left[g] == 0)", ""),
        violates="holder_is_led_last",
    ),
    model_bug(
        "ReleasesAndServesOn",
        "A leader releases its lease while answers under it are still being given.",
        Edit(MODEL, 'self.role[b] == "leader"', 'self.role[b] != "candidate"', within="Lease.may_serve"),
        violates="holder_is_led_last",
    ),
)

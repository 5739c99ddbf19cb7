"""Bugs of the plans for a DNS record."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.dns_plan"

BUGS = (
    model_bug(
        "ThreeSteps",
        "Check, apply and clean up are steps of their own: the outage of October 2025.",
        Edit(
            MODEL,
            """
            require(self.step[e] == "taken" and self.record in self.existing)
            self.record = max(self.record, self.plan[e])
            self.step[e] = "applied"
            """,
            """
            require(self.step[e] == "checked" and self.record in self.existing)
            if self.plan[e] in self.existing:
                self.record = self.plan[e]
            self.step[e] = "applied"
            """,
        ),
        Edit(
            MODEL,
            """
            @action(fair=True, e=Enactor)
            def clean_up(self, e: int) -> None:
            """,
            """
            @action(fair=True, e=Enactor)
            def check(self, e: int) -> None:
                require(self.step[e] == "taken" and self.record in self.existing)
                if self.plan[e] > self.record:
                    self.step[e] = "checked"
                else:
                    self.step[e] = "applied"

            @action(fair=True, e=Enactor)
            def clean_up(self, e: int) -> None:
            """,
        ),
        violates="endpoint_resolves",
    ),
    model_bug(
        "CleansUpWhatIsNotNewest",
        "Clean-up keeps only the newest plan, which need not be the one that the record names.",
        Edit(MODEL, "if p >= self.plan[e]}", "if p >= self.planned}"),
        violates="endpoint_resolves",
    ),
    model_bug(
        "CleansUpFirst",
        "An enactor deletes the older plans before it applies its own.",
        Edit(
            MODEL,
            """
            self.record = max(self.record, self.plan[e])
            self.step[e] = "applied"
            """,
            """
            self.existing = {p for p in self.existing if p >= self.plan[e]}
            self.step[e] = "checked"
            """,
        ),
        Edit(
            MODEL,
            """
            require(self.step[e] == "applied")
            self.existing = {p for p in self.existing if p >= self.plan[e]}
            """,
            """
            require(self.step[e] == "checked")
            self.record = max(self.record, self.plan[e])
            """,
        ),
        violates="endpoint_resolves",
    ),
)

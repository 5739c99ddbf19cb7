"""Bugs of leases over configs."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.config_lease"
INITIAL: Final = '''
def some_are_voters(self, spare: int, two: int, behind: int) -> None:
    """Ballot 1 is led with the promises of all voters but one, and proposes its first accept."""
    require((spare == two) == (self.spares == 1) and behind not in (spare, two))
    self.role[1] = "leader"
    self.records[1, 1] = 1
    self.tail_end[1] = 1
    self.proposed[1] = 1
    for a in self.Member:
        if a not in (spare, two):
            self.first.add(a)
        if a not in (spare, two, behind):
            self.promised[a] = 1
'''

BUGS = (
    model_bug(
        "LeaseOfTheOldConfig",
        "A leader that counts a config chosen uses the old voters' grants until they run out.",
        Edit(
            MODEL,
            """
            and 2 * sum((b, a) in self.used and self.leases_from(a, b) for a in self.Member) > self.voters
            """,
            """
            and any(
                2 * sum((b, a) in self.used and self.votes_on(a, b, n) for a in self.Member) > self.voters
                for n in range(1, self.slots + 2)
                if n <= self.commit(b) + 1
            )
            """,
        ),
        violates="holder_is_led_last",
    ),
    model_bug(
        "ToldBeforeCounted",
        "Others hear that a config is chosen before its leader leases by it.",
        Edit(MODEL, "return bool(n <= self.heard[b])", "return True"),
        violates="holder_is_led_last",
    ),
    model_bug(
        "LearningFrees",
        "A grantor that learns a config takes what it granted under the old one to be void.",
        Edit(
            MODEL,
            "self.retain(a, b, n)",
            """
            self.retain(a, b, n)
            if self.is_config(b, n):
                self.bound[a] = None
            """,
            within="ConfigLease.learn",
        ),
        violates="holder_is_led_last",
    ),
    model_bug(
        "GrantsOfTwoConfigs",
        "A leader counts grants of voters of the old config and of the new one together.",
        Edit(
            MODEL,
            "return self.votes_on(a, b, self.commit(b) + 1)",
            "return any(self.votes_on(a, b, n) for n in range(1, self.slots + 2) if n <= self.commit(b) + 1)",
        ),
        violates="holder_is_led_last",
    ),
    # It starts where ballot 1 has chosen a config, which its leader does not know, and ballot 2 adopted it.
    model_bug(
        "ServesBeforeItsNoOp",
        "A leader serves by its lease before its first batch is chosen.",
        Edit(MODEL, "return bool(self.commit(b) >= self.tail_end[b])", "return True"),
        Edit(MODEL, "ballots = Constant(2)", "ballots = Constant(3)"),
        Edit(
            MODEL,
            INITIAL,
            """
            def some_are_voters(self, spare: int, two: int, behind: int) -> None:
                require(spare not in (two, behind) and two != behind)
                for b in (1, 2):
                    self.role[b] = "leader"
                    self.records[b, 1] = 1
                self.out[1, 1] = two
                self.new[1, 1] = spare
                self.tail_end[1] = 1
                self.proposed[1] = 1
                self.tail_end[2] = 2
                self.proposed[2] = 2
                self.records[2, 2] = 2
                for a in self.Member:
                    if a != spare:
                        self.first.add(a)
                        self.promised[a] = 2
                    if a not in (spare, two):
                        self.log[a, 1] = 1
                        self.last_accepted[a] = 1
                        self.votes.add((a, 1, 1))
                self.promised[spare] = 2
            """,
        ),
        violates="holder_is_led_last",
    ),
)

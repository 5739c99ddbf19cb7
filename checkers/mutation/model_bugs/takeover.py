"""Bugs of admins that take over from each other."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.takeover"
CONDITION: Final = "return bool(self.step == self.seen[a] and self.epoch == self.mine[a])"

BUGS = (
    model_bug(
        "Unconditioned",
        "An admin writes the record over, whatever it has become.",
        Edit(MODEL, CONDITION, "return True"),
        violates="once",
    ),
    model_bug(
        "EpochOnlyWhenRead",
        "An admin looks at the epoch when it reads the record, and writes without a condition.",
        Edit(MODEL, "return True", "return bool(self.epoch == self.mine[a])"),
        Edit(MODEL, CONDITION, "return bool(self.mine[a] > 0)"),
        violates="once",
    ),
    model_bug(
        "ChoosesInTheCommand",
        "An admin chooses, sends the command, and writes the choice with the next step.",
        Edit(
            MODEL,
            """
            require(self.mine[a] > 0 and self.seen[a] is not None and self.seen[a] > 0)
            for s in self.Step:
                for c in self.Choice:
                    if s == self.seen[a] and c == self.seen_choice[a]:
                        self.sent.add((s, c))
            """,
            """
            require(self.mine[a] > 0 and self.seen[a] is not None and self.seen[a] == 0)
            for c in self.Choice:
                if c == 1 + self.mine[a] % 2:
                    self.sent.add((0, c))
            """,
        ),
        violates="commands_name_the_record",
    ),
    model_bug(
        "OnlyTheEpoch",
        "A write is conditioned on the epoch alone: a late copy of the admin's own first write counts again.",
        Edit(
            MODEL,
            """
            @action(a=Admin)
            def crash(self, a: int) -> None:
            """,
            '''
            @action(a=Admin, c=Choice)
            def repeat(self, a: int, c: int) -> None:
                """A late copy of a write of the first step arrives."""
                require(self.mine[a] > 0 and self.made[0] > 0 and self.epoch == self.mine[a])
                self.step = 1
                self.made[0] = 2
                self.choice = c

            @action(a=Admin)
            def crash(self, a: int) -> None:
            ''',
        ),
        violates="once",
    ),
)

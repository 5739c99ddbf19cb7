"""Bugs of request ids."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.request_id"
REMEMBERED: Final = "self.is_of(n, r) and not self.forgotten(n)"

BUGS = (
    model_bug(
        "ForgottenAtLeaderChange",
        "A new leader does not remember the requests of the log that it adopts.",
        Edit(
            MODEL,
            "elected = Int(0, elections)",
            """
            elected = Int(0, elections)
            adopted = Int(0, slots)
            """,
        ),
        Edit(
            MODEL,
            "self.last = kept",
            """
            self.last = kept
            self.adopted = kept
            """,
        ),
        Edit(MODEL, REMEMBERED, f"{REMEMBERED} and n > self.adopted"),
        violates="one_record_per_request",
    ),
    model_bug(
        "ForgetsWhatIsInFlight",
        "A leader remembers what is chosen, and not what it has proposed.",
        Edit(MODEL, REMEMBERED, f"{REMEMBERED} and n <= self.chosen"),
        violates="one_record_per_request",
    ),
    model_bug(
        "DeadlineIgnored",
        "A leader proposes whatever arrives, though ids are forgotten by the deadline.",
        Edit(MODEL, "require(self.may_stamp(late) and late == 0)", "require(self.may_stamp(late))"),
        violates="one_record_per_request",
    ),
    model_bug(
        "TimestampFromWall",
        "A leader stamps by its own wall clock, which may be behind its predecessor's.",
        Edit(MODEL, "return late == 1 or not any(self.is_late(n) for n in self.Slot)", "return True"),
        violates="one_record_per_request",
    ),
    model_bug(
        "FailedConditionNotLogged",
        "A failed condition is answered at once and leaves no record.",
        Edit(
            MODEL,
            """
            require(not self.knows(r) and (r, a) not in self.throttled)
            require(self.may_stamp(late) and late == 0)
            """,
            """
            require(not self.knows(r) and (r, a) not in self.throttled and self.condition())
            require(self.may_stamp(late) and late == 0)
            """,
        ),
        Edit(MODEL, '("applied" if self.condition() else "failed", r, late)', '("applied", r, late)'),
        Edit(
            MODEL,
            """
            @action(r=Request, a=Attempt)
            def throttle(self, r: int, a: int) -> None:
            """,
            """
            @action(r=Request, a=Attempt)
            def fail(self, r: int, a: int) -> None:
                require(self.attempt[r, a] != "unsent" and self.aim[r, a] == "current")
                require(not self.knows(r) and not self.condition() and self.chosen == self.last)
                require(self.ending[r] == "open")
                self.ending[r] = "failed"

            @action(r=Request, a=Attempt)
            def throttle(self, r: int, a: int) -> None:
            """,
        ),
        violates="answers_are_true",
    ),
    model_bug(
        "Evicts",
        "A full table makes room by forgetting what is chosen already, but for the last request of the log.",
        Edit(
            MODEL,
            f"return any({REMEMBERED} for n in self.Slot)",
            """
            return any(
                self.is_of(n, r)
                and not self.forgotten(n)
                and (n > self.chosen or not any(self.follows_another(m, r) for m in self.Slot if m > n))
                for n in self.Slot
            )
            """,
        ),
        Edit(
            MODEL,
            "def forgotten(self, n: int) -> bool:",
            """
            def follows_another(self, m: int, r: int) -> bool:
                return self.log[m] is not None and self.log[m][1] is not None and self.log[m][1] != r

            def forgotten(self, n: int) -> bool:
            """,
        ),
        Edit(MODEL, "require(sum(self.knows(q) for q in self.Request) < self.table)", ""),
        violates="one_record_per_request",
    ),
    model_bug(
        "AnswersBeforeChosen",
        "A leader answers when it has proposed.",
        Edit(MODEL, "n <= self.chosen)", "n <= self.last)", within="RequestId.hear_answer"),
        violates="answers_are_true",
    ),
    model_bug(
        "PastLeaderRefusesForGood",
        "Whoever does not lead refuses for good, though it may have proposed the attempt when it led.",
        Edit(MODEL, 'self.aim[r, a] == "nobody"', 'self.aim[r, a] != "current"'),
        violates="definite_errors_are_final",
    ),
    model_bug(
        "ForgetsWhatItThrottled",
        "A leader proposes a late copy of an attempt that it has throttled.",
        Edit(MODEL, " and (r, a) not in self.throttled)", ")"),
        violates="definite_errors_are_final",
    ),
    model_bug(
        "ThrottlesPastTheDeadline",
        "A leader throttles for good before it looks at the deadline, when the request may be forgotten.",
        Edit(MODEL, " and self.may_stamp(0))", ")"),
        violates="definite_errors_are_final",
    ),
)

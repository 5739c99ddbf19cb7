"""Bugs of Paxos."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.paxos"
LOOKS_AT_THE_PROMISES: Final = """
if latest is None:
    require(
        not any(self.reported(a, b, c, w) for a in quorum for c in self.Ballot for w in self.Value)
    )
else:
    require(latest in quorum)
    require(
        any(self.reported(latest, b, c, v) and self.none_after(c, b, quorum) for c in self.Ballot)
    )
self.msgs.add(("accept", b, v))
"""

BUGS = (
    model_bug(
        "BallotReused",
        "A leader forgets in a crash that it has led a ballot, and leads it again.",
        Edit(MODEL, 'require(not any(("accept", b, other) in self.msgs for other in self.Value))', ""),
        violates="one_value_per_ballot",
    ),
    model_bug(
        "IgnoresEarlierVotes",
        "A leader takes any value, whatever its quorum reports.",
        Edit(
            MODEL,
            """
            @action(b=Ballot, v=Value, quorum=Quorum, latest=Option(Acceptor))
            def phase_2a(self, b: int, v: int, quorum: frozenset[int], latest: int | None) -> None:
            """,
            """
            @action(b=Ballot, v=Value, quorum=Quorum)
            def phase_2a(self, b: int, v: int, quorum: frozenset[int]) -> None:
            """,
        ),
        Edit(
            MODEL,
            LOOKS_AT_THE_PROMISES,
            'self.msgs.add(("accept", b, v))',
        ),
        violates="only_safe_values_are_asked_for",
    ),
    model_bug(
        "TakesTheLowestVote",
        "A leader takes the earliest reported vote instead of the latest.",
        Edit(MODEL, "if later > c", "if later < c"),
        violates="only_safe_values_are_asked_for",
    ),
    model_bug(
        "VotesAgainstItsPromise",
        "An acceptor votes in a ballot less than one that it has promised.",
        Edit(
            MODEL,
            """
            require(b >= self.max_bal[a])
            self.max_bal[a] = b
            """,
            "self.max_bal[a] = max(b, self.max_bal[a])",
        ),
        violates="promises_tell_the_truth",
    ),
    model_bug(
        "RottedAcceptorVotesOn",
        "An acceptor that lost what it had synced goes on under its old name.",
        Edit(
            MODEL,
            "def reported(self, a: int, b: int, c: int, v: int) -> bool:",
            """
            @action(a=Acceptor)
            def rot(self, a: int) -> None:
                self.max_bal[a] = -1
                self.vote[a] = None

            def reported(self, a: int, b: int, c: int, v: int) -> bool:
            """,
        ),
        violates="promises_tell_the_truth",
    ),
)

"""Bugs of reconfiguration."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

PROTOCOL: Final = "dynaproof.model.reconfiguration.protocol"
RULES: Final = "ReconfigurationRules"
UNDISTURBED: Final = (
    Edit(PROTOCOL, "require(self.known[a] > 0)", "require(False)", within=f"{RULES}.crash"),
    Edit(PROTOCOL, "require(self.may_forget())", "require(False)"),
    Edit(
        PROTOCOL,
        'require(self.role[b] == "candidate" and self.promised[a] < b and self.admitted(a))',
        "require(False)",
        within=f"{RULES}.promise_lost",
    ),
)
"""For bugs that need no failure: nobody crashes or forgets, and no promise is lost; a shorter search."""
INITIAL: Final = '''
@initial(one=Member, two=Member)
def some_are_voters(self, one: int, two: int) -> None:
    """All but the spares vote at first; up to two spares."""
    require((one == two) == (self.spares == 1))
    for a in self.Member:
        if a not in (one, two):
            self.first.add(a)
'''
OLD_PROMISES_COUNT: Final = Edit(
    PROTOCOL,
    """
    2
    * sum((c == a or (c, b) in self.answered) and self.counts_in(records, c, n) for c in self.Member)
    > self.voters
    """,
    "2 * sum(c == a or (c, b) in self.answered for c in self.Member) > self.voters",
    within=f"{RULES}.quorum_with",
)
ONLY_CONFIGS_PROMISE: Final = Edit(
    PROTOCOL,
    "self.promised[a] = max(self.promised[a], b)",
    """
    if self.is_config(b, n):
        self.promised[a] = max(self.promised[a], b)
    """,
    within=f"{RULES}.retain",
)
ONLY_THE_ADMITTED_PROMISE: Final = Edit(
    PROTOCOL,
    "self.promised[a] < b and a not in self.silent)",
    "self.promised[a] < b and self.admitted(a))",
    within=f"{RULES}.promise",
)
"""Rule 14 as it once stood."""
THREE_BALLOTS: Final = Edit(PROTOCOL, "ballots = Constant(2)", "ballots = Constant(3)")

BUGS = (
    model_bug(
        "OldPromisesCount",
        "The promises of the old config's voters count as the quorum of the config that a candidate finds.",
        *UNDISTURBED,
        OLD_PROMISES_COUNT,
        violates="one_record_per_slot",
    ),
    model_bug(
        "LearningIsNoPromise",
        "Who learns a config still promises and votes in the ballots below the one that chose it.",
        *UNDISTURBED,
        Edit(PROTOCOL, "self.promised[a] = max(self.promised[a], b)", "", within=f"{RULES}.retain"),
        violates="chosen_survives",
    ),
    model_bug(
        "OnlyConfigsPromise",
        "Only learning a config is a promise: a late accept of a lower ballot goes below a learned record.",
        ONLY_CONFIGS_PROMISE,
        violates="same_record_same_prefix",
    ),
    model_bug(
        "ForgetsWhenItWill",
        "A voter may forget before the last one that did is replaced.",
        Edit(PROTOCOL, "require(self.may_forget())", ""),
        violates="chosen_survives",
    ),
    model_bug(
        "SpeaksAtOnce",
        "A new incarnation speaks before it knows the log through its config, so that the next may forget.",
        Edit(
            PROTOCOL,
            """
            return a not in self.silent and (
                a in self.first
                or any(
                    self.known[a] >= m and self.log[a, m] == c and self.new[c, m] == a
                    for m in self.Slot
                    for c in self.Ballot
                )
            )
            """,
            "return a not in self.silent",
        ),
        violates="chosen_survives",
    ),
    model_bug(
        "ConfigChosenAgain",
        "A candidate has the config that it finds chosen by the old voters again, then asks the new ones.",
        *UNDISTURBED,
        Edit(
            PROTOCOL,
            "return int(min(length + 1, self.slots))",
            """
            return int(
                min(
                    (m for m in self.Slot if self.base[b] < m <= length and self.found(records, m)),
                    default=min(length + 1, self.slots),
                )
            )
            """,
        ),
        Edit(
            PROTOCOL,
            "def admitted(self, a: int) -> bool:",
            """
            def found(self, records: list[int | None], m: int) -> bool:
                return any(records[m - 1] == c and self.new[c, m] is not None for c in self.Ballot)

            def asks_new_voters(self, b: int) -> bool:
                end = self.tail_end[b]
                return bool(
                    end == self.proposed[b]
                    and any(n == end and self.is_config(b, n) and self.records[b, n] != b for n in self.Slot)
                )

            def admitted(self, a: int) -> bool:
            """,
        ),
        Edit(
            PROTOCOL,
            """
            2
            * sum((c == a or (c, b) in self.answered) and self.counts_in(records, c, n) for c in self.Member)
            > self.voters
            """,
            """
            any(self.found(records, m) for m in self.Slot if self.base[b] < m < n)
            or 2
            * sum((c == a or (c, b) in self.answered) and self.counts_in(records, c, n) for c in self.Member)
            > self.voters
            """,
            within=f"{RULES}.quorum_with",
        ),
        Edit(
            PROTOCOL,
            "return all(",
            "return not self.asks_new_voters(b) and all(",
            within=f"{RULES}.may_go_on",
        ),
        Edit(
            PROTOCOL,
            """
            @action(b=Ballot)
            def propose(self, b: int) -> None:
            """,
            """
            @action(a=Member, b=Ballot)
            def promise_again(self, a: int, b: int) -> None:
                require(self.role[b] == "leader" and self.asks_new_voters(b))
                end = self.tail_end[b]
                require(end < self.slots and self.chosen(b, end) and self.votes_on(a, b, end + 1))
                require(self.promised[a] <= b and self.admitted(a) and (a, b) not in self.answered)
                self.promised[a] = b
                report = (self.last_accepted[a], self.last_slot(a))
                better = self.log[a, end] == self.records[b, end] and report > (
                    self.best_accepted[b],
                    self.best_last[b],
                )
                length = max(self.last_slot(a) if better else self.best_last[b], end)
                records = [self.log[a, n] if better and n > end else self.records[b, n] for n in self.Slot]
                whole = 2 * sum(
                    (c == a or (c, b) in self.answered) and self.votes_on(c, b, end + 1) for c in self.Member
                )
                for n in self.Slot:
                    self.records[b, n] = b if whole > self.voters and n == length + 1 else records[n - 1]
                if whole > self.voters:
                    self.proposed[b] = min(length + 1, self.slots)
                    self.best_accepted[b] = 0
                    self.best_last[b] = 0
                    for c in self.Member:
                        self.answered.discard((c, b))
                else:
                    self.answered.add((a, b))
                    self.best_last[b] = length
                    if better:
                        self.best_accepted[b] = self.last_accepted[a]

            @action(b=Ballot)
            def propose(self, b: int) -> None:
            """,
        ),
        violates="chosen_survives",
    ),
    # It starts where ballot 1 has chosen a config and, with the vote of the new voter, a record above it:
    # `out` has neither, `one` the config only, and a third one the record above it too.
    model_bug(
        "BatchTruncated",
        "A voter that a config removes gets the first accept only through that config, where its votes end.",
        *UNDISTURBED,
        THREE_BALLOTS,
        Edit(
            PROTOCOL,
            INITIAL,
            """
            @initial(spare=Member, out=Member, one=Member)
            def some_are_voters(self, spare: int, out: int, one: int) -> None:
                require(spare not in (out, one) and out != one)
                self.role[1] = "leader"
                self.tail_end[1] = 1
                self.proposed[1] = 2
                self.records[1, 1] = 1
                self.records[1, 2] = 1
                self.out[1, 1] = out
                self.new[1, 1] = spare
                self.known[spare] = 1
                for a in self.Member:
                    self.promised[a] = 1
                    if a != spare:
                        self.first.add(a)
                    if a != out:
                        self.last_accepted[a] = 1
                        self.log[a, 1] = 1
                    if a not in (out, spare):
                        self.votes.add((a, 1, 1))
                    if a not in (out, one):
                        self.log[a, 2] = 1
                        self.votes.add((a, 1, 2))

            def batch_end(self, a: int, b: int) -> int:
                end = self.tail_end[b]
                return int(
                    max(
                        (n for n in self.Slot if self.base[b] < n <= end and self.votes_on(a, b, n)),
                        default=end,
                    )
                )
            """,
        ),
        Edit(
            PROTOCOL,
            """
            self.promised[a] = b
            self.last_accepted[a] = b
            for n in self.Slot:
                if self.base[b] < n <= self.tail_end[b]:
                    self.log[a, n] = self.records[b, n]
                    self.votes.add((a, b, n))
                elif n > self.tail_end[b] and""",
            """
            end = self.batch_end(a, b)
            self.promised[a] = b
            self.last_accepted[a] = b
            for n in self.Slot:
                if self.base[b] < n <= end:
                    self.log[a, n] = self.records[b, n]
                    self.votes.add((a, b, n))
                elif n > end and""",
        ),
        violates="chosen_survives",
    ),
    # It starts where ballot 1 is led with two promises, of which `two` has voted for both of its records.
    model_bug(
        "TailOnAnotherPrefix",
        "A promise's tail counts whatever is below it.",
        *UNDISTURBED,
        THREE_BALLOTS,
        Edit(
            PROTOCOL,
            INITIAL,
            """
            @initial(spare=Member, one=Member, two=Member)
            def some_are_voters(self, spare: int, one: int, two: int) -> None:
                require(spare not in (one, two) and one != two)
                self.role[1] = "leader"
                self.tail_end[1] = 1
                self.proposed[1] = 2
                self.promised[one] = 1
                self.promised[two] = 1
                self.last_accepted[two] = 1
                for n in self.Slot:
                    self.records[1, n] = 1
                    self.log[two, n] = 1
                    self.votes.add((two, 1, n))
                for a in self.Member:
                    if a != spare:
                        self.first.add(a)
            """,
        ),
        Edit(
            PROTOCOL,
            "return bool(self.base[b] == 0 or self.log[a, self.base[b]] == self.records[b, self.base[b]])",
            "return True",
        ),
        violates="computed_on_what_is_chosen",
    ),
)

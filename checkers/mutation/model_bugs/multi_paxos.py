"""Bugs of Multi-Paxos."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

PROTOCOL: Final = "dynaproof.model.multi_paxos.protocol"
RULES: Final = "MultiPaxosRules"
CUTS: Final = "return bool(self.last_accepted[a] < b and n > self.known[a])"
"""What an accept removes."""
THREE_SLOTS: Final = Edit(PROTOCOL, "slots = Constant(2)", "slots = Constant(3)")
HELD: Final = (
    Edit(
        PROTOCOL,
        "leaderships = Array(Ballot, Int(0, 2))",
        """
        leaderships = Array(Ballot, Int(0, 2))
        held = Array(Acceptor, Slot, Int(0, ballots))
        """,
    ),
    Edit(
        PROTOCOL,
        "self.log[a, n] = self.records[b, n]",
        """
        self.log[a, n] = self.records[b, n]
        self.held[a, n] = b
        """,
        within=f"{RULES}.put",
    ),
)
"""For bugs that look at the ballots of entries: that in which each was accepted, or learned."""

BUGS = (
    model_bug(
        "SlotBySlotAdoption",
        "A candidate fills the end of the best tail from another promise: a mixture.",
        Edit(
            PROTOCOL,
            "[self.record(a, n) if better and n > self.base[b] else self.records[b, n] for n in self.Slot]",
            """
            [
                self.records[b, n]
                if n <= self.base[b] or (not better and self.records[b, n] is not None)
                else (self.record(a, n) if self.record(a, n) is not None else self.records[b, n])
                for n in self.Slot
            ]
            """,
        ),
        Edit(
            PROTOCOL,
            "return int(self.last_slot(a) if better else self.best_last[b])",
            "return int(max(self.last_slot(a), self.best_last[b]))",
        ),
        violates="computed_on_what_is_chosen",
    ),
    model_bug(
        "NoCutOnAccept",
        "An acceptor keeps what is above an accept of a new ballot: its tail is torn.",
        Edit(PROTOCOL, CUTS, "return False"),
        violates="computed_on_what_is_chosen",
    ),
    model_bug(
        "TailSlotBySlot",
        "The adopted tail is proposed again one slot at a time, and there is no first accept of the whole.",
        Edit(PROTOCOL, "return True", "return False", within=f"{RULES}.batched"),
        Edit(PROTOCOL, "return bool(n > self.tail_end[b])", "return bool(n > self.base[b])"),
        Edit(
            PROTOCOL,
            """
            if n == 1:
                return True
            if self.last_accepted[a] == b and self.last_slot(a) >= n - 1:
                return True
            return bool(self.known[a] >= n - 1 and n - 1 >= self.tail_end[b])
            """,
            "return bool(n == 1 or (a, b, n - 1) in self.votes or self.known[a] >= n - 1)",
        ),
        violates="one_record_per_slot",
    ),
    model_bug(
        "BatchTorn",
        "The first accept is not written as one record: a crash before any vote has left keeps a part of it, "
        "which then counts for the whole.",
        Edit(
            PROTOCOL,
            """
            @action(a=Acceptor)
            def forget(self, a: int) -> None:
            """,
            """
            @action(a=Acceptor, b=Ballot, kept=Slot)
            def crash_in_batch(self, a: int, b: int, kept: int) -> None:
                require(self.role[b] == "leader" and a not in self.silent)
                require(self.promised[a] <= b and self.knows_base(a, b))
                require(self.base[b] < kept < self.tail_end[b])
                for n in self.Slot:
                    require(not self.base[b] < n <= kept or self.agrees(a, b, n))
                self.promised[a] = b
                self.last_accepted[a] = b
                self.known[a] = 0
                for n in self.Slot:
                    if self.base[b] < n <= kept:
                        self.put(a, b, n)
                    elif n > kept and self.cuts(a, b, n):
                        self.log[a, n] = None

            @action(a=Acceptor)
            def forget(self, a: int) -> None:
            """,
        ),
        violates="one_record_per_slot",
    ),
    model_bug(
        "CutsItsOwnBallot",
        "A late repeat of the first accept removes newer votes of the same ballot.",
        Edit(PROTOCOL, CUTS, "return bool(n > self.known[a])"),
        violates="one_record_per_slot",
    ),
    model_bug(
        "AcceptedFromRetained",
        "Last accepted is taken from the entries that are still there; a cut makes it less.",
        *HELD,
        Edit(
            PROTOCOL,
            "return int(self.last_accepted[a])",
            "return max((self.held[a, n] for n in self.Slot if self.log[a, n] is not None), default=0)",
        ),
        violates="computed_on_what_is_chosen",
    ),
    model_bug(
        "KnownChosenInsideTail",
        "A slot of the adopted tail is accepted alone where the slot before it is known to be chosen.",
        THREE_SLOTS,
        Edit(PROTOCOL, "return bool(n > self.tail_end[b])", "return bool(n > self.base[b])"),
        Edit(
            PROTOCOL,
            """
            if n == 1:
                return True
            """,
            """
            if n == 1:
                return False
            """,
            within=f"{RULES}.follows",
        ),
        Edit(
            PROTOCOL,
            "return bool(self.known[a] >= n - 1 and n - 1 >= self.tail_end[b])",
            "return bool(self.known[a] >= n - 1)",
        ),
        violates="one_record_per_slot",
    ),
    # Learning and late batches leave entries of several ballots in one log, so an entry's ballot does not
    # tell whether a newer vote stands on it. That nobody forgets or asks again makes the search short.
    model_bug(
        "CutsByEntryBallot",
        "An accept removes the entries above whose own ballot is less, and all above those.",
        THREE_SLOTS,
        *HELD,
        Edit(PROTOCOL, "require(len(self.silent) == 0)", "require(False)"),
        Edit(PROTOCOL, "require(self.base[b] < self.known[a])", "require(False)"),
        Edit(
            PROTOCOL,
            CUTS,
            """
            return n > self.known[a] and any(
                self.known[a] < m <= n and self.older(a, b, m) and m > self.tail_end[b] for m in self.Slot
            )
            """,
        ),
        Edit(
            PROTOCOL,
            "def cuts(self, a: int, b: int, n: int) -> bool:",
            """
            def older(self, a: int, b: int, m: int) -> bool:
                return bool(self.log[a, m] is not None and self.held[a, m] < b)

            def cuts(self, a: int, b: int, n: int) -> bool:
            """,
        ),
        violates="one_record_per_slot",
    ),
    model_bug(
        "NoBehindRule",
        "An acceptor installs a batch above slots that it does not know.",
        Edit(PROTOCOL, "return bool(self.known[a] >= self.base[b])", "return True"),
        violates="no_holes",
    ),
    model_bug(
        "AcceptsAgainstTheChosen",
        "An acceptor lets a late accept replace what it knows to be chosen.",
        Edit(
            PROTOCOL,
            "return bool(n > self.known[a] or self.record(a, n) == self.records[b, n])",
            "return True",
        ),
        violates="known_is_retained",
    ),
    model_bug(
        "LearningCutsTheEqual",
        "Learning removes what is above although the retained record was the chosen one.",
        Edit(
            PROTOCOL,
            """
            if self.record(a, n) != self.records[b, n]:
                self.put(a, b, n)
                for above in self.Slot:
                    if above > n:
                        self.log[a, above] = None
            """,
            """
            if self.record(a, n) != self.records[b, n]:
                self.put(a, b, n)
            for above in self.Slot:
                if above > n:
                    self.log[a, above] = None
            """,
            within=f"{RULES}.learn",
        ),
        violates="one_record_per_slot",
    ),
    model_bug(
        "LearningAccepts",
        "Learning what a ballot chose raises last accepted to it.",
        Edit(
            PROTOCOL,
            "self.known[a] = n",
            """
            self.known[a] = n
            self.last_accepted[a] = max(self.last_accepted[a], b)
            """,
        ),
        violates="computed_on_what_is_chosen",
    ),
    model_bug(
        "CutsTheChosen",
        "The cut on accept does not spare what is known to be chosen.",
        Edit(PROTOCOL, CUTS, "return bool(self.last_accepted[a] < b)"),
        violates="known_is_retained",
    ),
    model_bug(
        "RottedVotesOn",
        "An acceptor that lost its synced state goes on under its old name.",
        Edit(PROTOCOL, "self.silent.add(a)", ""),
        violates="one_record_per_slot",
    ),
    model_bug(
        "BallotReused",
        "That a ballot is used is not durable: after a crash its candidate takes it again.",
        Edit(PROTOCOL, 'require(self.role[b] == "unused" and a', "require(a"),
        violates="ballot_led_once",
    ),
    model_bug(
        "OutdatedPromisesCounted",
        "A candidate that learned leaves the tails aside that were sent before, and counts their promises.",
        Edit(
            PROTOCOL,
            """
            for c in self.Acceptor:
                self.answered.discard((c, b))
            for n in self.Slot:
            """,
            "for n in self.Slot:",
            within=f"{RULES}.ask",
        ),
        violates="one_record_per_slot",
    ),
)

"""Request ids: every request takes effect at most once, over retries, late copies and leader changes.

Consensus is abstracted: there is the log of the last ballot's leader, of which a prefix is chosen; an
election keeps what is chosen and any part of what was in flight. A record has a commit timestamp; as
timestamps only grow, it only matters whether one is past the deadline, which all requests share. A request
is a conditional write; other writes flip its condition.

1. A leader proposes a request only while the record's timestamp would be within the deadline.
2. A request's record is remembered, with its answer, until the first chosen record past the deadline. A copy
   of a remembered request, or of one in flight, is answered by that record and never proposed.
3. A failed condition is a record too, and is remembered like a success.
4. A full table throttles; it never evicts.
5. No answer leaves before the record that it depends on is chosen.
6. An attempt is aimed at a ballot, and only that ballot's leader may propose it. A refusal is final if no
   copy of the attempt was or will be proposed: it was aimed at no leader, or the leader throttled it and goes
   on doing so for every copy. What the leader of a past ballot says is not final: it may have proposed it.
   Nor is what a leader says once the deadline is past: the request may have been applied and forgotten since.
7. A client that gives up has a definite error if every attempt was refused for good, else an indefinite one.

Attempts are delayed, repeated and lost, and so are answers. Clients aim with stale caches.

Sources: Lampson and Sturgis, and Liskov (timestamps that bound what a server remembers); Kingsbury, Maelstrom
(definite and indefinite errors); Ongaro, Raft dissertation, 6.3.
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Enum,
    Expected,
    Int,
    Model,
    Option,
    Range,
    Scalar,
    Set,
    Tuple,
    action,
    always,
    require,
    sometimes,
)


class RequestId(Model):
    """One effect per request, every answer true, and no effect after a definite error."""

    requests = Constant(2)
    attempts = Constant(2)
    slots = Constant(3)
    elections = Constant(2)
    table = Constant(1)
    """Requests remembered or in flight at the most."""

    Request = Scalar(requests)
    Attempt = Range(1, attempts)
    Slot = Range(1, slots)
    Late = Range(0, 1)
    """Whether a record's timestamp is past the deadline."""

    log = Array(Slot, Option(Tuple(Enum("other", "applied", "failed"), Option(Request), Late)))
    last = Int(0, slots)
    chosen = Int(0, slots)
    elected = Int(0, elections)
    throttled = Set(Request, Attempt)

    attempt = Array(Request, Attempt, Enum("unsent", "sent", "refused"))
    aim = Array(Request, Attempt, Enum("nobody", "past", "current"))
    ending = Array(Request, Enum("open", "ok", "failed", "definite", "indefinite"))

    # ---------------------------------------------------------------- clients

    @action(r=Request, a=Attempt, aim=Enum("nobody", "past", "current"))
    def send(self, r: int, a: int, aim: str) -> None:
        """A client makes its next attempt, aimed at whom it thinks leads."""
        require(self.ending[r] == "open" and self.attempt[r, a] == "unsent")
        require(a == 1 or self.attempt[r, a - 1] != "unsent")
        require(aim != "past" or self.elected > 0)
        self.attempt[r, a] = "sent"
        self.aim[r, a] = aim

    @action(r=Request)
    def give_up(self, r: int) -> None:
        """A client's patience ends: rule 7. Copies of its attempts may still be on their way."""
        require(self.ending[r] == "open" and self.attempt[r, 1] != "unsent")
        definite = all(self.attempt[r, a] != "sent" for a in self.Attempt)
        self.ending[r] = "definite" if definite else "indefinite"

    @action(r=Request, n=Slot)
    def hear_answer(self, r: int, n: int) -> None:
        """A client hears what a chosen record says; whoever has applied it may say so: rule 5."""
        require(self.ending[r] == "open" and n <= self.chosen)
        require(self.is_of(n, r))
        self.ending[r] = "ok" if self.log[n][0] == "applied" else "failed"

    @action(r=Request, a=Attempt)
    def refuse(self, r: int, a: int) -> None:
        """A node that the attempt is not meant for refuses it: rule 6."""
        require(self.attempt[r, a] == "sent" and self.aim[r, a] == "nobody")
        self.attempt[r, a] = "refused"

    # ---------------------------------------------------------------- the leader

    @action(r=Request, a=Attempt, late=Late)
    def propose(self, r: int, a: int, late: int) -> None:
        """An attempt arrives, perhaps not for the first time, and becomes a record: rules 1 to 4."""
        require(self.attempt[r, a] != "unsent" and self.aim[r, a] == "current")
        require(not self.knows(r) and (r, a) not in self.throttled)
        require(self.may_stamp(late) and late == 0)
        require(sum(self.knows(q) for q in self.Request) < self.table)
        require(self.last < self.slots)
        self.log[self.last + 1] = ("applied" if self.condition() else "failed", r, late)
        self.last = self.last + 1

    @action(r=Request, a=Attempt)
    def throttle(self, r: int, a: int) -> None:
        """The leader refuses for good, and remembers that while it leads: rule 6.

        The table is full, or too much is in flight, or its clock is not trusted just now; but a record might
        still be within the deadline.
        """
        require(self.attempt[r, a] == "sent" and self.aim[r, a] == "current")
        require(not self.knows(r) and self.may_stamp(0))
        self.attempt[r, a] = "refused"
        self.throttled.add((r, a))

    @action(late=Late)
    def write_other(self, late: int) -> None:
        """Another write, which turns the condition over."""
        require(self.last < self.slots and self.may_stamp(late))
        self.log[self.last + 1] = ("other", None, late)
        self.last = self.last + 1

    @action
    def choose(self) -> None:
        """The next record in flight is chosen."""
        require(self.chosen < self.last)
        self.chosen = self.chosen + 1

    @action(kept=Range(0, slots))
    def elect(self, kept: int) -> None:
        """Another leader adopts a part of what was in flight. What was aimed at the old one is past."""
        require(self.elected < self.elections and self.chosen <= kept <= self.last)
        self.elected = self.elected + 1
        self.last = kept
        for n in self.Slot:
            if n > kept:
                self.log[n] = None
        self.throttled = set()
        for r in self.Request:
            for a in self.Attempt:
                if self.aim[r, a] == "current":
                    self.aim[r, a] = "past"

    # ---------------------------------------------------------------- the log and what it remembers

    def is_of(self, n: int, r: int) -> bool:
        """Slot n has a request's record."""
        return bool(self.log[n] is not None and self.log[n][1] == r)

    def is_late(self, n: int) -> bool:
        """Slot n has a record past the deadline."""
        return bool(self.log[n] is not None and self.log[n][2] == 1)

    def condition(self) -> bool:
        """Whether the requests' condition holds behind the log."""
        others = sum(self.log[n] is not None and self.log[n][0] == "other" for n in self.Slot)
        return bool(others % 2 == 1)

    def knows(self, r: int) -> bool:
        """A request is remembered or in flight: rule 2."""
        return any(self.is_of(n, r) and not self.forgotten(n) for n in self.Slot)

    def forgotten(self, n: int) -> bool:
        """A chosen record behind slot n is past the deadline."""
        return any(self.is_late(m) for m in self.Slot if n <= m <= self.chosen)

    def may_stamp(self, late: int) -> bool:
        """Timestamps do not go back along the log."""
        return late == 1 or not any(self.is_late(n) for n in self.Slot)

    # ---------------------------------------------------------------- what is promised

    def count(self, kind: str, r: int) -> int:
        """How many chosen records of a kind a request has."""
        return sum(self.is_of(n, r) and self.log[n][0] == kind for n in self.Slot if n <= self.chosen)

    @always(spec="retries_apply_once")
    def one_record_per_request(self) -> bool:
        """A request has one chosen record at the most, so it applies once and all its answers agree."""
        return all(self.count("applied", r) + self.count("failed", r) <= 1 for r in self.Request)

    @always
    def answers_are_true(self) -> bool:
        """Who was told of success has it, and who was told of a failed condition never takes effect."""
        return all(
            (self.ending[r] != "ok" or self.count("applied", r) > 0)
            and (self.ending[r] != "failed" or self.count("applied", r) == 0)
            for r in self.Request
        )

    @always
    def definite_errors_are_final(self) -> bool:
        """After a definite error nothing takes effect."""
        return all(self.ending[r] != "definite" or self.count("applied", r) == 0 for r in self.Request)

    @sometimes
    def effect_after_an_indefinite_error(self) -> bool:
        """An indefinite error means what it says."""
        return any(self.ending[r] == "indefinite" and self.count("applied", r) > 0 for r in self.Request)

    @sometimes
    def definite_error(self) -> bool:
        """A client that tried twice knows that nothing happened."""
        return any(
            self.ending[r] == "definite" and all(self.attempt[r, a] == "refused" for a in self.Attempt)
            for r in self.Request
        )

    @sometimes
    def copy_of_a_forgotten_request(self) -> bool:
        """A copy, aimed at the leader, of a request that was applied and is forgotten."""
        return any(
            self.count("applied", r) > 0 and not self.knows(r) and self.aim[r, a] == "current"
            for r in self.Request
            for a in self.Attempt
        )

    @sometimes
    def adopted_request_retried(self) -> bool:
        """A retry reaches the leader that has adopted the request's record and not yet had it chosen."""
        return self.elected > 0 and any(
            self.is_of(n, r) and n > self.chosen and self.aim[r, 1] == "past" and self.aim[r, 2] == "current"
            for n in self.Slot
            for r in self.Request
        )

    expected = (
        Expected({}, 639_000, 2_925_425, 19, symmetry=True, source="our explorer"),
        Expected({"slots": 4}, 1_384_460, 6_757_081, 21, symmetry=True, source="our explorer"),
    )

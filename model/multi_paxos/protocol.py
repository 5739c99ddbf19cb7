"""Multi-Paxos with pipelined, dependent slots: the replication log of one partition, as `impl` keeps it.

Slots depend on each other: a conditional write in slot n was decided on the state up to slot n-1. A record
is identified by its slot and the ballot whose leader made it; what it was computed on is the record before it
in that leader's log. Every acceptor may lead; the leader of a ballot is kept by ballot. Messages are lost,
repeated and reordered: a proposal stays available once made, and a vote, once cast, counts forever.

The rules, by the names that the actions refer to:

1. *Last accepted* is a separate scalar, raised only by accepting.
2. A promise carries last accepted, the last slot, and the tail above the candidate's known chosen slot.
3. Adoption is whole: the tail of the promise with the greatest (last accepted, last slot). A promise whose
   record at the candidate's known chosen slot is not the chosen one counts, and its tail does not.
4. The first accept of a ballot carries the whole adopted tail and a no-op behind it, and is installed at
   once. The acceptor must know the log to be chosen up to where the batch begins; else it learns that first.
5. A later slot n is accepted only if n-1 was accepted in the ballot, or is known chosen and not inside its
   tail.
6. An accept that *raises* last accepted removes the entries above what it accepts; one that does not
   removes nothing.
7. What is known chosen is never replaced or removed: an accept that differs from it is refused, a cut
   spares it.
8. Learning a chosen record that differs from the retained one replaces it and removes the entries above; it
   touches neither the promise nor last accepted.
9. A candidate that learns asks everyone again: promises that it counted before describe a tail that begins
   elsewhere.

*Durable*: the log, the promise, last accepted, and that a ballot is used. *Volatile*: what is known chosen.
An action ends when what it wrote is synced, so a crash before that is an action that did not happen, and a
crash after it forgets what is known chosen. A candidate or leader that crashed is one that does nothing more:
its ballot is never used again. An acceptor that *forgets* has lost something synced: it is silent forever,
and its old votes and promises stay valid.

A promise is made and counted in one action. That is no restriction: what a promise carries is fixed when it
is made, and the acceptor refuses lower ballots from then on, so a leader that counts it later is the same as
one that proposes later; a promise that is never counted is `promise_lost`.
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Enum,
    Int,
    Model,
    Option,
    Range,
    Scalar,
    Set,
    action,
    require,
)


class MultiPaxosRules(Model):
    """The state of acceptors and ballots, and what may happen to it."""

    acceptors = Constant(3)
    slots = Constant(2)
    ballots = Constant(3)

    Acceptor = Scalar(acceptors)
    Slot = Range(1, slots)
    Ballot = Range(1, ballots)

    promised = Array(Acceptor, Int(0, ballots))
    last_accepted = Array(Acceptor, Int(0, ballots))
    known = Array(Acceptor, Int(0, slots))
    log = Array(Acceptor, Slot, Option(Ballot))
    votes = Set(Acceptor, Ballot, Slot)
    silent = Set(Acceptor)

    role = Array(Ballot, Enum("unused", "candidate", "leader"))
    base = Array(Ballot, Int(0, slots))
    tail_end = Array(Ballot, Int(0, slots))
    proposed = Array(Ballot, Int(0, slots))
    records = Array(Ballot, Slot, Option(Ballot))
    answered = Set(Acceptor, Ballot)
    best_accepted = Array(Ballot, Int(0, ballots))
    best_last = Array(Ballot, Int(0, slots))
    leaderships = Array(Ballot, Int(0, 2))

    # ---------------------------------------------------------------- leading

    @action(a=Acceptor, b=Ballot)
    def campaign(self, a: int, b: int) -> None:
        """An acceptor asks for promises of an unused ballot, above the slots that it knows to be chosen.

        That a ballot is used is durable before anyone is asked.
        """
        require(self.role[b] == "unused" and a not in self.silent)
        self.role[b] = "candidate"
        self.ask(a, b)

    @action(a=Acceptor, b=Ballot)
    def ask_again(self, a: int, b: int) -> None:
        """A candidate knows more to be chosen than when it asked: it asks again from there (rule 9).

        Who campaigns is not kept, so it may be any acceptor that knows more.
        """
        require(self.role[b] == "candidate" and a not in self.silent)
        require(self.base[b] < self.known[a])
        self.ask(a, b)

    def ask(self, a: int, b: int) -> None:
        """Begin the first phase of a ballot above what an acceptor knows to be chosen."""
        self.base[b] = self.known[a]
        self.best_accepted[b] = 0
        self.best_last[b] = self.known[a]
        for c in self.Acceptor:
            self.answered.discard((c, b))
        for n in self.Slot:
            self.records[b, n] = self.record(a, n) if n <= self.known[a] else None

    @action(a=Acceptor, b=Ballot)
    def promise_lost(self, a: int, b: int) -> None:
        """An acceptor promises and is not counted: to a candidate that never hears of it, or to a leader."""
        require(self.role[b] != "unused" and a not in self.silent)
        require(self.promised[a] < b)
        self.promised[a] = b

    @action(a=Acceptor, b=Ballot)
    def promise(self, a: int, b: int) -> None:
        """An acceptor promises and reports its log; a quorum's promises make a leader (rules 2 to 4)."""
        require(self.role[b] == "candidate" and a not in self.silent)
        require(self.promised[a] <= b and (a, b) not in self.answered)
        self.report(a, b)

    def report(self, a: int, b: int) -> None:
        """An acceptor's promise is counted, and its log adopted where that goes further (rules 2 and 3)."""
        self.promised[a] = b
        report = (self.reported_accepted(a), self.last_slot(a))
        better = self.continues(a, b) and report > (self.best_accepted[b], self.best_last[b])
        records = self.adopted(a, b, better=better)
        length = self.adopted_length(a, b, better=better)
        if self.majority_with(a, b):
            self.lead(b, records, length)
        else:
            self.answered.add((a, b))
            if better:
                self.best_accepted[b] = self.reported_accepted(a)
            self.best_last[b] = length
            for n in self.Slot:
                self.records[b, n] = records[n - 1]

    def lead(self, b: int, records: list[int | None], length: int) -> None:
        """A candidate leads with the tail that it adopts and a no-op behind it: its first accept (rule 4)."""
        self.role[b] = "leader"
        self.leaderships[b] = self.leaderships[b] + 1
        adds = self.adds_no_op(b, records, length)
        end = min(length + 1, self.slots) if adds else length
        for n in self.Slot:
            self.records[b, n] = b if n == length + 1 and adds else records[n - 1]
        self.tail_end[b] = end
        self.proposed[b] = end
        self.best_accepted[b] = 0
        self.best_last[b] = 0
        for c in self.Acceptor:
            self.answered.discard((c, b))

    @action(b=Ballot)
    def propose(self, b: int) -> None:
        """A leader puts a new record, computed on the one before it, behind its log."""
        require(self.role[b] == "leader" and self.proposed[b] < self.slots)
        self.proposed[b] = self.proposed[b] + 1
        self.records[b, self.proposed[b] + 1] = b

    # ---------------------------------------------------------------- accepting

    @action(a=Acceptor, b=Ballot)
    def accept_batch(self, a: int, b: int) -> None:
        """An acceptor installs the whole first accept of a ballot (rules 4, 6 and 7)."""
        require(self.role[b] == "leader" and self.batched())
        require(self.promised[a] <= b and a not in self.silent)
        require(self.base[b] < self.tail_end[b])
        require(self.knows_base(a, b))
        for n in self.Slot:
            require(not self.base[b] < n <= self.tail_end[b] or self.agrees(a, b, n))
        self.promised[a] = b
        self.last_accepted[a] = b
        for n in self.Slot:
            if self.base[b] < n <= self.tail_end[b]:
                self.put(a, b, n)
                self.votes.add((a, b, n))
            elif n > self.tail_end[b] and self.cuts(a, b, n):
                self.log[a, n] = None

    @action(a=Acceptor, b=Ballot, n=Slot)
    def accept(self, a: int, b: int, n: int) -> None:
        """An acceptor votes for a slot behind the first accept (rules 5 to 7)."""
        require(self.role[b] == "leader" and self.promised[a] <= b and a not in self.silent)
        require(n <= self.proposed[b] and self.sent_alone(b, n))
        require(self.follows(a, b, n))
        require(self.agrees(a, b, n))
        self.promised[a] = b
        self.last_accepted[a] = b
        self.put(a, b, n)
        self.votes.add((a, b, n))
        for above in self.Slot:
            if above > n and self.cuts(a, b, above):
                self.log[a, above] = None

    @action(a=Acceptor, b=Ballot, n=Slot)
    def learn(self, a: int, b: int, n: int) -> None:
        """An acceptor learns the next record that is chosen (rule 8)."""
        require(n == self.known[a] + 1 and a not in self.silent)
        require(self.chosen(b, n))
        self.known[a] = n
        if self.record(a, n) != self.records[b, n]:
            self.put(a, b, n)
            for above in self.Slot:
                if above > n:
                    self.log[a, above] = None

    # ---------------------------------------------------------------- failing

    @action(a=Acceptor)
    def crash(self, a: int) -> None:
        """An acceptor restarts: it no longer knows what is chosen."""
        require(self.known[a] > 0)
        self.known[a] = 0

    @action(a=Acceptor)
    def forget(self, a: int) -> None:
        """An acceptor lost something synced: it falls silent. No second one may before it is replaced."""
        require(len(self.silent) == 0)
        self.promised[a] = 0
        self.last_accepted[a] = 0
        self.known[a] = 0
        for n in self.Slot:
            self.log[a, n] = None
        self.silent.add(a)

    # ---------------------------------------------------------------- what the rules require

    def record(self, a: int, n: int) -> int | None:
        """The record that an acceptor retains in a slot."""
        entry: int | None = self.log[a, n]
        return entry

    def put(self, a: int, b: int, n: int) -> None:
        """An acceptor keeps a ballot's record in a slot."""
        self.log[a, n] = self.records[b, n]

    def last_slot(self, a: int) -> int:
        """The last slot of an acceptor's log."""
        return max((n for n in self.Slot if self.log[a, n] is not None), default=0)

    def reported_accepted(self, a: int) -> int:
        """What a promise says was last accepted: rule 1."""
        return int(self.last_accepted[a])

    def continues(self, a: int, b: int) -> bool:
        """An acceptor's log continues what the candidate knows chosen; else its tail is void: rule 3."""
        return bool(self.base[b] == 0 or self.log[a, self.base[b]] == self.records[b, self.base[b]])

    def adopted(self, a: int, b: int, *, better: bool) -> list[int | None]:
        """The candidate's log after a promise, whole: rule 3."""
        return [self.record(a, n) if better and n > self.base[b] else self.records[b, n] for n in self.Slot]

    def adopted_length(self, a: int, b: int, *, better: bool) -> int:
        """How long that log is."""
        return int(self.last_slot(a) if better else self.best_last[b])

    def majority_with(self, a: int, b: int) -> bool:
        """Whether a promise completes a quorum."""
        return bool(2 * (1 + sum((c, b) in self.answered for c in self.Acceptor if c != a)) > self.acceptors)

    def adds_no_op(self, b: int, records: list[int | None], length: int) -> bool:
        """A leader puts a no-op behind the tail that it adopts: rule 4."""
        return True

    def batched(self) -> bool:
        """The adopted tail goes out as one: rule 4."""
        return True

    def knows_base(self, a: int, b: int) -> bool:
        """The acceptor knows everything below the batch to be chosen: rule 4."""
        return bool(self.known[a] >= self.base[b])

    def sent_alone(self, b: int, n: int) -> bool:
        """Only slots behind the adopted tail are proposed one by one: rule 4."""
        return bool(n > self.tail_end[b])

    def follows(self, a: int, b: int, n: int) -> bool:
        """The slot before was accepted in the ballot, or is chosen and not inside its tail: rule 5."""
        if n == 1:
            return True
        if self.last_accepted[a] == b and self.last_slot(a) >= n - 1:
            return True
        return bool(self.known[a] >= n - 1 and n - 1 >= self.tail_end[b])

    def cuts(self, a: int, b: int, n: int) -> bool:
        """Whether accepting in a ballot removes the entry of a slot above: rules 6 and 7."""
        return bool(self.last_accepted[a] < b and n > self.known[a])

    def agrees(self, a: int, b: int, n: int) -> bool:
        """A record does not differ from what the acceptor knows to be chosen: rule 7."""
        return bool(n > self.known[a] or self.record(a, n) == self.records[b, n])

    # ---------------------------------------------------------------- what is chosen

    def chosen(self, b: int, n: int) -> bool:
        """Whether a quorum has voted for a slot in a ballot."""
        return bool(2 * sum((a, b, n) in self.votes for a in self.Acceptor) > self.acceptors)

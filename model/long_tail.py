"""Tails of records that are not known chosen, and what keeps them short: a promise and a first accept are
one message each.

`multi_paxos` with a bound on messages. Here not all that is known to be chosen is volatile: an acceptor's
journal keeps it with every accept (`kept`). A leader has a commit index and a window. A promise whose tail
does not fit a message is not made. The rules are W1 to W5 of `docs/replication.md`; the actions refer to them
by these names:

W1. *Window.* A leader proposes a record only when its first batch is at or below its commit index, and while
    at most `window` records, this one included, are above that.
W2. *Kept.* The journal record of an accept carries the commit index that is known with it: the acceptor's
    own, and the message's as far as the entries that the accept makes go. A restart knows it. What is learned
    from a peer is kept as well.
W3. *One no-op.* A leader adds its no-op only where the adopted tail does not end with one already.
W4. So above what an acceptor has kept there are at most `window` records and one no-op, whatever crashes,
    and however often (`tails_fit`).
W5. *Catch up first.* An acceptor whose tail above the candidate's known chosen slot does not fit a message,
    with the no-op that may follow it, promises nothing. The candidate learns as far as that acceptor knows
    the log to be chosen, and asks again: by W4 it fits then.

A message holds a window of records and a no-op. A slot stands for a record, so what `impl` bounds in bytes
is bounded in slots here. Every entry of a log may be learned from its journal, so an accept's message may
arrive with the commit index at the time when it was first sent, or with a later one (`late`).
"""

from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Expected,
    Int,
    action,
    always,
    require,
    sometimes,
)
from dynaproof.model.multi_paxos.one_no_op import OneNoOp
from dynaproof.model.multi_paxos.protocol import MultiPaxosRules


class LongTail(OneNoOp):
    """All that Multi-Paxos promises, and that tails and first accepts fit a message."""

    acceptors = Constant(3)
    slots = Constant(3)
    ballots = Constant(2)
    window = Constant(1)

    kept = Array(MultiPaxosRules.Acceptor, Int(0, slots))
    commit = Array(MultiPaxosRules.Ballot, Int(0, slots))
    sent = Array(MultiPaxosRules.Ballot, MultiPaxosRules.Slot, Int(0, slots))

    # ---------------------------------------------------------------- leading

    @action(b=MultiPaxosRules.Ballot)
    def count(self, b: int) -> None:
        """A leader counts the votes for the next slot: its commit index rises."""
        n = min(self.counted(b) + 1, self.slots)
        require(self.role[b] == "leader" and self.counted(b) < self.proposed[b] and self.chosen(b, n))
        self.commit[b] = n

    @action(b=MultiPaxosRules.Ballot)
    def propose(self, b: int) -> None:
        """A leader puts a new record behind its log, within the window (W1)."""
        require(self.role[b] == "leader" and self.proposed[b] < self.slots)
        require(self.counted(b) >= self.tail_end[b] and self.within_window(b))
        self.proposed[b] = self.proposed[b] + 1
        self.records[b, self.proposed[b] + 1] = b
        self.sent[b, self.proposed[b] + 1] = self.counted(b)

    @action(a=MultiPaxosRules.Acceptor, b=MultiPaxosRules.Ballot)
    def promise(self, a: int, b: int) -> None:
        """An acceptor whose tail fits a message promises (W5)."""
        require(self.role[b] == "candidate" and a not in self.silent)
        require(self.promised[a] <= b and (a, b) not in self.answered)
        require(self.fits(a, self.base[b]))
        self.report(a, b)

    # ---------------------------------------------------------------- accepting

    @action(a=MultiPaxosRules.Acceptor, b=MultiPaxosRules.Ballot)
    def accept_batch(self, a: int, b: int) -> None:
        """An acceptor installs the first accept of a ballot, and keeps what it knows chosen with it (W2)."""
        require(self.role[b] == "leader" and self.batched())
        require(self.promised[a] <= b and a not in self.silent)
        require(self.base[b] < self.tail_end[b])
        require(self.knows_base(a, b))
        for n in self.Slot:
            require(not self.base[b] < n <= self.tail_end[b] or self.agrees(a, b, n))
        self.promised[a] = b
        self.last_accepted[a] = b
        self.kept[a] = max(self.kept[a], self.keeps(self.known[a], 0))
        for n in self.Slot:
            if self.base[b] < n <= self.tail_end[b]:
                self.put(a, b, n)
                self.votes.add((a, b, n))
            elif n > self.tail_end[b] and self.cuts(a, b, n):
                self.log[a, n] = None

    @action(a=MultiPaxosRules.Acceptor, b=MultiPaxosRules.Ballot, n=MultiPaxosRules.Slot, late=Bool())
    def accept(self, a: int, b: int, n: int, late: bool) -> None:
        """An acceptor votes for a slot behind the first accept, and keeps the message's commit index (W2)."""
        require(self.role[b] == "leader" and self.promised[a] <= b and a not in self.silent)
        require(n <= self.proposed[b] and self.sent_alone(b, n))
        require(self.follows(a, b, n))
        require(self.agrees(a, b, n))
        require(not late or self.counted(b) > self.sent[b, n])
        told = min(n, self.counted(b) if late else self.sent[b, n])
        self.promised[a] = b
        self.last_accepted[a] = b
        before = self.known[a]
        self.known[a] = max(before, told)
        self.kept[a] = max(self.kept[a], self.keeps(before, told))
        self.put(a, b, n)
        self.votes.add((a, b, n))
        for above in self.Slot:
            if above > n and self.cuts(a, b, above):
                self.log[a, above] = None

    @action(a=MultiPaxosRules.Acceptor, b=MultiPaxosRules.Ballot, n=MultiPaxosRules.Slot)
    def learn(self, a: int, b: int, n: int) -> None:
        """An acceptor learns the next chosen record; one that is not here comes from a peer and is kept."""
        require(n == self.known[a] + 1 and a not in self.silent)
        require(self.chosen(b, n))
        self.known[a] = n
        if self.record(a, n) != self.records[b, n]:
            self.put(a, b, n)
            self.kept[a] = n
            for above in self.Slot:
                if above > n:
                    self.log[a, above] = None

    # ---------------------------------------------------------------- failing

    @action(a=MultiPaxosRules.Acceptor)
    def crash(self, a: int) -> None:
        """An acceptor restarts: it knows what its journal has kept."""
        require(self.known[a] > self.kept[a])
        self.known[a] = self.kept[a]

    @action(a=MultiPaxosRules.Acceptor)
    def forget(self, a: int) -> None:
        """An acceptor lost something synced: it falls silent. No second one may before it is replaced."""
        require(len(self.silent) == 0)
        self.promised[a] = 0
        self.last_accepted[a] = 0
        self.known[a] = 0
        self.kept[a] = 0
        for n in self.Slot:
            self.log[a, n] = None
        self.silent.add(a)

    # ---------------------------------------------------------------- what the rules require

    def counted(self, b: int) -> int:
        """A leader's commit index."""
        return int(max(self.commit[b], self.base[b]))

    def within_window(self, b: int) -> bool:
        """There is room for one more record above the commit index: W1."""
        return bool(self.proposed[b] - self.counted(b) < self.window)

    def keeps(self, own: int, told: int) -> int:
        """The commit index that goes into the journal with an accept: W2."""
        return max(own, told)

    def message(self) -> int:
        """How many records a message holds."""
        return int(self.window + 1)

    def fits(self, a: int, base: int) -> bool:
        """An acceptor's tail above a slot fits a message, with the no-op that may follow it: W5."""
        last = self.last_slot(a)
        ends = any(n == last and self.is_no_op(self.log[a, n], n) for n in self.Slot)
        return bool(last <= base or last - base + (0 if ends or last == self.slots else 1) <= self.message())

    # ---------------------------------------------------------------- what is promised

    @always
    def tails_fit(self) -> bool:
        """The tail above what an acceptor has kept fits a message: W4."""
        return all(self.fits(a, self.kept[a]) for a in self.Acceptor)

    @always
    def batches_fit(self) -> bool:
        """The first accept of a ballot fits a message."""
        return all(
            self.role[b] != "leader" or self.tail_end[b] - self.base[b] <= self.message() for b in self.Ballot
        )

    @always
    def catching_up_helps(self) -> bool:
        """An acceptor that sends a candidate away knows more to be chosen than the candidate asked from."""
        return all(
            self.role[b] != "candidate" or self.fits(a, self.base[b]) or self.known[a] > self.base[b]
            for a in self.Acceptor
            for b in self.Ballot
        )

    @sometimes
    def chosen_in_the_last_ballot(self) -> bool:
        """The last ballot gets a slot chosen."""
        return any(self.chosen(self.ballots, n) for n in self.Slot)

    @sometimes
    def led_from_a_chosen_slot(self) -> bool:
        """A leader starts above a slot that it knew to be chosen."""
        return any(self.role[b] == "leader" and self.base[b] > 0 for b in self.Ballot)

    @sometimes
    def sent_away(self) -> bool:
        """An acceptor's tail does not fit, so a candidate must catch up first."""
        return any(
            self.role[b] == "candidate"
            and self.promised[a] <= b
            and a not in self.silent
            and not self.fits(a, self.base[b])
            for a in self.Acceptor
            for b in self.Ballot
        )

    @sometimes
    def longest_tail(self) -> bool:
        """A tail is as long as a message allows."""
        return any(self.last_slot(a) - self.kept[a] == self.message() for a in self.Acceptor)

    expected = (Expected({}, 481_116, 5_645_402, 32, symmetry=True),)

"""Reconfiguration: replacing a voter of the replication log, and voters that forget.

The log of `model/multi_paxos` with records that are configs: such a record replaces one voter, and governs
the slots above it. A voter is an incarnation of a replica; one that has lost something synced is silent
forever, and another incarnation takes its place. The rules, numbered as in the replication rules:

9. A config is proposed only when all below it is chosen, and nothing above it before it is chosen by votes of
   its leader's own ballot.
10. Learning any record that a ballot chose is a promise of that ballot.
11. A candidate that finds a config in the tail that it adopts leads only with promises of a quorum of the new
    config too, and of the old one. Slots through the config count under the old one, those above it under the
    new one, in order. Voters of the old config install all of the first accept.
12. A candidate that knows a config to be chosen uses only that one.
13. A voter that forgets is silent; what it said before stays valid.
14. A new incarnation promises at once: it has never voted, so whatever it reports is true. It accepts, votes
    and campaigns once it is admitted: once it knows the log through the config that brought it. Until then
    nobody else forgets.

A ballot's first own record is a no-op or, if it adopts nothing, a config: then all below it is chosen. The
rest is as in `multi_paxos`, whose rules are not repeated, but without what that model is about (a candidate
that learns and asks again, a repeated promise).
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
    initial,
    require,
)


class ReconfigurationRules(Model):
    """The state of members, ballots and configs, and what may happen to it."""

    voters = Constant(3)
    spares = Constant(1)
    slots = Constant(2)
    ballots = Constant(2)

    Member = Scalar(voters + spares)
    Slot = Range(1, slots)
    Ballot = Range(1, ballots)

    first = Set(Member)
    promised = Array(Member, Int(0, ballots))
    last_accepted = Array(Member, Int(0, ballots))
    known = Array(Member, Int(0, slots))
    log = Array(Member, Slot, Option(Ballot))
    votes = Set(Member, Ballot, Slot)
    silent = Set(Member)

    role = Array(Ballot, Enum("unused", "candidate", "leader"))
    base = Array(Ballot, Int(0, slots))
    tail_end = Array(Ballot, Int(0, slots))
    proposed = Array(Ballot, Int(0, slots))
    records = Array(Ballot, Slot, Option(Ballot))
    out = Array(Ballot, Slot, Option(Member))
    new = Array(Ballot, Slot, Option(Member))
    answered = Set(Member, Ballot)
    best_accepted = Array(Ballot, Int(0, ballots))
    best_last = Array(Ballot, Int(0, slots))

    @initial(one=Member, two=Member)
    def some_are_voters(self, one: int, two: int) -> None:
        """All but the spares vote at first; up to two spares."""
        require((one == two) == (self.spares == 1))
        for a in self.Member:
            if a not in (one, two):
                self.first.add(a)

    # ---------------------------------------------------------------- leading

    @action(a=Member, b=Ballot)
    def campaign(self, a: int, b: int) -> None:
        """A member asks for promises of an unused ballot, above the slots that it knows to be chosen."""
        require(self.role[b] == "unused" and self.admitted(a))
        self.role[b] = "candidate"
        self.base[b] = self.known[a]
        self.best_last[b] = self.known[a]
        for n in self.Slot:
            if n <= self.known[a]:
                self.records[b, n] = self.log[a, n]

    @action(a=Member, b=Ballot)
    def promise_lost(self, a: int, b: int) -> None:
        """A member promises, and the candidate never hears of it."""
        require(self.role[b] == "candidate" and self.promised[a] < b and self.admitted(a))
        self.promised[a] = b

    @action(a=Member, b=Ballot)
    def promise(self, a: int, b: int) -> None:
        """A member promises and reports its log; quorums of all found configs make a leader (rule 11)."""
        require(self.role[b] == "candidate" and self.promised[a] < b and a not in self.silent)
        require(self.asked(a, b))
        self.promised[a] = b
        base = self.base[b]
        report = (self.last_accepted[a], self.last_slot(a))
        better = self.continues(a, b) and report > (self.best_accepted[b], self.best_last[b])
        length = max(self.last_slot(a), base) if better else self.best_last[b]
        records = [self.log[a, n] if better and n > base else self.records[b, n] for n in self.Slot]
        if all(self.quorum_with(a, b, records, n) for n in self.Slot if base < n <= length + 1) and (
            length < self.slots or self.quorum_with(a, b, records, self.slots + 1)
        ):
            self.lead(a, b, records, length)
        else:
            self.answered.add((a, b))
            if better:
                self.best_accepted[b] = self.last_accepted[a]
            self.best_last[b] = length
            for n in self.Slot:
                self.records[b, n] = records[n - 1]

    def lead(self, a: int, b: int, records: list[int | None], length: int) -> None:
        """With this member's promise a candidate leads; what was promised is not needed any more."""
        self.adopt(b, records, length)
        for c in self.Member:
            self.answered.discard((c, b))

    def adopt(self, b: int, records: list[int | None], length: int) -> None:
        """A leader adopts the tail whole, and puts a no-op behind it (rule 3)."""
        self.role[b] = "leader"
        end = self.first_accept_end(b, records, length)
        for n in self.Slot:
            self.records[b, n] = None if n > end else b if n == length + 1 else records[n - 1]
        self.tail_end[b] = end
        self.proposed[b] = end
        self.best_accepted[b] = 0
        self.best_last[b] = 0

    @action(b=Ballot)
    def propose(self, b: int) -> None:
        """A leader puts a record behind its log, once every config in it is chosen (rule 9)."""
        require(self.role[b] == "leader" and self.proposed[b] < self.slots)
        require(self.may_go_on(b))
        self.proposed[b] = self.proposed[b] + 1
        self.records[b, self.proposed[b] + 1] = b

    @action(b=Ballot, out=Member, new=Member)
    def propose_config(self, b: int, out: int, new: int) -> None:
        """A leader replaces a voter, once all below is chosen (rule 9)."""
        require(self.role[b] == "leader" and self.proposed[b] < self.slots)
        require(self.chosen(b, self.proposed[b]))
        self.replace(b, self.proposed[b] + 1, out, new)
        self.proposed[b] = self.proposed[b] + 1
        self.records[b, self.proposed[b] + 1] = b

    @action(b=Ballot, out=Member, new=Member)
    def begin_with_config(self, b: int, out: int, new: int) -> None:
        """A leader that adopts nothing has a config for its first record."""
        require(self.role[b] == "leader" and self.proposed[b] == self.tail_end[b])
        require(self.tail_end[b] == self.base[b] + 1 and self.records[b, self.tail_end[b]] == b)
        require(self.out[b, self.tail_end[b]] is None)
        require(not any((a, b, self.tail_end[b]) in self.votes for a in self.Member))
        self.replace(b, self.tail_end[b], out, new)

    def replace(self, b: int, n: int, out: int, new: int) -> None:
        """The record of a slot replaces a voter by an incarnation that its log has never had."""
        require(self.votes_on(out, b, n) and not self.ever_in(new, b, n))
        self.out[b, n] = out
        self.new[b, n] = new

    # ---------------------------------------------------------------- accepting

    @action(a=Member, b=Ballot)
    def accept_batch(self, a: int, b: int) -> None:
        """A voter installs the whole first accept of a ballot, slots above a config included (rule 11)."""
        require(self.role[b] == "leader" and self.promised[a] <= b and self.admitted(a))
        require(self.base[b] < self.tail_end[b] and self.known[a] >= self.base[b])
        for n in self.Slot:
            require(not self.base[b] < n <= self.tail_end[b] or self.agrees(a, b, n))
        self.promised[a] = b
        self.last_accepted[a] = b
        for n in self.Slot:
            if self.base[b] < n <= self.tail_end[b]:
                self.log[a, n] = self.records[b, n]
                self.votes.add((a, b, n))
            elif n > self.tail_end[b] and self.last_accepted[a] < b and n > self.known[a]:
                self.log[a, n] = None

    @action(a=Member, b=Ballot, n=Slot)
    def accept(self, a: int, b: int, n: int) -> None:
        """A voter votes for a slot behind the first accept."""
        require(self.role[b] == "leader" and self.promised[a] <= b and self.admitted(a))
        require(self.tail_end[b] < n <= self.proposed[b])
        held = self.last_accepted[a] == b and self.last_slot(a) >= n - 1
        require(held or (self.known[a] >= n - 1 and n - 1 >= self.tail_end[b]))
        require(self.agrees(a, b, n))
        self.promised[a] = b
        self.last_accepted[a] = b
        self.log[a, n] = self.records[b, n]
        self.votes.add((a, b, n))
        for above in self.Slot:
            if above > n and self.last_accepted[a] < b and above > self.known[a]:
                self.log[a, above] = None

    @action(a=Member, b=Ballot, n=Slot)
    def learn(self, a: int, b: int, n: int) -> None:
        """A member, or one that a config has brought, learns the next chosen record (rule 10)."""
        require(n == self.known[a] + 1 and a not in self.silent)
        require(self.chosen(b, n))
        self.retain(a, b, n)

    def retain(self, a: int, b: int, n: int) -> None:
        """A member keeps a chosen record, without what it replaces, and promises its ballot."""
        self.known[a] = n
        if self.log[a, n] != self.records[b, n]:
            self.log[a, n] = self.records[b, n]
            for above in self.Slot:
                if above > n:
                    self.log[a, above] = None
        self.promised[a] = max(self.promised[a], b)

    # ---------------------------------------------------------------- failing

    @action(a=Member)
    def crash(self, a: int) -> None:
        """A member restarts: it no longer knows what is chosen."""
        require(self.known[a] > 0)
        self.known[a] = 0

    @action(a=Member)
    def forget(self, a: int) -> None:
        """A member loses something synced and is silent; nobody else may, before it is replaced."""
        require(a not in self.silent and self.admitted(a))
        require(self.may_forget())
        self.silent.add(a)
        self.promised[a] = 0
        self.last_accepted[a] = 0
        self.known[a] = 0
        for n in self.Slot:
            self.log[a, n] = None

    # ---------------------------------------------------------------- configs

    def votes_on(self, a: int, b: int, n: int) -> bool:
        """Whether a member votes on a slot in a ballot's log: by the configs below it."""
        return self.counts_in([self.records[b, m] for m in self.Slot], a, n)

    def counts_in(self, records: list[int | None], a: int, n: int) -> bool:
        """The same in a log that is given."""
        return any(
            records[m - 1] == c and self.new[c, m] == a and not self.leaves(records, a, m, n)
            for m in self.Slot
            if m < n
            for c in self.Ballot
        ) or (a in self.first and not self.leaves(records, a, 0, n))

    def leaves(self, records: list[int | None], a: int, after: int, n: int) -> bool:
        """Whether a config between two slots removes a member."""
        return any(
            records[m - 1] == c and self.out[c, m] == a
            for m in self.Slot
            if after < m < n
            for c in self.Ballot
        )

    def ever_in(self, a: int, b: int, n: int) -> bool:
        """Whether a ballot's log has had this member below a slot."""
        return a in self.first or any(
            self.records[b, m] == c and self.new[c, m] == a for m in self.Slot if m < n for c in self.Ballot
        )

    def is_config(self, b: int, n: int) -> bool:
        """Whether a ballot's record of a slot is a config."""
        return any(self.records[b, n] == c and self.new[c, n] is not None for c in self.Ballot)

    def admitted(self, a: int) -> bool:
        """A member speaks: it was there from the start, or knows the log through its config (rule 14)."""
        return a not in self.silent and (
            a in self.first
            or any(
                self.known[a] >= m and self.log[a, m] == c and self.new[c, m] == a
                for m in self.Slot
                for c in self.Ballot
            )
        )

    def replaced(self, a: int) -> bool:
        """A chosen config has removed a member, and the one in its place speaks."""
        return any(
            self.chosen(b, n)
            and self.records[b, n] == c
            and self.out[c, n] == a
            and any(self.new[c, n] == other and self.admitted(other) for other in self.Member)
            for b in self.Ballot
            for n in self.Slot
            for c in self.Ballot
        )

    # ---------------------------------------------------------------- what the rules require

    def asked(self, a: int, b: int) -> bool:
        """A candidate asks the voters of every config that it knows or has found: rule 11."""
        return any(
            self.votes_on(a, b, n)
            for n in range(1, self.slots + 2)
            if self.base[b] < n <= self.best_last[b] + 1
        )

    def quorum_with(self, a: int, b: int, records: list[int | None], n: int) -> bool:
        """With this promise, the config of a slot has promised: rules 11 and 12."""
        return bool(
            2
            * sum((c == a or (c, b) in self.answered) and self.counts_in(records, c, n) for c in self.Member)
            > self.voters
        )

    def first_accept_end(self, b: int, records: list[int | None], length: int) -> int:
        """How far the first accept of a new leader goes: the whole tail, and a no-op behind it."""
        return int(min(length + 1, self.slots))

    def may_go_on(self, b: int) -> bool:
        """Every config in the ballot's log is chosen by its own votes: rule 9."""
        return all(
            not self.is_config(b, n) or self.chosen(b, n)
            for n in self.Slot
            if self.base[b] < n <= self.proposed[b]
        )

    def may_forget(self) -> bool:
        """Whoever has forgotten is replaced by one that speaks: rule 14."""
        return all(self.replaced(c) for c in self.silent)

    def continues(self, a: int, b: int) -> bool:
        """A member's log continues what the candidate knows chosen; else its tail is void: rule 3."""
        return bool(self.base[b] == 0 or self.log[a, self.base[b]] == self.records[b, self.base[b]])

    def agrees(self, a: int, b: int, n: int) -> bool:
        """A record does not differ from what the member knows to be chosen."""
        return bool(n > self.known[a] or self.log[a, n] == self.records[b, n])

    def last_slot(self, a: int) -> int:
        """The last slot of a member's log."""
        return max((n for n in self.Slot if self.log[a, n] is not None), default=0)

    # ---------------------------------------------------------------- what is chosen

    def counted(self, b: int, n: int) -> bool:
        """Whether a quorum of the slot's config has voted for it in a ballot."""
        return bool(
            2 * sum((a, b, n) in self.votes and self.votes_on(a, b, n) for a in self.Member) > self.voters
        )

    def chosen(self, b: int, n: int) -> bool:
        """Whether a ballot chose a slot: its votes are counted in order, from what its leader knew chosen."""
        return n > self.base[b] and all(self.counted(b, m) for m in self.Slot if self.base[b] < m <= n)

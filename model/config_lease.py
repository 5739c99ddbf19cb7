"""Leases together with configs: which leader may serve by a lease while voters change, one at a time.

The log, the ballots and the configs are those of `reconfiguration`; here its voters grant leases too, and
what a leader *counts* chosen is a separate variable, for it is the leader that informs the others. The rules,
by the names of `docs/replication.md`:

L1. A leader's lease is a quorum of grants by voters of the newest config at or below its commit index, from
    the very step in which it counts that config. From then on others' grants do not count.
L2. Nobody learns that a config is chosen before the leader that counted it leases by it.
L3. Nothing is served before the end of the leader's own first batch is counted chosen: so every config in the
    adopted tail governs before the first answer.
L4. A grantor is bound to the ballot that it granted, whatever configs it learns, until the grant runs out;
    while it is bound it promises no other ballot.
L5. A new incarnation waits for nothing that its predecessor granted.

A grant ends at the grantor after every leader has stopped using it (`lease`): here both end in one step,
which leaves out only states with less use and more binding. Ballot 1 is led when it begins, and proposes in
its first slot; nobody accepts in the last ballot, for whatever it did would only bind its voters more. Voters
forget and restart where the constants say so; what a restarted one granted continues to bind it (in `impl`,
its wait does).
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Expected,
    Int,
    Option,
    Set,
    action,
    always,
    initial,
    require,
    sometimes,
)
from dynaproof.model.reconfiguration.protocol import ReconfigurationRules


class ConfigLease(ReconfigurationRules):
    """While a ballot may serve by its lease, no later one is led, over any change of a voter."""

    ballots = Constant(2)
    forgets = Constant(0)
    restarts = Constant(0)

    bound = Array(ReconfigurationRules.Member, Option(ReconfigurationRules.Ballot))
    used = Set(ReconfigurationRules.Ballot, ReconfigurationRules.Member)
    heard = Array(ReconfigurationRules.Ballot, Int(0, ReconfigurationRules.slots))

    @initial(
        spare=ReconfigurationRules.Member,
        two=ReconfigurationRules.Member,
        behind=ReconfigurationRules.Member,
    )
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

    # ---------------------------------------------------------------- leases

    @action(b=ReconfigurationRules.Ballot)
    def count(self, b: int) -> None:
        """A leader hears the votes that make its next slot chosen."""
        n = self.commit(b) + 1
        require(self.role[b] == "leader" and n <= self.proposed[b] and b < self.ballots)
        require(any(m == n and self.chosen(b, m) for m in self.Slot))
        self.heard[b] = n

    @action(a=ReconfigurationRules.Member, b=ReconfigurationRules.Ballot)
    def grant(self, a: int, b: int) -> None:
        """A voter answers the leader's question: it is bound, and the leader counts on it (L1, L4)."""
        require(self.role[b] == "leader" and self.promised[a] <= b and self.admitted(a))
        require((b, a) not in self.used and self.leases_from(a, b) and b < self.ballots)
        self.promised[a] = b
        self.bound[a] = b
        self.used.add((b, a))

    @action(a=ReconfigurationRules.Member)
    def expire(self, a: int) -> None:
        """What a member granted runs out, for whoever used it."""
        require(self.bound[a] is not None or any((b, a) in self.used for b in self.Ballot))
        self.bound[a] = None
        for b in self.Ballot:
            self.used.discard((b, a))

    # ---------------------------------------------------------------- what the log does here

    @action(a=ReconfigurationRules.Member, b=ReconfigurationRules.Ballot, n=ReconfigurationRules.Slot)
    def learn(self, a: int, b: int, n: int) -> None:
        """A member learns a record that a leader counts chosen, from it or from whoever has it (L2)."""
        require(n == self.known[a] + 1 and a not in self.silent and self.chosen(b, n))
        require(self.told(b, n))
        self.retain(a, b, n)

    def asked(self, a: int, b: int) -> bool:
        """A candidate asks the voters of every config that it knows; who is bound does not answer (L4)."""
        return self.bound[a] is None and any(
            self.votes_on(a, b, n)
            for n in range(1, self.slots + 2)
            if self.base[b] < n <= self.best_last[b] + 1
        )

    def agrees(self, a: int, b: int, n: int) -> bool:
        """A record does not differ from what the member knows to be chosen, and is not of the last ballot."""
        return bool(b < self.ballots and (n > self.known[a] or self.log[a, n] == self.records[b, n]))

    @action(a=ReconfigurationRules.Member, b=ReconfigurationRules.Ballot)
    def promise_lost(self, a: int, b: int) -> None:
        """No promise is lost: one that is has bound nobody to anything."""
        require(False)

    @action(a=ReconfigurationRules.Member)
    def crash(self, a: int) -> None:
        """A member restarts: it no longer knows what is chosen."""
        require(self.restarts > 0 and self.known[a] > 0)
        self.known[a] = 0

    @action(a=ReconfigurationRules.Member)
    def forget(self, a: int) -> None:
        """A member loses all, its grants too; leaders go on to use what they have of these."""
        require(self.forgets > 0 and a not in self.silent and self.admitted(a))
        require(self.may_forget())
        self.silent.add(a)
        self.promised[a] = 0
        self.last_accepted[a] = 0
        self.known[a] = 0
        self.bound[a] = None
        for n in self.Slot:
            self.log[a, n] = None

    # ---------------------------------------------------------------- what the rules require

    def commit(self, b: int) -> int:
        """A leader's commit index."""
        return int(max(self.base[b], self.heard[b]))

    def told(self, b: int, n: int) -> bool:
        """Others may know that a ballot's record is chosen: L2."""
        return bool(n <= self.heard[b])

    def leases_from(self, a: int, b: int) -> bool:
        """A leader's lease counts a member: L1."""
        return self.votes_on(a, b, self.commit(b) + 1)

    def serves_from(self, b: int) -> bool:
        """A leader's first batch is counted chosen: L3."""
        return bool(self.commit(b) >= self.tail_end[b])

    # ---------------------------------------------------------------- what is promised

    def may_serve(self, b: int) -> bool:
        """A leader may answer by its lease."""
        return (
            self.role[b] == "leader"
            and self.serves_from(b)
            and 2 * sum((b, a) in self.used and self.leases_from(a, b) for a in self.Member) > self.voters
        )

    @always
    def holder_is_led_last(self) -> bool:
        """While a ballot may serve by its lease no later one is led, so none gets anything chosen."""
        return all(
            not self.may_serve(b) or self.role[c] != "leader"
            for b in self.Ballot
            for c in self.Ballot
            if c > b
        )

    @sometimes
    def serves_under_the_new_config(self) -> bool:
        """A leader serves with a grant of a voter that was not there from the start."""
        return any(
            self.may_serve(b) and any((b, a) in self.used and a not in self.first for a in self.Member)
            for b in self.Ballot
        )

    @sometimes
    def led_while_an_old_grantor_is_bound(self) -> bool:
        """A later ballot is led although a voter of the old config is still bound to an earlier leader."""
        return any(
            self.role[c] == "leader" and self.bound[a] == b and a in self.first
            for a in self.Member
            for b in self.Ballot
            for c in self.Ballot
            if b < c
        )

    expected = (
        Expected({}, 636_871, 7_307_676, 26, symmetry=True),
        Expected({"forgets": 1}, 2_058_004, 22_629_015, 26, symmetry=True),
        Expected({"restarts": 1}, 2_628_039, 36_060_665, 28, symmetry=True),
    )

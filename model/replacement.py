"""Replacing voters: log replicas within seconds, full ones after a copy, and when one that has left may be
dropped.

Consensus is abstracted to one leader, and to slots that are chosen when a majority (the leader and another
voter, or two others of five) hold them durably; a replica holds the slots from `low` to `high`: a full one
from the first (its checkpoint covers what its log lacks), a log replica from its config's slot.

1. A lost voter may be replaced by a *log replica* at once: a voter with a log and no tree, whose log begins
   at its config's slot. It is made when every other voter holds the log through that slot.
2. At most one voter has no tree: none is added before the existing one has become full, by copying the tree,
   as the same incarnation. Only a full one campaigns.
3. A voter that lives (a move), or a log replica, is replaced by a learner that has copied the tree, and the
   log to at most `lag` slots behind the last one.
4. A new voter votes and counts once it holds the log through its config (here: all that is chosen).
5. A replica that has left is dropped when all voters are admitted, not when the config is chosen; or, with
   `drops_beside_a_loss`, when all voters except one, whichever that is, hold what is chosen: on the only node
   that is free for a replica, it keeps that one from being replaced, if it is lost.
6. A restarted voter does not know what is chosen (`unsure`). An acceptor whose log begins above what a
   candidate knows answers with its first record: a candidate that holds that same record holds the chosen log
   through it, and asks again from there.
7. One change at a time: none before all voters, except the lost one, are admitted.

Source: Ongaro, *Consensus: Bridging Theory and Practice*, 2014, 4.2.1 (learners catch up before they vote);
Liskov et al., *Replication in the Harp File System*, SOSP 1991 (a witness has a log and no state).
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Expected,
    Int,
    Model,
    Option,
    Range,
    Scalar,
    Set,
    action,
    always,
    initial,
    require,
    sometimes,
)


class Replacement(Model):
    """Any majority that acts has every chosen slot, and one of it can lead; one loss is never the last."""

    voters = Constant(3)
    spares = Constant(2)
    slots = Constant(3)
    lag = Constant(1)
    drops_beside_a_loss = Constant(0)

    Member = Scalar(voters + spares)
    Slot = Range(1, slots)

    low = Array(Member, Int(1, slots + 1), init=slots + 1)
    high = Array(Member, Int(0, slots))
    voting = Set(Member)
    admitted = Set(Member)
    silent = Set(Member)
    dropped = Set(Member)
    unsure = Set(Member)
    leaver = Option(Member)
    leader = Option(Member)
    last = Int(0, slots)

    @initial(one=Member, two=Member)
    def all_but_the_spares_vote(self, one: int, two: int) -> None:
        """They begin with empty logs."""
        require((one == two) == (self.spares == 1))
        for a in self.Member:
            if a not in (one, two):
                self.voting.add(a)
                self.admitted.add(a)
                self.low[a] = 1

    # ---------------------------------------------------------------- the log

    @action(c=Member, d=Member, e=Member)
    def elect(self, c: int, d: int, e: int) -> None:
        """A full voter leads with the promises of a majority, and adopts the most that it holds."""
        require(self.majority(c, d, e) and self.leader != c)
        require(self.can_lead(c, d) and self.can_lead(c, e))
        self.leader = c
        self.unsure.discard(c)
        self.high[c] = max(self.high[c], self.high[d], self.high[e])

    @action(d=Member, e=Member)
    def put(self, d: int, e: int) -> None:
        """The next slot is chosen: a majority with the leader holds it, behind all that is chosen."""
        require(self.leader is not None and self.last < self.slots)
        require(self.majority(self.leader, d, e) and self.high[self.leader] == self.last)
        require(self.high[d] == self.last and self.high[e] == self.last)
        chosen = self.last + 1
        self.last = chosen
        for a in (d, e):
            self.unsure.discard(a)
            self.high[a] = chosen
        self.high[self.leader] = chosen

    @action(a=Member)
    def follow(self, a: int) -> None:
        """A voter takes the next slot from the leader; with the last one it is admitted (rule 4)."""
        require(self.leader is not None and a != self.leader and a in self.voting and a not in self.silent)
        require(self.high[a] < self.high[self.leader])
        through = self.high[a] + 1
        self.high[a] = through
        self.unsure.discard(a)
        if through == self.last:
            self.admitted.add(a)

    @action(a=Member)
    def copy(self, a: int) -> None:
        """A spare (a learner), or a log replica, copies the leader's tree."""
        require(
            self.leader is not None and self.low[a] > 1 and a not in self.silent and a not in self.dropped
        )
        require(a in self.voting or self.low[a] == self.slots + 1)
        through = max(self.high[a], self.high[self.leader]) if a in self.voting else self.high[self.leader]
        self.low[a] = 1
        self.high[a] = through
        if a in self.voting and through == self.last:
            self.admitted.add(a)

    # ---------------------------------------------------------------- replacing

    @action(out=Member, new=Member)
    def replace_by_log(self, out: int, new: int) -> None:
        """The leader replaces a voter by a log replica (rules 1 and 2)."""
        require(self.may_change(out, new) and self.log_may_replace(out))
        require(self.low[new] == self.slots + 1 and self.may_add_log(out))
        self.low[new] = self.last + 1
        self.high[new] = self.last
        self.enter(out, new, self.last)

    @action(out=Member, new=Member)
    def replace_by_full(self, out: int, new: int) -> None:
        """The leader replaces any voter, itself too, by a learner that has caught up (rule 3)."""
        require(self.may_change(out, new) and self.low[new] == 1)
        require(self.high[new] + self.lag >= self.last)
        self.enter(out, new, self.high[new])

    def enter(self, out: int, new: int, held: int) -> None:
        """The config is chosen: `new`, which holds the log through `held`, is in the place of `out`."""
        self.voting.discard(out)
        self.admitted.discard(out)
        self.voting.add(new)
        if self.admitted_at_once(held):
            self.admitted.add(new)
        if out not in self.silent:
            self.leaver = out
        if out == self.leader:
            self.leader = None

    def may_change(self, out: int, new: int) -> bool:
        """A leader, with a majority, has a config chosen above all that is (rule 7)."""
        return (
            self.leader is not None
            and out in self.voting
            and new not in self.voting
            and new not in self.silent
            and new not in self.dropped
            and self.leaver is None
            and self.high[self.leader] == self.last
            and any(
                self.majority(self.leader, d, e) and self.high[d] == self.last and self.high[e] == self.last
                for d in self.Member
                for e in self.Member
            )
            and all(a in self.admitted or a == out for a in self.voting)
        )

    @action(a=Member)
    def drop(self, a: int) -> None:
        """One that has left is dropped (rule 5)."""
        require(self.leaver == a and self.may_drop())
        self.leaver = None
        self.dropped.add(a)
        self.low[a] = self.slots + 1
        self.high[a] = 0

    # ---------------------------------------------------------------- failing

    @action(a=Member)
    def forget(self, a: int) -> None:
        """A voter is lost, while no other one is."""
        require(a in self.voting and not any(c in self.silent for c in self.voting))
        require(all(c in self.admitted for c in self.voting) or self.leaver is not None)
        self.silent.add(a)
        self.low[a] = self.slots + 1
        self.high[a] = 0
        if self.leader == a:
            self.leader = None

    @action(a=Member)
    def restart(self, a: int) -> None:
        """A voter restarts: it no longer knows what is chosen."""
        require(a in self.voting and a in self.admitted and a not in self.silent and a not in self.unsure)
        self.unsure.add(a)
        if self.leader == a:
            self.leader = None

    # ---------------------------------------------------------------- what the rules require

    def acts(self, a: int) -> bool:
        """A voter promises and votes."""
        return a in self.voting and a in self.admitted and a not in self.silent

    def majority(self, c: int, d: int, e: int) -> bool:
        """These voters act, and are a majority: of three voters two, the last of them named twice."""
        return bool(
            c not in (d, e)
            and (d == e) == (self.voters == 3)
            and self.acts(c)
            and self.acts(d)
            and self.acts(e)
        )

    def can_lead(self, c: int, d: int) -> bool:
        """A full voter leads with one whose log reaches down to what it knows."""
        return bool(self.low[c] == 1 and self.low[d] <= self.knows(c) + 1)

    def knows(self, c: int) -> int:
        """Up to where a candidate may ask for promises: rule 6."""
        return int(self.high[c])

    def log_may_replace(self, out: int) -> bool:
        """Every other voter holds the log through the config: rule 1."""
        return all(self.high[a] == self.last for a in self.voting if a != out)

    def may_add_log(self, out: int) -> bool:
        """Every other voter has a tree: rule 2."""
        return all(self.low[a] == 1 for a in self.voting if a != out)

    def admitted_at_once(self, held: int) -> bool:
        """A new voter holds all that is chosen: rule 4."""
        return bool(held == self.last)

    def may_drop(self) -> bool:
        """Every voter is admitted, or every other one holds what is chosen: rule 5."""
        return all(a in self.admitted for a in self.voting) or (
            self.drops_beside_a_loss == 1 and sum(self.high[a] < self.last for a in self.voting) <= 1
        )

    # ---------------------------------------------------------------- what is promised

    @always
    def quorums_hold_all(self) -> bool:
        """A majority that acts holds every chosen slot."""
        return all(
            any(self.low[a] <= n <= self.high[a] for a in (c, d, e))
            for c in self.Member
            for d in self.Member
            for e in self.Member
            if self.majority(c, d, e)
            for n in self.Slot
            if n <= self.last
        )

    @always
    def quorums_can_lead(self) -> bool:
        """Of a majority that acts, one can lead with the others."""
        return all(
            any(all(self.can_lead(a, other) for other in (c, d, e) if other != a) for a in (c, d, e))
            for c in self.Member
            for d in self.Member
            for e in self.Member
            if self.majority(c, d, e)
        )

    @always
    def enough_copies(self) -> bool:
        """A majority of replicas holds each chosen slot, one that has left and is not dropped included; one
        less does while a voter is lost, or is not yet replaced by one that is admitted.
        """
        return all(
            2
            * (
                sum(
                    self.low[a] <= n <= self.high[a] and (a in self.voting or self.leaver == a)
                    for a in self.Member
                )
                + self.being_repaired()
            )
            > self.voters
            for n in self.Slot
            if n <= self.last
        )

    def being_repaired(self) -> bool:
        """A voter is lost, or the one in its place is not admitted yet."""
        return any(a in self.silent for a in self.voting) or (
            self.leaver is None and any(a not in self.admitted for a in self.voting)
        )

    @sometimes
    def log_replica_in_the_quorum(self) -> bool:
        """The last slot is held by a majority with a log replica, and by nobody else."""
        return any(
            self.acts(a)
            and 1 < self.low[a] <= self.last
            and self.high[a] == self.last
            and 2 * sum(self.high[c] == self.last for c in self.voting) == self.voters + 1
            for a in self.Member
        )

    @sometimes
    def two_replaced(self) -> bool:
        """Two were lost or have left, and all voters are full and act."""
        return len(self.silent) + len(self.dropped) == 2 and all(
            self.low[a] == 1 and self.acts(a) for a in self.voting
        )

    expected = (
        Expected({}, 53_589, 306_217, 16, symmetry=True),
        Expected({"voters": 5, "spares": 1}, 31_275, 1_034_430, 17, symmetry=True),
        Expected({"drops_beside_a_loss": 1}, 54_481, 312_319, 16, symmetry=True),
        Expected({"voters": 5, "spares": 1, "drops_beside_a_loss": 1}, 31_689, 1_044_976, 17, symmetry=True),
    )

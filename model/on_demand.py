"""What an on-demand table takes: a multiplier of its partitions' shares that never falls, while admins take
over from each other and their commands come late.

1. An admin that takes over begins with the greatest multiplier that the partitions report, once each of them
   has reported.
2. It raises its multiplier, and never lowers it.
3. It tells a partition its multiplier with a version (its term, and how often it has raised it) and with the
   version that the partition reported last. The partition obeys if its own version is that one and lower than
   the command's.
4. If a partition reports a version of an earlier term, its multiplier counts as in rule 1, also after the
   admin has begun.

Admins do not know that they were deposed, and go on. Reports come at any time, or never.

Source: rule A16 of docs/table.md; Herlihy, *Wait-Free Synchronization*, TOPLAS 1991 (compare-and-swap).
"""

from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Expected,
    Int,
    Model,
    Option,
    Range,
    Set,
    action,
    always,
    always_possible,
    require,
    sometimes,
)


class OnDemand(Model):
    """What a partition takes never becomes less, and all partitions can come to the same multiplier."""

    partitions = Constant(2)
    terms = Constant(2)
    most = Constant(1)

    Partition = Range(0, partitions - 1)
    Term = Range(1, terms)
    Version = Range(0, terms * (most + 1) + most)
    """The term, times (most + 1), plus the multiplier, which begins at 0: the term 0 is of no admin."""

    term = Int(0, terms)
    """Of the admin that took over last."""
    multiplier = Array(Term, Option(Int(0, most)))
    """Of the admin of each term; None: it has not begun."""
    heard = Array(Term, Array(Partition, Option(Int(0, terms * (most + 1) + most))))
    """The version that a partition reported to it last."""
    told = Set(Partition, Version, Version)
    """A version, and onto which one."""
    has = Array(Partition, Int(0, terms * (most + 1) + most))
    """The version that a partition obeys."""
    less = Bool()
    """Whether one obeyed a version that takes less than what it had."""

    @action(fair=True)
    def take_over(self) -> None:
        """Another admin becomes active; those of earlier terms do not know it."""
        require(self.term < self.terms)
        self.term = self.term + 1

    @action(fair=True, t=Term, p=Partition)
    def report(self, t: int, p: int) -> None:
        """A partition reports its version (rule 4)."""
        require(t <= self.term and self.heard[t][p] != self.has[p])
        self.heard[t][p] = self.has[p]
        if self.multiplier[t] is not None and self.counts(t, p):
            self.multiplier[t] = max(self.multiplier[t], self.has[p] % (self.most + 1))

    def counts(self, t: int, p: int) -> bool:
        """Whether what a partition reports counts after the admin has begun (rule 4)."""
        return bool(self.has[p] < t * (self.most + 1))

    @action(fair=True, t=Term)
    def begin_with(self, t: int) -> None:
        """An admin begins with what the partitions have (rule 1)."""
        require(t <= self.term and self.multiplier[t] is None)
        require(all(self.heard[t][p] is not None for p in self.Partition))
        self.multiplier[t] = self.first(t)

    def first(self, t: int) -> int:
        """The multiplier with which an admin begins (rule 1)."""
        return int(max(self.heard[t][p] % (self.most + 1) for p in self.Partition))

    @action(t=Term)
    def raise_multiplier(self, t: int) -> None:
        """The peak of a window was greater than what the table takes (rule 2)."""
        require(self.multiplier[t] is not None and self.multiplier[t] < self.most)
        self.multiplier[t] = self.multiplier[t] + 1

    @action(fair=True, t=Term, p=Partition)
    def tell(self, t: int, p: int) -> None:
        """An admin tells a partition its multiplier (rule 3)."""
        require(self.multiplier[t] is not None)
        version = t * (self.most + 1) + self.multiplier[t]
        require(self.heard[t][p] < version)
        self.told.add((p, version, self.heard[t][p]))

    @action(fair=True, p=Partition, v=Version, onto=Version)
    def obey(self, p: int, v: int, onto: int) -> None:
        """A partition obeys, however late it is told (rule 3)."""
        require((p, v, onto) in self.told and v > self.has[p] and self.may_follow(p, onto))
        if v % (self.most + 1) < self.has[p] % (self.most + 1):
            self.less = True
        self.has[p] = v

    def may_follow(self, p: int, onto: int) -> bool:
        """Whether a command was meant for what the partition has (rule 3)."""
        return bool(self.has[p] == onto)

    @always
    def never_takes_less(self) -> bool:
        """No partition takes less than it did."""
        return not self.less

    @always_possible
    def comes_to_one(self) -> bool:
        """All partitions can come to the multiplier of the admin that took over last."""
        return all(
            t != self.term
            or (
                self.multiplier[t] is not None
                and all(self.has[p] == t * (self.most + 1) + self.multiplier[t] for p in self.Partition)
            )
            for t in self.Term
        )

    @sometimes
    def refused(self) -> bool:
        """A command comes too late: its partition has heard another admin meanwhile."""
        return any(v > self.has[p] and onto != self.has[p] for p, v, onto in self.told)

    expected = (Expected({}, 1_052_441, 5_328_743, 41),)

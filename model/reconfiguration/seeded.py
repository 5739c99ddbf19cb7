"""Seeded bugs of reconfiguration: in each one decision is wrong, and a shortest trace shows the harm."""

from typing import Any

from dynaproof.model.language import Constant, action, initial, require
from dynaproof.model.reconfiguration.promises import Reconfiguration


class Undisturbed:
    """For bugs that need no failure: nobody crashes or forgets, and no promise is lost; a shorter search."""

    @action(a=Reconfiguration.Member)
    def crash(self, a: int) -> None:
        """Nobody does."""
        require(False)

    @action(a=Reconfiguration.Member)
    def forget(self, a: int) -> None:
        """Nobody does."""
        require(False)

    @action(a=Reconfiguration.Member, b=Reconfiguration.Ballot)
    def promise_lost(self, a: int, b: int) -> None:
        """None is."""
        require(False)


class OldPromisesCount(Undisturbed, Reconfiguration, violates="one_record_per_slot"):
    """The promises of the old config's voters count as the quorum of the config that a candidate finds."""

    def quorum_with(self, a: int, b: int, records: list[int | None], n: int) -> bool:
        """Whoever promised."""
        return bool(2 * sum(c == a or (c, b) in self.answered for c in self.Member) > self.voters)


class LearningIsNoPromise(Undisturbed, Reconfiguration, violates="chosen_survives"):
    """Who learns a config still promises and votes in the ballots below the one that chose it."""

    def learning_promises(self) -> bool:
        """It is none."""
        return False


class ForgetsWhenItWill(Reconfiguration, violates="chosen_survives"):
    """A voter may forget before the last one that did is replaced."""

    def may_forget(self) -> bool:
        """It may."""
        return True


class SpeaksAtOnce(Reconfiguration, violates="chosen_survives"):
    """A new incarnation speaks before it knows the log through its config, so that the next may forget."""

    def waits_for_config(self) -> bool:
        """It does not."""
        return False


class ConfigChosenAgain(Undisturbed, Reconfiguration, violates="chosen_survives"):
    """A candidate has the config that it finds chosen by the old voters again, and then asks the new ones."""

    def first_accept_end(self, b: int, records: list[int | None], length: int) -> int:
        """Through the first config that it found."""
        return int(
            min(
                (m for m in self.Slot if self.base[b] < m <= length and self.found(records, m)),
                default=min(length + 1, self.slots),
            )
        )

    def quorum_with(self, a: int, b: int, records: list[int | None], n: int) -> bool:
        """Only promises of the voters of slots through that config."""
        return bool(
            any(self.found(records, m) for m in self.Slot if self.base[b] < m < n)
            or 2
            * sum((c == a or (c, b) in self.answered) and self.counts_in(records, c, n) for c in self.Member)
            > self.voters
        )

    def found(self, records: list[int | None], m: int) -> bool:
        """Whether the record of a slot is a config."""
        return any(records[m - 1] == c and self.new[c, m] is not None for c in self.Ballot)

    def asks_new_voters(self, b: int) -> bool:
        """A leader is between its two phases: it adopted a config, and nothing is above it yet."""
        end = self.tail_end[b]
        return bool(
            end == self.proposed[b]
            and any(n == end and self.is_config(b, n) and self.records[b, n] != b for n in self.Slot)
        )

    def may_go_on(self, b: int) -> bool:
        """Every config is chosen, and the new voters were asked."""
        return not self.asks_new_voters(b) and all(
            not self.is_config(b, n) or self.chosen(b, n)
            for n in self.Slot
            if self.base[b] < n <= self.proposed[b]
        )

    @action(a=Reconfiguration.Member, b=Reconfiguration.Ballot)
    def promise_again(self, a: int, b: int) -> None:
        """A new voter promises and reports what it has above the config that was chosen again."""
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


class BatchTruncated(Undisturbed, Reconfiguration, violates="chosen_survives"):
    """A voter that a config removes gets the first accept only through that config.

    It starts where ballot 1 has chosen a config and, with the vote of the new voter, a record above it.
    """

    ballots = Constant(3)

    @initial(spare=Reconfiguration.Member, out=Reconfiguration.Member, one=Reconfiguration.Member)
    def some_are_voters(self: Any, spare: int, out: int, one: int) -> None:
        """One has the config only, and a third one the record above it too."""
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
        """As far as its votes count."""
        return int(
            max(
                (n for n in self.Slot if self.base[b] < n <= self.tail_end[b] and self.votes_on(a, b, n)),
                default=self.tail_end[b],
            )
        )


class TailOnAnotherPrefix(Undisturbed, Reconfiguration, violates="computed_on_what_is_chosen"):
    """A promise's tail counts whatever is below it.

    It starts where ballot 1 is led with two promises, and one voter has both of its records.
    """

    ballots = Constant(3)

    @initial(spare=Reconfiguration.Member, one=Reconfiguration.Member, two=Reconfiguration.Member)
    def some_are_voters(self: Any, spare: int, one: int, two: int) -> None:
        """One promised; two promised and voted."""
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

    def continues(self, a: int, b: int) -> bool:
        """Any log does."""
        return True

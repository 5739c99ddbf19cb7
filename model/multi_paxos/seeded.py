"""Seeded bugs of Multi-Paxos: in each one decision is wrong, and a shortest trace shows what it breaks."""

from typing import Any

from dynaproof.model.language import Array, Constant, Int, action, require
from dynaproof.model.multi_paxos.promises import MultiPaxos


class SlotBySlotAdoption(MultiPaxos, violates="computed_on_what_is_chosen"):
    """A candidate fills the end of the best tail from another promise: a mixture."""

    def adopted(self, a: int, b: int, *, better: bool) -> list[int | None]:
        """For each slot what is known of it from any promise, the best first."""
        return [
            self.records[b, n]
            if n <= self.base[b] or (not better and self.records[b, n] is not None)
            else (self.record(a, n) if self.record(a, n) is not None else self.records[b, n])
            for n in self.Slot
        ]

    def adopted_length(self, a: int, b: int, *, better: bool) -> int:
        """The longest that was reported."""
        return int(max(self.last_slot(a), self.best_last[b]))


class NoCutOnAccept(MultiPaxos, violates="computed_on_what_is_chosen"):
    """An acceptor keeps what is above an accept of a new ballot: its tail is torn."""

    def cuts(self, a: int, b: int, n: int) -> bool:
        """Nothing is removed."""
        return False


class TailSlotBySlot(MultiPaxos, violates="one_record_per_slot"):
    """The adopted tail is proposed again one slot at a time."""

    def batched(self) -> bool:
        """There is no first accept of the whole."""
        return False

    def sent_alone(self, b: int, n: int) -> bool:
        """Every slot is."""
        return bool(n > self.base[b])

    def follows(self, a: int, b: int, n: int) -> bool:
        """The slot before was accepted in the ballot, or is chosen."""
        return bool(n == 1 or (a, b, n - 1) in self.votes or self.known[a] >= n - 1)


class BatchTorn(MultiPaxos, violates="one_record_per_slot"):
    """The first accept is not written as one record: a crash keeps a part of it, which then counts for it."""

    @action(a=MultiPaxos.Acceptor, b=MultiPaxos.Ballot, kept=MultiPaxos.Slot)
    def crash_in_batch(self, a: int, b: int, kept: int) -> None:
        """An acceptor restarts with the batch's ballot and the slots through `kept`. No vote had left."""
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


class CutsItsOwnBallot(MultiPaxos, violates="one_record_per_slot"):
    """A late repeat of the first accept removes newer votes of the same ballot."""

    def cuts(self, a: int, b: int, n: int) -> bool:
        """Whatever is above and not known to be chosen."""
        return bool(n > self.known[a])


class KeepsBallots:
    """For bugs that look at the ballots of entries: that in which each was accepted, or learned."""

    held = Array(MultiPaxos.Acceptor, MultiPaxos.Slot, Int(0, MultiPaxos.ballots))

    def put(self: Any, a: int, b: int, n: int) -> None:
        """An acceptor keeps a ballot's record in a slot, and the ballot."""
        self.log[a, n] = self.records[b, n]
        self.held[a, n] = b


class AcceptedFromRetained(KeepsBallots, MultiPaxos, violates="computed_on_what_is_chosen"):
    """Last accepted is taken from the entries that are still there."""

    def reported_accepted(self, a: int) -> int:
        """The greatest ballot in the log; a cut makes it less."""
        return max((self.held[a, n] for n in self.Slot if self.log[a, n] is not None), default=0)


class KnownChosenInsideTail(MultiPaxos, violates="one_record_per_slot"):
    """A slot of the adopted tail is accepted alone where the slot before it is known to be chosen."""

    slots = Constant(3)

    def sent_alone(self, b: int, n: int) -> bool:
        """Slots inside the tail too."""
        return bool(n > self.base[b])

    def follows(self, a: int, b: int, n: int) -> bool:
        """Being behind a chosen slot is enough."""
        if n == 1:
            return False
        in_ballot = self.last_accepted[a] == b and self.last_slot(a) >= n - 1
        return bool(in_ballot or self.known[a] >= n - 1)


class CutsByEntryBallot(KeepsBallots, MultiPaxos, violates="one_record_per_slot"):
    """An accept removes the entries above whose own ballot is less, and all above those.

    Learning and late batches leave entries of several ballots in one log, so an entry's ballot does not
    tell whether a newer vote stands on it.
    """

    slots = Constant(3)

    @action(a=MultiPaxos.Acceptor)
    def forget(self, a: int) -> None:
        """Nobody does, to make the search short."""
        require(False)

    @action(a=MultiPaxos.Acceptor, b=MultiPaxos.Ballot)
    def ask_again(self, a: int, b: int) -> None:
        """Nobody does, to make the search short."""
        require(False)

    def cuts(self, a: int, b: int, n: int) -> bool:
        """Some entry between the accepted slot and this one, or this one, has a lesser ballot."""
        return n > self.known[a] and any(
            self.known[a] < m <= n and self.older(a, b, m) and self.beyond(a, b, m) for m in self.Slot
        )

    def older(self, a: int, b: int, m: int) -> bool:
        """An entry's ballot is less than the one accepted in."""
        return bool(self.log[a, m] is not None and self.held[a, m] < b)

    def beyond(self, a: int, b: int, m: int) -> bool:
        """The slot is above what the accept brings."""
        return bool(m > self.tail_end[b])


class NoBehindRule(MultiPaxos, violates="no_holes"):
    """An acceptor installs a batch above slots that it does not know."""

    def knows_base(self, a: int, b: int) -> bool:
        """It does not ask."""
        return True


class AcceptsAgainstTheChosen(MultiPaxos, violates="known_is_retained"):
    """An acceptor lets a late accept replace what it knows to be chosen."""

    def agrees(self, a: int, b: int, n: int) -> bool:
        """It does not compare."""
        return True


class LearningCutsTheEqual(MultiPaxos, violates="one_record_per_slot"):
    """Learning removes what is above although the retained record was the chosen one."""

    def always_cuts_on_learning(self) -> bool:
        """It always does."""
        return True


class LearningAccepts(MultiPaxos, violates="computed_on_what_is_chosen"):
    """Learning what a ballot chose raises last accepted to it."""

    def learning_accepts(self) -> bool:
        """It does."""
        return True


class CutsTheChosen(MultiPaxos, violates="known_is_retained"):
    """The cut on accept does not spare what is known to be chosen."""

    def cuts(self, a: int, b: int, n: int) -> bool:
        """Whatever is above."""
        return bool(self.last_accepted[a] < b)


class RottedVotesOn(MultiPaxos, violates="one_record_per_slot"):
    """An acceptor that lost its synced state goes on under its old name."""

    def falls_silent(self) -> bool:
        """It does not."""
        return False


class BallotReused(MultiPaxos, violates="ballot_led_once"):
    """That a ballot is used is not durable: after a crash its candidate takes it again."""

    def may_campaign(self, b: int) -> bool:
        """Any ballot."""
        return True


class OutdatedPromisesCounted(MultiPaxos, violates="one_record_per_slot"):
    """A candidate that learned leaves the tails aside that were sent before, and counts their promises."""

    def keeps_promises(self) -> bool:
        """It does."""
        return True

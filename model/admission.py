"""Admission: what a voter that a config brings may say before it knows the log through that config.

`reconfiguration` with what is needed to see two things. Its rule 14 lets a new incarnation promise at once,
but accept, vote and campaign only when it is admitted.

*Phase 1 meets the votes* (`Admission`). The promises with which a ballot was led are kept. What must overlap
when a live voter is replaced is not the quorums of consecutive configs, which need not meet: it is the votes
for a slot and the promises of every later ballot that is led without knowledge of that slot.

*One loss is not the last* (`AfterOneLoss`). A leader and the voter that it replaces have accepted the config,
nobody else knows of it, and the leader is lost. A candidate that finds the config needs a quorum of its
voters (rule 11), and one of the three is lost: so the new one has to promise before it is admitted, or nobody
ever leads again.

Source: `docs/replication.md`, rules 9 to 14; Lamport, Malkhi and Zhou, *Reconfiguring a State Machine*,
SIGACT News 2010 (a change of the members is a command of the log).
"""

from typing import ClassVar

from dynaproof.model.language import (
    Expected,
    action,
    always,
    always_possible,
    initial,
    require,
    sometimes,
)
from dynaproof.model.reconfiguration.promises import ReconfigurationPromises
from dynaproof.model.reconfiguration.protocol import ReconfigurationRules
from dynaproof.model.reconfiguration.seeded import Undisturbed


class Admission(Undisturbed, ReconfigurationPromises):
    """All that replacing voters promises, and that phase 1 meets the votes; nobody fails."""

    def lead(self, a: int, b: int, records: list[int | None], length: int) -> None:
        """With this member's promise a candidate leads; whose promises they were is kept."""
        self.adopt(b, records, length)
        self.answered.add((a, b))

    @always
    def phase_one_meets_the_votes(self) -> bool:
        """Of those whose votes chose a slot, one has promised each later ballot that is led, unless that
        ballot's leader knew the slot to be chosen.
        """
        return all(
            not (self.role[c] == "leader" and n > self.base[c] and self.chosen(b, n))
            or any(
                (a, b, n) in self.votes and self.votes_on(a, b, n) and (a, c) in self.answered
                for a in self.Member
            )
            for b in self.Ballot
            for c in self.Ballot
            for n in self.Slot
            if b < c
        )

    @sometimes
    def led_with_one_that_is_not_admitted(self) -> bool:
        """A ballot is led with the promise of a new voter that does not know its config yet."""
        return any(
            self.role[b] == "leader" and (a, b) in self.answered and not self.admitted(a)
            for a in self.Member
            for b in self.Ballot
        )

    expected: ClassVar[tuple[Expected, ...]] = (
        Expected({}, 2_026_652, 17_263_066, 30, symmetry=True),
        Expected({"voters": 5, "ballots": 1}, 361_345, 5_374_915, 31, symmetry=True),
    )


class AfterOneLoss(Admission):
    """A voter is replaced, and the leader is lost before anyone but the leaver has accepted the config."""

    @initial(
        spare=ReconfigurationRules.Member,
        out=ReconfigurationRules.Member,
        leader=ReconfigurationRules.Member,
    )
    def some_are_voters(self, spare: int, out: int, leader: int) -> None:
        """The leader has forgotten all, and is not replaced."""
        require(spare not in (out, leader) and out != leader)
        self.role[1] = "leader"
        self.records[1, 1] = 1
        self.out[1, 1] = out
        self.new[1, 1] = spare
        self.tail_end[1] = 1
        self.proposed[1] = 1
        for a in self.Member:
            if a != spare:
                self.first.add(a)
        for a in (out, leader):
            self.votes.add((a, 1, 1))
            self.answered.add((a, 1))
        self.promised[out] = 1
        self.last_accepted[out] = 1
        self.log[out, 1] = 1
        self.silent.add(leader)

    @action(a=ReconfigurationRules.Member, b=ReconfigurationRules.Ballot, n=ReconfigurationRules.Slot)
    def learn(self, a: int, b: int, n: int) -> None:
        """A member learns what ballot 2 chose; what ballot 1 did, its leader alone counted."""
        require(b > 1 and n == self.known[a] + 1 and a not in self.silent and self.chosen(b, n))
        self.retain(a, b, n)

    @always_possible
    def led_again(self) -> bool:
        """Ballot 2 is led, and gets something chosen above the config."""
        return self.role[2] == "leader" and self.chosen(2, 2)

    expected = (Expected({}, 285, 1_276, 18, symmetry=True),)

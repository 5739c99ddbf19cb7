"""A voter is to be replaced by a new replica that some voters do not hear.

1. The leader gives the new replica the vote once it has heard that the replica keeps up.
2. A replacement is given up when that takes longer than it is worth, and its command is made void before
   anything else is planned.
3. If the new replica was there, the leader that makes the command void is asked to hand over: perhaps another
   voter hears the replica. Then the replacement is planned again.

A link that is cut stays cut. The leader does not change for any other reason.

Source: Alfatafta et al., *Toward a Generic Fault Tolerance Technique for Partial Network Partitioning*, OSDI
2020, 2 (what a partial partition leaves stuck).
"""

from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Enum,
    Expected,
    Int,
    Model,
    Range,
    action,
    eventually,
    require,
    sometimes,
)


class DeafLeader(Model):
    """As long as one voter only is deaf to the new replica, the replacement comes to its end."""

    voters = Constant(3)
    cuts = Constant(1)

    Voter = Range(0, voters - 1)

    step = Enum("planned", "asked", "void", "replaced")
    leader = Int(0, voters - 1)
    deaf = Array(Voter, Bool())
    """Whether a voter never hears the new replica."""
    cut = Int(0, cuts)
    handed_over = Bool()

    @action(v=Voter)
    def cut_link(self, v: int) -> None:
        """A voter hears the new replica no more."""
        require(self.cut < self.cuts and not self.deaf[v])
        self.deaf[v] = True
        self.cut = self.cut + 1

    @action(fair=True)
    def ask(self) -> None:
        """The new replica is there, and the leader is asked to give it the vote."""
        require(self.step == "planned")
        self.step = "asked"

    @action(fair=True)
    def replace(self) -> None:
        """The leader has heard the new replica (rule 1)."""
        require(self.step == "asked" and any(v == self.leader and not self.deaf[v] for v in self.Voter))
        self.step = "replaced"

    @action(fair=True)
    def give_up(self) -> None:
        """The admin's patience ends; whoever is heard has the vote by then (rule 2)."""
        require(self.step == "asked" and any(v == self.leader and self.deaf[v] for v in self.Voter))
        self.step = "void"

    @action(fair=True, v=Voter)
    def hand_over(self, v: int) -> None:
        """The command is void, and another voter leads (rules 2 and 3)."""
        require(self.step == "void" and self.may_lead_next(v))
        self.step = "planned"
        self.leader = v
        self.handed_over = True

    def may_lead_next(self, v: int) -> bool:
        """Whether a voter may lead after the command was made void (rule 3)."""
        return bool(v != self.leader)

    @eventually
    def is_replaced(self) -> bool:
        """The new replica has the vote."""
        return bool(self.step == "replaced")

    @sometimes
    def replaced_by_another_leader(self) -> bool:
        """The leader handed over before the new replica had the vote."""
        return bool(self.step == "replaced" and self.handed_over)

    expected = (Expected({}, 19, 24, 7),)

"""Voters of a partition that a split has made are lost before its leader has heard of all of them.

Each voter of the child begins on its own node, as soon as the parent comes to the barrier there; a quorum has
begun when the child serves. The leader cannot tell a voter that is late from one that is lost.

1. A voter is replaced if the voter that was brought in last has the data by now, unless it is that one.
2. Until the first one is replaced, the leader also must have heard of the others: of all but as many as the
   group may lose, besides the one that is replaced. So with three voters of both others, with five of all
   but one.
3. A new voter has no data at first, if it takes the place of one that is lost. It copies them from any voter.

As many voters as leave a quorum may be lost at a time.

Source: Ongaro, *Consensus: Bridging Theory and Practice*, 2014, 4.2 (servers are replaced one at a time, and
a new one must catch up before it counts).
"""

from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Enum,
    Expected,
    Int,
    Model,
    Option,
    Scalar,
    action,
    always,
    always_possible,
    require,
    sometimes,
)


class ChildVoters(Model):
    """The data of a child survive what the group may lose at a time, and its voters are replaced."""

    voters = Constant(5)
    losses = Constant(4)

    Voter = Scalar(voters)
    """By their place in the config."""

    data = Array(Voter, Enum("late", "there", "lost"))
    """What is on the node of a voter: nothing yet, the data, or nothing any more."""
    serving = Bool()
    """Whether a quorum has begun, so that the child serves."""
    brought = Option(Voter)
    """The voter that was brought in last."""
    lost = Int(0, losses)
    """How many were lost, in all."""
    lost_unheard = Bool()
    """Whether a voter was lost before it had begun."""

    @action(fair=True, v=Voter)
    def come(self, v: int) -> None:
        """A voter begins on its node, or has copied the data."""
        require(self.data[v] == "late" and (self.brought is None or self.has_data()))
        self.data[v] = "there"

    @action(fair=True)
    def serve(self) -> None:
        """A quorum has begun."""
        require(not self.serving and sum(self.data[v] == "there" for v in self.Voter) >= self.quorum())
        self.serving = True

    @action(v=Voter)
    def lose(self, v: int) -> None:
        """A voter is lost, if as many others are left as the group needs."""
        require(self.serving and self.lost < self.losses and self.data[v] != "lost")
        require(sum(self.data[w] != "lost" for w in self.Voter) - 1 >= self.quorum())
        self.data[v] = "lost"
        self.lost = self.lost + 1
        if self.data[v] == "late" and self.brought is None:
            self.lost_unheard = True

    @action(fair=True, v=Voter)
    def replace(self, v: int) -> None:
        """A voter that is lost is replaced (rules 1 to 3)."""
        require(self.data[v] == "lost" and self.has_data() and self.is_heard(v))
        self.data[v] = "late"
        self.brought = v

    # ---------------------------------------------------------------- what the rules ask

    def quorum(self) -> int:
        """How many voters are a majority."""
        return int(self.voters // 2 + 1)

    def has_data(self) -> bool:
        """Whether a voter has the data, from which others may copy them."""
        return any(self.data[w] == "there" for w in self.Voter)

    def is_heard(self, v: int) -> bool:
        """Whether the leader has heard of enough others to replace a voter (rules 1 and 2)."""
        if self.brought is not None:
            return any(self.brought == w and (w == v or self.data[w] == "there") for w in self.Voter)
        unheard = sum(w != v and self.data[w] != "there" for w in self.Voter)
        return bool(unheard < self.voters - self.quorum())

    # ---------------------------------------------------------------- promises

    @always
    def data_survive(self) -> bool:
        """Some voter has the data of a child that serves."""
        return not self.serving or self.has_data()

    @always_possible
    def whole(self) -> bool:
        """All voters can have the data."""
        return all(self.data[v] == "there" for v in self.Voter)

    @sometimes
    def lost_before_it_was_heard(self) -> bool:
        """A voter that was lost before it had begun was replaced, and the child is whole."""
        return self.lost_unheard and all(self.data[v] == "there" for v in self.Voter)

    expected = (Expected({}, 2_788, 9_882, 16), Expected({"voters": 3}, 162, 266, 14))

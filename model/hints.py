"""Leader hints: a router finds the leader by what nodes believe, and never goes round forever.

A node that does not lead answers with its hint: which node leads, and by which ballot. Hints are soft, and
may be old.

1. A router follows a hint only if its ballot is above that of the last hint that it followed for this
   request.
2. Otherwise it asks the voters in turn, as the metadata lists them.

Source: Ongaro, Raft dissertation, 6.2 (clients find the leader by what other servers tell them).
"""

from dynaproof.model.language import (
    Array,
    Bool,
    Constant,
    Expected,
    Int,
    Model,
    Range,
    action,
    eventually,
    require,
    sometimes,
    terminal,
)


class Hints(Model):
    """A request reaches the leader, whatever nodes believe."""

    nodes = Constant(3)
    ballots = Constant(3)

    Node = Range(0, nodes - 1)

    leader = Int(0, nodes - 1)
    ballot = Int(1, ballots)
    hint = Array(Node, Int(0, nodes - 1))
    hint_ballot = Array(Node, Int(0, ballots))
    """By which ballot the hinted node leads; 0: there is no hint."""
    at = Int(0, nodes - 1)
    """Whom the router asks next."""
    followed = Int(0, ballots)
    """The ballot of the hint that it followed last."""
    arrived = Bool()

    @action(n=Node)
    def elect(self, n: int) -> None:
        """A node begins to lead; the others hear of it later, or never."""
        require(self.ballot < self.ballots and not self.arrived)
        ballot = self.ballot + 1
        self.leader = n
        self.ballot = ballot
        self.hint[n] = n
        self.hint_ballot[n] = ballot

    @action(n=Node, m=Node)
    def hear(self, n: int, m: int) -> None:
        """A node has heard that another one leads by the first ballot, which is past or will be."""
        require(self.ballot == 1 and not self.arrived and n != m and self.hint_ballot[n] == 0)
        self.hint[n] = m
        self.hint_ballot[n] = 1

    @action(fair=True)
    def ask(self) -> None:
        """The leader takes the request; another node answers with its hint, or has none (rules 1 and 2)."""
        require(not self.arrived)
        asked = self.at
        if asked == self.leader:
            self.arrived = True
        elif self.hint_ballot[asked] > self.followed:
            self.at = self.hint[asked]
            self.followed = self.hint_ballot[asked]
        else:
            self.at = asked + 1 if asked + 1 < self.nodes else 0

    @eventually
    def arrives(self) -> bool:
        """The request reaches the leader."""
        return bool(self.arrived)

    @terminal
    def is_over(self) -> bool:
        """The leader has the request."""
        return bool(self.arrived)

    @sometimes
    def two_name_each_other(self) -> bool:
        """Two nodes, neither of which leads, name each other."""
        return any(
            self.hint_ballot[n] > 0
            and self.hint_ballot[m] > 0
            and self.hint[n] == m
            and self.hint[m] == n
            and self.leader not in (n, m)
            for n in self.Node
            for m in self.Node
            if n < m
        )

    expected = (Expected({}, 357, 557, 10),)

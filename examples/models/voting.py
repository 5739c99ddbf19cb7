"""Voting: how acceptors choose a value by ballots, before there are any messages.

Source: Lamport, Voting.tla of tlaplus/Examples (PaxosHowToWinATuringAward). A vote counts once for each
quorum, ballot and witness that show the value to be safe, as TLC counts its existential guard.
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Expected,
    Int,
    Majorities,
    Model,
    Option,
    Range,
    Scalar,
    Set,
    action,
    always,
    require,
    sometimes,
)


class Voting(Model):
    """At most one value is chosen."""

    acceptors = Constant(3)
    values = Constant(2)
    max_ballot = Constant(2)

    Acceptor = Scalar(acceptors)
    Value = Scalar(values)
    Ballot = Range(0, max_ballot)
    Earlier = Range(-1, max_ballot - 1)
    Quorum = Majorities(Acceptor)

    votes = Array(Acceptor, Set(Ballot, Value))
    max_bal = Array(Acceptor, Int(-1, max_ballot))

    @action(a=Acceptor, b=Ballot)
    def increase_max_bal(self, a: int, b: int) -> None:
        """An acceptor may leave lesser ballots at any time."""
        require(b > self.max_bal[a])
        self.max_bal[a] = b

    @action(a=Acceptor, b=Ballot, v=Value, quorum=Quorum, c=Earlier, witness=Option(Acceptor))
    def vote_for(self, a: int, b: int, v: int, quorum: frozenset[int], c: int, witness: int | None) -> None:
        """It votes for what a quorum shows to be safe: `witness` voted for it in `c`, and nobody since."""
        require(self.max_bal[a] <= b)
        require(self.silent(a, b))
        require(all(v == w or (b, w) not in self.votes[other] for other in self.Acceptor for w in self.Value))
        require(all(self.max_bal[one] >= b for one in quorum))
        require(c < b)
        if c == -1:
            require(witness is None)
        else:
            require(witness in quorum and any(witness == one and (c, v) in self.votes[one] for one in quorum))
        require(all(self.silent(one, d) for one in quorum for d in self.Ballot if c < d < b))
        self.votes[a].add((b, v))
        self.max_bal[a] = b

    def silent(self, a: int, b: int) -> bool:
        """Whether an acceptor has not voted in a ballot."""
        return all((b, v) not in self.votes[a] for v in self.Value)

    def chosen(self, v: int) -> bool:
        """Whether a quorum has voted for a value in one ballot."""
        return any(
            all((b, v) in self.votes[a] for a in quorum) for b in self.Ballot for quorum in self.Quorum
        )

    @always
    def one_value_chosen(self) -> bool:
        """At most one value is chosen."""
        return sum(self.chosen(v) for v in self.Value) <= 1

    @always
    def one_value_per_ballot(self) -> bool:
        """All votes of a ballot are for one value."""
        return all(
            sum(any((b, v) in self.votes[a] for a in self.Acceptor) for v in self.Value) <= 1
            for b in self.Ballot
        )

    @sometimes
    def value_chosen(self) -> bool:
        """A value is chosen."""
        return any(self.chosen(v) for v in self.Value)

    expected = (Expected({}, 6_752, 41_017, source="tlaplus/Examples, MCVoting"),)

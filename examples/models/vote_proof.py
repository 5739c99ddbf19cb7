"""VoteProof: Lamport's voting algorithm as it is proved correct, with a recursive notion of safety.

Source: Lamport, VoteProof.tla of tlaplus/Examples (byzpaxos); the bounds are those of VoteProof.cfg. TLC
counts a vote once for each set of witnesses in its guard, here it counts once: only states compare.
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Expected,
    Int,
    Majorities,
    Model,
    Range,
    Scalar,
    Set,
    action,
    always,
    require,
    sometimes,
)


class VoteProof(Model):
    """At most one value is chosen."""

    acceptors = Constant(3)
    values = Constant(2)
    max_ballot = Constant(2)

    Acceptor = Scalar(acceptors)
    Value = Scalar(values)
    Ballot = Range(0, max_ballot)
    Quorum = Majorities(Acceptor)

    votes = Array(Acceptor, Set(Ballot, Value))
    max_bal = Array(Acceptor, Int(-1, max_ballot))

    @action(a=Acceptor, b=Ballot)
    def increase_max_bal(self, a: int, b: int) -> None:
        """An acceptor may leave lesser ballots at any time."""
        require(b > self.max_bal[a])
        self.max_bal[a] = b

    @action(a=Acceptor, b=Ballot, v=Value)
    def vote_for(self, a: int, b: int, v: int) -> None:
        """It votes, once in a ballot, for the ballot's value if that is safe."""
        require(self.max_bal[a] <= b)
        require(self.silent(a, b))
        require(all(v == w or (b, w) not in self.votes[other] for other in self.Acceptor for w in self.Value))
        require(self.safe_at(b, v))
        self.votes[a].add((b, v))
        self.max_bal[a] = b

    def silent(self, a: int, b: int) -> bool:
        """Whether an acceptor has not voted in a ballot."""
        return all((b, v) not in self.votes[a] for v in self.Value)

    def safe_at(self, b: int, v: int) -> bool:
        """No other value is, or ever will be, chosen in an earlier ballot; the recursion is over ballots."""
        if b == 0:
            return True
        return any(
            all(self.max_bal[a] >= b for a in quorum)
            and any(
                self.votes_since(quorum, c, v)
                and all(self.silent(a, d) for a in quorum for d in range(c + 1, b))
                for c in range(-1, b)
            )
            for quorum in self.Quorum
        )

    def votes_since(self, quorum: frozenset[int], c: int, v: int) -> bool:
        """Whether ballot `c` is none, or the value is safe in it and no other one has the quorum's votes."""
        if c == -1:
            return True
        return self.safe_at(c, v) and all(
            w == v or (c, w) not in self.votes[a] for a in quorum for w in self.Value
        )

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
    def votes_are_safe(self) -> bool:
        """Every vote is for a value that is safe in its ballot."""
        return all(
            (b, v) not in self.votes[a] or self.safe_at(b, v)
            for a in self.Acceptor
            for b in self.Ballot
            for v in self.Value
        )

    @sometimes
    def value_chosen(self) -> bool:
        """A value is chosen."""
        return any(self.chosen(v) for v in self.Value)

    expected = (Expected({}, 6_962, source="tlaplus/Examples, VoteProof.cfg"),)

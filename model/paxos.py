"""Paxos for a single value, as in Lamport's "How to Win a Turing Award": any ballot may be led by anyone.

Ballots are numbers from 0 to `max_ballot`; the leader of a ballot is not modelled, its messages are.
Acceptors remember the greatest ballot they have taken part in (`max_bal`) and their last vote (a ballot and
a value). Messages are never removed, so that they may be lost, repeated and reordered.

Source: Lamport, The Paxos Algorithm or How to Win a Turing Award (2019), Paxos.tla; Paxos Made Simple, 2.2.
"""

from dynaproof.model.language import (
    Array,
    Constant,
    Expected,
    Int,
    Majorities,
    Messages,
    Model,
    Option,
    Range,
    Scalar,
    Tuple,
    action,
    always,
    require,
    sometimes,
)


class Paxos(Model):
    """At most one value is chosen."""

    acceptors = Constant(3)
    values = Constant(2)
    max_ballot = Constant(2)

    Acceptor = Scalar(acceptors)
    Value = Scalar(values)
    Ballot = Range(0, max_ballot)
    Quorum = Majorities(Acceptor)

    max_bal = Array(Acceptor, Int(-1, max_ballot))
    vote = Array(Acceptor, Option(Tuple(Ballot, Value)))
    msgs = Messages(
        prepare=(Ballot,),
        promise=(Acceptor, Ballot, Option(Tuple(Ballot, Value))),
        accept=(Ballot, Value),
        voted=(Acceptor, Ballot, Value),
    )

    @action(b=Ballot)
    def phase_1a(self, b: int) -> None:
        """The leader of a ballot asks everyone to take part."""
        self.msgs.add(("prepare", b))

    @action(a=Acceptor, b=Ballot)
    def phase_1b(self, a: int, b: int) -> None:
        """An acceptor promises to take no part in lesser ballots, and says how it last voted."""
        require(("prepare", b) in self.msgs)
        require(b > self.max_bal[a])
        self.max_bal[a] = b
        self.msgs.add(("promise", a, b, self.vote[a]))

    @action(b=Ballot, v=Value, quorum=Quorum, latest=Option(Acceptor))
    def phase_2a(self, b: int, v: int, quorum: frozenset[int], latest: int | None) -> None:
        """The leader asks for votes, once: for any value if no vote was reported, else for the latest one.

        `latest` is the member of the quorum that reported that vote, or None where there is none.
        """
        require(not any(("accept", b, other) in self.msgs for other in self.Value))
        require(all(self.promised(a, b) for a in quorum))
        if latest is None:
            require(
                not any(self.reported(a, b, c, w) for a in quorum for c in self.Ballot for w in self.Value)
            )
        else:
            require(latest in quorum)
            require(
                any(self.reported(latest, b, c, v) and self.none_after(c, b, quorum) for c in self.Ballot)
            )
        self.msgs.add(("accept", b, v))

    @action(a=Acceptor, b=Ballot, v=Value)
    def phase_2b(self, a: int, b: int, v: int) -> None:
        """An acceptor votes, unless it has promised not to."""
        require(("accept", b, v) in self.msgs)
        require(b >= self.max_bal[a])
        self.max_bal[a] = b
        self.vote[a] = (b, v)
        self.msgs.add(("voted", a, b, v))

    def reported(self, a: int, b: int, c: int, v: int) -> bool:
        """Whether an acceptor's answer to ballot `b` reports a vote in ballot `c`."""
        return ("promise", a, b, (c, v)) in self.msgs

    def promised(self, a: int, b: int) -> bool:
        """Whether an acceptor has answered a ballot's first phase."""
        return ("promise", a, b, None) in self.msgs or any(
            self.reported(a, b, c, v) for c in self.Ballot for v in self.Value
        )

    def none_after(self, c: int, b: int, quorum: frozenset[int]) -> bool:
        """Whether none of a quorum's answers to ballot `b` reports a vote later than ballot `c`."""
        return not any(
            self.reported(a, b, later, w)
            for a in quorum
            for later in self.Ballot
            if later > c
            for w in self.Value
        )

    def chosen(self, v: int) -> bool:
        """Whether a quorum has voted for a value in one ballot."""
        return any(
            all(("voted", a, b, v) in self.msgs for a in quorum)
            for b in self.Ballot
            for quorum in self.Quorum
        )

    @always(spec="chosen_entries_agree")
    def one_value_chosen(self) -> bool:
        """At most one value is chosen."""
        return sum(self.chosen(v) for v in self.Value) <= 1

    # ---------------------------------------------------------------- what makes it inductive

    def voted(self, a: int, b: int, v: int) -> bool:
        """An acceptor has voted for a value in a ballot."""
        return ("voted", a, b, v) in self.msgs

    def silent_between(self, a: int, first: int, last: int) -> bool:
        """An acceptor has cast no vote in the ballots from first to last."""
        return not any(self.voted(a, b, v) for b in self.Ballot if first <= b <= last for v in self.Value)

    def safe_at(self, b: int, v: int) -> bool:
        """No other value is, or ever will be, chosen in a ballot before this one."""
        return all(
            any(
                all(
                    self.voted(a, c, v) or (self.max_bal[a] > c and self.silent_between(a, c, c))
                    for a in quorum
                )
                for quorum in self.Quorum
            )
            for c in self.Ballot
            if c < b
        )

    @always
    def votes_were_asked_for(self) -> bool:
        """Every vote answers an accept message of its ballot, and its acceptor has not gone back since."""
        return all(
            not self.voted(a, b, v) or (("accept", b, v) in self.msgs and self.max_bal[a] >= b)
            for a in self.Acceptor
            for b in self.Ballot
            for v in self.Value
        )

    @always
    def one_value_per_ballot(self) -> bool:
        """A ballot asks for votes for one value."""
        return all(sum(("accept", b, v) in self.msgs for v in self.Value) <= 1 for b in self.Ballot)

    @always
    def only_safe_values_are_asked_for(self) -> bool:
        """What a ballot asks for is safe in it."""
        return all(
            ("accept", b, v) not in self.msgs or self.safe_at(b, v) for b in self.Ballot for v in self.Value
        )

    @always
    def acceptors_remember_their_last_vote(self) -> bool:
        """An acceptor's vote is the last one that it cast."""
        return all(
            (self.vote[a] is not None or self.silent_between(a, 0, self.max_ballot))
            and all(
                self.vote[a] != (b, v)
                or (self.voted(a, b, v) and self.silent_between(a, b + 1, self.max_ballot))
                for b in self.Ballot
                for v in self.Value
            )
            for a in self.Acceptor
        )

    @always
    def promises_tell_the_truth(self) -> bool:
        """A promise is kept, and reports the last vote before it."""
        return all(
            (("promise", a, b, None) not in self.msgs or self.true_promise(a, b, -1))
            and all(
                not self.reported(a, b, c, v)
                or (c < b and self.voted(a, c, v) and self.true_promise(a, b, c))
                for c in self.Ballot
                for v in self.Value
            )
            for a in self.Acceptor
            for b in self.Ballot
        )

    def true_promise(self, a: int, b: int, last: int) -> bool:
        """An acceptor keeps its promise of ballot `b`, and was silent between its last vote and that."""
        return self.max_bal[a] >= b and self.silent_between(a, last + 1, b - 1)

    @sometimes
    def chosen_in_the_last_ballot(self) -> bool:
        """A value is chosen as late as the bounds allow."""
        return any(
            all(("voted", a, self.max_ballot, v) in self.msgs for a in quorum)
            for v in self.Value
            for quorum in self.Quorum
        )

    @sometimes
    def chosen_again(self) -> bool:
        """A value is chosen in two ballots."""
        return any(
            all(("voted", a, b, v) in self.msgs and ("voted", a, b + 1, v) in self.msgs for a in quorum)
            for b in self.Ballot
            if b < self.max_ballot
            for v in self.Value
            for quorum in self.Quorum
        )

    expected = (
        Expected({"max_ballot": 1}, 3_921, 23_563, source="TLC on MCPaxosTiny.cfg of tlaplus/Examples"),
        Expected({"max_ballot": 2}, 185_369, 1_361_380, source="TLC"),
        Expected({"max_ballot": 3}, 8_220_065, source="TLC"),
    )

"""Raft's election: terms, votes, and who leads. What a vote is worth is that it cannot be taken back.

The log is left out, so any node may be voted for: the model has every election that Raft has, and some more.
`votes` is what is durable on the disks, of all terms. How a run of `examples/protocols/raft.py` is seen as a
behaviour of this model is stated by `abstract`.

Source: Ongaro and Ousterhout, *In Search of an Understandable Consensus Algorithm (Extended Version)*, 2014,
5.1 and 5.2.
"""

import json
from collections.abc import Mapping
from typing import Any

from dynaproof import (
    Array,
    Constant,
    Enum,
    Expected,
    Int,
    Majorities,
    Model,
    Option,
    Range,
    Refinement,
    Scalar,
    Set,
    action,
    always,
    require,
    sometimes,
)


class RaftElection(Model):
    """At most one node leads in a term."""

    nodes = Constant(3)
    max_term = Constant(2)

    Node = Scalar(nodes)
    Term = Range(1, max_term)
    Quorum = Majorities(Node)

    term = Array(Node, Int(0, max_term))
    vote = Array(Node, Option(Node))
    role = Array(Node, Enum("follower", "candidate", "leader"))
    votes = Set(Term, Node, Node)

    @action(n=Node)
    def time_out(self, n: int) -> None:
        """A node that hears of no leader begins the next term as a candidate, and votes for itself."""
        require(self.role[n] != "leader")
        require(self.term[n] < self.max_term)
        self.term[n] = self.term[n] + 1
        self.vote[n] = n
        self.role[n] = "candidate"
        self.votes.add((self.term[n] + 1, n, n))

    @action(n=Node, t=Term)
    def learn(self, n: int, t: int) -> None:
        """A node hears of a greater term, which its candidate has begun."""
        require(t > self.term[n])
        require(any((t, m, m) in self.votes for m in self.Node))
        self.term[n] = t
        self.vote[n] = None
        self.role[n] = "follower"

    @action(n=Node, candidate=Node)
    def vote_for(self, n: int, candidate: int) -> None:
        """A node that has not voted in its term votes for a candidate of that term."""
        require(self.term[n] > 0)
        require(self.vote[n] is None)
        require((self.term[n], candidate, candidate) in self.votes)
        self.vote[n] = candidate
        self.votes.add((self.term[n], n, candidate))

    @action(n=Node)
    def win(self, n: int) -> None:
        """A candidate that a majority has voted for leads."""
        require(self.role[n] == "candidate")
        require(self.elected(n, self.term[n]))
        self.role[n] = "leader"

    @action(n=Node)
    def step_down(self, n: int) -> None:
        """A node leads no more, or wants to no more: it has crashed, or knows better."""
        require(self.role[n] != "follower")
        self.role[n] = "follower"

    def elected(self, n: int, t: int) -> bool:
        """Whether a majority has voted for a node in a term."""
        return any(all((t, m, n) in self.votes for m in quorum) for quorum in self.Quorum)

    @always
    def election_safety(self) -> bool:
        """At most one node can ever lead in a term."""
        return all(sum(self.elected(n, t) for n in self.Node) <= 1 for t in self.Term)

    @always
    def leaders_are_elected(self) -> bool:
        """Who leads was elected in its term."""
        return all(self.role[n] != "leader" or self.elected(n, self.term[n]) for n in self.Node)

    @sometimes
    def two_leaders_of_different_terms(self) -> bool:
        """An old leader does not know yet that there is a new one."""
        return sum(self.role[n] == "leader" for n in self.Node) > 1

    expected = (Expected({}, 4_376, 13_738, 12, source="counted by both engines"),)


class VotesTwice(RaftElection, violates="election_safety"):
    """A node votes again in a term in which it has voted."""

    @action(n=RaftElection.Node, candidate=RaftElection.Node)
    def vote_for(self, n: int, candidate: int) -> None:
        """Without asking whether it has voted."""
        require(self.term[n] > 0)
        require((self.term[n], candidate, candidate) in self.votes)
        self.vote[n] = candidate
        self.votes.add((self.term[n], n, candidate))


def abstract(nodes: Mapping[str, Any]) -> dict[str, Any]:
    """The state of the model that the nodes of `examples/protocols/raft.py` are in.

    Terms and votes are what is durable. A role counts once the term that it belongs to is durable.
    """
    names = list(nodes)
    term, vote, role, votes = [], [], [], []
    for number, node in enumerate(nodes.values()):
        lines = node.durable("term").split(b"\n")[:-1]  # A last line without an end is torn.
        written = [(0, ""), *(json.loads(line) for line in lines)]
        votes += [(t, number, names.index(candidate)) for t, candidate in written if candidate]
        last, candidate = written[-1]
        term.append(last)
        vote.append(names.index(candidate) if candidate else None)
        now = node.running
        role.append(now.role if now is not None and now.term == last else "follower")
    return {"term": tuple(term), "vote": tuple(vote), "role": tuple(role), "votes": frozenset(votes)}


REFINES = Refinement(RaftElection(max_term=150), abstract)
"""With more terms than a run reaches: `dynaproof explore raft.py:RAFT --refine raft_election.py:REFINES`."""

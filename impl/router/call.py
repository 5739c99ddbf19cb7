"""One request over all its attempts, without I/O: which node to ask, what an answer means, how it ends.

*Invariant.* A call ends once: answered, or with an error, which is *definite* (the call took no effect and
never will) only if every attempt was answered so. A write attempt is fenced by the ballot that it is aimed
at, so a refusal covers late copies too. Its request id is used for no other call, in no other life of the
router.

*Over a split* (R4 to R6 of docs/table.md). A call goes on at the child that has its key, under the same id
and deadline, and never back: its earlier attempts are at ancestors of its present partition. That partition
began with the answers to everything that took effect at the ancestors, nothing takes effect behind a barrier,
and an answer is forgotten only with a commit past the deadline. So two kinds of answers say more than what
became of the attempt that they name:

- a final answer that the partition is split covers every attempt so far, here and at its ancestors: the
  replica that gives it has applied the split, knows no answer, and has forgotten none, because the barrier is
  within the deadline;
- a refusal of the attempt by the leader's choice, within the deadline, covers all attempts at the ancestors:
  had one taken effect, this leader would have answered so. It does not cover the others *here*, one of which
  may be on its way; and nothing that an ancestor says covers an attempt here.

An attempt that nothing covers stays unanswered, and the error is indefinite.

Source: Kingsbury, *Maelstrom* protocol notes (definite and indefinite errors); DynamoDB developer guide,
error handling.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from dynaproof.impl.capacity.admission import REASONS
from dynaproof.impl.node import Env, Microseconds, NodeId
from dynaproof.impl.partition.messages.requests import Operation, Rejected, Reply, Request, WrongPartition
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, RequestId

Ending: TypeAlias = Literal["ok", "condition_failed", "definite", "indefinite"]

Next: TypeAlias = Literal["nothing", "try now", "try later", "give up"]
"""What a refusal asks for: `nothing` if it is outdated, or belongs to another call."""

BY_CHOICE = frozenset({"throttled", "too_far_ahead", *REASONS})
"""Reasons of a leader that serves, does not remember the request, and is within the deadline. A request that
has expired may have taken effect, and a replica that does not lead knows nothing of it.
"""


class RequestIds:
    """The request ids of one life of a router; no other life of it, and no other node, makes these."""

    __slots__ = ("boot", "made", "node")

    def __init__(self, env: Env) -> None:
        self.node = env.me
        self.boot = env.boot
        self.made = 0

    def next(self) -> RequestId:
        """An id that was never used."""
        self.made += 1
        return RequestId(self.node, self.boot, self.made)


class Route:
    """Who leads a partition, as far as its refusals tell."""

    __slots__ = ("ballot", "leader")

    def __init__(self) -> None:
        self.leader: NodeId | None = None
        self.ballot: Ballot = NO_BALLOT

    def learn(self, m: Rejected) -> None:
        """Follow a hint that is not older than what is known."""
        if m.ballot >= self.ballot:
            # By its name: the node that runs there after its disk is lost still knows who leads.
            self.ballot, self.leader = m.ballot, None if m.leader is None else m.leader.address


class Attempt(NamedTuple):
    """The node that an attempt asked, and the ballot that it was aimed at."""

    to: NodeId
    ballot: Ballot


class Call:
    """One request under way; `attempt` counts its attempts from 1."""

    __slots__ = ("attempt", "before", "deadline", "operation", "request", "unanswered")

    def __init__(self, request: RequestId, operation: Operation, deadline: Microseconds) -> None:
        self.request = request
        self.operation = operation
        self.deadline = deadline
        self.attempt = 0
        self.before = 0
        """The last attempt at a partition that was split since; 0: there was none."""
        self.unanswered: dict[int, Attempt] = {}
        """The attempts without a final answer so far."""

    @property
    def wants_leader(self) -> bool:
        """Whether only the leader can answer; an eventual read is answered by any replica."""
        return self.operation.strong

    @property
    def cut_short(self) -> bool:
        """Whether its partition is split, and no child was asked."""
        return 0 < self.before == self.attempt

    def ask(self, to: NodeId, ballot: Ballot) -> Request:
        """The next attempt, aimed at the leader by `ballot`."""
        self.attempt += 1
        self.unanswered[self.attempt] = Attempt(to, ballot)
        return Request(self.request, self.attempt, ballot, self.deadline, self.operation)

    def replied(self, m: Reply) -> Ending | None:
        """How the call ends with this answer; None if the answer is another call's."""
        if m.request != self.request:
            return None
        return "ok" if m.status == "ok" else "condition_failed"

    def rejected(self, m: Rejected, route: Route) -> Next:
        """What to do after a refusal from which `route` has learned."""
        if m.request != self.request or m.attempt not in self.unanswered:
            return "nothing"
        to, ballot = self.unanswered[m.attempt]
        self.refused(m)
        if m.reason in {"expired", "too_far_ahead"}:  # Every attempt has the same deadline.
            return "give up"
        leader = route.leader
        if leader is not None and (m.ballot > ballot or (self.wants_leader and leader.address != to.address)):
            return "try now"  # A ballot has one leader, so two nodes that name each other end this soon.
        if m.reason == "not_leader" and leader is not None and leader.address == to.address:
            route.leader = None  # It names itself and does not serve, perhaps for ever: ask any replica.
        return "try later"

    def refused(self, m: Rejected | WrongPartition) -> bool:
        """An attempt was refused, for good or not (R6); return whether it had no final answer yet. A leader
        of a child answers for attempts at its parents too (R5).
        """
        if m.attempt not in self.unanswered:
            return False
        if m.final:
            del self.unanswered[m.attempt]
            if isinstance(m, Rejected) and m.reason in BY_CHOICE:
                self.cover(self.before)
        return True

    def goes_on(self, final: bool) -> None:
        """The call's partition is split, and the call goes on at a child. A final answer about that covers
        all attempts so far (R4).
        """
        self.before = self.attempt
        if final:
            self.cover(self.before)

    def cover(self, through: int) -> None:
        """All attempts through this one are refused for good."""
        for attempt in [one for one in self.unanswered if one <= through]:
            self.unanswered.pop(attempt)

    def given_up(self) -> Ending:
        """How the call ends without an answer: definite only if every attempt was refused for good (R6)."""
        return "indefinite" if self.unanswered else "definite"

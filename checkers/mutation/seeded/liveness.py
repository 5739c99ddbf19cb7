"""Bugs that break nothing but progress."""

from __future__ import annotations

from dynaproof.checkers.mutation.bug import bug
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.records import Answer
from dynaproof.impl.partition.writes import Flight
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.messages.election import Alive, ElectionTimer
from dynaproof.impl.paxos.messages.leadership import HeartbeatTimer
from dynaproof.impl.paxos.replica import Replica


@bug()
class NeverCampaignsAgain(Replica):
    """An election timer that has fired once is never set again."""

    def on_election_timer(self, timer: ElectionTimer) -> None:
        super().on_election_timer(timer)
        self.env.cancel_timer(ElectionTimer())


@bug()
class LaggardsNeverFetch(Replica):
    """A replica that lacks chosen records does not ask for them."""

    def learn_from(self, member: object, commit: int) -> None:
        pass


@bug()
class NeverCheckpoints(Replica):
    """No checkpoint is ever written, so the log grows for ever."""

    def checkpoint_if_due(self) -> None:
        pass


@bug()
class GrayLinkDeposes(Replica):
    """A candidate does not ask its peers whether they hear the leader."""

    def on_alive(self, sender: NodeId, m: Alive) -> None:
        super().on_alive(sender, Alive(m.source, m.to, m.asked_at, False, m.commit))


@bug()
class NewLeaderCountsAsDead(Replica):
    """Whoever follows a new leader counts it as dead until it hears of a renewed lease."""

    def follow(self, source: Member, ballot: Ballot) -> None:
        before = self.heard_alive_at
        super().follow(source, ballot)
        self.heard_alive_at = before


@bug()
class LostBatchNeverSentAgain(Replica):
    """What was proposed once is not sent again to a voter that lacks it."""

    def send_missing(self, member: object, adopted: bool, through: int) -> None:
        pass


@bug()
class IdleLeaderHandsOver(Replica):
    """An idle leader hands its leadership over instead of closing a timestamp."""

    def on_heartbeat_timer(self, timer: HeartbeatTimer) -> None:
        idle = self.env.now - self.last_proposed_at >= self.settings.closed_us
        if self.serving and idle and self.log.last == self.log.commit:
            self.hand_over()
            return
        super().on_heartbeat_timer(timer)


@bug()
class RepliesNothing(Replica):
    """A leader answers no write."""

    def answer(self, flight: Flight, answer: Answer) -> None:
        pass

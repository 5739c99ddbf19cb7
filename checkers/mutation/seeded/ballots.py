"""Bugs of ballots, votes and quorums."""

from __future__ import annotations

from dynaproof.checkers.mutation.bug import bug
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.records import LogRecord
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.log import Accepted, Promised, ReplicationLog
from dynaproof.impl.paxos.messages.election import Prepare
from dynaproof.impl.paxos.messages.leadership import Vote
from dynaproof.impl.paxos.messages.peer import Peer
from dynaproof.impl.paxos.replica import Replica


@bug()
class QuorumOfOne(Replica):
    """A quorum is n // 2 votes, so the leader's own is enough."""

    def votes_for(self, slot: int, voters: tuple[Member, ...]) -> int:
        return super().votes_for(slot, voters) + 1


@bug()
class LeaderCommitsAlone(Replica):
    """A leader counts all that it has proposed for chosen as soon as anything is."""

    def commit_through(self, commit: int, ballot: Ballot) -> None:
        super().commit_through(self.log.last if self.leading == ballot else commit, ballot)


@bug()
class OldVotesCounted(Replica):
    """A leader takes a vote of an older ballot for one on its own first batch."""

    def on_vote(self, sender: NodeId, m: Vote) -> None:
        if self.leading is not None and m.ballot < self.leading:
            m = Vote(m.source, m.to, self.leading, self.tail_end, m.asked_at, m.wall)
        super().on_vote(sender, m)


@bug()
class OwnVoteBeforeSync(Outbox):
    """A leader counts its own vote before its disk is synced: that message to itself passes the gate."""

    __slots__ = ()

    def handled(self) -> list[tuple[NodeId, Message]]:
        own = [(to, m) for to, m in self.handler if isinstance(m, Vote) and m.source.node == to]
        self.handler = [pair for pair in self.handler if pair not in own]
        return [*own, *super().handled()]


class _AcceptsAnything(ReplicationLog):
    def accept(self, ballot: Ballot, first: int, records: tuple[LogRecord, ...]) -> None:
        self._write(Accepted(ballot, first, records, self.commit))


@bug(_AcceptsAnything)
class NoPromiseCheck(Replica):
    """An acceptor votes for ballots below its promise."""

    def refuses(self, source: Peer, ballot: Ballot) -> bool:
        if not self.admitted:
            return True
        self.see_round(ballot)
        if self.leading is not None and ballot > self.leading:
            self.step_down()
        return False


@bug()
class PromiseGoesBack(Replica):
    """An acceptor promises a ballot below its promise, and then votes for it."""

    def on_prepare(self, sender: NodeId, m: Prepare) -> None:
        self.see_round(m.ballot)
        if not self.admitted or self.lease_binds(m.ballot) or m.known + 1 < self.log.first:
            return
        if self.leading is not None and m.ballot != self.leading:
            self.step_down()
        self.log._write(Promised(m.ballot))
        self.tell(m.source, self.promise_for(m))


@bug()
class AcceptRaisesNoPromise(ReplicationLog):
    """An acceptor does not raise its promise by accepting."""

    def _accept(self, accepted: Accepted) -> None:
        promised = self.promised
        super()._accept(accepted)
        self.promised = promised


@bug()
class LearntBallotForgotten(ReplicationLog):
    """A restart forgets a ballot that was learnt by an accept."""

    def accept(self, ballot: Ballot, first: int, records: tuple[LogRecord, ...]) -> None:
        super().accept(ballot, first, records)
        self.promised = ballot  # In memory; the fold of the journal does not raise it.

    def _accept(self, accepted: Accepted) -> None:
        promised = self.promised
        super()._accept(accepted)
        self.promised = promised


@bug()
class CampaignNotJournalled(ReplicationLog):
    """A campaign's ballot is not journalled, so it can be used again after a crash."""

    def promise(self, ballot: Ballot) -> None:
        own = self.head.member
        if ballot[1:] == (own.node.name, own.incarnation):
            self.promised = max(self.promised, ballot)  # In memory only.
        else:
            super().promise(ballot)


@bug()
class OldBallotLedAgain(Replica):
    """A leader leads its ballot again on a late promise."""

    def lead(self, ballot: Ballot, tail: tuple[LogRecord, ...]) -> None:
        super().lead(ballot, tail)
        self.campaign = ballot

"""Bugs of what a new leader adopts, and of what an acceptor keeps."""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.mutation.bug import bug
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.records import LogRecord
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member
from dynaproof.impl.paxos.log import Accepted, Learned, ReplicationLog
from dynaproof.impl.paxos.messages.election import Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt
from dynaproof.impl.paxos.replica import Replica


@bug()
class IgnoresAccepted(Replica):
    """A new leader adopts nothing."""

    def adopted_tail(self) -> tuple[LogRecord, ...]:
        return ()


@bug()
class LowestAcceptedAdopted(Replica):
    """A new leader adopts the tail of the lowest accepted ballot."""

    def adopted_tail(self) -> tuple[LogRecord, ...]:
        tails = [m for _, m in sorted(self.promises.items()) if self.continues_chosen(m) and m.tail]
        return min(tails, key=lambda m: (m.last_accepted, m.last_slot)).tail if tails else ()


@bug()
class SlotBySlotAdoption(Replica):
    """A new leader fills the end of the best tail from other promises: a mixture."""

    def adopted_tail(self) -> tuple[LogRecord, ...]:
        counted = [m for _, m in sorted(self.promises.items()) if self.continues_chosen(m)]
        mixture: tuple[LogRecord, ...] = ()
        for m in sorted(counted, key=lambda m: (m.last_accepted, m.last_slot), reverse=True):
            mixture += m.tail[len(mixture) :]
        return mixture


@bug()
class AdoptedRecordsStampedAnew(Replica):
    """A new leader gives the records that it adopts later commit timestamps, and their identity stays."""

    def adopted_tail(self) -> tuple[LogRecord, ...]:
        tail = super().adopted_tail()
        return tuple(structs.replace(record, timestamp=record.timestamp + 1) for record in tail)


@bug()
class LastAcceptedFromEntries(ReplicationLog):
    """An acceptor that learns takes the highest ballot of the entries that it retains for its last accepted
    one.
    """

    def _learn(self, learned: Learned) -> None:
        super()._learn(learned)
        self.last_accepted = max(self.ballots, default=NO_BALLOT)


@bug()
class TailSlotBySlot(Replica):
    """The adopted tail is proposed again one slot at a time."""

    def send_batch(self, member: Member) -> None:
        assert self.leading is not None
        known = max(self.tail_start, self.log.first) - 1
        for record in self.log.between(known + 1, self.tail_end):
            to, commit = member.incarnation, self.log.commit
            self.tell(
                member,
                Accept(self.member, to, self.leading, self.env.now, record.slot, (record,), known, commit),
            )


@bug()
class NoCutOnAccept(ReplicationLog):
    """An acceptor keeps what is above an accept of a new ballot, so its tail is torn."""

    def _accept(self, accepted: Accepted) -> None:
        self.commit = max(self.commit, accepted.commit)
        skip = max(0, self.commit + 1 - accepted.first)
        records = accepted.records[skip:]
        if records:
            self._put(accepted.first + skip, records, [accepted.ballot] * len(records))
        self.promised = self.last_accepted = accepted.ballot


class _CutsAlways(ReplicationLog):
    def _accept(self, accepted: Accepted) -> None:
        self.last_accepted = NO_BALLOT  # The cut goes by it.
        super()._accept(accepted)


@bug(_CutsAlways)
class CutsItsOwnBallot(Replica):
    """A late repeat of the first batch is installed again and cuts newer votes of its own ballot."""

    def on_adopt(self, sender: NodeId, m: Adopt) -> None:
        if self.refuses(m, m.ballot):
            return
        self.follow(m.source, m.ballot)
        if not self.log.agrees(m.records):
            return
        if self.log.commit < m.known:
            self.learn_from(m.source, m.known)
            return
        skip = max(0, self.log.first - m.known - 1)
        self.log.accept(m.ballot, m.known + 1 + skip, m.records[skip:])
        self.vote(m, m.sent_at, m.ballot)
        self.commit_through(m.commit, m.ballot)


@bug()
class KnownChosenInsideTail(Replica):
    """A slot of the adopted tail may go alone, behind one that its voter knows to be chosen."""

    def may_follow(self, m: Accept) -> bool:
        previous = m.first - 1
        if self.log.last_accepted == m.ballot:
            return previous <= self.log.last
        return previous <= self.log.commit

    def send_missing(self, member: Member, adopted: bool, through: int) -> None:
        if member != self.member and self.log.first <= through + 1 <= self.log.last:
            self.send_accept(member, through + 1, self.log.between(through + 1, through + 1))


@bug()
class NoPrefixRule(Replica):
    """Slots are accepted behind entries of other ballots."""

    def may_follow(self, m: Accept) -> bool:
        return self.log.first <= m.first <= self.log.last + 1


@bug()
class OutdatedPromisesCounted(Replica):
    """A promise from before a catch-up counts although its tail begins below what is known."""

    def drop_outdated_promises(self) -> None:
        pass


@bug()
class ForeignPrefixNotVoided(Replica):
    """A tail counts although its record at the last chosen slot is not the chosen one."""

    def continues_chosen(self, m: Promise) -> bool:
        return m.known == self.log.commit


@bug()
class CommitFromStaleHeartbeat(Replica):
    """A heartbeat's commit index is taken for entries of other ballots."""

    def commit_through(self, commit: int, ballot: Ballot) -> None:
        through = min(commit, self.log.last)
        if through > self.log.commit:
            self.log.commit = through
            self.apply_chosen()

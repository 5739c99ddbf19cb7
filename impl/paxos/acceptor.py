"""The acceptor: promises, votes, and grants of the lease. Rules 1, 2, 4, 5, 6 and 15 of the replication
protocol.

*Invariants.* It promises no ballot below one that it promised; it votes for no ballot below its promise; its
entries above what it knows chosen are a whole branch of one leader; above what its journal knows chosen they
fit a message with the no-op that may follow (rule W4); while a lease that it granted runs, it promises no
other ballot.

Source: Lamport, *Paxos Made Simple*, 2.2 and 3; the lease as in Gray and Cheriton, *Leases*, SOSP 1989.
"""

from __future__ import annotations

from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.candidate import Candidate
from dynaproof.impl.paxos.early import EarlyAccepts
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot
from dynaproof.impl.paxos.messages.catch_up import Chosen
from dynaproof.impl.paxos.messages.election import Alive, AskAlive, Prepare, Promise, Refused, TooFarBehind
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Behind, Heard, Heartbeat, Release, Vote
from dynaproof.impl.paxos.messages.membership import Following
from dynaproof.impl.paxos.messages.peer import Peer
from dynaproof.impl.paxos.records import NoOp
from dynaproof.impl.paxos.sizes import NO_OP_BYTES
from dynaproof.impl.paxos.state_machine import State


class Acceptor(Candidate[State]):
    """Answers candidates and leaders."""

    def on_prepare(self, sender: NodeId, m: Prepare) -> None:
        """Phase 1b. A running lease of another leader is not broken: the candidate asks again.

        A new incarnation promises at once, and reports truthfully what it holds (rule 14): a candidate that
        finds its config after a loss may need its promise before anybody can tell it that the config is
        chosen.
        """
        self.see_round(m.ballot)
        if m.ballot < self.log.promised:
            self.send(m.source, Refused(self.member, m.source.incarnation, m.ballot, self.log.promised))
            return
        if self.lease_binds(m.ballot):
            return
        if m.known + 1 < self.log.first:
            self.send(m.source, self.too_far_behind(m))
            return
        if not self.tail_fits(m.known):
            self.reached("candidate caught up before it was promised")
            self.send(m.source, self.too_far_behind(m))
            return
        if self.leading is not None and m.ballot > self.leading:
            self.step_down()
        if not self.admitted:
            self.reached("promise of a voter that is not admitted")
        self.log.promise(m.ballot)  # Durable before the promise leaves.
        self.send(m.source, self.promise_for(m))

    def promise_for(self, m: Prepare) -> Promise:
        """The tail above what the candidate knows chosen, and the ballot by which the candidate sees whether
        the tail continues that (rules 2 and 3).
        """
        log = self.log
        at_known = log.record(m.known).proposed_at if log.first <= m.known <= log.last else None
        if at_known is None and m.known > log.last:
            at_known = NO_BALLOT  # No entry there: certainly not the chosen record.
        tail = log.between(m.known + 1, log.last) if m.known < log.last else ()
        return Promise(
            self.member,
            m.source.incarnation,
            m.ballot,
            log.last_accepted,
            log.last,
            log.commit,
            m.known,
            at_known,
            tail,
            self.env.wall,
        )

    def tail_fits(self, known: int) -> bool:
        """Whether the tail above what a candidate knows chosen fits a message, with the no-op that its leader
        may put behind it (rules W4 and W5); a single record fits, whatever its size.
        """
        log = self.log
        slots = log.last - known
        if slots <= 1:
            return True
        ends = type(log.record(log.last)) is NoOp
        size = log.size_between(known + 1, log.last)
        return (slots == 2 and ends) or size + (0 if ends else NO_OP_BYTES) <= self.settings.records_bytes

    def too_far_behind(self, m: Prepare) -> TooFarBehind:
        """What a candidate must learn first (rule W5), with the lowest chosen record that is known here: if
        the candidate holds that too, it holds all that is chosen below. For a log replica it is the config
        with which its log begins, since every other voter holds that (rule M5).
        """
        log, snapshot = self.log, self.log.head.snapshot
        first, at_first = log.first, None
        if snapshot is not None and snapshot.slot + 1 == log.first:
            first, at_first = snapshot.slot, snapshot.proposed_at
        elif log.first <= log.commit:
            at_first = log.record(log.first).proposed_at
        if not self.full:
            self.reached("log replica asked from below its log")
        return TooFarBehind(self.member, m.source.incarnation, m.ballot, log.commit, first, at_first)

    def lease_binds(self, ballot: Ballot) -> bool:
        """Whether a lease granted to another ballot still runs; the grantor is free at >= L, whatever configs
        it learns meanwhile (rules 15 and L4).
        """
        return ballot != self.grant.to and self.env.now < self.lease_granted_until

    def grant_lease(self, ballot: Ballot) -> None:
        """Refuse other prepares for L from receipt, and for no less than was granted before; but not where
        leases are no longer granted (H7), nor for what comes late from a leader that has released its own
        (H8).
        """
        if self.grants_none or ballot == self.grant.released:
            return
        self.grant.to = ballot
        self.lease_granted_until = max(self.lease_granted_until, self.env.now + self.settings.lease_us)

    def refuses(self, source: Peer, ballot: Ballot) -> bool:
        """Whether to refuse what a leader of this ballot sends: this acceptor is not admitted (rule 14), or
        has promised a higher ballot, and then says so.
        """
        if not self.admitted:
            return True
        if ballot < self.log.promised:
            self.send(
                source.source, Refused(self.member, source.source.incarnation, ballot, self.log.promised)
            )
            return True
        self.see_round(ballot)
        if self.leading is not None and ballot > self.leading:
            self.step_down()
        return False

    def on_adopt(self, sender: NodeId, m: Adopt) -> None:
        """Install the first batch of a ballot whole (rule 4), behind a prefix that is known to be chosen."""
        if self.refuses(m, m.ballot):
            return
        self.follow(m.source, m.ballot)
        if not self.log.agrees(m.records):
            return  # An old leader's batch: what is known chosen is never replaced.
        if self.log.commit < m.known:
            self.fetching_for = m
            self.learn_from(m.source, m.known)
            return
        if self.log.last_accepted != m.ballot:  # A repeated batch must not cut newer votes.
            skip = max(0, self.log.first - m.known - 1)
            self.log.accept(m.ballot, m.known + 1 + skip, m.records[skip:], m.commit)
        self.vote(m, m.sent_at, m.ballot)
        self.commit_through(m.commit, m.ballot)

    # --- Phase 2 ---

    def on_accept(self, sender: NodeId, m: Accept) -> None:
        """Vote for slots behind the leader's first batch (rules 5 and 6), and for those that came before
        them. Where something is missing below, say what is here: the leader sends the rest again.
        """
        if self.refuses(m, m.ballot):
            return
        self.follow(m.source, m.ballot)
        if self.early.ballot != m.ballot:
            self.early = EarlyAccepts(m.ballot)
        early, commit = self.early, m.commit
        if not self.may_follow(m):
            if m.first <= self.log.last + self.settings.ahead_slots and self.log.last_accepted == m.ballot:
                early.keep(m, self.settings.ahead_slots, self.settings.ahead_bytes)
            self.say_what_is_here(m)
        elif self.log.agrees(m.records):
            self.accept(m)
            while (following := early.take(self.log.last)) is not None:
                self.accept(following)
                commit = max(commit, following.commit)
            if early.lowest or self.log.last_accepted != m.ballot:
                self.say_what_is_here(m)
            else:
                self.vote(m, m.sent_at, m.ballot)
        self.commit_through(commit, m.ballot)
        self.level_with(m)

    def accept(self, m: Accept) -> None:
        """Journal what is not yet held of an accept that follows what is here."""
        held = self.log.last if self.log.last_accepted == m.ballot else self.log.commit
        skip = max(0, held + 1 - m.first)
        if skip < len(m.records):
            # Durable before the vote leaves.
            self.log.accept(m.ballot, m.first + skip, m.records[skip:], m.commit)

    def may_follow(self, m: Accept) -> bool:
        """Rule 5, the prefix rule: slot n only behind n-1 accepted at this ballot, or n-1 chosen and past the
        batch's end.
        """
        previous = m.first - 1
        if self.log.last_accepted == m.ballot:
            return previous <= self.log.last
        return m.tail_end <= previous <= self.log.commit

    def vote(self, m: Adopt | Accept, asked_at: int, ballot: Ballot) -> None:
        """Everything through `last` is here at this ballot, or chosen; grant the lease with it."""
        self.grant_lease(ballot)
        if self.copying and not self.full:
            self.reached("log replica copies its tree while it votes")
        self.send(
            m.source,
            Vote(
                self.member,
                m.source.incarnation,
                ballot,
                self.log.last,
                self.granted(asked_at),
                self.env.wall,
            ),
        )

    def on_heartbeat(self, sender: NodeId, m: Heartbeat) -> None:
        """Grant the lease anew. A leader that a quorum renewed counts as alive (the gray-failure check)."""
        if not self.admitted:
            self.follow_without_vote(m)
            return
        if self.refuses(m, m.ballot):
            return
        self.follow(m.source, m.ballot)
        if m.renewed:
            self.heard_alive_at = self.env.now
            self.arm_election()
        if self.soft is not None and m.level is not None:
            self.soft.hears_level(m.level)
        self.say_what_is_here(m)
        self.commit_through(m.commit, m.ballot)
        self.level_with(m)

    def level_with(self, m: Accept | Heartbeat) -> None:
        """What is here is as new as this message if all that the leader knew to be chosen is known here, its
        own first batch included: before that, it may know less than an earlier leader did (rule 16).
        """
        if m.tail_end <= m.commit <= self.log.commit:
            self.contact_at = self.env.now

    def follow_without_vote(self, m: Heartbeat) -> None:
        """Fetch what is chosen, and say how far this replica is: no promise, and no grant (rules 14 and M6).
        What it has fetched may admit it, and then it answers as a voter.
        """
        log = self.log
        self.fetching_for = m
        self.learn_from(m.source, m.commit)
        self.send(m.source, Following(self.member, m.source.incarnation, m.ballot, m.sent_at, log.commit))

    def on_behind(self, sender: NodeId, m: Behind) -> None:
        """Nothing of the leader's can follow what is here: fetch what is chosen. A copy under way brings that
        too.
        """
        if self.refuses(m, m.ballot):
            return
        self.follow(m.source, m.ballot)
        if self.log.commit >= m.commit:
            self.say_what_is_here(m)  # It came meanwhile, and no more will.
            return
        self.fetching_for = m
        if self.copy is None or self.env.now >= self.copy.until:
            self.learn_from(m.source, m.commit)

    def on_chosen(self, sender: NodeId, m: Chosen) -> None:
        """Learn; the leader that had it fetched is told when no more will come: it goes on from there."""
        known = self.log.commit
        self.learn_chosen(m)
        if known < self.log.commit and self.log.commit >= m.commit:
            self.prepare_again()
        question = self.fetching_for
        if question is None or self.fetching_until > self.env.now or self.refuses(question, question.ballot):
            return
        self.fetching_for = None
        self.say_what_is_here(question)

    def say_what_is_here(self, m: Heartbeat | Accept | Adopt | Behind) -> None:
        """Answer a leader that asks, or whose accept does not follow. The answer stays true: all slots
        through the last are here at this ballot. Where the last accepted ballot is another one, that would be
        no vote.
        """
        self.log.promise(m.ballot)  # Durable before the lease's grant leaves.
        self.grant_lease(m.ballot)
        adopted = self.log.last_accepted == m.ballot
        self.send(
            m.source,
            Heard(
                self.member,
                m.source.incarnation,
                m.ballot,
                self.granted(m.sent_at),
                adopted,
                self.log.last if adopted else self.log.commit,
                self.early.lowest if self.early.ballot == m.ballot else 0,
                self.log.commit,
                self.env.wall,
                self.full,
                0 if self.soft is None else self.soft.used(),
            ),
        )

    def on_ask_alive(self, sender: NodeId, m: AskAlive) -> None:
        """Answer a would-be candidate whether the leader, perhaps this replica itself, is alive."""
        alive = Alive(self.member, m.source.incarnation, m.asked_at, self.is_led(), self.log.commit)
        self.send(m.source, alive)

    def on_release(self, sender: NodeId, m: Release) -> None:
        """The leader of this ballot will never serve by it again, so nobody waits for its lease. What it knew
        to be chosen comes with this: a leader that leaves does not otherwise tell of the config (rule M7),
        nor one that ends its group of the barrier (H6).
        """
        self.grant.released = max(self.grant.released, m.ballot)
        self.commit_through(m.commit, m.ballot)
        if m.commit > self.log.commit and not self.copying:
            self.fetch(m.source)  # The accept may come later, and nobody would say this again.
        if m.ballot != self.grant.to:
            return
        self.lease_granted_until = self.env.now
        self.heard_alive_at = -1
        if m.successor == self.member and self.admitted and self.full:
            self.start_campaign()

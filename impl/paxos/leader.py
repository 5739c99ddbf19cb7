"""The leader: phase 2, the lease, and planned handover.

Proposals of one moment travel together. What is proposed while nothing of the leader's waits for its disk
goes out at once. What is proposed while its own sync of a batch is under way joins the *next batch*: it has
its slot and its timestamp, and conditions see it, but it is neither journalled nor sent. Its own vote for the
previous batch, a message to itself, says that the sync has ended; then the next batch goes out whole: one
frame of the journal, one `Accept` to each voter, one vote from each. Several batches may be on their way to
the voters at the same time.

*Invariants.* A ballot is led once: from `lead` to `step_down`, and never again. Nothing is served before the
first batch is chosen and applied (rule 7). A slot counts as chosen only by votes of its own ballot, under the
config that governs it. Nothing is proposed above a barrier that is not counted chosen (rule 9). Above the
commit index there is at most a window, or one record, or the first batch, the next batch included (rule W1);
so a batch fits a message. While a next batch waits, a vote of its own is under way that will send it. The log
never holds what is not journalled: the next batch belongs to the leadership, and is dropped with it, so no
promise and no later ballot knows of it. The lease counts from the question (rule 15).

Sources: Lamport, *Paxos Made Simple*, 3; Lampson, *How to Build a Highly Available System Using Consensus*,
7 (leases).
"""

from __future__ import annotations

from dynaproof.impl.node import Microseconds, NodeId
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.leadership import Campaign, Leadership, Progress
from dynaproof.impl.paxos.messages.leadership import (
    Handover,
    Heard,
    HeartbeatTimer,
    Release,
    Vote,
    WatchTimer,
)
from dynaproof.impl.paxos.notes import Deposed, Led
from dynaproof.impl.paxos.records import ClosedTimestamp, Config, NoOp, Record, size_bytes
from dynaproof.impl.paxos.sender import Sender
from dynaproof.impl.paxos.state_machine import State


class Leader(Sender[State]):
    """Proposes and counts votes."""

    # --- Leadership ---

    def lead(self, ballot: Ballot, tail: tuple[Record, ...]) -> None:
        """Propose the whole adopted tail as one batch (rule 4), with its own `NoOp` behind it unless it ends
        with one: leaders that come and go do not make the tail longer (rule W3).
        """
        assert self.campaign is not None, "a ballot is led once"
        assert self.campaign.ballot == ballot, "a ballot is led once"
        if not self.admitted or self.state.barrier or not self.clock_trusted_by_promises(self.campaign):
            self.campaign = None  # It has since learnt that its time is over, or may assign no timestamp.
            return
        self.env.note(Led(self.member, ballot, len(tail)))
        self.campaign = None
        self.follow(self.member, ballot)
        tail_start = self.log.commit + 1
        last_timestamp = tail[-1].timestamp if tail else self.state.timestamp
        adds = not tail or type(tail[-1]) is not NoOp
        tail_end = tail_start + len(tail) if adds else self.log.commit + len(tail)
        leadership = self.leadership = Leadership(
            ballot, tail_start, tail_end, last_timestamp, self.config.voters, self.env.now, self.env.wall
        )
        config = self.config
        for record in tail:
            if record.config is not None:
                config = record.config
            if record.barrier:
                leadership.config_in_flight = record.slot
        if len(tail) > 1:
            self.reached("pipelined tail adopted")
        batch = tail
        if adds:
            no_op = NoOp(tail_end, ballot, config.epoch, self.next_timestamp())
            leadership.last_timestamp = no_op.timestamp
            batch = (*tail, no_op)
        self.log.accept(ballot, tail_start, batch, self.log.commit)
        for record in tail:
            for service in self.services:
                service.proposed(record)
        for member in self.config_for(leadership.tail_end).voters:
            leadership.progress.setdefault(member, Progress(leadership.tail_end + 1))
        self.vote_for_own(ballot)
        for member in leadership.progress:
            if member != self.member:
                self.send_batch(leadership, member)
        self.beat()

    def step_down(self) -> None:
        """Give up the leadership for good; requests in flight stay unanswered, since their outcome is
        unknown.
        """
        assert self.leadership is not None, "only a leader steps down"
        unchosen = self.log.between(self.log.commit + 1, self.log.last)
        last_write = max((record.slot for record in unchosen if record.changes()), default=0)
        self.env.note(Deposed(self.member, self.leadership.ballot, last_write))
        if self.leadership.next_batch:
            self.reached("next batch dropped")
        self.leadership = None
        for service in self.services:
            service.stepped_down()
        self.env.cancel_timer(HeartbeatTimer())
        self.env.cancel_timer(WatchTimer())
        self.arm_election()

    def vote_for_own(self, ballot: Ballot) -> None:
        """Count its own vote by a message to itself, which leaves when the entries are durable."""
        self.send(
            self.member,
            Vote(
                self.member,
                self.incarnation,
                ballot,
                self.log.last,
                self.granted(self.env.now),
                self.env.wall,
            ),
        )

    # --- The lease ---

    def granted(self, asked_at: Microseconds) -> Microseconds:
        """What to answer to a question of that time: it renews the lease, unless none is granted (H7)."""
        return -1 if self.grants_none else asked_at

    def beat(self) -> None:
        """One round: ask every voter to renew the lease; the send time travels with the question."""
        leadership = self.leadership
        assert leadership is not None, "only a leader beats"
        for member in (*leadership.progress, *leadership.learners):
            self.ask(leadership, member)
        self.env.set_timer(self.settings.heartbeat_us, HeartbeatTimer())

    def on_heartbeat_timer(self, timer: HeartbeatTimer) -> None:
        """Send the next heartbeat; a leader that was not renewed for L steps down, and an idle one closes a
        timestamp.
        """
        leadership = self.leadership
        if leadership is None:
            return
        asked = leadership.lease_start if leadership.lease_start >= 0 else leadership.last_proposed_at
        if self.env.now - asked > self.settings.lease_us:
            self.step_down()
            return
        if leadership.serving and not self.clock_trusted():
            self.hand_over()
            return
        idle = self.env.now - leadership.last_proposed_at >= self.settings.closed_us
        if leadership.serving and idle and not self.in_flight and self.clock_trusted():
            ballot = leadership.ballot
            self.propose(ClosedTimestamp(self.next_slot, ballot, self.config.epoch, self.next_timestamp()))
        self.beat()

    def clock_trusted(self) -> bool:
        """Whether the wall clock is within epsilon of those of a quorum; else no timestamp is assigned. A
        voter that has not answered counts as far off, since the leader and a silent one would be a quorum;
        but one that has just come with a config counts as near.
        """
        assert self.leadership is not None, "only a leader assigns timestamps"
        self.leadership.look_at_clocks(self.env.now, self.env.wall, self.settings.drift_ppm)
        config, progress, epsilon = self.config, self.leadership.progress, self.settings.epsilon_us
        near = 0
        for voter in config.voters:
            known = progress.get(voter)
            apart = None if known is None else known.wall_apart
            near += voter == self.member or (apart is not None and abs(apart) <= epsilon)
        return near >= config.quorum

    def clock_trusted_by_promises(self, campaign: Campaign) -> bool:
        """The same for a candidate, by the wall clocks in its promises; these may be as old as a lease, so
        the bound is wider. The leader looks again, at fresher ones, before it assigns a client's timestamp.
        """
        wall, epsilon = self.env.wall, self.settings.epsilon_us + self.settings.lease_us
        return sum(abs(m.wall - wall) <= epsilon for m in campaign.promises.values()) >= self.config.quorum

    def next_timestamp(self) -> Microseconds:
        """max(wall, last + 1): strictly increasing along the lineage, across leaders."""
        assert self.leadership is not None, "only a leader assigns timestamps"
        return max(self.env.wall, self.leadership.last_timestamp + 1)

    # --- Votes ---

    def on_vote(self, sender: NodeId, m: Vote) -> None:
        """Count a vote of this ballot, and whatever it makes chosen."""
        leadership = self.leadership
        if leadership is None or m.ballot != leadership.ballot:
            return
        progress = leadership.progress.get(m.source)
        if progress is None:
            return
        progress.adopted = True
        progress.advance(m.through, self.env.now)
        self.renew(leadership, progress, m.asked_at, m.wall)
        self.count_votes()
        if self.leadership is leadership and progress.next <= self.log.last and m.source != self.member:
            self.send_on(leadership, m.source, progress)
        self.go_on(leadership)

    def on_heard(self, sender: NodeId, m: Heard) -> None:
        """A heartbeat's answer: renew the lease, and send again what this voter lacks."""
        leadership = self.leadership
        if leadership is None or m.ballot != leadership.ballot:
            return
        progress = leadership.progress.get(m.source)
        if progress is None:
            return
        self.renew(leadership, progress, m.asked_at, m.wall)
        progress.full = progress.full or m.full
        if self.soft is not None:
            self.soft.hears_used(m.source, m.used)
        moved_at = progress.advanced_at
        if not progress.adopted and m.through < progress.through and m.asked_at == progress.asked_at:
            progress.restart(m.through)
        progress.advance(m.through, self.env.now)
        if m.adopted:
            progress.adopted = True
            self.count_votes()
        if self.leadership is leadership and m.source in leadership.progress:
            self.send_missing(leadership, m, moved_at)
        self.go_on(leadership)

    def renew(
        self, leadership: Leadership, progress: Progress, asked_at: Microseconds, wall: Microseconds
    ) -> None:
        """The lease counts from the question, so a repeated or late answer prolongs nothing."""
        if asked_at <= progress.asked_at:
            return
        now, own_wall = self.env.now, self.env.wall
        progress.asked_at = asked_at
        leadership.lease_start = leadership.lease_from(self.config)
        leadership.look_at_clocks(now, own_wall, self.settings.drift_ppm)
        apart = wall - own_wall
        progress.wall_apart = apart if apart > 0 else min(0, apart + now - asked_at)

    def count_votes(self) -> None:
        """Advance the commit index over every slot that a quorum of its own config has voted for, in
        order.
        """
        leadership = self.leadership
        while leadership is not None and self.leadership is leadership and self.log.commit < self.log.last:
            slot = self.log.commit + 1
            config = self.config_for(slot)
            if leadership.votes_for(slot, config.voters) < config.quorum:
                return
            through = slot
            while through < self.log.last and self.same_config_chosen(leadership, through + 1, config):
                through += 1
            self.commit_through(through, leadership.ballot)
            if self.log.commit < slot:
                return  # The log holds another ballot's branch: votes for its own one move nothing.

    def same_config_chosen(self, leadership: Leadership, slot: int, config: Config) -> bool:
        """Whether the next slot is chosen too, under the same config."""
        return (
            self.log.record(slot - 1).config is None
            and leadership.votes_for(slot, config.voters) >= config.quorum
        )

    # --- Proposing ---

    def may_propose(self) -> bool:
        """Whether anything may be proposed (rules 9 and W1): the whole first batch is chosen, no config is in
        flight or waits to be, and the clock is trusted.
        """
        leadership = self.leadership
        return (
            leadership is not None
            and leadership.serving
            and not leadership.config_in_flight
            and not leadership.config_waits
            and self.clock_trusted()
        )

    @property
    def next_slot(self) -> int:
        """The slot of the next record: behind all that was proposed, the next batch included."""
        assert self.leadership is not None, "only a leader proposes"
        return self.log.last + len(self.leadership.next_batch) + 1

    @property
    def in_flight(self) -> int:
        """How many slots were proposed, or adopted, and are not known to be chosen; the next batch counts."""
        return self.next_slot - 1 - self.log.commit

    def in_flight_bytes(self) -> int:
        """How many bytes their records take."""
        log, leadership = self.log, self.leadership
        assert leadership is not None, "only a leader proposes"
        return log.size_between(log.commit + 1, log.last) + leadership.next_batch_bytes

    def fits_window(self, record: Record) -> bool:
        """Whether the window has room for the next record (rule W1): with it there are no more slots and
        bytes above the commit index than allowed, the next batch included (rule W7); a record alone is never
        too large.
        """
        in_flight, settings = self.in_flight, self.settings
        return not in_flight or (
            in_flight < settings.in_flight_slots
            and self.in_flight_bytes() + size_bytes(record) <= settings.window_bytes
        )

    def propose(self, record: Record) -> None:
        """Give a record its slot for good. It goes out at once, or with all that is proposed before the
        leader's sync under way ends (rule W7); nothing joins a config, since nothing is proposed above one
        (rule 9).
        """
        leadership = self.leadership
        assert leadership is not None, "only a leader proposes"
        assert record.slot == self.next_slot
        leadership.last_timestamp = record.timestamp
        leadership.last_proposed_at = self.env.now
        if record.barrier:
            leadership.config_in_flight = record.slot
        leadership.next_batch.append(record)
        leadership.next_batch_bytes += size_bytes(record)
        for service in self.services:
            service.proposed(record)  # Conditions see it from here on, whenever it goes out.
        self.send_next_batch(leadership)

    def go_on(self, leadership: Leadership) -> None:
        """Let the services go on with those that wait, and send what was proposed meanwhile, if the
        leadership is still the same.
        """
        if self.leadership is leadership:
            for service in self.services:
                service.has_room()
            self.send_next_batch(leadership)

    def send_next_batch(self, leadership: Leadership) -> None:
        """Accept the next batch here, ask the others to, and count its own vote when it is durable; unless
        its own vote for the previous batch is still under way, which calls this again (rule W7).
        """
        if not leadership.next_batch or leadership.progress[self.member].through < self.log.last:
            return
        batch = tuple(leadership.next_batch)
        if len(batch) > 1:
            self.reached("proposals travelled together")
        leadership.next_batch, leadership.next_batch_bytes = [], 0
        self.log.accept(leadership.ballot, batch[0].slot, batch, self.log.commit)
        self.send_new(leadership, batch)
        self.vote_for_own(leadership.ballot)

    # --- Planned handover ---

    def on_handover(self, sender: NodeId, m: Handover) -> None:
        """Start a planned handover at an operator's request."""
        if self.serving:
            self.hand_over()

    def hand_over(self) -> None:
        """Stop serving for good, then release the lease, so that the successor need not wait for its end."""
        leadership = self.leadership
        assert leadership is not None, "only a leader hands over"
        progress, ballot = leadership.progress, leadership.ballot
        others = [m for m in self.others() if m in progress]
        behind = sorted((not progress[m].full, -progress[m].through, m) for m in others)
        self.step_down()
        if not behind:
            return
        successor = behind[0][-1]
        self.release(ballot, successor, self.config.voters)

    def leave(self, leadership: Leadership, config: Config) -> None:
        """A chosen config does not name this leader: it stops in the step that counts it, and tells the old
        voters and the new ones (rule M7).
        """
        progress = leadership.progress
        known = [voter for voter in config.voters if voter in progress]
        self.step_down()
        if not known:
            return
        ahead = min(known, key=lambda voter: (not progress[voter].full, -progress[voter].through, voter))
        self.reached("leader replaced while it served")
        self.release(
            leadership.ballot, ahead, tuple({**dict.fromkeys(progress), **dict.fromkeys(config.voters)})
        )

    def end_at_barrier(self) -> None:
        """The barrier is chosen: stop for good, and let nobody wait for the lease (H6)."""
        leadership = self.leadership
        assert leadership is not None, "only a leader ends a group"
        self.step_down()
        self.release(leadership.ballot, None, tuple(leadership.progress))

    def release(self, ballot: Ballot, successor: Member | None, members: tuple[Member, ...]) -> None:
        """Tell these that the lease of a ballot of its own is over."""
        for member in members:
            self.send(member, Release(self.member, member.incarnation, ballot, self.log.commit, successor))

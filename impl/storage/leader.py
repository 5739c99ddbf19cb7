"""The leader: phase 2, the lease, what clients ask, planned handover, and the replacement of voters.

*Invariants.* A ballot is led once: from `lead` to `step_down`, and never again. Nothing is served before the
own `NoOp` is chosen and applied (rule 7). A slot counts as chosen only by votes of the own ballot, under the
config that governs it. Nothing is proposed above a `ConfigChange` that is not counted chosen (rule 9). The
lease counts from the question (rule 15).

Sources: Lamport, *Paxos Made Simple*, 3; Lampson, *How to Build a Highly Available System Using Consensus*,
7 (leases).
"""

from __future__ import annotations

from dynaproof.impl.node import Microseconds, NodeId
from dynaproof.impl.storage.candidate import Candidate
from dynaproof.impl.storage.core import Flight, Progress
from dynaproof.impl.storage.ids import Ballot, Member
from dynaproof.impl.storage.messages import (
    Accept,
    Adopt,
    CreateReplica,
    Handover,
    Heard,
    Heartbeat,
    HeartbeatTimer,
    Release,
    Vacant,
    Vote,
)
from dynaproof.impl.storage.notes import Deposed, Led
from dynaproof.impl.storage.records import (
    Answer,
    ClosedTimestamp,
    ConfigChange,
    LogRecord,
    NoOp,
    Outcome,
    StoredItem,
    Write,
)


class Leader(Candidate):
    """Proposes, counts votes, answers clients."""

    # --- Leadership ---

    def lead(self, ballot: Ballot, tail: tuple[LogRecord, ...]) -> None:
        """Propose the whole adopted tail and an own `NoOp` as one batch (rule 4)."""
        assert self.campaign == ballot, "a ballot is led once"
        if not self.clock_trusted_by_promises():
            self.campaign = None
            return
        self.campaign = None
        self.leading, self.serving = ballot, False
        self.follow(self.member, ballot)
        self.progress = {member: Progress() for member in self.config.voters}
        self.lease_start = -1
        self.tail_start = self.log.commit + 1
        self.tail_end = self.log.commit + len(tail) + 1
        self.last_timestamp = tail[-1].timestamp if tail else self.state.timestamp
        config = self.config
        for record in tail:
            if isinstance(record, ConfigChange):
                config = record.config
                self.config_in_flight = record.slot
        no_op = NoOp(self.tail_end, ballot, config.epoch, self.next_timestamp())
        self.env.note(Led(self.member, ballot, len(tail)))
        if len(tail) > 1:
            self.reached("pipelined tail adopted")
        self.last_timestamp, self.last_proposed_at = no_op.timestamp, self.env.now
        self.log.accept(ballot, self.tail_start, (*tail, no_op))
        for record in tail:
            self.remember_in_flight(record)
        for member in self.config_for(self.tail_end).voters:
            self.progress.setdefault(member, Progress())
        self.vote_for_own(ballot)
        for member in self.progress:
            if member != self.member:
                self.send_batch(member)
        self.beat()

    def step_down(self) -> None:
        """Leave the leadership for good; requests in flight stay unanswered, for their outcome is not
        known.
        """
        assert self.leading is not None, "only a leader steps down"
        unchosen = self.log.between(self.log.commit + 1, self.log.last)
        last_write = max((record.slot for record in unchosen if isinstance(record, Write)), default=0)
        self.env.note(Deposed(self.member, self.leading, last_write))
        self.leading, self.serving = None, False
        self.flights, self.overlay, self.in_flight_requests, self.refused = {}, {}, {}, {}
        self.config_in_flight = 0
        self.env.cancel_timer(HeartbeatTimer())
        self.arm_election()

    def vote_for_own(self, ballot: Ballot) -> None:
        """Count the own vote by a message to itself, which leaves when the entries are durable."""
        self.tell(
            self.member,
            Vote(self.member, self.incarnation, ballot, self.log.last, self.env.now, self.env.wall),
        )

    def send_batch(self, member: Member) -> None:
        """The first accept of the ballot, as it was or as far as it is retained."""
        assert self.leading is not None
        known = max(self.tail_start, self.log.first) - 1
        batch = self.log.between(known + 1, self.tail_end)
        if known < self.tail_end:
            self.tell(
                member,
                Adopt(
                    self.member, member.incarnation, self.leading, self.env.now, known, batch, self.log.commit
                ),
            )

    # --- The lease ---

    def beat(self) -> None:
        """One round: ask every voter to renew the lease; the send time travels with the question."""
        assert self.leading is not None
        renewed = self.lease_start >= 0 and self.env.now - self.lease_start < self.settings.lease_us
        for member in self.progress:
            self.tell(
                member,
                Heartbeat(
                    self.member, member.incarnation, self.leading, self.env.now, self.log.commit, renewed
                ),
            )
        self.env.set_timer(self.settings.heartbeat_us, HeartbeatTimer())

    def on_heartbeat_timer(self, timer: HeartbeatTimer) -> None:
        """Beat on; a leader that was not renewed for L stops, and an idle one closes a timestamp."""
        if self.leading is None:
            return
        asked = self.lease_start if self.lease_start >= 0 else self.last_proposed_at
        if self.env.now - asked > self.settings.lease_us:
            self.step_down()
            return
        if self.serving and not self.clock_trusted():
            self.hand_over()
            return
        idle = self.env.now - self.last_proposed_at >= self.settings.closed_us
        if self.serving and idle and self.log.last == self.log.commit and self.clock_trusted():
            ballot = self.leading
            self.propose(ClosedTimestamp(self.log.last + 1, ballot, self.config.epoch, self.next_timestamp()))
        self.beat()

    def lease_from(self) -> Microseconds:
        """When the question was sent that a quorum of the governing config has answered; -1 if none has."""
        config, progress = self.state.config, self.progress
        asked = sorted([progress[v].asked_at for v in config.voters if v in progress])
        quorum = config.quorum
        return asked[-quorum] if len(asked) >= quorum else -1

    def lease_left(self) -> Microseconds:
        """What is left of the lease by the own clock; it may be used while this is above 0 (strictly, rule
        15).
        """
        start = self.lease_start
        return -1 if start < 0 else start + self.usable_lease_us - self.env.now

    def may_serve(self) -> bool:
        """Whether a strong read may be answered now."""
        return self.serving and self.lease_left() > 0

    def clock_trusted(self) -> bool:
        """Whether the wall clock is within epsilon of those of a quorum; else no timestamp is assigned. A
        voter that is new in the config and has not answered yet counts as near.
        """
        near = sum(
            voter == self.member or abs(self.progress[voter].wall_apart) <= self.settings.epsilon_us
            for voter in self.config.voters
            if voter in self.progress
        )
        return near >= self.config.quorum

    def clock_trusted_by_promises(self) -> bool:
        """The same for a candidate, by the wall clocks in its promises; these may be as old as a lease, so
        the bound is wider. The leader looks again, at fresher ones, before it assigns a client's timestamp.
        """
        wall, epsilon = self.env.wall, self.settings.epsilon_us + self.settings.lease_us
        return sum(abs(m.wall - wall) <= epsilon for m in self.promises.values()) >= self.config.quorum

    def next_timestamp(self) -> Microseconds:
        """max(wall, last + 1): strictly increasing along the lineage, over leaders."""
        return max(self.env.wall, self.last_timestamp + 1)

    # --- Votes ---

    def on_vote(self, sender: NodeId, m: Vote) -> None:
        """Count a vote of this ballot, and whatever it makes chosen."""
        progress = self.progress.get(m.source)
        if m.ballot != self.leading or progress is None:
            return
        progress.adopted = True
        progress.through = max(progress.through, m.through)
        self.renew(progress, m.asked_at, m.wall)
        self.count_votes()

    def on_heard(self, sender: NodeId, m: Heard) -> None:
        """A heartbeat's answer: renew the lease, and send again what this voter lacks."""
        progress = self.progress.get(m.source)
        if m.ballot != self.leading or progress is None:
            return
        progress.commit = max(progress.commit, m.commit)
        self.renew(progress, m.asked_at, m.wall)
        if m.adopted:
            progress.adopted = True
            progress.through = max(progress.through, m.through)
            self.count_votes()
        if self.leading is not None:
            self.send_missing(m.source, m.adopted, m.through)

    def renew(self, progress: Progress, asked_at: Microseconds, wall: Microseconds) -> None:
        """The lease counts from the question, so a repeated or late answer prolongs nothing."""
        if asked_at <= progress.asked_at:
            return
        progress.asked_at = asked_at
        self.lease_start = self.lease_from()
        elapsed = self.env.now - asked_at
        apart = wall - self.env.wall
        progress.wall_apart = apart if apart > 0 else min(0, apart + elapsed)

    def send_missing(self, member: Member, adopted: bool, through: int) -> None:
        """Retransmit the batch, or the slots behind what this voter holds."""
        assert self.leading is not None
        if member == self.member:
            return
        if not adopted and through < self.tail_end:
            self.send_batch(member)
        elif self.log.first <= through + 1 <= self.log.last:
            last = min(self.log.last, through + self.settings.chunk_slots)
            self.send_accept(member, through + 1, self.log.between(through + 1, last))

    def send_accept(self, member: Member, first: int, records: tuple[LogRecord, ...]) -> None:
        """Phase 2a to one voter."""
        assert self.leading is not None
        self.tell(
            member,
            Accept(
                self.member,
                member.incarnation,
                self.leading,
                self.env.now,
                first,
                records,
                self.tail_end,
                self.log.commit,
            ),
        )

    def count_votes(self) -> None:
        """Advance the commit index over every slot that a quorum of its own config has voted for, in
        order.
        """
        ballot = self.leading
        while self.leading is not None and self.log.commit < self.log.last:
            slot = self.log.commit + 1
            config = self.config_for(slot)
            if self.votes_for(slot, config.voters) < config.quorum:
                return
            through = slot
            while through < self.log.last and self.same_config_chosen(
                through + 1, config.voters, config.quorum
            ):
                through += 1
            assert ballot is not None
            self.commit_through(through, ballot)
            if self.log.commit < slot:
                return  # The log holds another ballot's branch: votes for the own one move nothing.

    def votes_for(self, slot: int, voters: tuple[Member, ...]) -> int:
        """Voters that hold this slot at the own ballot, by their own word and by their full name."""
        votes = 0
        for voter in voters:
            progress = self.progress.get(voter)
            votes += progress is not None and progress.adopted and progress.through >= slot
        return votes

    def same_config_chosen(self, slot: int, voters: tuple[Member, ...], quorum: int) -> bool:
        """Whether the next slot is chosen too, under the same config."""
        return (
            not isinstance(self.log.record(slot - 1), ConfigChange) and self.votes_for(slot, voters) >= quorum
        )

    # --- Proposing ---

    def propose(self, record: LogRecord) -> None:
        """Accept a record here, ask the others to, and count the own vote when it is durable."""
        assert self.leading is not None
        assert record.slot == self.log.last + 1
        self.last_timestamp = record.timestamp
        self.last_proposed_at = self.env.now
        self.log.accept(self.leading, record.slot, (record,))
        self.remember_in_flight(record)
        for member in self.others():
            self.send_accept(member, record.slot, (record,))
        self.vote_for_own(self.leading)

    def remember_in_flight(self, record: LogRecord) -> None:
        """Conditions and retries see the slots in flight (the reply waits until they are chosen)."""
        if isinstance(record, Write | Outcome):
            self.in_flight_requests[record.request] = record.slot
        if isinstance(record, Write):
            for mutation in record.mutations:
                self.overlay[mutation.key] = (record.slot, mutation.new)

    def current(self, key: bytes) -> StoredItem | None:
        """What a condition reads: the newest slot in flight, else the applied state."""
        found = self.overlay.get(key)
        return found[1] if found is not None else self.state.items.get(key)

    def applied_own(self, record: LogRecord, answer: Answer | None) -> None:
        """A slot of the own ballot, and all below it, is chosen and applied: answer who waits (rule 7)."""
        for flight in self.flights.pop(record.slot, ()):
            assert answer is not None, "a flight waits for a request's record"
            self.answer(flight, answer)
        if isinstance(record, Write | Outcome):
            self.in_flight_requests.pop(record.request, None)
        if isinstance(record, Write):
            for mutation in record.mutations:
                if self.overlay.get(mutation.key, (0, None))[0] == record.slot:
                    del self.overlay[mutation.key]
        if record.slot == self.tail_end:
            self.serving = True
        if isinstance(record, ConfigChange):
            self.config_chosen(record)

    # --- What other roles do ---

    def answer(self, flight: Flight, answer: Answer) -> None:
        """Answer a client (`serving.py`)."""
        raise NotImplementedError

    # --- Membership ---

    def on_vacant(self, sender: NodeId, m: Vacant) -> None:
        """A node that hosts a voter has lost it: replace it by a new incarnation (rules 9 and 14)."""
        if self.leading is None:
            if self.leader is not None and self.leader != self.member and sender == m.node:
                self.env.send(self.leader.node, m)
            return
        if not self.serving or self.config_in_flight:
            return
        for voter in self.config.voters:
            same = (voter.node.zone, voter.node.name) == (m.node.zone, m.node.name)
            if not same or voter == self.member or m.node.incarnation < voter.node.incarnation:
                continue
            if voter.node == m.node and voter.incarnation > m.retired:
                self.env.send(sender, CreateReplica(voter, self.config, self.state.config_slot))
            elif self.log.commit == self.log.last and self.clock_trusted():
                new = Member(m.node, self.config.next_incarnation)
                config = self.config.replacing(voter, new)
                slot = self.log.last + 1
                self.config_in_flight = slot
                self.propose(
                    ConfigChange(slot, self.leading, self.config.epoch, self.next_timestamp(), config)
                )

    def config_chosen(self, record: ConfigChange) -> None:
        """From here on the new config governs: votes, leases and proposals."""
        if record.slot == self.config_in_flight:
            self.config_in_flight = 0
        self.progress = {v: self.progress.get(v) or Progress() for v in record.config.voters}
        self.lease_start = self.lease_from()
        if self.member not in self.progress:
            self.step_down()
            return
        for voter in record.config.voters:
            if voter != self.member:
                self.env.send(voter.node, CreateReplica(voter, record.config, record.slot))

    # --- Planned handover ---

    def on_handover(self, sender: NodeId, m: Handover) -> None:
        """An operator asks for it."""
        if self.leading is not None and self.serving:
            self.hand_over()

    def hand_over(self) -> None:
        """Stop serving for good, then release the lease, so that the successor need not wait for its end."""
        assert self.leading is not None
        behind = sorted((-self.progress[m].through, m) for m in self.others() if m in self.progress)
        ballot = self.leading
        self.step_down()
        if not behind:
            return
        successor = behind[0][1]
        for member in self.config.voters:
            self.tell(member, Release(self.member, member.incarnation, ballot, successor))

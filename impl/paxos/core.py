"""What the roles of a replica share: its durable log, its applied state, its clocks, and how it speaks.

The roles are classes over `Core`, one file each, in layers that call downwards only: learner, catch-up,
copying, sender, leader, candidate, acceptor; `replica.Replica` joins them. A handler is one atomic action.
"""

from __future__ import annotations

from typing import Generic

from dynaproof.impl.node import Env, Microseconds
from dynaproof.impl.paxos.checkpoint import Checkpoint, Copy
from dynaproof.impl.paxos.early import EarlyAccepts
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member
from dynaproof.impl.paxos.leadership import Campaign, Grant, Inquiry, Leadership
from dynaproof.impl.paxos.log import ReplicationLog
from dynaproof.impl.paxos.messages.election import ElectionTimer
from dynaproof.impl.paxos.messages.leadership import Adopt, Behind, Heartbeat
from dynaproof.impl.paxos.messages.peer import Peer
from dynaproof.impl.paxos.notes import Reached
from dynaproof.impl.paxos.records import Config, Record
from dynaproof.impl.paxos.service import Service, Soft
from dynaproof.impl.paxos.settings import GroupSettings
from dynaproof.impl.paxos.state_machine import State
from dynaproof.impl.paxos.upkeep import GroupEnd, Upkeep
from dynaproof.impl.paxos.views import Views


class Core(Generic[State]):
    """State of one incarnation of a replica. Durable: `log`. All else is volatile and rebuilt by
    `recover` and `start`.
    """

    def __init__(self, env: Env, settings: GroupSettings, log: ReplicationLog, state: State) -> None:
        self.env = env
        self.settings = settings
        self.log = log
        self.state = state
        self.services: tuple[Service, ...] = ()
        """In the order in which they are called; see `Replica.serve`."""
        self.soft: Soft | None = None
        """What heartbeats carry besides consensus, if anything."""
        self.group = env.lane
        """The group: everything that the replica does is in its lane, and its files are named after it."""
        self.member: Member = log.head.member
        # Acceptor.
        self.lease_granted_until: Microseconds = 0
        self.grant = Grant()
        self.leader: Member | None = None
        self.leader_ballot = NO_BALLOT
        self.heard_alive_at: Microseconds = -1
        """When it last heard that a quorum stands behind the leader: a renewed lease, or a new ballot's
        promises.
        """
        self.contact_at: Microseconds = -1
        """When it last knew to be chosen all that a leader knew to be."""
        self.early = EarlyAccepts(NO_BALLOT)
        self.end = GroupEnd()
        # Candidate.
        self.inquiry: Inquiry | None = None
        self.campaign: Campaign | None = None
        self.highest_round = log.promised.round
        # Leader.
        self.leadership: Leadership | None = None
        self.usable_lease_us = settings.usable_lease_us()
        # Learner.
        self.fetching_until: Microseconds = 0
        """Until when it waits for the answer to a fetch,"""
        self.fetching_from = 0
        """which begins with this slot;"""
        self.fetching_for: Adopt | Behind | Heartbeat | None = None
        """the leader's message that it answers when that has come."""
        self.copy: Copy | None = None
        self.checkpoint: Checkpoint | None = None
        self.views = Views(settings, env.boot)
        self.upkeep = Upkeep(env.boot)

    # --- Who is who ---

    @property
    def incarnation(self) -> int:
        """Its own incarnation."""
        return self.member.incarnation

    @property
    def config(self) -> Config:
        """The governing config: the last one known to be chosen."""
        return self.state.config

    @property
    def admitted(self) -> bool:
        """Whether this incarnation may vote, grant and campaign: it knows the log through its own `Config`
        (rule 14).
        """
        return self.log.commit >= self.log.head.config_slot and self.member in self.config.voters

    @property
    def full(self) -> bool:
        """Whether it has a tree: a replica without one votes, but neither campaigns nor serves (rule M5)."""
        return self.state.full

    def others(self) -> list[Member]:
        """The other voters of the governing config, in its order."""
        return [voter for voter in self.config.voters if voter != self.member]

    def config_for(self, slot: int) -> Config:
        """The config under which a slot above the commit index is counted: the last one below it in
        the log (rule 11).
        """
        config = self.state.config
        for record in self.log.between(self.state.applied + 1, slot - 1):
            if record.config is not None:
                config = record.config
        return config

    @property
    def leading(self) -> Ballot | None:
        """The ballot that it leads, if it leads one."""
        return None if self.leadership is None else self.leadership.ballot

    @property
    def serving(self) -> bool:
        """Whether it leads, and its own `NoOp` is chosen and applied (rule 7)."""
        return self.leadership is not None and self.leadership.serving

    def lease_left(self) -> Microseconds:
        """What is left of this leader's lease by its own clock; the lease may be used while this is above 0
        (strictly, rule 15).
        """
        start = -1 if self.leadership is None else self.leadership.lease_start
        return -1 if start < 0 else start + self.usable_lease_us - self.env.now

    def may_serve(self) -> bool:
        """Whether a strong read may be answered now."""
        return self.serving and self.lease_left() > 0

    @property
    def copying(self) -> bool:
        """Whether a copy is under way whose source answers."""
        return self.copy is not None and self.env.now < self.copy.until

    @property
    def installing(self) -> bool:
        """Whether a copy is whole, but not yet named durably."""
        return self.checkpoint is not None and self.checkpoint.copied is not None

    def queues(self) -> tuple[tuple[str, int, int], ...]:
        """Every queue that grows with what others send: its name, length and bound."""
        early = ("accepts kept behind a gap", self.early.slots, self.settings.ahead_slots)
        copiers = ("copiers of a source", len(self.views.copiers), self.settings.copiers)
        cache = self.state.pages.cache
        clean = ("clean bytes of the page cache", cache.clean_bytes, max(0, cache.bound - cache.dirty_bytes))
        found = [early, copiers, clean]
        if self.leadership is not None:
            next_batch = len(self.leadership.next_batch)
            found.append(("slots of the next batch", next_batch, self.settings.in_flight_slots))
        for service in self.services:
            found += service.queues()
        return tuple(found)

    # --- Sending ---

    def in_message(
        self, first: int, last: int, each: int = 0
    ) -> tuple[tuple[Record, ...], tuple[Ballot, ...]]:
        """The retained records from slot `first` to `last` that go into one message (rule W6), with `each`
        bytes more for every record; and the ballots at which they are held.
        """
        settings = self.settings
        last = min(last, first + settings.chunk_slots - 1)
        return self.log.message(first, last, settings.records_bytes, each)

    def send(self, member: Member, message: Peer) -> None:
        """Send a message that already names its receiver's incarnation in `to`."""
        self.env.send(member.node, message)

    def reached(self, what: str) -> None:
        """Note that a situation was reached that a campaign should reach."""
        self.env.note(Reached(what))

    @property
    def grants_none(self) -> bool:
        """Whether it may no longer grant a lease: the group's keys belong to its children (H7)."""
        return self.end.marked or self.state.barrier > 0

    def bound_until(self) -> Microseconds:
        """Until when a lease that counts on this replica may run. A leader's own votes bind it too (H8)."""
        leadership = self.leadership
        if leadership is None or self.member not in leadership.progress:
            return self.lease_granted_until
        own = leadership.progress[self.member].asked_at
        return max(self.lease_granted_until, own + self.settings.lease_us)

    def came_to_barrier(self) -> None:
        """Nothing is left to lead (H6)."""
        self.inquiry = self.campaign = None
        self.env.cancel_timer(ElectionTimer())

    def arm_election(self) -> None:
        """Wait for a leader: longer than its lease, plus a random part so that votes are not split. Behind a
        barrier there is no leader (H6).
        """
        if self.state.barrier:
            return
        jitter = self.env.random("election", self.settings.election_us)
        self.env.set_timer(self.settings.lease_us + jitter, ElectionTimer())

    def see_round(self, ballot: Ballot) -> None:
        """Remember the highest round ever heard of, so that a campaign goes above it."""
        self.highest_round = max(self.highest_round, ballot.round)

    def hears_leader(self) -> bool:
        """Whether it counts the leader as alive: it heard less than L ago that a quorum stands behind it."""
        return self.heard_alive_at >= 0 and self.env.now - self.heard_alive_at < self.settings.lease_us

    def is_led(self) -> bool:
        """Whether a quorum stands behind a leader, as far as it knows: behind another, or itself."""
        return self.hears_leader() or (self.leading is not None and self.lease_left() > 0)

    def follow(self, source: Member, ballot: Ballot) -> None:
        """Take `source` for the leader. Its first message shows that a quorum has just promised its ballot,
        so it counts as alive like a leader whose lease was renewed.
        """
        if ballot > self.leader_ballot:
            self.heard_alive_at = self.env.now
        if ballot >= self.leader_ballot:
            self.leader, self.leader_ballot = source, ballot

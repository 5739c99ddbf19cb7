"""What the roles of a replica share: its durable log, its applied state, its clocks, and how it speaks.

The roles are classes over `Core`, one file each; `replica.Replica` joins them. A handler is one atomic
action.
"""

from __future__ import annotations

from dynaproof.impl.node import Env, Microseconds, NodeId
from dynaproof.impl.storage.ids import NO_BALLOT, Ballot, Member, RequestId, Settings
from dynaproof.impl.storage.log import ReplicationLog
from dynaproof.impl.storage.messages import ElectionTimer, Peer, Promise, Snapshot
from dynaproof.impl.storage.notes import Reached
from dynaproof.impl.storage.pages import PageCopy
from dynaproof.impl.storage.records import Config, ConfigChange, LogRecord, StoredItem
from dynaproof.impl.storage.state import PartitionState


class Progress:
    """What a leader knows of one voter: how far it follows, and when the question was sent that it last
    answered.
    """

    __slots__ = ("adopted", "asked_at", "commit", "through", "wall_apart")

    def __init__(self) -> None:
        self.through = 0
        self.adopted = False
        self.commit = 0
        self.asked_at: Microseconds = -1
        self.wall_apart: Microseconds = 0


class Checkpoint:
    """A checkpoint whose pages are written and that the log does not name durably yet; `copied` if a peer
    sent it, with the part of its log that readers hold.
    """

    __slots__ = ("copied", "mark", "named", "pages", "snapshot")

    def __init__(self, snapshot: Snapshot, pages: str, copied: HeldLog | None, mark: int) -> None:
        self.snapshot = snapshot
        self.pages = pages
        self.copied = copied
        self.mark = mark
        """The journal's end when the message to itself was sent: below it all is durable when that comes."""
        self.named = False
        """Whether the log names it already, durably or not."""


class HeldLog:
    """What readers hold of a peer's log below its checkpoint: records from `first` on, with their ballots."""

    __slots__ = ("ballots", "first", "records")

    def __init__(self, first: int) -> None:
        self.first = first
        self.records: list[LogRecord] = []
        self.ballots: list[Ballot] = []

    @property
    def next(self) -> int:
        """The slot of the next record."""
        return self.first + len(self.records)


class Copying:
    """A copy under way: from whom, of which checkpoint, and the pages and the held log so far."""

    __slots__ = ("log", "pages", "snapshot", "source", "until")

    def __init__(self, source: Member, snapshot: Snapshot, pages: PageCopy) -> None:
        self.source = source
        self.snapshot = snapshot
        self.pages = pages
        self.log = HeldLog(snapshot.first_held())
        self.until: Microseconds = 0
        """When another peer's copy may take its place."""


class Flight:
    """One slot in flight, or a request that waits for one: whom to answer once it is chosen."""

    __slots__ = ("attempt", "client", "request")

    def __init__(self, client: NodeId, request: RequestId, attempt: int) -> None:
        self.client = client
        self.request = request
        self.attempt = attempt


class Core:
    """State of one incarnation of a replica. Durable: `log`. All else is volatile and rebuilt by
    `on_start`.
    """

    def __init__(self, env: Env, settings: Settings, log: ReplicationLog, state: PartitionState) -> None:
        self.env = env
        self.settings = settings
        self.log = log
        self.state = state
        self.member: Member = log.head.member
        self.incarnation = self.member.incarnation
        self.name = self.member.node.name
        # Acceptor.
        self.lease_granted_until: Microseconds = 0
        self.lease_granted_to: Ballot = NO_BALLOT
        self.leader: Member | None = None
        self.leader_ballot = NO_BALLOT
        self.heard_alive_at: Microseconds = -1
        """When a quorum's word for the leader was heard last: a renewed lease, or a new ballot's promises."""
        self.contact_at: Microseconds = -1
        # Candidate.
        self.asking_since: Microseconds | None = None
        self.dead_votes: set[Member] = set()
        self.campaign: Ballot | None = None
        self.promises: dict[Member, Promise] = {}
        self.highest_round = log.promised.round
        # Leader.
        self.leading: Ballot | None = None
        self.serving = False
        self.lease_start: Microseconds = -1
        """What `lease_from` gives: kept, for the lease is looked at far more often than renewed."""
        self.usable_lease_us = settings.usable_lease_us()
        self.tail_start = 0
        self.tail_end = 0
        self.progress: dict[Member, Progress] = {}
        self.flights: dict[int, list[Flight]] = {}
        self.in_flight_requests: dict[RequestId, int] = {}
        self.overlay: dict[bytes, tuple[int, StoredItem | None]] = {}
        self.refused: dict[RequestId, tuple[int, Microseconds]] = {}
        self.last_proposed_at: Microseconds = 0
        self.last_timestamp: Microseconds = 0
        self.config_in_flight = 0
        self.movers: dict[int, NodeId] = {}
        # Learner.
        self.fetching_until: Microseconds = 0
        self.copying: Copying | None = None
        self.checkpoint: Checkpoint | None = None

    # --- Who is who ---

    @property
    def config(self) -> Config:
        """The governing config: the last one known to be chosen."""
        return self.state.config

    @property
    def admitted(self) -> bool:
        """Whether this incarnation may promise, vote and grant: it knows the log through its own `Config`
        (rule 14).
        """
        return self.log.commit >= self.log.head.config_slot and self.member in self.config.voters

    def others(self) -> list[Member]:
        """The other voters of the governing config, in its order."""
        return [voter for voter in self.config.voters if voter != self.member]

    def config_for(self, slot: int) -> Config:
        """The config under which a slot above the commit index is counted: the last one below it in
        the log (rule 11).
        """
        config = self.state.config
        for record in self.log.records[self.state.applied + 1 - self.log.first : slot - self.log.first]:
            found = config_of(record)
            if found is not None:
                config = found
        return config

    def queues(self) -> tuple[tuple[str, int, int], ...]:
        """Every queue that grows with what others send: its name, length and bound."""
        settings = self.settings
        return (
            (
                "slots in flight",
                len(self.in_flight_requests),
                settings.in_flight_slots + self.tail_end - self.tail_start + 1,
            ),
            (
                "attempts that wait for a slot",
                max(map(len, self.flights.values()), default=0),
                settings.waiting_attempts,
            ),
            ("moves of holds in flight", len(self.movers), settings.in_flight_slots),
            ("remembered requests", len(self.state.remembered), settings.remembered_requests),
            ("holds of readers", len(self.state.holds), settings.holds),
            ("refused attempts", len(self.refused), settings.remembered_requests),
        )

    # --- Speaking ---

    def tell(self, member: Member, message: Peer) -> None:
        """Send a message that names its receiver's incarnation in `to` already."""
        self.env.send(member.node, message)

    def reached(self, what: str) -> None:
        """Tell a campaign that it reached a situation worth reaching."""
        self.env.note(Reached(what))

    def arm_election(self) -> None:
        """Wait for a leader: longer than a lease of it, and a random part more, to split no votes."""
        jitter = self.env.random("election", self.settings.election_us)
        self.env.set_timer(self.settings.lease_us + jitter, ElectionTimer())

    def see_round(self, ballot: Ballot) -> None:
        """Remember the highest round ever heard of, so that a campaign goes above it."""
        self.highest_round = max(self.highest_round, ballot.round)

    def follow(self, source: Member, ballot: Ballot) -> None:
        """Take `source` for the leader. Its first word tells that a quorum has just promised it, so it
        counts as alive like one whose lease was renewed.
        """
        if ballot > self.leader_ballot:
            self.heard_alive_at = self.env.now
        if ballot >= self.leader_ballot:
            self.leader, self.leader_ballot = source, ballot
        self.contact_at = self.env.now


def config_of(record: LogRecord) -> Config | None:
    """The config that a record installs, if it is a `ConfigChange`."""
    return record.config if isinstance(record, ConfigChange) else None


def pages_file(incarnation: int, slot: int) -> str:
    """The page file of the items that an incarnation began with at a slot: empty, or copied."""
    return f"items/{incarnation:06d}/{slot:012d}"

"""The names that the replication protocol uses: ballots, members, configs, request ids; and its time
constants.

Sources: Lamport, *Paxos Made Simple* (ballots); van Renesse and Altinbuken, *Paxos Made Moderately Complex*.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from dynaproof.impl.node import Microseconds, NodeId


class Ballot(NamedTuple):
    """A ballot number, totally ordered. Only `node`'s replica of this `incarnation` may lead it, and once."""

    round: int
    node: str
    incarnation: int

    def __str__(self) -> str:
        return f"{self.round}.{self.node}.{self.incarnation}" if self.round else "0"


NO_BALLOT = Ballot(0, "", 0)
"""Below every ballot that is ever used."""


class Member(Struct, frozen=True, order=True, cache_hash=True, gc=False, array_like=True):
    """One incarnation of a replica: votes name it. Incarnations are given by a `Config` and never
    used twice.
    """

    node: NodeId
    incarnation: int

    def __str__(self) -> str:
        return f"{self.node}/{self.incarnation}"


class RequestId(Struct, frozen=True, order=True, cache_hash=True, gc=False, array_like=True):
    """One request of one client, over all its retries."""

    client: str
    number: int

    def __str__(self) -> str:
        return f"{self.client}:{self.number}"


class Settings(Struct, frozen=True):
    """Time constants and bounds of a partition; the same on all its replicas. Durations are of a node's own
    clock.
    """

    heartbeat_us: Microseconds = 1_500_000
    """Interval of heartbeats (DynamoDB: 1.5 s)."""
    lease_us: Microseconds = 6_000_000
    """L: how long a grantor refuses other prepares."""
    drift_ppm: int = 200
    """rho, the bound on every clock's rate error, in parts per million."""
    epsilon_us: Microseconds = 1_000_000
    """How far a leader's wall clock may be from those of a quorum before it assigns no timestamps."""
    election_us: Microseconds = 3_000_000
    """Upper bound of the random part of an election timeout."""
    retry_us: Microseconds = 400_000
    """How long a replica waits for an answer to a fetch before it asks another peer."""
    closed_us: Microseconds = 5_000_000
    """How long a leader is idle before it commits a `ClosedTimestamp`."""
    contact_us: Microseconds = 20_000_000
    """How long a follower out of a leader's contact goes on to serve eventual reads."""
    checkpoint_slots: int = 64
    """Applied slots between checkpoints."""
    retained_slots: int = 64
    """Slots below the checkpoint that the log keeps for laggards."""
    held_slots: int = 4096
    """Slots after which a reader's hold lapses that was not moved."""
    holds: int = 16
    """Readers that may hold the log at the same time; more are refused."""
    in_flight_slots: int = 32
    """Slots proposed and not yet chosen, at the most; a leader throttles beyond."""
    waiting_attempts: int = 16
    """Attempts at one write that wait for its slot to be chosen, at the most; a further one stays unanswered,
    and its client tries again.
    """
    remembered_requests: int = 4096
    """Request ids remembered at the most; a leader throttles beyond, and never evicts."""
    chunk_slots: int = 64
    """Records in one message of a fetch or a retransmission, at the most."""
    page_bytes: int = 8_192
    """Size at which a page of the B-tree is split."""
    chunk_pages: int = 8
    """Pages in one message of a copy, at the most."""

    def usable_lease_us(self) -> Microseconds:
        """How long after sending the question a leader may use the lease (strictly less): (L - 1) (1 - rho) /
        (1 + rho), rounded down.

        Rule 15 of the replication rules, whose factor is tight. Clocks are read in whole microseconds,
        rounded down: a grantor that waits for L by its readings may have waited for little more than L - 1.
        """
        million = 1_000_000
        return (self.lease_us - 1) * (million - self.drift_ppm) // (million + self.drift_ppm)

"""Time constants and bounds of a replica group."""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.entries import CACHE_BYTES
from dynaproof.impl.paxos.sizes import HEADER_BYTES


class GroupSettings(Struct, frozen=True):
    """The same on all replicas of a group. Durations are by a node's own clock."""

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
    checkpoint_bytes: int = 1 << 22
    """Bytes of records that are applied between checkpoints,"""
    checkpoint_slots: int = 65_536
    """or slots, whichever is reached first."""
    retained_bytes: int = 1 << 26
    """The most bytes of records below the checkpoint that the log keeps for laggards,"""
    retained_slots: int = 500_000
    """and the most slots."""
    log_cache_bytes: int = CACHE_BYTES
    """About what chosen entries of the log take in memory; older ones are read back from the disk."""
    chunk_slots: int = 64
    """The most records in one message of a fetch or a retransmission."""
    message_bytes: int = 1_048_576
    """The most bytes of a message between replicas, unless one record, or one and a no-op, takes more. A
    window and a no-op fit in it.
    """
    in_flight_slots: int = 1_024
    """A leader's window: the most slots above its commit index,"""
    window_bytes: int = 524_288
    """and the most bytes of their encoded records, unless one record takes more."""
    page_bytes: int = 8_192
    """Size of a page on the disk; a value that takes more than half of one lies in pages of its own."""
    cache_bytes: int = 67_108_864
    """About the most that all trees of a node take in memory."""
    replicas_per_node: int = 1_000
    """The most replicas on one node; a command to make a further one is refused."""
    node_frames: int = 64
    """The most frames of a node's journal behind its head, besides one for each group: with more it begins
    anew, and forgets what no command can bring back.
    """
    scrub_us: Microseconds = 3_600_000_000
    """The time in which all pages are read and verified once."""
    scrub_step_us: Microseconds = 1_000_000
    """The shortest interval between the pieces of a scrub, and the one in the first scrub after a start."""
    scrub_pages: int = 64
    """About how many pages one piece of a scrub reads."""
    files_per_head: int = 4
    """The most files in which the pages of one replica lie: with so many its partition is not split."""
    home_us: Microseconds = 1_000_000
    """How often an idle replica that a split has made writes a checkpoint to bring pages home (P5),"""
    home_pages: int = 64
    """and how many pages come home with one checkpoint, the last large value whole."""
    chunk_pages: int = 64
    """The most pages in one message of a copy."""
    copy_messages: int = 4
    """How many such messages a copier asks for at the same time."""
    views: int = 2
    """The most checkpoints that a source holds for those that copy them."""
    view_us: Microseconds = 2_000_000
    """How long it holds one for a copier from which it hears nothing."""
    view_bytes: int = 1 << 29
    """The most that is held for a copier, in bytes of pages that nothing else needs."""
    copiers: int = 8
    """The most replicas that copy from one source at the same time, or go on by log behind their copies; a
    further one is told when to come back.
    """
    repairs_itself: bool = True
    """Whether a leader replaces a voter that has forgotten without an operator's command."""
    learners: int = 2
    """The most replicas without a vote that a leader keeps track of."""
    lag_slots: int = 64
    """The most slots that a learner may be behind when it becomes a voter;"""
    catch_up_us: Microseconds = 3_000_000
    """or else the time within which it must last have caught up with what had been chosen."""
    tree_wait_us: Microseconds = 400_000
    """How long a new log replica waits before it asks for a tree: many are made at once after the loss of a
    node.
    """
    digests_kept: int = 65_536
    """How many pages of a copy under way have their digests kept: these are not fetched again when the source
    or its checkpoint changes. Where a view is held for less time than a whole copy takes, the copy ends only
    if these are more than the pages of its trees.
    """

    @property
    def ahead_slots(self) -> int:
        """The most slots that a leader sends a voter beyond what it has answered for, and that the voter
        keeps behind a gap: two windows, so that a laggard gains on any load that the leader can serve.
        """
        return 2 * self.in_flight_slots

    @property
    def ahead_bytes(self) -> int:
        """The same in bytes of their records."""
        return 2 * self.window_bytes

    @property
    def records_bytes(self) -> int:
        """The most that the records of one message take."""
        return self.message_bytes - HEADER_BYTES

    def usable_lease_us(self) -> Microseconds:
        """How long after sending the question a leader may use the lease (strictly less): (L - 1) (1 - rho) /
        (1 + rho), rounded down.

        Rule 15 of `docs/replication.md`, whose factor is tight. Clocks are read in whole microseconds,
        rounded down: a grantor that waits for L by its readings may have waited for little more than L - 1.
        """
        million = 1_000_000
        return (self.lease_us - 1) * (million - self.drift_ppm) // (million + self.drift_ppm)

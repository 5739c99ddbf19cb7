"""Time constants and bounds of a partition."""

from __future__ import annotations

from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.settings import GroupSettings


class Settings(GroupSettings, frozen=True):
    """The same on all replicas of a partition: its group's, and those of clients and readers."""

    contact_us: Microseconds = 20_000_000
    """How long a follower out of a leader's contact goes on to serve eventual reads."""
    hold_lag_slots: int = 500_000
    """How many slots a reader may be behind before its hold lapses,"""
    hold_lag_bytes: int = 1 << 29
    """and how many bytes of records."""
    held_slots: int = 1_000_000
    """What the log holds for readers, at the most, in slots"""
    held_bytes: int = 1 << 30
    """and in bytes of records: twice what one reader may be behind."""
    read_slots: int = 1024
    """Records in one answer to a reader, at the most,"""
    read_bytes: int = 1 << 20
    """and their bytes, unless there is only one."""
    scan_items: int = 1_000
    """Items in one answer to a scan, at the most,"""
    scan_bytes: int = 1 << 20
    """and the bytes of their keys and values, unless there is only one."""
    holds: int = 16
    """Readers that may hold the log at the same time; more are refused."""
    waiting_requests: int = 1_024
    """Requests that wait at a leader for room in its window, at the most,"""
    waiting_bytes: int = 8_388_608
    """and what they ask for takes; a leader throttles beyond."""
    waiting_attempts: int = 16
    """Attempts at one write that wait for its slot, or for its answer, at the most; a further one stays
    unanswered, and its client tries again.
    """
    admitted_writes_per_s: int = 20_000
    """The partition's rate: whatever a bound of what it remembers is, load below it is not refused for that.
    """
    admitted_bytes_per_s: int = 20_971_520
    """The same in bytes of what it remembers of its writes: ids, and the images that failed conditions show.
    """
    deadline_span_us: Microseconds = 60_000_000
    """How far ahead of the leader's clock a request's deadline may lie; a request with one further ahead is
    refused for good.
    """
    refused_attempts: int = 4096
    """Attempts that a leader refuses for good, and knows so that it refuses late copies too, at the most;
    beyond, a refusal is not final.
    """

    node_reads: int = 1_000_000 * MICRO
    """Micro-units a second that one storage node serves of all its partitions with rates, of reads,"""
    node_writes: int = 1_000_000 * MICRO
    """and of writes."""

    @property
    def remembered_us(self) -> Microseconds:
        """How long ids may pile up at the partition's rate: until the furthest deadline, while commit
        timestamps stand still since a new leader's clock is behind its predecessor's, and the second by which
        the rate is counted.
        """
        return self.deadline_span_us + 2 * self.epsilon_us + 1_000_000

    @property
    def remembered_requests(self) -> int:
        """Request ids remembered and in flight at the most; a leader throttles beyond, and never evicts."""
        return self.admitted_writes_per_s * self.remembered_us // 1_000_000 + self.in_flight_slots + 1

    @property
    def remembered_bytes(self) -> int:
        """What they may take, with the images in their answers; a single one may take more."""
        return self.admitted_bytes_per_s * self.remembered_us // 1_000_000 + self.window_bytes

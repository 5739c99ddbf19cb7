"""Time constants and bounds of a partition."""

from __future__ import annotations

from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.settings import GroupSettings


class Settings(GroupSettings, frozen=True):
    """The same on all replicas of a partition: its group's settings, and those for clients and readers."""

    contact_us: Microseconds = 20_000_000
    """How long a follower out of contact with a leader goes on serving eventual reads."""
    hold_lag_slots: int = 500_000
    """How many slots a reader may be behind before its hold lapses,"""
    hold_lag_bytes: int = 1 << 29
    """and how many bytes of records."""
    held_slots: int = 1_000_000
    """The most that the log holds for readers, in slots"""
    held_bytes: int = 1 << 30
    """and in bytes of records: twice what one reader may be behind."""
    read_slots: int = 1024
    """The most records in one answer to a reader,"""
    read_bytes: int = 1 << 20
    """and their bytes, unless there is only one."""
    scan_items: int = 1_000
    """The most items in one answer to a scan,"""
    scan_bytes: int = 1 << 20
    """and the bytes of their keys and values, unless there is only one."""
    holds: int = 16
    """Readers that may hold the log at the same time; more are refused."""
    waiting_requests: int = 1_024
    """The most requests that wait at a leader for room in its window,"""
    waiting_bytes: int = 8_388_608
    """and the bytes that they take; beyond that a leader throttles."""
    waiting_attempts: int = 16
    """The most attempts at one write that wait for its slot, or for its answer; a further one stays
    unanswered, and its client tries again.
    """
    admitted_writes_per_s: int = 20_000
    """The partition's rate: load below it is never refused because of a bound on what is remembered."""
    admitted_bytes_per_s: int = 20_971_520
    """The same in bytes of what it remembers of its writes: ids, and the images that failed conditions show.
    """
    deadline_span_us: Microseconds = 60_000_000
    """How far ahead of the leader's clock a request's deadline may lie; a request with one further ahead is
    refused for good.
    """
    refused_attempts: int = 4096
    """The most attempts that a leader refuses for good, and remembers so that it refuses late copies too;
    beyond that, a refusal is not final.
    """

    node_reads: int = 1_000_000 * MICRO
    """Micro-units a second that one storage node serves for all its partitions with rates: of reads,"""
    node_writes: int = 1_000_000 * MICRO
    """and of writes."""

    @property
    def remembered_us(self) -> Microseconds:
        """How long ids may pile up at the partition's rate: until the furthest deadline, plus the time that
        commit timestamps stand still because a new leader's clock is behind its predecessor's, plus the
        second by which the rate is counted.
        """
        return self.deadline_span_us + 2 * self.epsilon_us + 1_000_000

    @property
    def remembered_requests(self) -> int:
        """The most request ids remembered and in flight; beyond that a leader throttles, and never evicts."""
        return self.admitted_writes_per_s * self.remembered_us // 1_000_000 + self.in_flight_slots + 1

    @property
    def remembered_bytes(self) -> int:
        """What they may take, images in their answers included; a single one may take more."""
        return self.admitted_bytes_per_s * self.remembered_us // 1_000_000 + self.window_bytes

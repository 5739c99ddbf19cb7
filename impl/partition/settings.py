"""Time constants and bounds of a partition."""

from __future__ import annotations

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
    remembered_requests: int = 4096
    """Request ids remembered at the most; a leader throttles beyond, and never evicts."""

"""Time constants and bounds of a partition."""

from __future__ import annotations

from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.settings import GroupSettings


class Settings(GroupSettings, frozen=True):
    """The same on all replicas of a partition: its group's, and those of clients and readers."""

    contact_us: Microseconds = 20_000_000
    """How long a follower out of a leader's contact goes on to serve eventual reads."""
    held_slots: int = 4096
    """Slots after which a reader's hold lapses that was not moved."""
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

"""How an admin paces itself, and its bounds."""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.node import Microseconds
from dynaproof.impl.router.caller import CallerSettings


class AdminSettings(Struct, frozen=True):
    """Durations are of the admin's own clock."""

    takeover_us: Microseconds = 10_000_000
    """After which an admin that does not touch its record is taken for dead."""
    touch_us: Microseconds = 2_000_000
    """How often the active admin touches its record, and the others look at it."""
    command_retry_us: Microseconds = 500_000
    """After which a command is sent again; it doubles,"""
    most_retry_us: Microseconds = 8_000_000
    """up to this."""
    call_us: Microseconds = 10_000_000
    """How long a read or a change of the metadata is tried."""
    heard_us: Microseconds = 20_000_000
    """For how long a storage node that has reported gets new replicas."""
    sessions: int = 1_024
    """Sessions of routers, at the most; beyond, the one that was used least lately is closed."""
    workflows: int = 64
    """Workflows under way, at the most; more are refused."""
    replicas_per_node: int = 1_000
    """A storage node that has so many gets no more."""
    orders: int = 64
    """Orders of routers that are looked at at the same time, at the most; more stay unanswered."""
    commands: int = 64
    """Commands that one workflow sends at a time, at the most."""
    partitions_per_write: int = 500
    """Partitions of a table when it is created, at the most."""
    caller: CallerSettings = CallerSettings()

"""Time constants and bounds of a router."""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.capacity.global_admission import HOLD_US
from dynaproof.impl.node import Microseconds
from dynaproof.impl.router.caller import CallerSettings
from dynaproof.impl.tokens.settings import TokenSettings


class RouterSettings(Struct, frozen=True):
    """Durations are of the router's own clock."""

    timeout_us: Microseconds = 10_000_000
    """How long a user's request is tried."""
    refresh_us: Microseconds = 5_000_000
    """After which what is known of a table is refreshed in the background, even if it is right (R1)."""
    refreshes: int = 16
    """Tables that are looked up at a time, at the most."""
    tables: int = 1_024
    """Tables remembered, at the most."""
    sessions: int = 4_096
    """Sessions of users, at the most; beyond that, the least recently used one is closed."""
    requests: int = 1_024
    """Users' requests under way, at the most; further ones are throttled."""
    bytes_at_once: int = 1 << 28
    """What these take, with what was read for them, at the most; beyond that, a user is throttled."""
    batch_bytes: int = 16 << 20
    """What one batch writes, or reads, at the most (API reference, BatchWriteItem and BatchGetItem)."""
    scans_at_once: int = 16
    """Scans and queries among them, at the most."""
    scan_items: int = 1_000
    """Items of one page, at the most."""
    scan_bytes: int = 1 << 20
    """Bytes of one page, at the most."""
    partitions_per_write: int = 500
    """Partitions of a table when it is created, at the most."""
    tokens: TokenSettings = TokenSettings()
    """The same as the token service's."""
    hold_us: Microseconds = HOLD_US
    """After which tokens that were drawn and not used expire."""
    draw_us: Microseconds = 1_000_000
    """How long a request waits for tokens; after that, it is throttled."""
    caller: CallerSettings = CallerSettings()

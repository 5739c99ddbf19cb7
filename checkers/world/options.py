"""What a run's configuration says of its world: the network, the disks and the clocks."""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.outbox import OutboxLimits

RATE_ONE = 1 << 20
"""Clock rates are in parts of this."""


class Options(Struct, frozen=True):
    """Of one run: latencies in microseconds, and probabilities in parts of 65536."""

    latencies: tuple[int, ...] = (300, 500, 800, 1_200)
    sync_us: tuple[int, ...] = (100, 200, 400)
    loss: int = 0
    duplication: int = 0
    capacity: int = 256
    """How many messages may be in flight on a directed link; what is sent beyond that is shed."""
    outbox: OutboxLimits = OutboxLimits()
    """What may wait in a node for its syncs; what is sent to other nodes beyond that is shed."""
    rates: tuple[int, ...] = (RATE_ONE,)
    walls: tuple[int, ...] = (0,)
    late_us: int = 0
    """How late the second copies of messages come: by this, or up to four times as much. 0: by a few times
    their latency.
    """

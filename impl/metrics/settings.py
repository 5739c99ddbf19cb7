"""What a metrics service is configured with: its periods, its bounds, and which tables it scales."""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.capacity.metrics import PERIOD_US
from dynaproof.impl.capacity.scaling import Tracking
from dynaproof.impl.node import Microseconds


class ScalingPolicy(Struct, frozen=True):
    """How a table is scaled."""

    table: str
    reads: Tracking | None
    writes: Tracking | None
    """None: these are left as they are."""


class MetricsSettings(Struct, frozen=True):
    """Durations are of the service's own clock.

    Raises:
        ValueError: two policies are for one table, or one has other periods than the metrics.
    """

    period_us: Microseconds = PERIOD_US
    """How long a period of the metrics is."""
    settle_us: Microseconds = 10_000_000
    """How long after its end the emissions of a period are waited for: they take their time."""
    connect_us: Microseconds = 2_000_000
    """After which a router that opens no session is given up."""
    answer_us: Microseconds = 30_000_000
    """After which a router that does not answer is given up."""
    sources: int = 10_000
    """Storage nodes whose emissions are told from their copies, at the most; further nodes' are not taken."""
    policies: tuple[ScalingPolicy, ...] = ()

    def __post_init__(self) -> None:
        names = [policy.table for policy in self.policies]
        if len(set(names)) < len(names):
            raise ValueError("two policies are for one table")
        followed = [
            one for policy in self.policies for one in (policy.reads, policy.writes) if one is not None
        ]
        if any(one.period_us != self.period_us for one in followed):
            raise ValueError(f"a policy has other periods than the metrics, of {self.period_us} microseconds")

"""Whether a partition's leader takes a request: all buckets that it goes through must admit it.

*Own bucket*: the partition's share of the table, with 300 seconds of burst. *Cap*: what one partition serves
whatever the table has, 3,000 read units and 1,000 write units a second, burst and multiplier included; its
bucket holds one second's fill, and a table may have no cap, for experiments. *Node*: what one storage node
serves for all partitions with rates together, a second defence against neighbours; it holds one second's fill
too.

*Invariant.* A request that is refused by one bucket changes none of the partition's buckets.

Source: developer guide, *Partitions and data distribution* (the caps); API reference, `ThrottlingReason`.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from dynaproof.impl.capacity.arithmetic import MICRO, ceiling, div, maximum, minimum
from dynaproof.impl.capacity.bucket import Bucket, admits, burst, charged, full_bucket, read_at, refilled
from dynaproof.impl.capacity.shares import one_second

Direction = Literal["Read", "Write"]
Limit = Literal["share", "cap", "node"]

CAPS: Final[dict[Direction, int]] = {"Read": 3_000 * MICRO, "Write": 1_000 * MICRO}
"""What one partition serves, in micro-units a second."""

PROVISIONED: Final = "ProvisionedThroughputExceeded"
KEY_RANGE: Final = "KeyRangeThroughputExceeded"

REASONS: Final = tuple(
    f"Table{direction}{limit}" for direction in ("Read", "Write") for limit in (PROVISIONED, KEY_RANGE)
)
"""Why a request is throttled, as the API has it: resource, operation and limit in one word."""


class Throttled(Struct, frozen=True, gc=False):
    """Why a request is refused, and when it may come again."""

    reason: str
    """One of `REASONS`."""
    after_us: int
    """After how long the bucket that refused it would admit it, if it admitted nothing else."""
    level: int
    """Of that bucket, in grains."""
    bucket: Limit
    """Which bucket that is."""


def waits(level: int, cost: int, rate: int, capacity: int) -> int:
    """How long it takes until a bucket that refuses a request would admit it; the rate is above 0."""
    missing = minimum(cost * MICRO, capacity) - level
    return maximum(0, ceiling(missing, rate))


def writes_per_second(rate: int, capacity: int, lifetime_us: int) -> int:
    """How many writes a second a bucket admits, averaged over the lifetime of a request's id, at the most.

    A write costs a unit at least; so a partition that remembers ids at this rate refuses no write for want of
    ids.
    """
    units = ceiling(capacity + rate * lifetime_us, MICRO * MICRO) + 1
    return ceiling(units * MICRO, lifetime_us)


class Admission(Struct):
    """The buckets of a partition for one direction."""

    direction: Direction
    own: Bucket
    cap: Bucket | None
    node: Bucket | None = None
    """The same object for all partitions of a storage node."""

    def admit(self, cost: int, at_us: int, now_us: int) -> Throttled | None:
        """Admit a request and charge it (None), or say why not.

        For a write, `at_us` is the commit timestamp that its record would have, since its buckets are folds
        of the log; for a read it is the node's clock, `now_us`, which the node's bucket always goes by.
        """
        own, cap, node = self.own, self.cap, self.node
        own_us = read_at(own.at_us, at_us)
        own_level = refilled(own.level, own_us - own.at_us, own.rate, own.capacity)
        cap_us = cap_level = 0
        if cap is not None:
            cap_us = read_at(cap.at_us, at_us)
            cap_level = refilled(cap.level, cap_us - cap.at_us, cap.rate, cap.capacity)
            if not admits(cap_level, cost, cap.capacity):
                return self._refused(cap, cap_level, "cap", cost)
        if not admits(own_level, cost, own.capacity):
            return self._refused(own, own_level, "share", cost)
        if node is not None:
            node.refill(now_us)
            if not admits(node.level, cost, node.capacity):
                return self._refused(node, node.level, "node", cost)
            node.level = charged(node.level, cost)
        if cap is not None:
            cap.level, cap.at_us = charged(cap_level, cost), cap_us
        own.level, own.at_us = charged(own_level, cost), own_us
        return None

    def _refused(self, bucket: Bucket, level: int, limit: Limit, cost: int) -> Throttled:
        after_us = waits(level, cost, bucket.rate, bucket.capacity)
        reason = PROVISIONED if limit == "share" else KEY_RANGE
        return Throttled(f"Table{self.direction}{reason}", after_us, level, limit)

    def replay(self, cost: int, timestamp_us: int) -> None:
        """Fold a record that a leader, this one or an earlier one, has admitted."""
        self.own.replay(cost, timestamp_us)
        if self.cap is not None:
            self.cap.replay(cost, timestamp_us)


class NodeBuckets(Struct):
    """What one storage node serves; full when it starts, because what it served before is over."""

    reads: Bucket
    writes: Bucket


def node_buckets(reads: int, writes: int, now_us: int) -> NodeBuckets:
    """The buckets of a node that starts, and serves so many micro-units a second."""
    return NodeBuckets(
        full_bucket(reads, one_second(reads), now_us), full_bucket(writes, one_second(writes), now_us)
    )


def admission(
    direction: Direction, rate: int, node: Bucket, now_us: int, *, capped: bool = True
) -> Admission:
    """The buckets of a new partition with this share, all full."""
    cap = CAPS[direction]
    return Admission(
        direction,
        own=full_bucket(rate, burst(rate), now_us),
        cap=full_bucket(cap, one_second(cap), now_us) if capped else None,
        node=node,
    )


def partitions_for(rate: int, cap: int) -> int:
    """How many partitions a table needs so that no share passes the cap of a partition."""
    return maximum(1, div(rate + cap - 1, cap))

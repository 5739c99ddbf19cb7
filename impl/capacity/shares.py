"""How a table's units are divided among its partitions, and what a bucket becomes when its partition is
divided.

*Shares.* A table's rate is divided evenly, in whole micro-units; if it does not come out even, the first
partitions in the order of their ranges have one micro-unit more. The shares add up to the rate, exactly.

*Split.* The children divide the parent's level: each has its part of it, rounded down, and no more than its
own capacity. Debt is divided in the same way. So nothing is minted, and less than a grain per child is lost
besides what does not fit.

*Change of leader, writes.* A record carries its cost and its commit timestamp, and a change of the rate is a
record; the bucket is the fold of the log (`Bucket.replay`). So a new leader, which has adopted all that may
have been chosen, has the level of the old one; and writes that the old one admitted in vain, because they
were never chosen, are not charged. Timestamps rise strictly along a line of partitions, whatever clocks do.

*Change of leader, reads.* A read leaves no trace. Heartbeats carry the leader's level, and a replica that
hears one goes on filling it by its own clock; a successor begins with that level. It is at least what the old
leader's level would be, less the fill of the time that the heartbeat was on its way: so, apart from that, no
read is refused that would not have been refused anyway. And it is at most what the old leader's level would
be, plus what the old leader admitted after the heartbeat: at most that much is minted, and it is less than
what the heartbeat carried, plus the fill since then, plus one largest request. A successor that has heard
nothing begins with one second's fill: at most that much is minted, and a read that counted on a burst may be
refused.

The proofs are in `checkers/proofs/shares.py`.
"""

from __future__ import annotations

from dynaproof.impl.capacity.arithmetic import MICRO, SECOND_US, div, minimum, select
from dynaproof.impl.capacity.bucket import refilled


def share(rate: int, partitions: int, index: int) -> int:
    """What the partition of this index (from 0, in the order of ranges) has of a table's rate."""
    quotient = div(rate, partitions)
    return quotient + select(index < rate - quotient * partitions, 1, 0)


def boosted(rate: int, multiplier: int) -> int:
    """A share times the table's multiplier (in millionths), rounded down."""
    return div(rate * multiplier, MICRO)


def divided(level: int, part: int, whole: int, capacity: int) -> int:
    """What a child begins with: its part of the parent's level, as far as it fits."""
    return minimum(capacity, div(level * part, whole))


def one_second(rate: int) -> int:
    """One second's fill."""
    return rate * SECOND_US


def succeeded(heard: bool, level: int, since_us: int, rate: int, capacity: int) -> int:
    """The level with which a new leader admits reads.

    `level` is what the last heartbeat carried, `since_us` the time since it was received, by the own clock;
    both count only if one was heard.
    """
    return select(heard, refilled(level, since_us, rate, capacity), minimum(capacity, one_second(rate)))

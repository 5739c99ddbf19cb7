"""What is proved about admission through several buckets, for all rates, times and costs."""

from __future__ import annotations

from typing import Any

from dynaproof.checkers.mutation.seeded import capacity_buckets as bugs
from dynaproof.checkers.proofs.obligation import (
    Count,
    Grains,
    PerSecond,
    Said,
    Time,
    Units,
    implies,
    negation,
    obligation,
)
from dynaproof.impl.capacity.admission import Admission, waits, writes_per_second
from dynaproof.impl.capacity.arithmetic import MICRO, maximum
from dynaproof.impl.capacity.bucket import Bucket, admits, charged, refilled

GUIDE = "developer guide, Burst capacity; Partitions and data distribution"


@obligation(
    about=(Admission.admit,),
    symbols="admit(cost) = None <=> own, cap and node each admit it; levels fall by cost in all or in none",
    source="impl/capacity/admission.py; a throttled request has no effect",
    bugs=(bugs.REFUSED_IS_CHARGED, bugs.CAP_NOT_CHARGED),
)
def request_is_charged_to_all_buckets_or_to_none(
    own: Grains,
    cap: Grains,
    node: Grains,
    own_capacity: Grains,
    cap_capacity: Grains,
    node_capacity: Grains,
    own_rate: PerSecond,
    cap_rate: PerSecond,
    node_rate: PerSecond,
    at_us: Time,
    now_us: Time,
    cost: Units,
) -> Said:
    """A request is admitted if each of its buckets would admit it alone, and then charged to each; else to
    none.
    """
    admission = Admission(
        "Read",
        Bucket(own_rate, own_capacity, own, at_us),
        Bucket(cap_rate, cap_capacity, cap, at_us),
        Bucket(node_rate, node_capacity, node, at_us),
    )
    refused = admission.admit(cost, now_us, now_us)
    passed_us = maximum(0, now_us - at_us)
    levels = (
        refilled(own, passed_us, own_rate, own_capacity),
        refilled(cap, passed_us, cap_rate, cap_capacity),
        refilled(node, passed_us, node_rate, node_capacity),
    )
    each = (
        admits(levels[0], cost, own_capacity)
        & admits(levels[1], cost, cap_capacity)
        & admits(levels[2], cost, node_capacity)
    )
    assert admission.cap is not None
    assert admission.node is not None
    if refused is None:
        gone = (
            (admission.own.level == charged(levels[0], cost))
            & (admission.cap.level == charged(levels[1], cost))
            & (admission.node.level == charged(levels[2], cost))
        )
        then = each & gone
    else:
        left = (
            (admission.own.level == own)
            & (admission.own.at_us == at_us)
            & (admission.cap.level == cap)
            & (admission.cap.at_us == at_us)
            & ((admission.node.level == levels[2]) | (admission.node.level == node))
        )
        then = negation(each) & left
    return Said(
        given={
            "rates are above 0": (own_rate > 0) & (cap_rate > 0) & (node_rate > 0),
            "no level is above its capacity": (own <= own_capacity)
            & (cap <= cap_capacity)
            & (node <= node_capacity),
            "no request costs less than 0": cost >= 0,
        },
        then=then,
    )


@obligation(
    about=(Admission.admit,),
    symbols="the same for own and cap at once, where all that was asked conforms to both",
    source=GUIDE,
    bugs=(bugs.BURST_OF_A_MINUTE_LESS, bugs.CAP_COMPARED_WITH_THE_SHARE),
)
def conforming_demand_passes_admission(
    own: Grains,
    cap: Grains,
    own_capacity: Grains,
    cap_capacity: Grains,
    own_rate: PerSecond,
    cap_rate: PerSecond,
    at_us: Time,
    now_us: Time,
    cost: Units,
    own_full_us: Time,
    cap_full_us: Time,
    own_asked: Units,
    cap_asked: Units,
) -> Said:
    """Demand that in every window is within burst + rate x T, and within cap x (T + 1 s), is never throttled,
    where the node has enough.
    """
    plenty = Bucket(0, cost * MICRO, cost * MICRO, now_us)
    admission = Admission(
        "Write",
        Bucket(own_rate, own_capacity, own, at_us),
        Bucket(cap_rate, cap_capacity, cap, at_us),
        plenty,
    )
    refused = admission.admit(cost, now_us, now_us)
    assert admission.cap is not None
    conforms: Any = True
    holds: Any = True
    for bucket, level, full_us, asked in (
        (admission.own, own, own_full_us, own_asked),
        (admission.cap, cap, cap_full_us, cap_asked),
    ):
        filled = level + bucket.rate * (now_us - at_us) >= bucket.capacity
        since_us, since = (now_us, cost) if filled else (full_us, asked + cost)
        most = bucket.capacity + bucket.rate * (now_us - since_us)
        conforms &= since * MICRO <= most
        holds &= bucket.level == most - since * MICRO
    return Said(
        given={
            "rates and capacities are not negative": (own_rate >= 0)
            & (cap_rate >= 0)
            & (own_capacity >= 0)
            & (cap_capacity >= 0),
            "no request costs less than 0": cost >= 0,
            "time does not go back": (own_full_us <= at_us) & (cap_full_us <= at_us) & (at_us <= now_us),
            "all that was asked since each bucket was last full was admitted": (
                own == own_capacity + own_rate * (at_us - own_full_us) - own_asked * MICRO
            )
            & (cap == cap_capacity + cap_rate * (at_us - cap_full_us) - cap_asked * MICRO),
            "what is asked in the windows since then conforms to both": conforms,
        },
        then=holds & (refused is None),
    )


@obligation(
    about=(waits, admits),
    symbols="w = waits(level, cost): admits(refilled(level, w)); not admits(refilled(level, w - 1)) if w > 0",
    source="a refusal says when to come again",
    bugs=(bugs.COMES_AGAIN_TOO_EARLY, bugs.LARGE_ITEMS_NEVER_FIT),
)
def throttled_request_is_told_when_to_come(
    level: Grains, capacity: Grains, rate: PerSecond, cost: Units
) -> Said:
    """After the time that a refusal names, and not before, the bucket admits it if nothing else came."""
    wait_us = waits(level, cost, rate, capacity)
    before = admits(refilled(level, wait_us - 1, rate, capacity), cost, capacity)
    return Said(
        given={
            "the rate is above 0": rate > 0,
            "the level is at most the capacity": level <= capacity,
            "no request costs less than 0": cost >= 0,
        },
        then=admits(refilled(level, wait_us, rate, capacity), cost, capacity)
        & (wait_us >= 0)
        & implies(wait_us > 0, negation(before)),
    )


@obligation(
    about=(writes_per_second,),
    symbols="n writes of a unit or more in one lifetime  =>  n <= writes_per_second x lifetime",
    source="issue on capacity: a burst is never refused for want of ids",
    bugs=(bugs.IDS_WITHOUT_BURST,),
)
def ids_suffice_for_what_is_admitted(
    capacity: Grains, rate: PerSecond, lifetime_us: Time, writes: Count, last: Units
) -> Said:
    """A partition that remembers ids at this rate has one for each write that its bucket admits."""
    return Said(
        given={
            "rate and capacity are not negative, and an id lives for a time": (rate >= 0)
            & (capacity >= 0)
            & (lifetime_us > 0),
            "each write costs a unit at least, and the last may be in debt": (last >= MICRO)
            & ((writes - 1) * MICRO * MICRO + last * MICRO <= capacity + rate * lifetime_us + last * MICRO),
        },
        then=writes * MICRO <= writes_per_second(rate, capacity, lifetime_us) * lifetime_us,
    )


OBLIGATIONS = (
    request_is_charged_to_all_buckets_or_to_none,
    conforming_demand_passes_admission,
    throttled_request_is_told_when_to_come,
    ids_suffice_for_what_is_admitted,
)

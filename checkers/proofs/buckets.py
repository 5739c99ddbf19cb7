"""What is proved about token buckets, for all rates, times and costs.

Runs are treated by induction: an obligation says that one step, from any state of its invariant, leaves the
invariant true. What an invariant counts over the steps so far (what was admitted, when the bucket was last
full) is an unknown beside the state.
"""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded import capacity_buckets as bugs
from dynaproof.checkers.proofs.obligation import (
    Count,
    Grains,
    PerSecond,
    Said,
    Time,
    Units,
    obligation,
)
from dynaproof.impl.capacity.arithmetic import MICRO, maximum, minimum
from dynaproof.impl.capacity.bucket import (
    BURST_US,
    Bucket,
    admits,
    admitted_at_most,
    admitted_at_once,
    burst,
    charged,
    refilled,
)

GUIDE = "developer guide, Burst capacity"
ISSUE = "impl/capacity/bucket.py, rules 1 to 3"


@obligation(
    about=(Bucket.take,),
    symbols="-largest <= level <= capacity is inductive under take(cost, now), 0 <= cost <= largest",
    source=GUIDE,
    bugs=(bugs.BUCKET_OVERFLOWS, bugs.ADMITTED_IN_DEBT),
)
def bucket_stays_within_its_bounds(
    level: Grains, capacity: Grains, rate: PerSecond, at_us: Time, now_us: Time, cost: Units, largest: Units
) -> Said:
    """A bucket's level is never above its capacity, and its debt never above one largest request."""
    bucket = Bucket(rate, capacity, level, at_us)
    bucket.take(cost, now_us)
    return Said(
        given={
            "rate and capacity are not negative": (rate >= 0) & (capacity >= 0),
            "no request costs less than 0 or more than the largest": (cost >= 0) & (cost <= largest),
            "the level is within its bounds before": (level >= -largest * MICRO) & (level <= capacity),
        },
        then=(bucket.level >= -largest * MICRO) & (bucket.level <= capacity),
    )


@obligation(
    about=(Bucket.take, admitted_at_most),
    symbols=(
        "admitted + level <= level0 + rate (at - at0) is inductive under take, for any readings of the "
        "clock; so admitted in (t, t + T] <= capacity + rate T + largest"
    ),
    source=GUIDE,
    bugs=(bugs.NOTHING_CHARGED_WHEN_FULL, bugs.CLOCK_FOLLOWED_BACK),
)
def admitted_is_bounded_in_every_window(
    level: Grains,
    capacity: Grains,
    rate: PerSecond,
    at_us: Time,
    now_us: Time,
    cost: Units,
    largest: Units,
    admitted: Units,
    begun_level: Grains,
    begun_us: Time,
) -> Said:
    """What a bucket admits in a window is at most its capacity, what the window fills, and one largest
    request.
    """
    bucket = Bucket(rate, capacity, level, at_us)
    taken = bucket.take(cost, now_us)
    after = admitted + cost if taken else admitted
    window_us = bucket.at_us - begun_us
    return Said(
        given={
            "rate and capacity are not negative": (rate >= 0) & (capacity >= 0),
            "no request costs less than 0 or more than the largest": (cost >= 0) & (cost <= largest),
            "the level is within its bounds before": (level >= -largest * MICRO) & (level <= capacity),
            "the window began before, with a level of at most the capacity": (begun_us <= at_us)
            & (begun_level <= capacity),
            "the invariant holds before": admitted * MICRO + level <= begun_level + rate * (at_us - begun_us),
        },
        then=(after * MICRO + bucket.level <= begun_level + rate * window_us)
        & (after * MICRO <= admitted_at_most(rate, capacity, largest, window_us)),
    )


@obligation(
    about=(Bucket.take,),
    symbols=(
        "level = capacity + rate (at - s) - asked(s, at], s: when it was last full, is inductive under "
        "take while asked(s, t] <= capacity + rate (t - s) for all s < t; and take admits"
    ),
    source=GUIDE,
    bugs=(bugs.BURST_OF_A_MINUTE_LESS, bugs.REFILL_ROUNDS),
)
def demand_within_burst_and_rate_is_never_throttled(
    level: Grains,
    capacity: Grains,
    rate: PerSecond,
    at_us: Time,
    now_us: Time,
    cost: Units,
    full_us: Time,
    asked: Units,
) -> Said:
    """Who asks for at most burst + rate x T in every window of length T is never throttled."""
    bucket = Bucket(rate, capacity, level, at_us)
    taken = bucket.take(cost, now_us)
    # The bucket becomes full by this refill, or else the time when it was last full stays the same.
    filled = level + rate * (now_us - at_us) >= capacity
    since_us = now_us if filled else full_us
    since = cost if filled else asked + cost
    return Said(
        given={
            "rate and capacity are not negative": (rate >= 0) & (capacity >= 0),
            "no request costs less than 0": cost >= 0,
            "time does not go back": (full_us <= at_us) & (at_us <= now_us),
            "all that was asked since the bucket was last full was admitted": level
            == capacity + rate * (at_us - full_us) - asked * MICRO,
            "what is asked in the window since then conforms": since * MICRO
            <= capacity + rate * (now_us - since_us),
        },
        then=taken & (bucket.level == capacity + rate * (now_us - since_us) - since * MICRO),
    )


@obligation(
    about=(refilled, burst),
    symbols="rate (T - 300 s) >= debt  =>  refilled(level, T) = 300 s x rate",
    source=GUIDE,
    bugs=(bugs.BURST_OF_A_MINUTE_LESS,),
    fixed=("a burst is 300 s of the rate",),
)
def full_burst_is_there_after_idling(level: Grains, rate: PerSecond, debt: Grains, idle_us: Time) -> Said:
    """After 300 seconds, and the time that fills its debt, without requests the full burst is there."""
    return Said(
        given={
            "the rate is above 0": rate > 0,
            "the level is at least minus the debt": (debt >= 0) & (level >= -debt),
            "it idles 300 s + debt / rate": (idle_us >= BURST_US) & (rate * (idle_us - BURST_US) >= debt),
        },
        then=refilled(level, idle_us, rate, burst(rate)) == burst(rate),
    )


@obligation(
    about=(refilled,),
    symbols="refilled(refilled(level, s), t) = refilled(level, s + t)",
    source="no drift by rounding: levels count grains",
    bugs=(bugs.REFILL_ROUNDS,),
)
def one_refill_equals_many(
    level: Grains, capacity: Grains, rate: PerSecond, first_us: Time, then_us: Time
) -> Said:
    """Refilling in two steps gives what refilling in one does; so in any number of them."""
    twice = refilled(refilled(level, first_us, rate, capacity), then_us, rate, capacity)
    return Said(
        given={
            "the rate is not negative": rate >= 0,
            "times are not negative": (first_us >= 0) & (then_us >= 0),
        },
        then=twice == refilled(level, first_us + then_us, rate, capacity),
    )


@obligation(
    about=(Bucket.refill,),
    symbols="level' - level <= rate (h' - h), h: highest reading; and level' = level while now <= h",
    source=ISSUE,
    bugs=(bugs.CLOCK_FOLLOWED_BACK,),
)
def clock_mints_no_more_than_its_highest_reading(
    level: Grains, capacity: Grains, rate: PerSecond, at_us: Time, now_us: Time, again_us: Time
) -> Said:
    """Whatever a clock reads, forward or back, no more is filled than the rate times what its highest
    reading rose.
    """
    bucket = Bucket(rate, capacity, level, at_us)
    bucket.refill(now_us)
    bucket.refill(again_us)
    highest_us = maximum(at_us, maximum(now_us, again_us))
    return Said(
        given={
            "the rate is not negative": rate >= 0,
            "the level is at most the capacity": level <= capacity,
        },
        then=(bucket.level - level <= rate * (highest_us - at_us)) & (bucket.at_us == highest_us),
    )


@obligation(
    about=(Bucket.change,),
    symbols="change: level' = min(refilled(level, t, old rate, old capacity), new capacity)",
    source=ISSUE,
    bugs=(bugs.CHANGE_FILLS_AT_THE_NEW_RATE, bugs.CHANGE_KEEPS_THE_SHARE),
)
def change_of_rate_mints_nothing(
    level: Grains,
    capacity: Grains,
    rate: PerSecond,
    at_us: Time,
    now_us: Time,
    new_rate: PerSecond,
    new_capacity: Grains,
) -> Said:
    """A change of the rate mints nothing, and takes nothing that fits: the time before it fills at the old
    rate.
    """
    bucket = Bucket(rate, capacity, level, at_us)
    bucket.change(new_rate, new_capacity, now_us)
    before = refilled(level, maximum(0, now_us - at_us), rate, capacity)
    return Said(
        given={
            "rates are not negative": (rate >= 0) & (new_rate >= 0),
            "the level is at most the capacity": level <= capacity,
        },
        then=(bucket.level == minimum(before, new_capacity)) & (bucket.rate == new_rate),
    )


@obligation(
    about=(admitted_at_once,),
    symbols="at_once(level, n + 1) = 1 + at_once(level - cost, n) if admits(level) else 0",
    source="what the simulation of `dynaproof capacity` goes by",
    bugs=(bugs.ALL_AT_ONCE,),
)
def admitting_at_once_equals_one_by_one(level: Grains, capacity: Grains, cost: Units, asked: Count) -> Said:
    """Of equal requests at one moment as many are admitted as if they came one after the other."""
    first = admits(level, cost, capacity)
    others = admitted_at_once(charged(level, cost), cost, asked, capacity)
    return Said(
        given={
            "a request costs something": cost > 0,
            "the level is at most the capacity, which is not negative": (level <= capacity) & (capacity >= 0),
            "there are further requests, or none": asked >= 0,
        },
        then=admitted_at_once(level, cost, asked + 1, capacity) == (1 + others if first else 0),
    )


OBLIGATIONS = (
    bucket_stays_within_its_bounds,
    admitted_is_bounded_in_every_window,
    demand_within_burst_and_rate_is_never_throttled,
    full_burst_is_there_after_idling,
    one_refill_equals_many,
    clock_mints_no_more_than_its_highest_reading,
    change_of_rate_mints_nothing,
    admitting_at_once_equals_one_by_one,
)

"""What is proved about shares, splits and leader changes, for all rates, levels and numbers of partitions."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded import capacity_buckets as bugs
from dynaproof.checkers.proofs.obligation import (
    Count,
    Grains,
    PerSecond,
    Ratio,
    Said,
    Time,
    Units,
    implies,
    obligation,
)
from dynaproof.impl.capacity.admission import partitions_for
from dynaproof.impl.capacity.arithmetic import MICRO, minimum
from dynaproof.impl.capacity.bucket import Bucket, refilled
from dynaproof.impl.capacity.shares import boosted, divided, one_second, share, succeeded

HOME = "impl/capacity/shares.py"


@obligation(
    about=(share,),
    symbols=(
        "sum of share(rate, n, i) over i < k = k div(rate, n) + min(k, rate mod n), by induction over k; "
        "= rate at k = n"
    ),
    source="developer guide, Partitions and data distribution",
    bugs=(bugs.SHARES_ROUNDED_UP,),
)
def shares_add_up_to_the_table(rate: PerSecond, partitions: Count, index: Count, before: PerSecond) -> Said:
    """The shares of a table's partitions are its rate, exactly, however many there are."""
    quotient = rate // partitions
    rest = rate - quotient * partitions
    after = before + share(rate, partitions, index)
    last = index + 1 == partitions
    return Said(
        given={
            "the rate is not negative": rate >= 0,
            "there is a partition of this index": (index >= 0) & (index < partitions),
            "the shares before it add up": before == index * quotient + minimum(index, rest),
        },
        then=(after == (index + 1) * quotient + minimum(index + 1, rest)) & implies(last, after == rate),
    )


@obligation(
    about=(partitions_for, share),
    symbols="share(rate, partitions_for(rate, cap), i) <= cap, for all i",
    source="issue on capacity: partitions are added when a share would pass a partition's cap",
    bugs=(bugs.ONE_PARTITION_TOO_FEW,),
)
def shares_fit_the_cap(rate: PerSecond, cap: PerSecond, index: Count) -> Said:
    """With as many partitions as `partitions_for` says no share is above a partition's cap."""
    partitions = partitions_for(rate, cap)
    return Said(
        given={
            "the rate is not negative, the cap above 0": (rate >= 0) & (cap > 0),
            "there is a partition of this index": (index >= 0) & (index < partitions),
        },
        then=share(rate, partitions, index) <= cap,
    )


@obligation(
    about=(divided,),
    symbols="l - 2 < divided(l, p) + divided(l, q) <= l, p + q = whole and both fit; each <= its capacity",
    source=HOME,
    bugs=(bugs.CHILDREN_INHERIT_ALL, bugs.CHILD_OVERFLOWS),
)
def split_mints_nothing(
    level: Grains, part: Count, other: Count, capacity: Grains, other_capacity: Grains
) -> Said:
    """The children of a split have together no more than their parent, and lose a grain each at the most
    besides what does not fit.
    """
    one = divided(level, part, part + other, capacity)
    two = divided(level, other, part + other, other_capacity)
    fits = (one < capacity) & (two < other_capacity)
    return Said(
        given={"each child has a part": (part > 0) & (other > 0)},
        then=(one + two <= level)
        & (one <= capacity)
        & (two <= other_capacity)
        & implies(fits, one + two > level - 2),
    )


@obligation(
    about=(Bucket.take, Bucket.replay),
    symbols="take(c1, t1) and take(c2, t2) at the leader = replay of those admitted, at t2",
    source=f"{HOME}, change of leader, writes",
    bugs=(bugs.REPLAY_AT_THE_OLD_TIME, bugs.REPLAY_CHARGES_TWICE),
)
def replay_has_the_level_of_the_leader(
    level: Grains,
    capacity: Grains,
    rate: PerSecond,
    at_us: Time,
    first_us: Time,
    then_us: Time,
    first: Units,
    cost: Units,
) -> Said:
    """The fold of the records in the log is the level at the leader, who refused others in between."""
    leader, replica = Bucket(rate, capacity, level, at_us), Bucket(rate, capacity, level, at_us)
    if leader.take(first, first_us):
        replica.replay(first, first_us)
    if leader.take(cost, then_us):
        replica.replay(cost, then_us)
    replica.refill(then_us)
    return Said(
        given={
            "the rate is not negative": rate >= 0,
            "the level is at most the capacity": level <= capacity,
            "timestamps rise": (at_us <= first_us) & (first_us <= then_us),
            "no request costs less than 0": (first >= 0) & (cost >= 0),
        },
        then=(leader.level == replica.level) & (leader.at_us == replica.at_us),
    )


@obligation(
    about=(Bucket.replay,),
    symbols="level(without the record) - cost <= level(with it) <= level(without) at every later time",
    source=f"{HOME}, change of leader, writes",
    bugs=(bugs.REPLAY_CHARGES_TWICE,),
)
def lost_record_is_given_back(
    level: Grains,
    capacity: Grains,
    rate: PerSecond,
    at_us: Time,
    lost_us: Time,
    now_us: Time,
    cost: Units,
) -> Said:
    """Who adopts a log without a record that an old leader admitted has at most its cost more than that
    leader, and never less.
    """
    old, new = Bucket(rate, capacity, level, at_us), Bucket(rate, capacity, level, at_us)
    old.replay(cost, lost_us)
    old.refill(now_us)
    new.refill(now_us)
    return Said(
        given={
            "the rate is not negative": rate >= 0,
            "the level is at most the capacity": level <= capacity,
            "timestamps rise": (at_us <= lost_us) & (lost_us <= now_us),
            "no request costs less than 0": cost >= 0,
        },
        then=(old.level <= new.level) & (new.level <= old.level + cost * MICRO),
    )


@obligation(
    about=(Bucket.take, succeeded),
    symbols=(
        "refilled(h, d) - x <= level <= refilled(h, d), x <= h + rate d + largest inductive under take, d: "
        "time since the heartbeat, x: admitted since; so with s <= d: level - "
        "rate (d - s) <= succeeded(h, s) <= level + x"
    ),
    source=f"{HOME}, change of leader, reads",
    bugs=(bugs.SUCCESSOR_BEGINS_FULL, bugs.SUCCESSOR_BEGINS_EMPTY),
)
def successor_mints_at_most_what_it_has_not_heard_of(
    heard: Grains,
    heard_us: Time,
    level: Grains,
    capacity: Grains,
    rate: PerSecond,
    at_us: Time,
    now_us: Time,
    cost: Units,
    largest: Units,
    admitted: Units,
    since_us: Time,
) -> Said:
    """A successor begins with at most what the old leader admitted after the heartbeat above that leader's
    level, and that is at most the level heard, the fill since, and one largest request; and with no less
    than its level, but for the fill of the time that the heartbeat was on its way.
    """
    old = Bucket(rate, capacity, level, at_us)
    after = admitted + cost if old.take(cost, now_us) else admitted
    passed_us = now_us - heard_us
    most = refilled(heard, passed_us, rate, capacity)
    new = succeeded(True, heard, since_us, rate, capacity)
    return Said(
        given={
            "rate and capacity are not negative": (rate >= 0) & (capacity >= 0),
            "the heartbeat carried a level within the bounds": (heard <= capacity)
            & (heard >= -largest * MICRO),
            "no request costs less than 0 or more than the largest": (cost >= 0) & (cost <= largest),
            "time does not go back": (heard_us <= at_us) & (at_us <= now_us),
            "the level is within its bounds before": (level >= -largest * MICRO) & (level <= capacity),
            "the invariant holds before": (admitted >= 0)
            & (level <= refilled(heard, at_us - heard_us, rate, capacity))
            & (level >= refilled(heard, at_us - heard_us, rate, capacity) - admitted * MICRO)
            & (admitted * MICRO + level <= heard + rate * (at_us - heard_us)),
            "the heartbeat was received after it was sent": (since_us >= 0) & (since_us <= passed_us),
        },
        then=(old.level <= most)
        & (old.level >= most - after * MICRO)
        & (after * MICRO + old.level <= heard + rate * passed_us)
        & (after * MICRO <= heard + rate * passed_us + largest * MICRO)
        & (new <= old.level + after * MICRO)
        & (new >= old.level - rate * (passed_us - since_us)),
    )


@obligation(
    about=(succeeded,),
    symbols="succeeded(nothing heard) = min(capacity, rate x 1 s)",
    source=f"{HOME}, change of leader, reads",
    bugs=(bugs.UNHEARD_BEGINS_FULL,),
)
def unheard_successor_mints_at_most_a_second(
    level: Grains, since_us: Time, rate: PerSecond, capacity: Grains, old: Grains, debt: Grains
) -> Said:
    """A successor that has heard no level begins with one second's fill: so it mints no more than that, and
    what the old leader was in debt.
    """
    new = succeeded(False, level, since_us, rate, capacity)
    return Said(
        given={
            "rate and capacity are not negative": (rate >= 0) & (capacity >= 0),
            "the old leader was in debt by so much at the most": (debt >= 0) & (old >= -debt),
        },
        then=(new >= 0) & (new <= capacity) & (new - old <= one_second(rate) + debt),
    )


@obligation(
    about=(boosted,),
    symbols=(
        "sum of 300 s x share + integral of boosted(share, m) + largest over k partitions <= "
        "(300 s + max T) x (sum of shares) + k largest, by induction over k"
    ),
    source="developer guide, Adaptive capacity; issue on capacity",
    bugs=(bugs.BOOST_ROUNDS_UP,),
)
def table_with_adaptive_capacity_is_bounded(
    rate: PerSecond,
    multiplier: Ratio,
    most: Ratio,
    window_us: Time,
    admitted: Grains,
    others: PerSecond,
    count: Count,
    largest: Units,
    own: Grains,
) -> Said:
    """What a table's partitions admit in a window is at most 300 seconds of its units, its units times the
    greatest multiplier for the window, and one largest request each.
    """
    after = admitted + own
    shares = others + rate

    def bound(units: int, partitions: int) -> int:
        return (300 * MICRO * MICRO + most * window_us) * units + partitions * largest * MICRO * MICRO

    return Said(
        given={
            "the multiplier, at its greatest in the window, is from 1 to the maximum": (multiplier >= MICRO)
            & (multiplier <= most),
            "shares, times and costs are not negative": (rate >= 0)
            & (others >= 0)
            & (window_us >= 0)
            & (largest >= 0),
            "the next partition admits what its bucket can": own
            <= 300 * MICRO * rate + boosted(rate, multiplier) * window_us + largest * MICRO,
            "the partitions before it are within the bound": admitted * MICRO <= bound(others, count),
        },
        then=after * MICRO <= bound(shares, count + 1),
    )


@obligation(
    about=(Bucket.change, Bucket.take),
    symbols="admitted + level <= level0 + sum of rate_i t_i is inductive under change(rate_i) and take",
    source="impl/capacity/bucket.py, rule 3",
    bugs=(bugs.CHANGE_FILLS_AT_THE_NEW_RATE, bugs.CHANGE_KEEPS_THE_SHARE),
)
def admitted_is_bounded_over_changes_of_rate(
    level: Grains,
    capacity: Grains,
    rate: PerSecond,
    new_capacity: Grains,
    new_rate: PerSecond,
    at_us: Time,
    now_us: Time,
    cost: Units,
    admitted: Units,
    begun: Grains,
    filled: Grains,
) -> Said:
    """However often its rate changes, what a bucket admits is at most what it had, and what each rate has
    filled in its time, and its debt.
    """
    bucket = Bucket(rate, capacity, level, at_us)
    bucket.change(new_rate, new_capacity, now_us)
    after = admitted + cost if bucket.take(cost, now_us) else admitted
    return Said(
        given={
            "rates and capacities are not negative": (rate >= 0)
            & (new_rate >= 0)
            & (capacity >= 0)
            & (new_capacity >= 0),
            "time does not go back": at_us <= now_us,
            "no request costs less than 0": cost >= 0,
            "the level is at most the capacity": level <= capacity,
            "the invariant holds before": admitted * MICRO + level <= begun + filled,
        },
        then=after * MICRO + bucket.level <= begun + filled + rate * (now_us - at_us),
    )


OBLIGATIONS = (
    admitted_is_bounded_over_changes_of_rate,
    shares_add_up_to_the_table,
    shares_fit_the_cap,
    split_mints_nothing,
    replay_has_the_level_of_the_leader,
    lost_record_is_given_back,
    successor_mints_at_most_what_it_has_not_heard_of,
    unheard_successor_mints_at_most_a_second,
    table_with_adaptive_capacity_is_bounded,
)

"""What is proved about auto scaling, its alarms, and on-demand tables."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded import capacity_scaling as bugs
from dynaproof.checkers.proofs.obligation import (
    Count,
    PerSecond,
    Said,
    Time,
    Units,
    YesNo,
    implies,
    negation,
    obligation,
)
from dynaproof.impl.capacity.alarms import alarming, decided
from dynaproof.impl.capacity.arithmetic import MICRO, minimum
from dynaproof.impl.capacity.on_demand import taken_next
from dynaproof.impl.capacity.scaling import LEAST_TARGET, MOST_TARGET, Tracking, desired, scaled

GUIDE = "developer guide, Managing throughput capacity automatically with auto scaling"
ALARM_GUIDE = "CloudWatch user guide, Using Amazon CloudWatch alarms"
MINUTE_OF_A_UNIT = 60 * MICRO


@obligation(
    about=(scaled,),
    symbols="least <= provisioned' <= most; no change before the cooldown of the alarm that is on",
    source=GUIDE,
    bugs=(bugs.SCALES_BEYOND_ITS_BOUNDS, bugs.COOLDOWN_IGNORED),
)
def provisioned_stays_within_its_bounds(
    provisioned: Count,
    consumed: Units,
    target_percent: Count,
    least: Count,
    most: Count,
    high: YesNo,
    low: YesNo,
    since_us: Time,
    out_us: Time,
    in_us: Time,
) -> Said:
    """Auto scaling keeps what is provisioned within its bounds, and waits for the cooldowns, whatever the
    metrics and the alarms say.
    """
    tracking = Tracking(target_percent, least, most, out_us, in_us)
    after = scaled(provisioned, consumed, tracking, high, low, since_us)
    early = (since_us < out_us) & (since_us < in_us)
    inside = (provisioned >= least) & (provisioned <= most)
    return Said(
        given={
            "the target is a percentage above 0": target_percent > 0,
            "the bounds are bounds": least <= most,
            "time does not go back": since_us >= 0,
        },
        then=((after >= least) & (after <= most), implies(early & inside, after == provisioned)),
    )


@obligation(
    about=(scaled, desired),
    symbols="p <= D  =>  p <= p' <= D;  p >= D  =>  D <= p' <= p;  D = desired(L)",
    source=GUIDE,
    bugs=(bugs.FLAPS, bugs.LOW_ALARM_HALVES),
    fixed=(f"a target from {LEAST_TARGET} to {MOST_TARGET} percent",),
)
def constant_load_is_followed_in_one_direction(
    provisioned: Count,
    load: Units,
    consumed: Units,
    target_percent: Count,
    least: Count,
    most: Count,
    high: YesNo,
    low: YesNo,
    since_us: Time,
    out_us: Time,
    in_us: Time,
) -> Said:
    """Under constant load what is provisioned moves towards one value only, and never past it, whatever the
    alarms say; so its direction changes never once the metrics show that load, and once in all.
    """
    tracking = Tracking(target_percent, least, most, out_us, in_us)
    after = scaled(provisioned, consumed, tracking, high, low, since_us)
    goal = desired(load, tracking)
    return Said(
        given={
            "the target is one that may be": (target_percent >= LEAST_TARGET)
            & (target_percent <= MOST_TARGET),
            "the bounds are bounds": (least >= 1) & (least <= most),
            "what is provisioned is within them": (provisioned >= least) & (provisioned <= most),
            "all is consumed, or at least what is provisioned": (load >= 0)
            & (consumed <= load)
            & (consumed >= minimum(load, provisioned * MINUTE_OF_A_UNIT)),
        },
        then=(
            implies(provisioned <= goal, (after >= provisioned) & (after <= goal)),
            implies(provisioned >= goal, (after <= provisioned) & (after >= goal)),
        ),
    )


@obligation(
    about=(desired, scaled),
    symbols="L <= target x D, D = desired(L) < most;  a high alarm out of its cooldown raises p < D to D",
    source=GUIDE,
    bugs=(bugs.ROUNDED_DOWN,),
    fixed=(f"a target from {LEAST_TARGET} to {MOST_TARGET} percent",),
)
def load_meets_the_target_where_it_ends(
    provisioned: Count,
    load: Units,
    target_percent: Count,
    least: Count,
    most: Count,
    since_us: Time,
    out_us: Time,
    in_us: Time,
) -> Said:
    """Where scaling ends the utilisation is at most the target, unless the upper bound is reached; and a
    table that is below that and sees all of its load gets there by one high alarm.
    """
    tracking = Tracking(target_percent, least, most, out_us, in_us)
    goal = desired(load, tracking)
    after = scaled(provisioned, load, tracking, True, False, since_us)
    return Said(
        given={
            "the target is one that may be": (target_percent >= LEAST_TARGET)
            & (target_percent <= MOST_TARGET),
            "the bounds are bounds": (least >= 1) & (least <= most),
            "the load is not negative": load >= 0,
            "the cooldown is over": since_us >= out_us,
        },
        then=(
            implies(goal < most, load * 100 <= target_percent * goal * MINUTE_OF_A_UNIT),
            implies(provisioned <= goal, after == goal),
        ),
    )


@obligation(
    about=(alarming, decided),
    symbols="ALARM => `needed` periods breach; decided => the same for each value of what is missing",
    source=ALARM_GUIDE,
    bugs=(bugs.ONE_PERIOD_IS_ENOUGH, bugs.MISSING_DECIDES),
)
def alarm_needs_enough_periods(breaching: Count, missing: Count, needed: Count, hidden: Count) -> Said:
    """An alarm goes off only if enough periods breach its threshold, and where it is decided although
    periods are missing, they could not have changed that.
    """
    on = alarming(breaching, missing, needed, False)
    all_known = alarming(breaching + hidden, 0, needed, False)
    return Said(
        given={"of the missing periods some would breach": (hidden >= 0) & (hidden <= missing)},
        then=(
            implies(on, breaching >= needed),
            implies(negation(on), breaching < needed),
            implies(decided(breaching, missing, needed), on == all_known),
        ),
    )


@obligation(
    about=(taken_next,),
    symbols="taken <= taken' <= 2 taken where peak <= taken; demand' <= max(2 peak, taken) <= taken'",
    source="developer guide, On-demand capacity mode, Previous peak traffic",
    bugs=(bugs.PEAK_IS_ENOUGH, bugs.TAKES_ALL),
)
def on_demand_doubles_in_a_window(taken: PerSecond, peak: PerSecond, demand: PerSecond) -> Said:
    """An on-demand table takes twice its previous peak, and what it takes at most doubles in a window."""
    after = taken_next(taken, peak)
    return Said(
        given={"it consumed no more than it takes": (peak >= 0) & (peak <= taken)},
        then=(
            (after >= taken) & (after <= 2 * taken),
            implies((demand <= 2 * peak) | (demand <= taken), demand <= after),
        ),
    )


OBLIGATIONS = (
    provisioned_stays_within_its_bounds,
    constant_load_is_followed_in_one_direction,
    load_meets_the_target_where_it_ends,
    alarm_needs_enough_periods,
    on_demand_doubles_in_a_window,
)

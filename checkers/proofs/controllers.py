"""What is proved about the multiplier of adaptive capacity.

*Closed loop.* While what the hottest partition is asked for is a constant multiple of its share, and the
table is not over its provisioned rate, the goal is constant. Then let e be the error, u its last change and
v the one before. The measure V = max(|e|, |u|, 3/4 |v|), which is a Lyapunov function, falls in each period:
by a quarter, except for two millionths of rounding, or by the greatest step, or else the multiplier is at its
maximum. So the multiplier needs no more than the number of periods in which a number falls like this; from
then on what is left is within the margin of the goal. V bounds the error too: so the multiplier is never
further from its goal than V was; that is the band.

Measures are in quarters of a millionth: 4 |e|, 4 |u|, 3 |v|.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from dynaproof.checkers.mutation.seeded import capacity_controllers as bugs
from dynaproof.checkers.proofs.obligation import Ratio, Said, implies, obligation
from dynaproof.impl.capacity.arithmetic import MICRO, distance, div, maximum, minimum
from dynaproof.impl.capacity.controller import (
    GAINS,
    LEAST_MARGIN,
    LEAST_STEP,
    MARGIN_PART,
    MOST,
    ONE,
    STEP,
    Gains,
    Pid,
    Proportional,
    goal,
    limited,
)

SOURCE = "impl/capacity/controller.py; Åström and Hägglund, PID Controllers, 1995"
PAPER = "Elhemali et al., Amazon DynamoDB, USENIX ATC 2022, 4.2"

BOX = ((0, 100_000), (420_000, 580_000), (0, 30_000))
"""The least and the greatest proportional, integral and derivative gain."""

CORNERS = tuple(Gains(p, i, d) for p in BOX[0] for i in BOX[1] for d in BOX[2])
EACH = (GAINS, *CORNERS)

MOST_GOAL = MOST + (MOST - ONE) // MARGIN_PART + LEAST_MARGIN
MOST_ERROR = MOST_GOAL - ONE
INTEGRAL_MOST = MOST_ERROR * (2 * MICRO)
"""The limits of the integral, on both sides."""

BOXED = (
    "gains: as shipped (0.1, 0.5, 0.02), and each corner of the box from (0, 0.42, 0) to (0.1, 0.58, 0.03)",
    f"maximum {MOST // ONE}, step {STEP // ONE}, margin a tenth and a hundredth",
)

FALLING_PERIODS, SETTLING_PERIODS, LAST_PERIODS = 27, 62, 3
LAST = (32, 9, 3, 0)
"""Where falling by a quarter less two millionths is no fall at all: the measure of 8 millionths, and what
every three periods make of it: at 0 the multiplier is 1, and stays.
"""

PROPORTIONAL_PERIODS = 110


def pid_after(
    gains: Gains, multiplier: Any, error: Any, change: Any, consumed: Any, throttled: Any, over: Any
) -> Pid:
    """The controller a period later; its integral is what the last period left (`integral_follows`)."""
    integral = (multiplier - ONE) * MICRO - gains.proportional * error - gains.derivative * change
    pid = Pid(gains, MOST, STEP, multiplier, integral, error, change)
    pid.observe(consumed, throttled, over)
    return pid


def measure(error: Any, change: Any, before: Any) -> Any:
    """V, in quarters."""
    return maximum(maximum(4 * distance(error), 4 * distance(change)), 3 * distance(before))


def fallen(value: Any) -> Any:
    """What a measure falls to in a period, or lower."""
    return maximum(value - 4 * STEP, div(3 * value, 4) + 8)


def fallen_for(periods: int) -> int:
    """What the greatest possible measure has fallen to; any smaller one has fallen lower, as `fallen` is
    monotone.
    """
    value = 4 * MOST_ERROR
    for _ in range(periods):
        value = fallen(value)
    return value


def within(value: Any, least: Any, most: Any) -> Any:
    """Both bounds."""
    return (value >= least) & (value <= most)


@obligation(
    about=(Pid.observe, limited),
    symbols="1 <= m' <= max and |m' - m| <= step, for all readings, states and gains",
    source=SOURCE,
    bugs=(bugs.MULTIPLIER_BELOW_ONE, bugs.NO_SLEW_LIMIT, bugs.SLEW_AFTER_SATURATION),
)
def multiplier_within_bounds(
    multiplier: Ratio,
    integral: int,
    error: Ratio,
    change: Ratio,
    proportional_gain: Ratio,
    integral_gain: Ratio,
    derivative_gain: Ratio,
    most: Ratio,
    step: Ratio,
    consumed: Ratio,
    throttled: Ratio,
    over: Ratio,
) -> Said:
    """The multiplier is never below 1 nor above its maximum, and never changes by more than a step."""
    gains = Gains(proportional_gain, integral_gain, derivative_gain)
    pid = Pid(gains, most, step, multiplier, integral, error, change)
    pid.observe(consumed, throttled, over)
    return Said(
        given={
            "the maximum is 1 at least, the step not negative": (most >= ONE) & (step >= 0),
            "the multiplier is within its bounds before": within(multiplier, ONE, most),
        },
        then=within(pid.multiplier, ONE, most) & (distance(pid.multiplier - multiplier) <= step),
    )


@obligation(
    about=(Pid.observe,),
    symbols="I' = (m' - 1) - kp e' - kd (e' - e), so |I'| <= 2 max error; for all readings and states before",
    source=SOURCE,
    bugs=(bugs.WINDS_UP,),
    fixed=BOXED,
)
def integral_within_its_limits(
    multiplier: Ratio,
    integral: int,
    error: Ratio,
    change: Ratio,
    consumed: Ratio,
    throttled: Ratio,
    over: Ratio,
) -> Said:
    """The integral is what makes the terms add up to the multiplier: it never winds up, and stays within its
    limits.
    """
    then: list[Any] = []
    for gains in EACH:
        pid = Pid(gains, MOST, STEP, multiplier, integral, error, change)
        pid.observe(consumed, throttled, over)
        terms = gains.proportional * pid.error + gains.derivative * pid.change
        then.append(pid.integral + terms == (pid.multiplier - ONE) * MICRO)
        then.append(within(pid.integral, -INTEGRAL_MOST, INTEGRAL_MOST))
        then.append(within(pid.error, -MOST_ERROR, MOST_ERROR))
    return Said(
        given={
            "the multiplier is within its bounds before": within(multiplier, ONE, MOST),
            "the last error was one that can be": within(error, -MOST_ERROR, MOST_ERROR),
            "nothing is negative that is consumed or refused": (consumed >= 0) & (throttled >= 0),
        },
        then=tuple(then),
    )


@obligation(
    about=(Pid.observe, Proportional.observe),
    symbols="throttled > 0, over <= 0  =>  m' >= min(max, m + least step)",
    source=SOURCE,
    bugs=(bugs.FALLS_WHILE_THROTTLED,),
    fixed=BOXED,
)
def lasting_throttling_raises_the_multiplier(
    multiplier: Ratio,
    integral: int,
    error: Ratio,
    change: Ratio,
    consumed: Ratio,
    throttled: Ratio,
    over: Ratio,
) -> Said:
    """While a partition is throttled and the table is not over its rate, the multiplier rises until it is
    greatest.
    """
    least = minimum(MOST, multiplier + LEAST_STEP)
    simple = Proportional(multiplier=multiplier)
    simple.observe(consumed, throttled, over)
    then: list[Any] = [simple.multiplier >= least]
    for gains in EACH:
        pid = Pid(gains, MOST, STEP, multiplier, integral, error, change)
        pid.observe(consumed, throttled, over)
        then.append(pid.multiplier >= least)
    return Said(
        given={
            "something is refused": throttled > 0,
            "the table is not over its rate": over <= 0,
            "the multiplier is within its bounds before": within(multiplier, ONE, MOST),
        },
        then=tuple(then),
    )


@obligation(
    about=(Pid.observe,),
    symbols="V' <= max(V - step, 3/4 V + 2 millionths), or m' = max",
    source=f"{SOURCE}; a Lyapunov function",
    bugs=(bugs.DERIVATIVE_OF_THE_WRONG_SIGN, bugs.NEVER_DECAYS),
    fixed=BOXED,
)
def error_contracts_under_constant_demand(
    multiplier: Ratio, change: Ratio, before: Ratio, demand: Ratio, consumed: Ratio, over: Ratio
) -> Said:
    """Under constant demand the measure of the error falls in each period, so the multiplier does not
    oscillate beyond it; or the multiplier is at its maximum.
    """
    wanted = demand + (demand - ONE) // MARGIN_PART + LEAST_MARGIN if demand > ONE else ONE
    error = wanted - multiplier
    then: list[Any] = []
    for gains in EACH:
        # The controller knows the error of the previous period, and the change up to then.
        pid = pid_after(gains, multiplier, error - change, before, consumed, demand - consumed, over)
        after = wanted - pid.multiplier
        least = fallen(measure(error, change, before))
        then.append((pid.multiplier == MOST) | (measure(after, after - error, change) <= least))
    return Said(
        given={
            "the demand is constant, and below the maximum": within(demand, 0, MOST),
            "all of it is consumed or refused; none is refused below the multiplier": (consumed >= 0)
            & (consumed <= demand)
            & (consumed >= minimum(demand, multiplier)),
            "the table is not over its rate": over <= 0,
            "the multiplier is within its bounds": within(multiplier, ONE, MOST),
            "the error changed by a step at the most, twice": (distance(change) <= STEP)
            & (distance(before) <= STEP),
        },
        then=tuple(then),
    )


@obligation(
    about=(goal, Pid.observe),
    symbols=f"V falls to the margin within {FALLING_PERIODS} periods; and e <= margin  =>  m >= demand",
    source=SOURCE,
    bugs=(bugs.NO_MARGIN,),
    fixed=BOXED,
)
def throttling_ends_within_n_periods(
    value: Ratio, other: Ratio, demand: Ratio, consumed: Ratio, multiplier: Ratio
) -> Said:
    """Under constant demand up to the maximum throttling ends: 2 periods after the demand has changed, and
    27 more in which the measure falls to the least margin; then, or at the maximum, the multiplier covers
    the demand.
    """
    wanted = goal(consumed, demand - consumed, 0, multiplier, MOST)
    near = wanted - multiplier <= LEAST_MARGIN
    return Said(
        given={
            "the demand is at most the maximum": within(demand, 0, MOST) & within(consumed, 0, demand),
            "the multiplier is within its bounds": within(multiplier, ONE, MOST),
        },
        then=(
            implies(value <= other, fallen(value) <= fallen(other)),
            fallen_for(FALLING_PERIODS) <= 4 * LEAST_MARGIN,
            implies(near | (multiplier == MOST), multiplier >= demand),
        ),
    )


@obligation(
    about=(Pid.observe,),
    symbols=f"demand <= 1: V <= 8 millionths within {SETTLING_PERIODS} periods, and V = 0, so m = 1, 9 later",
    source=SOURCE,
    bugs=(bugs.NEVER_DECAYS,),
    fixed=BOXED,
)
def multiplier_is_back_at_one_within_k_periods(
    value: Ratio, other: Ratio, multiplier: Ratio, change: Ratio, before: Ratio, consumed: Ratio
) -> Said:
    """Without throttling, and with consumption below the share, the multiplier is back at exactly 1, and
    stays: 2 periods after the demand has changed, 62 in which the measure falls to 8 millionths, and 9 more.
    """
    then: list[Any] = [implies(value <= other, fallen(value) <= fallen(other))]
    then.append(fallen_for(SETTLING_PERIODS) <= LAST[0])
    small = measure(ONE - multiplier, change, before)
    for gains in EACH:
        pid = pid_after(gains, multiplier, ONE - multiplier - change, before, consumed, 0, 0)
        for _ in range(LAST_PERIODS - 1):
            pid.observe(consumed, 0, 0)
        error = ONE - pid.multiplier
        left = measure(error, error - pid.error, pid.change)
        then += [implies(small <= most, left <= least) for most, least in pairwise(LAST)]
    return Said(
        given={
            "nothing is refused, and at most a share consumed": within(consumed, 0, ONE),
            "the measure has fallen to 8 millionths": (multiplier >= ONE) & (small <= LAST[0]),
        },
        then=tuple(then),
    )


@obligation(
    about=(goal, Proportional.observe),
    symbols="over > 0  =>  goal <= max(1, m - over); proportional: m' <= max(1, m - min(over, step))",
    source=PAPER,
    bugs=(bugs.OVER_PROVISIONED_IGNORED,),
    fixed=BOXED[1:],
)
def table_over_its_rate_is_boosted_less(
    multiplier: Ratio, consumed: Ratio, throttled: Ratio, over: Ratio
) -> Said:
    """A table that consumes more than it has is not boosted further: the goal is below the multiplier by as
    much as it is over.
    """
    wanted = goal(consumed, throttled, over, multiplier, MOST)
    simple = Proportional(multiplier=multiplier)
    simple.observe(consumed, throttled, over)
    return Said(
        given={
            "the table is over its rate": over > 0,
            "the multiplier is within its bounds before": within(multiplier, ONE, MOST),
        },
        then=(
            wanted <= maximum(ONE, multiplier - over),
            simple.multiplier <= maximum(ONE, multiplier - minimum(over, STEP)),
        ),
    )


@obligation(
    about=(Proportional.observe, limited),
    symbols=(
        "1 <= m' <= max, |m' - m| <= step; throttled = 0  =>  m' - 1 <= 7/8 (m - 1), or a step less: 1 after "
        f"{PROPORTIONAL_PERIODS} periods"
    ),
    source=PAPER,
    bugs=(bugs.PROPORTIONAL_STAYS, bugs.MULTIPLIER_BELOW_ONE),
    fixed=BOXED[1:],
)
def proportional_is_within_bounds_and_decays(
    multiplier: Ratio, consumed: Ratio, throttled: Ratio, over: Ratio
) -> Said:
    """In proportional mode the multiplier is within its bounds and steps, and without throttling it is back
    at 1.
    """
    simple = Proportional(multiplier=multiplier)
    simple.observe(consumed, throttled, over)
    left = MOST - ONE
    for _ in range(PROPORTIONAL_PERIODS):
        left = maximum(left - STEP, left * 7 // 8)
    quiet = (throttled == 0) & (over <= 0)
    return Said(
        given={
            "nothing is negative that is refused": throttled >= 0,
            "the multiplier is within its bounds before": within(multiplier, ONE, MOST),
        },
        then=(
            within(simple.multiplier, ONE, MOST) & (distance(simple.multiplier - multiplier) <= STEP),
            implies(
                quiet,
                simple.multiplier - ONE <= maximum(multiplier - ONE - STEP, (multiplier - ONE) * 7 // 8),
            ),
            left == 0,
        ),
    )


OBLIGATIONS = (
    table_over_its_rate_is_boosted_less,
    proportional_is_within_bounds_and_decays,
    multiplier_within_bounds,
    integral_within_its_limits,
    lasting_throttling_raises_the_multiplier,
    error_contracts_under_constant_demand,
    throttling_ends_within_n_periods,
    multiplier_is_back_at_one_within_k_periods,
)

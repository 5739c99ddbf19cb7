"""Bugs of alarms, auto scaling and on-demand tables; each is refuted by a proof."""

from __future__ import annotations

from dynaproof.checkers.patches import Edit, bug

ALARMS = "dynaproof.impl.capacity.alarms"
SCALING = "dynaproof.impl.capacity.scaling"
ON_DEMAND = "dynaproof.impl.capacity.on_demand"

SCALES_BEYOND_ITS_BOUNDS = bug(
    "scales_beyond_its_bounds",
    "What is provisioned may be more than the upper bound.",
    Edit(SCALING, "return clamped(needed, tracking.least, tracking.most)", "return needed"),
    Edit(
        SCALING,
        "return clamped(select(out, maximum(provisioned, wanted), lowered), tracking.least, tracking.most)",
        "return select(out, maximum(provisioned, wanted), lowered)",
    ),
    breaks=("provisioned_stays_within_bounds",),
)
FLAPS = bug(
    "flaps",
    "Either alarm sets what is provisioned to what is wanted, up or down, and a high one to a tenth more.",
    Edit(
        SCALING,
        "select(out, maximum(provisioned, wanted), lowered)",
        "select(out, wanted + div(wanted, 10), lowered)",
    ),
)
LOW_ALARM_HALVES = bug(
    "low_alarm_halves",
    "A low alarm halves what is provisioned.",
    Edit(
        SCALING,
        "select(back, minimum(provisioned, wanted), provisioned)",
        "select(back, div(provisioned, 2), provisioned)",
    ),
    breaks=("changes_follow_alarms",),
)
ROUNDED_DOWN = bug(
    "desired_rounds_down",
    "What is wanted is rounded down, so the utilisation stays above the target.",
    Edit(SCALING, "needed = ceiling(", "needed = div("),
    breaks=("changes_follow_alarms",),
)
COOLDOWN_IGNORED = bug(
    "cooldown_ignored",
    "A high alarm acts again at once.",
    Edit(SCALING, "out = high & (since_us >= tracking.out_cooldown_us)", "out = high & (since_us >= 0)"),
    breaks=("cooldowns_hold",),
)
ONE_PERIOD_IS_ENOUGH = bug(
    "one_period_is_enough",
    "An alarm goes off one period too early.",
    Edit(
        ALARMS,
        "select(missing_breach, missing, 0) >= needed",
        "select(missing_breach, missing, 0) + 1 >= needed",
    ),
    breaks=("alarms_follow_their_metrics",),
)
MISSING_DECIDES = bug(
    "missing_decides",
    "A period that is missing is taken for one that does not breach.",
    Edit(
        ALARMS,
        "return (breaching >= needed) | (breaching + missing < needed)",
        "return breaching + missing >= 0",
    ),
    breaks=("alarms_follow_their_metrics",),
)
PEAK_IS_ENOUGH = bug(
    "peak_is_enough",
    "An on-demand table takes its previous peak, not twice that.",
    Edit(ON_DEMAND, "return maximum(taken, 2 * peak)", "return maximum(taken, peak)"),
)
TAKES_ALL = bug(
    "triples",
    "An on-demand table takes three times its previous peak.",
    Edit(ON_DEMAND, "return maximum(taken, 2 * peak)", "return maximum(taken, 3 * peak)"),
)

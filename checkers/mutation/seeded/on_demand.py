"""Bugs of on-demand tables: what they take after a window, and whether that outlives the admin."""

from __future__ import annotations

from dynaproof.checkers.patches import Edit, bug

RATINGS = "dynaproof.impl.admin.ratings"
PURE = "dynaproof.impl.capacity.on_demand"

ON_DEMAND = "on-demand"

BUGS = (
    bug(
        "peak_outlives_no_admin",
        "An admin that becomes active begins with what an on-demand table was given.",
        Edit(RATINGS, "if filled is not None and filled.version.term < term:", "if False:"),
        scenario=ON_DEMAND,
        breaks=("on_demand_never_takes_less",),
    ),
    bug(
        "takes_twice_the_last_window",
        "An on-demand table takes twice the peak of its last window, also if that is less.",
        Edit(PURE, "return maximum(taken, 2 * peak)", "return maximum(1, 2 * peak)"),
        Edit(
            PURE,
            "return maximum(multiplier, ceiling(taken * MICRO, given))",
            "return maximum(MICRO, ceiling(taken * MICRO, given))",
        ),
        scenario=ON_DEMAND,
        breaks=("on_demand_never_takes_less",),
    ),
    bug(
        "takes_without_end",
        "Nothing bounds what an on-demand table takes.",
        Edit(
            PURE,
            "minimum(taken_next(boosted(given, multiplier), peak), most)",
            "taken_next(boosted(given, multiplier), peak) * 1_000",
        ),
        scenario=ON_DEMAND,
        breaks=("multiplier_within_bounds",),
    ),
)
"""The seeded bugs, by what they break; `../../patches.py` says how they are written."""

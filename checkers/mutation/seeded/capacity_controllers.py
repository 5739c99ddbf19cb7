"""Bugs of adaptive capacity and of global admission; each is refuted by a proof."""

from __future__ import annotations

from dynaproof.checkers.patches import Edit, bug

CONTROLLER = "dynaproof.impl.capacity.controller"
GLOBAL = "dynaproof.impl.capacity.global_admission"

CLAMPED = "return clamped(clamped(raised, multiplier - step, multiplier + step), ONE, most)"

MULTIPLIER_BELOW_ONE = bug(
    "multiplier_below_one",
    "A table that is quiet gets less than its shares.",
    Edit(
        CONTROLLER, CLAMPED, "return clamped(clamped(raised, multiplier - step, multiplier + step), 0, most)"
    ),
    breaks=("multiplier_within_bounds",),
)
NO_SLEW_LIMIT = bug(
    "no_slew_limit",
    "The multiplier may go anywhere in a period.",
    Edit(CONTROLLER, CLAMPED, "return clamped(raised, ONE, most)"),
)
SLEW_AFTER_SATURATION = bug(
    "slew_counts_upwards_only",
    "Only a rise is limited to a step.",
    Edit(CONTROLLER, CLAMPED, "return clamped(minimum(raised, multiplier + step), ONE, most)"),
)
WINDS_UP = bug(
    "winds_up",
    "The integral adds up errors that the limits keep from being put out.",
    Edit(
        CONTROLLER,
        "self.integral = (self.multiplier - ONE) * MICRO - terms",
        "self.integral = self.integral + gains.integral * error",
    ),
)
FALLS_WHILE_THROTTLED = bug(
    "falls_while_throttled",
    "The multiplier may fall while a partition is throttled.",
    Edit(
        CONTROLLER,
        "return (throttled > 0) & (over <= 0)",
        "return (throttled > 0) & (over < 0) & (throttled < 0)",
    ),
)
NO_MARGIN = bug(
    "no_margin",
    "The goal is the demand itself, to which the multiplier comes near and never near enough.",
    Edit(CONTROLLER, "demand + div(demand - ONE, MARGIN_PART) + LEAST_MARGIN, ONE", "demand, ONE"),
)
NEVER_DECAYS = bug(
    "never_decays",
    "The multiplier stays where the last throttling left it.",
    Edit(
        CONTROLLER,
        "wanted = select(demand > ONE, demand + div(demand - ONE, MARGIN_PART) + LEAST_MARGIN, ONE)",
        "wanted = select(demand > ONE, demand + div(demand - ONE, MARGIN_PART) + LEAST_MARGIN, multiplier)",
    ),
)
DERIVATIVE_OF_THE_WRONG_SIGN = bug(
    "derivative_kicks",
    "The derivative term counts a hundredfold.",
    Edit(CONTROLLER, "gains.derivative * change", "100 * gains.derivative * change"),
)
OVER_PROVISIONED_IGNORED = bug(
    "over_provisioned_ignored",
    "A table that consumes more than it has is boosted all the same.",
    Edit(
        CONTROLLER,
        "return select(over > 0, minimum(wanted, maximum(ONE, multiplier - over)), wanted)",
        "return wanted",
    ),
)
PROPORTIONAL_STAYS = bug(
    "proportional_stays",
    "In proportional mode the multiplier comes near 1 and stays above.",
    Edit(CONTROLLER, "div(before - ONE + DECAY_PART - 1, DECAY_PART)", "div(before - ONE, DECAY_PART)"),
)
GRANTS_WHAT_IS_ASKED = bug(
    "grants_what_is_asked",
    "A draw is granted in full, whatever the bucket holds.",
    Edit(
        GLOBAL,
        "return maximum(0, minimum(there, most - held))",
        "return maximum(0, minimum(asked, most - held))",
    ),
    breaks=("tokens_are_granted_once",),
)
HOARDS = bug(
    "hoards",
    "A router may hold any number of tokens.",
    Edit(GLOBAL, "return maximum(0, minimum(there, most - held))", "return maximum(0, there)"),
    breaks=("tokens_are_granted_once",),
)
GRANT_NOT_CHARGED = bug(
    "grant_not_charged",
    "What is granted stays in the table's bucket.",
    Edit(GLOBAL, "bucket.level = charged(bucket.level, grant)", "bucket.level = charged(bucket.level, 0)"),
    breaks=("tokens_are_granted_once",),
)
EXPIRED_AND_KEPT = bug(
    "expired_and_kept",
    "Tokens that expire are carried back, and used here too.",
    Edit(
        GLOBAL,
        "self.held = select(late, minimum(self.held, 0), self.held)",
        "self.held = select(late, self.held, self.held)",
    ),
    breaks=("routers_hold_what_they_were_granted",),
)
RETURNED_TWICE = bug(
    "returned_twice",
    "What has expired is carried back by each later draw.",
    Edit(GLOBAL, "back, self.expired = self.expired, 0", "back, self.expired = self.expired, self.expired"),
    breaks=("routers_hold_what_they_were_granted",),
)
RETURN_OVERFLOWS = bug(
    "return_overflows",
    "What is carried back may fill a table's bucket beyond its capacity.",
    Edit(
        GLOBAL,
        "bucket.level = kept(bucket.level + returned * MICRO, bucket.capacity)",
        "bucket.level = bucket.level + returned * MICRO",
    ),
)
USED_AND_KEPT = bug(
    "used_and_kept",
    "Using tokens for a request leaves them with the router.",
    Edit(GLOBAL, "self.held = self.held - cost", "self.held = self.held - 0 * cost"),
    breaks=("routers_hold_what_they_were_granted",),
)
GIVEN_BACK_BEYOND = bug(
    "given_back_beyond",
    "What is given back is held, and carried back too as far as it is more than a router may hold.",
    Edit(GLOBAL, "self.held = minimum(there, self.most)", "self.held = there"),
)
SETTLED_FOR_NOTHING = bug(
    "settled_for_nothing",
    "What a request has cost beyond what was taken for it is not owed.",
    Edit(GLOBAL, "self.held = self.held - more", "self.held = self.held - 0 * more"),
    breaks=("routers_hold_what_they_were_granted",),
)

"""Bugs of capacity in the system: what replicas admit, charge, keep and hand on. Those of the arithmetic are
the ones that the proofs refute (`capacity_buckets`), hunted here where they show in a run.
"""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.mutation.seeded import capacity_buckets as arithmetic
from dynaproof.checkers.mutation.seeded import capacity_controllers as controllers
from dynaproof.checkers.patches import Bug, Edit, bug

METER = "dynaproof.impl.partition.meter"
METERED = "dynaproof.impl.partition.metered"
REQUESTS = "dynaproof.impl.partition.requests"
STATE = "dynaproof.impl.partition.state"
COSTS = "dynaproof.impl.partition.costs"
WORKFLOWS = "dynaproof.impl.admin.workflows"
RATINGS = "dynaproof.impl.admin.ratings"
BIRTH = "dynaproof.impl.partition.birth"
RATES = "dynaproof.impl.capacity.rates"
SPLITS = "dynaproof.impl.metadata.splits"

HOT, UNEVEN = "hot-partition", "uneven-keys"
BURST, FALLING = "burst-after-idle", "leader-change-under-throttling"
SPLITTING = "split-under-throttling"


def in_the_system(found: Bug, scenario: str) -> Bug:
    """A bug of the arithmetic, hunted in a scenario."""
    return structs.replace(found, scenario=scenario)


BUGS = (
    in_the_system(arithmetic.BUCKET_OVERFLOWS, BURST),
    in_the_system(arithmetic.ADMITTED_IN_DEBT, HOT),
    in_the_system(arithmetic.LARGE_ITEMS_NEVER_FIT, HOT),
    in_the_system(arithmetic.BURST_OF_A_MINUTE_LESS, HOT),
    in_the_system(arithmetic.REFILL_ROUNDS, HOT),
    in_the_system(arithmetic.CHANGE_FILLS_AT_THE_NEW_RATE, UNEVEN),
    in_the_system(arithmetic.CHANGE_KEEPS_THE_SHARE, UNEVEN),
    in_the_system(arithmetic.REFUSED_IS_CHARGED, HOT),
    in_the_system(arithmetic.CAP_NOT_CHARGED, HOT),
    in_the_system(arithmetic.CAP_COMPARED_WITH_THE_SHARE, HOT),
    in_the_system(arithmetic.REPLAY_AT_THE_OLD_TIME, HOT),
    in_the_system(arithmetic.REPLAY_CHARGES_TWICE, HOT),
    in_the_system(arithmetic.SUCCESSOR_BEGINS_FULL, FALLING),
    in_the_system(arithmetic.SUCCESSOR_BEGINS_EMPTY, FALLING),
    in_the_system(arithmetic.UNHEARD_BEGINS_FULL, FALLING),
    in_the_system(arithmetic.BOOST_ROUNDS_UP, HOT),
    in_the_system(controllers.MULTIPLIER_BELOW_ONE, HOT),
    bug(
        "boosted_whatever_it_is",
        "An admin boosts tables that do not adapt.",
        Edit(RATINGS, "self.writes = policy_named(adapts, 0, 0)", 'self.writes = policy_named("pid", 0, 0)'),
        Edit(RATINGS, 'boost is not None and given.adapts not in ("none", "global")', "boost is not None"),
        scenario=HOT,
        breaks=("multiplier_within_bounds",),
    ),
    bug(
        "failed_condition_is_free",
        "A write whose condition fails costs nothing.",
        Edit(
            REQUESTS,
            "return Outcome(slot, ballot, epoch, timestamp, m.request, m.deadline, old, cost)",
            "return Outcome(slot, ballot, epoch, timestamp, m.request, m.deadline, old)",
        ),
        scenario=HOT,
        breaks=("writes_cost_what_they_should",),
    ),
    bug(
        "old_item_not_weighed",
        "A write costs what the item that it leaves takes, however large the one before was.",
        Edit(COSTS, "return write_cost(sizes[0], size", "return write_cost(0, size"),
        scenario=HOT,
        breaks=("writes_cost_what_they_should",),
    ),
    bug(
        "adopted_not_charged",
        "A new leader does not count what it has adopted against its buckets.",
        Edit(METER, "buckets.fold(record.cost, record.timestamp)", "pass"),
        scenario=BURST,
        breaks=("admitted_within_bound",),
    ),
    bug(
        "proposed_charged_twice",
        "What a leader proposes is charged when it is admitted, and again when it is in flight.",
        Edit(METER, " and record.proposed_at != self.replica.leading", ""),
        scenario=HOT,
        breaks=("throttled_request_has_no_effect",),
    ),
    bug(
        "admitted_in_vain_is_charged",
        "A leader that leads again goes on with the buckets of its earlier leadership.",
        Edit(METER, "self.is_ahead, self.ahead = False, None", "pass"),
        scenario=BURST,
        breaks=("throttled_request_has_no_effect", "tokens_conserved"),
    ),
    bug(
        "level_not_kept",
        "The level in `memory` is that of the last change of rates, so a restart fills the bucket.",
        Edit(STATE, "state.memory.meter(state.metered.row())", "pass", within="_charge"),
        scenario=FALLING,
        breaks=("tokens_conserved",),
    ),
    bug(
        "flight_not_counted",
        "A leader admits by what is applied, and not by what it has in flight.",
        Edit(
            METER,
            "if self.replica.leadership is None:",
            "if self.replica.leadership is None or applied is not None:",
        ),
        scenario=HOT,
        breaks=("tokens_conserved",),
    ),
    bug(
        "active_before_it_is_rated",
        "A table becomes active before its partitions have heard of their rates.",
        Edit(WORKFLOWS, "return not unrated", "return True"),
        scenario=HOT,
        breaks=("writes_cost_what_they_should",),
    ),
    bug(
        "remainder_not_kept",
        "A level is kept in whole micro-units.",
        Edit(METERED, "level.micro_units * MICRO + level.grains", "level.micro_units * MICRO"),
        scenario=FALLING,
        breaks=("tokens_conserved",),
    ),
    bug(
        "children_begin_with_all",
        "Each child of a split begins with all that its parent has left for writes, at its parent's rates.",
        Edit(BIRTH, "if memory.metered is not None:", "if memory.metered is not None and memory.count < 0:"),
        scenario=SPLITTING,
        breaks=("tokens_conserved",),
    ),
    bug(
        "children_begin_full",
        "The buckets of a child begin full.",
        Edit(
            RATES,
            "its.level, its.at_us = divided(whole.level, 1, CHILDREN, its.capacity), whole.at_us",
            "its.at_us = whole.at_us",
        ),
        scenario=SPLITTING,
        breaks=("tokens_conserved",),
    ),
    bug(
        "reads_not_divided",
        "Each child begins with all that its parent has left to be read.",
        Edit(METER, "divide(reads, before, self.env.now)", "reads.own.level = before.own.level"),
        scenario=SPLITTING,
        breaks=("tokens_conserved",),
    ),
    bug(
        "shares_stay_at_a_split",
        "A table's version stays when it has other partitions, so they do not hear of their shares.",
        Edit(SPLITS, "structs.replace(after, version=after.version + 1)", "after"),
        scenario=SPLITTING,
        breaks=("what_was_begun_ends", "admitted_within_bound"),
    ),
)
"""The seeded bugs, by what they break; `../../patches.py` says how they are written."""

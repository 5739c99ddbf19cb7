"""Bugs of token buckets, admission, and what becomes of buckets; each is refuted by a proof."""

from __future__ import annotations

from dynaproof.checkers.patches import Edit, bug

ARITHMETIC = "dynaproof.impl.capacity.arithmetic"
BUCKET = "dynaproof.impl.capacity.bucket"
ADMISSION = "dynaproof.impl.capacity.admission"
SHARES = "dynaproof.impl.capacity.shares"

BUCKET_OVERFLOWS = bug(
    "bucket_overflows",
    "A bucket fills beyond its capacity.",
    Edit(BUCKET, "return minimum(capacity, level + rate * elapsed_us)", "return level + rate * elapsed_us"),
    breaks=("tokens_conserved",),
)
ADMITTED_IN_DEBT = bug(
    "admitted_in_debt",
    "A request is admitted wherever there is anything in the bucket, or nothing.",
    Edit(
        BUCKET,
        "return (level >= cost * MICRO) | (level >= capacity)",
        "return (level >= 0 - cost) | (level >= capacity)",
    ),
    breaks=("admitted_within_bound", "node_admits_within_its_bound"),
)
NOTHING_CHARGED_WHEN_FULL = bug(
    "nothing_charged_when_full",
    "What a full bucket admits is not charged.",
    Edit(
        BUCKET,
        "self.level = charged(self.level, cost)",
        "self.level = charged(self.level, cost) if self.level < self.capacity else self.level",
        within="Bucket.take",
    ),
)
LARGE_ITEMS_NEVER_FIT = bug(
    "large_items_never_fit",
    "A full bucket refuses what costs more than it can ever hold.",
    Edit(BUCKET, "return (level >= cost * MICRO) | (level >= capacity)", "return level >= cost * MICRO"),
    breaks=("never_throttled_under_rate",),
)
BURST_OF_A_MINUTE_LESS = bug(
    "burst_of_a_minute_less",
    "A bucket fills at a rate that is a fifth too low.",
    Edit(
        BUCKET,
        "return minimum(capacity, level + rate * elapsed_us)",
        "return minimum(capacity, level + rate * elapsed_us - div(rate * elapsed_us, 5))",
    ),
    breaks=("tokens_conserved",),
)
REFILL_ROUNDS = bug(
    "refill_rounds",
    "Each refill is rounded down to whole micro-units, and the remainder is lost.",
    Edit(
        BUCKET,
        "return minimum(capacity, level + rate * elapsed_us)",
        "return minimum(capacity, level + div(rate * elapsed_us, MICRO) * MICRO)",
    ),
    breaks=("tokens_conserved",),
)
CLOCK_FOLLOWED_BACK = bug(
    "clock_followed_back",
    "A bucket goes by the last reading of its clock, so what a clock runs through twice is filled twice.",
    Edit(BUCKET, "return maximum(at_us, now_us)", "return now_us"),
)
CHANGE_FILLS_AT_THE_NEW_RATE = bug(
    "change_fills_at_the_new_rate",
    "A change of the rate counts for the time before it.",
    Edit(
        BUCKET,
        """
        self.refill(now_us)
        self.rate, self.capacity, self.level = rate, capacity, kept(self.level, capacity)
        """,
        """
        self.rate, self.capacity = rate, capacity
        self.refill(now_us)
        """,
    ),
    breaks=("tokens_conserved",),
)
CHANGE_KEEPS_THE_SHARE = bug(
    "change_keeps_the_share",
    "When a rate is raised, the bucket is filled to its new capacity.",
    Edit(BUCKET, "return minimum(level, capacity)", "return maximum(level, capacity)"),
    breaks=("tokens_conserved",),
)
REFUSED_IS_CHARGED = bug(
    "refused_is_charged",
    "A request that the own bucket refuses is charged to it.",
    Edit(
        ADMISSION,
        'return self._refused(own, own_level, "share", cost)',
        """
        own.level, own.at_us = charged(own_level, cost), own_us
        return self._refused(own, own_level, "share", cost)
        """,
    ),
    breaks=("throttled_request_has_no_effect",),
)
CAP_NOT_CHARGED = bug(
    "cap_not_charged",
    "What is admitted does not count against the partition's cap.",
    Edit(ADMISSION, "charged(cap_level, cost), cap_us", "charged(cap_level, 0), cap_us"),
    breaks=("admitted_within_bound",),
)
CAP_COMPARED_WITH_THE_SHARE = bug(
    "cap_compared_with_the_share",
    "What the own bucket can hold is taken off the level of the cap's.",
    Edit(
        ADMISSION,
        "if not admits(cap_level, cost, cap.capacity):",
        "if not admits(cap_level - own.capacity, cost, cap.capacity):",
    ),
    breaks=("never_throttled_under_rate",),
)
COMES_AGAIN_TOO_EARLY = bug(
    "comes_again_too_early",
    "Who is throttled is told to come again before there is enough for it.",
    Edit(ADMISSION, "return maximum(0, ceiling(missing, rate))", "return maximum(0, div(missing, rate))"),
)
ALL_AT_ONCE = bug(
    "all_at_once",
    "Of requests at one moment, one more is admitted than the bucket holds.",
    Edit(BUCKET, "return minimum(asked, maximum(held, full))", "return minimum(asked, held + full)"),
)
REPLAY_AT_THE_OLD_TIME = bug(
    "replay_without_refill",
    "Folding a record takes its cost, and does not fill up to its timestamp.",
    Edit(BUCKET, "self.refill(timestamp_us)", "self.at_us = timestamp_us"),
    breaks=("tokens_conserved",),
)
REPLAY_CHARGES_TWICE = bug(
    "replay_charges_twice",
    "Folding a record charges it twice.",
    Edit(
        BUCKET,
        "self.level = charged(self.level, cost)",
        "self.level = charged(self.level, 2 * cost)",
        within="Bucket.replay",
    ),
    breaks=("tokens_conserved",),
)
SHARES_ROUNDED_UP = bug(
    "shares_rounded_up",
    "Every partition gets the share rounded up.",
    Edit(
        SHARES,
        "select(index < rate - quotient * partitions, 1, 0)",
        "select(rate > quotient * partitions, 1, 0)",
    ),
)
CHILDREN_INHERIT_ALL = bug(
    "children_inherit_all",
    "Each child begins with the parent's level.",
    Edit(SHARES, "return minimum(capacity, div(level * part, whole))", "return minimum(capacity, level)"),
)
CHILD_OVERFLOWS = bug(
    "child_overflows",
    "A child's part of the level may be more than its bucket takes.",
    Edit(SHARES, "return minimum(capacity, div(level * part, whole))", "return div(level * part, whole)"),
)
SUCCESSOR_BEGINS_FULL = bug(
    "successor_begins_full",
    "A new leader begins to admit reads with a full bucket.",
    Edit(SHARES, "heard, refilled(level, since_us, rate, capacity), minimum", "heard, capacity, minimum"),
    breaks=("tokens_conserved",),
)
SUCCESSOR_BEGINS_EMPTY = bug(
    "successor_begins_empty",
    "A new leader begins to admit reads with an empty bucket.",
    Edit(SHARES, "heard, refilled(level, since_us, rate, capacity), minimum", "heard, 0, minimum"),
    breaks=("tokens_conserved",),
)
UNHEARD_BEGINS_FULL = bug(
    "unheard_begins_full",
    "A new leader that has heard no level begins with a full bucket.",
    Edit(SHARES, "minimum(capacity, one_second(rate))", "capacity"),
    breaks=("tokens_conserved",),
)
BOOST_ROUNDS_UP = bug(
    "boost_rounds_up",
    "A share times the multiplier is rounded up, and one more.",
    Edit(SHARES, "return div(rate * multiplier, MICRO)", "return div(rate * multiplier, MICRO) + 1"),
    breaks=("multiplier_within_bounds",),
)
ONE_PARTITION_TOO_FEW = bug(
    "one_partition_too_few",
    "The number of partitions is rounded down.",
    Edit(ADMISSION, "return maximum(1, div(rate + cap - 1, cap))", "return maximum(1, div(rate, cap))"),
)
IDS_WITHOUT_BURST = bug(
    "ids_without_burst",
    "The rate of ids leaves the burst out.",
    Edit(
        ADMISSION,
        "ceiling(capacity + rate * lifetime_us, MICRO * MICRO) + 1",
        "ceiling(rate * lifetime_us, MICRO * MICRO) + 1",
    ),
)

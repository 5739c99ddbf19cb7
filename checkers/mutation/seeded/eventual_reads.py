"""Bugs of what followers admit of eventual reads, and of what their leader is charged for it."""

from __future__ import annotations

from dynaproof.checkers.patches import Edit, bug

METER = "dynaproof.impl.partition.meter"
HOT = "hot-partition"

BUGS = (
    bug(
        "level_of_the_leader_not_taken",
        "A follower goes on with a bucket of its own, whatever level its leader has.",
        Edit(METER, "own.level, own.at_us = kept(level * MICRO, own.capacity), self.env.now", "pass"),
        scenario=HOT,
        breaks=("admitted_within_bound",),
    ),
    bug(
        "use_of_followers_not_charged",
        "A leader is not charged for the eventual reads that its followers admit.",
        Edit(METER, "reads.own.level = charged(reads.own.level, more)", "pass"),
        scenario=HOT,
        breaks=("admitted_within_bound",),
    ),
)
"""The seeded bugs, by what they break; `../../patches.py` says how they are written."""

"""Bugs of repairing and moving a partition's replicas."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.admin_members"

BUGS = (
    model_bug(
        "ReplacesAtAnyEpoch",
        "A leader obeys a late command, whatever has become of the config since.",
        Edit(MODEL, "return bool(self.expects[m] == self.epoch)", "return True"),
        violates="no_voter_is_dropped",
    ),
    model_bug(
        "DropsWhatWasGivenUp",
        "A member that no workflow names, and the metadata does not list, is dropped at once.",
        Edit(MODEL, "return bool(self.listed_epoch > self.expects[m])", "return m != self.workflow"),
        violates="no_voter_is_dropped",
    ),
    model_bug(
        "DropsByPartition",
        "The command to drop names the partition, and not the incarnation.",
        Edit(MODEL, "return k == m", "return True"),
        violates="no_voter_is_dropped",
    ),
    model_bug(
        "DropsOlderOnesToo",
        "The command to drop an incarnation drops older ones with it.",
        Edit(MODEL, "return k == m", "return k <= m"),
        violates="no_voter_is_dropped",
    ),
    model_bug(
        "CreatesAgain",
        "A node that has dropped an incarnation obeys a late command to create it.",
        Edit(
            MODEL,
            """
            return self.state[m] == "none" and not any(
                k > m and self.node[k] == self.node[m] and self.state[k] != "none" for k in self.Member
            )
            """,
            "return True",
        ),
        violates="nobody_comes_back",
    ),
    model_bug(
        "ZonesNotLookedAt",
        "The new member's node is any that has no replica.",
        Edit(
            MODEL,
            "self.zone_of(k) == self.zone(n) for k in self.listed if k != o) < self.most_in_a_zone()",
            "self.zone_of(k) == self.zone(n) for k in self.listed if k != o) < self.voters",
        ),
        violates="zones_apart",
    ),
    model_bug(
        "WaitsForARefusal",
        "A workflow whose node hosts another replica goes on asking it.",
        Edit(
            MODEL,
            'require(self.workflow == m and self.state[m] == "none" and m in self.creates)',
            "require(False)",
        ),
        violates="whole",
    ),
    model_bug(
        "EpochNeverRaised",
        "Nobody raises the epoch for a member whose workflow was given up.",
        Edit(MODEL, "require(m in self.creates)", "require(False)"),
        violates="whole",
    ),
)

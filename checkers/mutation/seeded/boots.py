"""Bugs of who speaks: a node's earlier life, or a node that is not the one that it says."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import CALL, DRIVER, ENTRANCE
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "router_reuses_ids",
        "A router that restarts makes the request ids of its earlier life again.",
        Edit(CALL, "self.boot = env.boot", "self.boot = 1"),
        breaks=("retries_apply_once",),
    ),
    bug(
        "boots_not_counted",
        "A driver tells every life of a node that it is the first.",
        Edit(DRIVER, "self.boots += 1", "self.boots = 1"),
        breaks=("retries_apply_once",),
    ),
    bug(
        "strangers_vote",
        "A replica takes the word of any node for that of the voter that it names.",
        Edit(ENTRANCE, " or message.source.node != sender:", ":"),
        breaks=("logs_agree_up_to_commit",),
    ),
)

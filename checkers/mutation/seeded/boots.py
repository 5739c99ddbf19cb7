"""Bugs of what a node says after a restart as if it were still its earlier life."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import CALL, DRIVER
from dynaproof.checkers.patches import Edit, bug

BUGS = (
    bug(
        "router_reuses_ids",
        "A router that restarts makes the request ids of its earlier life again.",
        Edit(CALL, "self.boot = env.boot", "self.boot = 1"),
    ),
    bug(
        "boots_not_counted",
        "A driver tells every life of a node that it is the first.",
        Edit(DRIVER, "self.boots += 1", "self.boots = 1"),
    ),
)

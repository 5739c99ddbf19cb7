"""Bugs of when nodes are taken for dead."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.mourning"

BUGS = (
    model_bug(
        "WaitsForEver",
        "A zone that is not mended holds all others back, however long that takes.",
        Edit(MODEL, "return self.is_new(w)", 'return bool(self.node[w] == "dead")'),
        violates="what_can_be_is_replaced",
    ),
    model_bug(
        "AllZonesDie",
        "Nodes of all zones are taken for dead as soon as they have not reported for long.",
        Edit(MODEL, " and not any(self.holds_back(w) for w in self.Zone if w != z)", ""),
        violates="nodes_die_one_zone_at_a_time",
    ),
)

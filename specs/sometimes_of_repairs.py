"""Situations in which voters are replaced, and what drives that."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dynaproof.specs.situation import Sometimes

SECOND_LOSS_ELSEWHERE = Sometimes(
    "second loss in another group than the one repaired",
    "A storage node lost its disk, and with it a voter, while one of another partition was being repaired.",
    "docs/table.md, A10",
)

SECOND_LOSS_BESIDE = Sometimes(
    "second loss in the group that is repaired",
    "A storage node lost its disk, and with it a voter, when the one that replaces another lost voter of the "
    "partition had been admitted, and did not have its tree yet.",
    "docs/table.md, A10",
)

TWO_OF_FIVE_LOST = Sometimes(
    "two voters of five lost at once",
    "A partition of five replicas had two voters that had lost what they had synced.",
    "docs/table.md, M5",
)

NODE_DRAINED = Sometimes(
    "node drained to its end",
    "A node that was to be drained reported that it hosts no replica of a table any more.",
    "docs/table.md, A15",
)

HANDED_OVER_TO_REPLACE = Sometimes(
    "leader that gave no vote to a new replica handed over",
    "A replacement was given up although its new replica was there, and its leader was asked to hand over.",
    "docs/table.md, A10",
)

BALANCED = Sometimes(
    "replica moved to a node with less",
    "A replica was moved, and nobody had ordered it: its node had more to do than another one of the zone.",
    "docs/table.md, A15",
)

ADMIN_DIED_REPLACING: Mapping[str, Sometimes] = MappingProxyType(
    {
        "create": Sometimes(
            "admin died while a learner was made",
            "The active admin stopped before the new replica of a replacement was there.",
            "docs/table.md, A10",
        ),
        "replace": Sometimes(
            "admin died while a voter was replaced",
            "The active admin stopped before the config that brings a new voter was chosen.",
            "docs/table.md, A10",
        ),
        "make": Sometimes(
            "admin died while a voter was made",
            "The active admin stopped after a new voter was chosen, and before it was there.",
            "docs/table.md, A10",
        ),
        "void": Sometimes(
            "admin died while a replacement was given up",
            "The active admin stopped before the epoch was raised by which a replacement is void.",
            "docs/table.md, A10",
        ),
    }
)
"""By the step of a replacement."""

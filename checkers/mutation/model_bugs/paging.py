"""Bugs of paging over a split."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.paging"

BUGS = (
    model_bug(
        "CountsInThePartition",
        "A token holds a partition, and how many of its items were read.",
        Edit(MODEL, "return int(self.at)", "return min(low + self.count, self.places)"),
        violates="nothing_skipped",
    ),
    model_bug(
        "BeginsThePartitionAgain",
        "A router that is refused reads the new partition from its beginning.",
        Edit(
            MODEL,
            'self.cache = "children"',
            """
            self.cache = "children"
            self.at = 0 if self.at < self.places // 2 else self.places // 2
            """,
        ),
        violates="nothing_twice",
    ),
    model_bug(
        "EndsWithItsPartition",
        "A page that is not full ends the scan of the cached partition, though a child answered.",
        Edit(MODEL, "return int(self.places)", "return int(high)"),
        violates="nothing_skipped",
    ),
    model_bug(
        "BeginsAtTheLast",
        "A page begins at the last item that was read, and not behind it.",
        Edit(MODEL, "return int(self.at)", "return max(self.at - 1, 0)"),
        violates="nothing_twice",
    ),
)

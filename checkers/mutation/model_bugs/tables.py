"""Bugs of creating and deleting tables."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.tables"

BUGS = (
    model_bug(
        "IdByName",
        "A command names the table, so a late drop meets the next table of that name.",
        Edit(MODEL, "return g == other", "return True"),
        violates="active_table_is_there",
    ),
    model_bug(
        "NoTombstone",
        "A node that has dropped a partition, or never had it, obeys a late create.",
        Edit(MODEL, "return bool(self.tombstone[g, n] == 0)", "return True"),
        violates="no_quorum_without_a_record",
    ),
    model_bug(
        "PurgesAtOnce",
        "A tombstone goes as soon as the node has answered.",
        Edit(MODEL, "return bool(self.fence[n] > self.tombstone[g, n])", "return (g, n) in self.gone"),
        violates="no_quorum_without_a_record",
    ),
    model_bug(
        "NotFenced",
        "A node purges by epochs, and obeys commands of old ones.",
        Edit(MODEL, "return bool(e >= self.fence[n])", "return True"),
        violates="no_quorum_without_a_record",
    ),
    model_bug(
        "RemovesBeforeAnswers",
        "The record goes as soon as all nodes have been told.",
        Edit(
            MODEL,
            "return bool(2 * sum((self.generation, n) not in self.gone for n in self.Node) <= self.nodes)",
            """
            return all(
                any(g == self.generation and m == n for g, m, _ in self.drops) for n in self.Node
            )
            """,
        ),
        violates="no_quorum_without_a_record",
    ),
)

"""Bugs of stream shards and their consumers."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.shard"

BUGS = (
    model_bug(
        "TakesOverlaps",
        "The shard takes an append that begins at or before its last slot and ends behind it.",
        Edit(MODEL, "sent[0] == self.last[p]", "sent[1] > self.last[p]", within="Shard.append"),
        violates="complete_and_single",
    ),
    model_bug(
        "CutsWhatIsChosen",
        "The log is cut below what is chosen, whether the shard has it or not.",
        Edit(
            MODEL,
            """
            require(self.cursor[p, leader] > self.cut[p])
            self.cut[p] = self.cursor[p, leader]
            """,
            """
            chosen = max((n for n in self.Slot if self.log[p, n] not in {"free", "split"}), default=0)
            require(chosen > self.cut[p])
            self.cut[p] = chosen
            """,
        ),
        violates="cut_is_covered",
    ),
    model_bug(
        "ClosesOutOfTurn",
        "A leader that finds the split closes the shard by a call of its own, outside the appends.",
        Edit(
            MODEL,
            """
            @action(w=Worker, p=Partition)
            def take(self, w: int, p: int) -> None:
            """,
            """
            @action(n=Slot)
            def close(self, n: int) -> None:
                require(self.log[0, n] == "split" and not self.closed)
                self.closed = True
                for child in (1, 2):
                    self.opened[child] = True
                    self.last[child] = n

            @action(w=Worker, p=Partition)
            def take(self, w: int, p: int) -> None:
            """,
        ),
        violates="closed_shard_is_complete",
    ),
    model_bug(
        "ChildBesideParent",
        "A worker begins a child as soon as the parent is closed.",
        Edit(MODEL, "(p == 0 or self.finished)", "(p == 0 or self.closed)"),
        violates="parent_before_children",
    ),
    model_bug(
        "CheckpointsFirst",
        "A worker moves the checkpoint past the record that it is about to process.",
        Edit(
            MODEL,
            """
            self.checkpoint[at[0]] = at[1]
            if at[0] == 0 and self.closed and at[1] == len(self.records[0]):
            """,
            """
            ahead = min(at[1] + 1, len(self.records[at[0]]))
            self.checkpoint[at[0]] = ahead
            if at[0] == 0 and self.closed and ahead == len(self.records[0]):
            """,
        ),
        violates="nothing_is_skipped",
    ),
)

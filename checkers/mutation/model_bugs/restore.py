"""Bugs of the archive and of a restore."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.restore"

BUGS = (
    model_bug(
        "IgnoresHoles",
        "The last record of a partition's archive closes its timestamp, whatever is missing before it.",
        Edit(
            MODEL,
            """
            archived = [all(self.archive[p, m] is not None for m in range(1, n + 1)) for n in self.Slot]
            return sum(archived)
            """,
            "return max((n for n in self.Slot if self.archive[p, n] is not None), default=0)",
        ),
        violates="restore_is_exact",
    ),
    model_bug(
        "SnapshotPastT",
        "A restore begins with the nearest snapshot, before or after T.",
        Edit(
            MODEL,
            "return bool((p, n) in self.snapshots and self.log[p, n][1] <= t)",
            "return (p, n) in self.snapshots",
        ),
        violates="restore_is_exact",
    ),
    model_bug(
        "ArchivesWhatIsInFlight",
        "A leader archives what it has proposed; what is lost is in the archive for ever.",
        Edit(MODEL, "n <= self.chosen[p])", "n <= self.last[p])", within="Restore.upload"),
        violates="restore_is_exact",
    ),
    model_bug(
        "SilentChildForgotten",
        "A child that has archived nothing yet is left out of the minimum.",
        Edit(
            MODEL,
            "return own if p == 0 or own > 0 else self.archived_split()",
            "return own if p == 0 or own > 0 else self.times",
        ),
        violates="restore_is_exact",
    ),
    model_bug(
        "TimestampFromWall",
        "A new leader stamps by its own wall clock, which may be behind its predecessor's.",
        Edit(MODEL, " and self.may_stamp(p, t))", ")"),
        violates="restore_is_exact",
    ),
    model_bug(
        "ParentDroppedAtTheSplit",
        "Once both children have snapshots, the parent's archive is taken for garbage, but for the split.",
        Edit(
            MODEL,
            """
            @action(p=Partition, n=Slot)
            def take_snapshot(self, p: int, n: int) -> None:
            """,
            """
            @action(n=Slot)
            def drop(self, n: int) -> None:
                require(all(any((p, m) in self.snapshots for m in self.Slot) for p in (1, 2)))
                require(self.is_archived(0, n, "write"))
                self.archive[0, n] = ("closed", self.archive[0, n][1])

            @action(p=Partition, n=Slot)
            def take_snapshot(self, p: int, n: int) -> None:
            """,
        ),
        violates="restore_is_exact",
    ),
)

"""Bugs of making a child where its parent is hosted, and of restarts meanwhile."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.hosting"
SPEAKS: Final = 'return n not in self.silent and self.mark[n] == "synced"'
AFTER_THE_LEASE: Final = Edit(MODEL, "parent_stopped = Bool()", "parent_stopped = Bool(init=True)")
"""The parent's leader has stopped: what goes wrong does so without any lease."""

BUGS = (
    model_bug(
        "NoMark",
        "A child speaks as soon as its journal is durable; a restart without a sound one has it made anew.",
        AFTER_THE_LEASE,
        Edit(MODEL, SPEAKS, "return True"),
        Edit(MODEL, 'require(self.journal[n] == "synced" and self.mark[n] == "none")', "require(False)"),
        Edit(MODEL, '"synced" if sound and marked else "none"', '"synced" if sound else "none"'),
        violates="promises_never_go_back",
    ),
    model_bug(
        "SpeaksBeforeTheMark",
        "A child speaks while its mark is not durable yet.",
        AFTER_THE_LEASE,
        Edit(MODEL, SPEAKS, "return n not in self.silent"),
        violates="promises_never_go_back",
    ),
    model_bug(
        "CopySpeaksBeforeTheMark",
        "The same while the parent is led: a copied child, on a node that has not heard of the split.",
        Edit(MODEL, SPEAKS, "return n not in self.silent"),
        violates="one_owner_per_key",
    ),
    model_bug(
        "MarkWithTheChild",
        "The mark is written together with the child's files: a crash may keep it and lose those.",
        Edit(MODEL, 'self.journal[n] = "written"', 'self.journal[n] = "written"\nself.mark[n] = "written"'),
        violates="only_loss_silences",
    ),
    model_bug(
        "MarkInTheParent",
        "The mark is in the parent's journal, and is lost with it.",
        Edit(
            MODEL,
            "self.restart(n, True, True, False)",
            """
            self.restart(n, True, False, False)
            self.mark[n] = "none"
            """,
        ),
        violates="promises_never_go_back",
    ),
    model_bug(
        "ForgetsTheBarrier",
        "A restarted replica of the parent, which does not know that the split is chosen, grants leases.",
        Edit(MODEL, 'return bool(self.mark[n] == "none")', "return True"),
        violates="one_owner_per_key",
    ),
    model_bug(
        "ChildDoesNotWait",
        "A child speaks while what its node granted to the parent's leader still runs.",
        Edit(MODEL, "return n not in self.bound", "return True"),
        violates="one_owner_per_key",
    ),
    model_bug(
        "DropsTheParentEarly",
        "The parent's replica goes as soon as the child's files are written.",
        Edit(
            MODEL,
            'return bool(self.mark[n] == "synced" or n in self.dropped)',
            'return bool(self.journal[n] != "none")',
        ),
        violates="child_can_be_made",
    ),
    model_bug(
        "ForgetsTheUnmade",
        "What was dropped before it was made is forgotten beside a replica of the parent.",
        Edit(MODEL, 'return bool(self.parent[n] == "gone")', "return True"),
        violates="dropped_stays_dropped",
    ),
)

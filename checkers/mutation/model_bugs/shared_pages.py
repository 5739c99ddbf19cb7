"""Bugs of pages that children share with their parent, and of files that go or stay."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.shared_pages.protocol"
A_PAGE_ROTS: Final = Edit(MODEL, "rots = Constant(0)", "rots = Constant(1)")
PARENTS_HEAD: Final = "return not self.has_changed(self.maker(c)) and self.head_is_durable(self.maker(c))"
MARKS_EARLY: Final = Edit(MODEL, PARENTS_HEAD, "return True")
MAKES_EARLY: Final = Edit(MODEL, "return not self.has_changed(self.maker(c))\n", "return True\n")
REMOVES_ITS_FILE: Final = """self.forget(r)
for p in self.Page:
    if self.inside(r, p):
        self.content[p] = NOTHING"""
NAMED: Final = "p in (self.at[leaf], self.head_at[leaf], self.disk_at[leaf]) for leaf in self.Leaf"

BUGS = (
    model_bug(
        "MarksBeforeTheParentsHead",
        "A child is marked while its parent's `Head` at the barrier is not durable.",
        MARKS_EARLY,
        violates="reads_what_was_written",
    ),
    model_bug(
        "MakesFromMemory",
        "A child is made of the parent's tree in memory, and the last checkpoint is not waited for at all.",
        MARKS_EARLY,
        MAKES_EARLY,
        violates="reads_what_was_written",
    ),
    model_bug(
        "MarksBeforeThePages",
        "Nor is a child's mark kept until its pages are durable.",
        MARKS_EARLY,
        MAKES_EARLY,
        Edit(
            MODEL,
            "return self.head_is_durable(c) and self.is_synced(self.at[c + 1])",
            "return self.head_is_durable(c)",
        ),
        violates="crash_takes_nothing",
    ),
    model_bug(
        "ParentGoesOn",
        "A tree changes behind the barrier.",
        Edit(
            MODEL,
            "require(self.speaks(r) and not self.past[r] and self.version[2 * r] < self.last_version(r))",
            "require(self.speaks(r) and self.version[2 * r] < 3)",
        ),
        violates="reads_what_was_written",
    ),
    model_bug(
        "GoesWithItsOwner",
        "The page file of a replica that is dropped is removed with it.",
        Edit(MODEL, "self.forget(r)", REMOVES_ITS_FILE, within="SharedPagesRules.drop"),
        violates="reads_what_was_written",
    ),
    model_bug(
        "SilenceRemovesTheFile",
        "The page file of a replica that falls silent is removed with it.",
        A_PAGE_ROTS,
        Edit(MODEL, "self.forget(r)", REMOVES_ITS_FILE, within="SharedPagesRules.fall_silent"),
        violates="reads_what_was_written",
    ),
    model_bug(
        "RemovesByTheWrittenHead",
        "A file goes when the newest `Head` does not name it, durable or not.",
        Edit(
            MODEL,
            NAMED,
            "p in (self.at[leaf], self.head_at[leaf]) for leaf in self.Leaf",
            within="SharedPagesRules.is_named",
        ),
        violates="crash_takes_nothing",
    ),
    model_bug(
        "RemovesByTheDurableHead",
        "A file goes when no durable `Head` names it, whatever is being written.",
        Edit(
            MODEL, NAMED, "p == self.disk_at[leaf] for leaf in self.Leaf", within="SharedPagesRules.is_named"
        ),
        violates="reads_what_was_written",
    ),
    model_bug(
        "FreesItsParentsPages",
        "A child that no longer needs a page of its parent's file frees it.",
        Edit(
            MODEL,
            "self.content[p] != NOTHING and self.inside(r, p) and self.is_free(r, p)",
            "self.content[p] != NOTHING and self.is_free(r, p)\n"
            "and (self.inside(r, p) or (r == 1 and p <= 3 and self.content[p] <= 3))",
        ),
        violates="reads_what_was_written",
    ),
    model_bug(
        "ForgetsViews",
        "What a peer copies is not looked at when pages and files go.",
        Edit(MODEL, ") and not (r == 1 and self.view_at == p)", ")"),
        Edit(MODEL, "return self.view_at == p or any(", "return any("),
        violates="reads_what_was_written",
    ),
    model_bug(
        "DoesNotVerify",
        "A page is moved home as it is, under a new checksum.",
        A_PAGE_ROTS,
        Edit(
            MODEL,
            """
            require(self.content[self.at[c + 1]] != DAMAGED)
            self.content[p] = self.content[self.at[c + 1]]
            """,
            "self.content[p] = (\n"
            "    ALTERED if self.holds(self.at[c + 1], DAMAGED) else self.content[self.at[c + 1]]\n"
            ")",
        ),
        violates="reads_what_was_written",
    ),
)
BUGS_OF_WHAT_STAYS = (
    model_bug(
        "KeepsTheAbandoned",
        "A child in the making stays when its parent's replica falls silent.",
        A_PAGE_ROTS,
        Edit(MODEL, "crashes = Constant(1)", "crashes = Constant(0)"),
        Edit(
            MODEL,
            'self.mark[c] == "none" and self.state[self.maker(c)] != "live"',
            "False",
        ),
        violates="nothing_is_left",
    ),
    model_bug(
        "StaysAway",
        "Pages are never moved home.",
        Edit(
            MODEL, "require(not self.past[c] and self.inside(c, p) and self.is_free(c, p))", "require(False)"
        ),
        violates="nothing_is_left",
    ),
)

"""Bugs of copies: what a source holds for them, and how one that is under way goes on."""

from __future__ import annotations

from dynaproof.checkers.mutation.seeded.places import CHECKPOINT, COPYING, LEARNER, PAGE_COPY, VIEWS
from dynaproof.checkers.patches import Edit, bug

COPIES = "copy-under-load"

BUGS = (
    bug(
        "view_never_lapses",
        "What is held for a copier that is gone is held for ever.",
        Edit(VIEWS, "now - copier.asked_at >= self.settings.view_us", "False"),
        breaks=("logs_get_cut", "laggards_catch_up"),
    ),
    bug(
        "pages_freed_under_view",
        "The pages of a checkpoint that is being copied are freed when a newer one is durable.",
        Edit(VIEWS, "self._held = pages.hold_durable()", "self._held = 0"),
        Edit(VIEWS, "self.pages.let_go(self._held)", "pass"),
        scenario=COPIES,
        breaks=("only_the_damaged_fall_silent",),
    ),
    bug(
        "pages_known_by_number",
        "A copy that goes on elsewhere takes a page for another because it has the same number.",
        Edit(
            PAGE_COPY,
            "here = self.have.get((wanted.tree, wanted.ref.digest))",
            """
            here = next(
                (ref for ref in self.have.values() if ref.page == wanted.ref.page),
                None,
            )
            """,
        ),
        scenario=COPIES,
        breaks=("log_cut_is_covered", "only_the_damaged_fall_silent", "replicas_equal_when_quiet"),
    ),
    bug(
        "copy_of_two_roots",
        "A copy goes on from another view with the roots of the one before, and installs both as one.",
        Edit(
            CHECKPOINT,
            "self.pages.begin(offer.snapshot.roots)",
            """
            if not self.pages.roots:
                self.pages.begin(offer.snapshot.roots)
            """,
        ),
        scenario=COPIES,
        breaks=("log_cut_is_covered", "only_the_damaged_fall_silent", "replicas_equal_when_quiet"),
    ),
    bug(
        "copy_begins_anew",
        "A source serves its newest checkpoint only, and a copy begins anew at every one.",
        Edit(
            COPYING,
            "if view is None:",
            "if view is None or view.snapshot != self.log.head.snapshot:",
            within="Copying.on_copy_pages",
        ),
        Edit(
            VIEWS,
            "copier.view is not None and copier.view.snapshot.slot > known:",
            "copier.view is not None and copier.view.snapshot == snapshot:",
        ),
        Edit(
            CHECKPOINT,
            "self.pages.begin(offer.snapshot.roots)",
            """
            self.pages.have.clear()
            self.pages.begin(offer.snapshot.roots)
        """,
        ),
        scenario=COPIES,
        breaks=("copies_finish",),
    ),
    bug(
        "log_cut_under_a_view",
        "A source cuts its log above a checkpoint that is being copied, and who has it must copy again.",
        Edit(LEARNER, "copied = self.views.needed_from()", "copied = None"),
        scenario=COPIES,
        breaks=("copies_finish",),
    ),
    bug(
        "copy_never_asks_again",
        "A page that is asked for and does not come is not asked for again.",
        Edit(COPYING, "copy.pages.ask_again(tuple(copy.pages.asked))", "pass"),
        scenario=COPIES,
        breaks=("copies_finish",),
    ),
)

"""Bugs of the workflow of a split."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.admin_split"

BUGS = (
    model_bug(
        "ListsWhatIsProposed",
        "The metadata changes as soon as the split has been asked for.",
        Edit(MODEL, "return p in self.barrier", "return p in self.asked_split"),
        violates="quorum_survives",
    ),
    model_bug(
        "DropsTheParentWhenListed",
        "The parent is dropped as soon as the metadata lists the children.",
        Edit(MODEL, "return all(self.is_settled(c) for c in self.Partition if c // 2 == p)", "return True"),
        violates="quorum_survives",
    ),
    model_bug(
        "DropsTheParentAtAQuorum",
        "The parent is dropped when two voters of each child have been made; then one of them is lost.",
        Edit(MODEL, "all(self.is_settled(c)", "all(self.alive(c)"),
        violates="quorum_survives",
    ),
    model_bug(
        "MakesAgain",
        "A node whose child was lost makes it anew from the parent's replica, which is still there.",
        Edit(MODEL, "return (p, n) not in self.gone", "return True"),
        violates="nobody_comes_back",
    ),
    model_bug(
        "ListsInTwoWrites",
        "One write lists the children, and another one takes the parent out.",
        Edit(
            MODEL,
            "require(p in self.splitting and p in self.listed and self.may_list(p))",
            "require(p in self.splitting and p not in self.closed and self.may_list(p))",
        ),
        Edit(MODEL, "{q for q in self.listed if q != p} | {q", "self.listed | {q"),
        Edit(
            MODEL,
            """
            @action(fair=True, p=Partition)
            def drop_parent(self, p: int) -> None:
            """,
            '''
            @action(fair=True, p=Partition)
            def take_parent_out(self, p: int) -> None:
                """The second write."""
                require(p in self.splitting and p in self.closed and p in self.listed)
                self.listed.discard(p)

            @action(fair=True, p=Partition)
            def drop_parent(self, p: int) -> None:
            ''',
        ),
        violates="ranges_cover_once",
    ),
    model_bug(
        "ForgetsTheParent",
        "The children are listed, and the lineage does not say of whom they are.",
        Edit(MODEL, "self.closed.add(p)", "pass"),
        violates="parents_are_closed",
    ),
    model_bug(
        "CollectsTheUnlisted",
        "What has no record is dropped, although a workflow names it.",
        Edit(
            MODEL,
            """
            @action(p=Partition)
            def lose(self, p: int) -> None:
            """,
            '''
            @action(p=Partition, n=Node)
            def collect(self, p: int, n: int) -> None:
                """A node has reported it, and the metadata does not know it."""
                require((p, n) in self.there and p not in self.listed and p not in self.closed)
                self.there.discard((p, n))
                self.gone.add((p, n))

            @action(p=Partition)
            def lose(self, p: int) -> None:
            ''',
        ),
        violates="quorum_survives",
    ),
    model_bug(
        "CopiesNothing",
        "A child that a node cannot make from its parent's replica is not made there.",
        Edit(
            MODEL,
            "require(p > 1 and self.votes(p, n) and (p, n) not in self.there and (p, n) not in self.gone)",
            "require(False)",
        ),
        violates="ends_whole",
    ),
)

"""Bugs of a split."""

from __future__ import annotations

from typing import Final

from dynaproof.checkers.mutation.model_bugs.patched import model_bug
from dynaproof.checkers.patches import Edit

MODEL: Final = "dynaproof.model.split"

BUGS = (
    model_bug(
        "AcknowledgesBehindTheSplit",
        "The parent's leader answers for records that are behind the split in its log.",
        Edit(MODEL, "require(self.barrier is None or n < self.barrier)", ""),
        violates="acknowledged_writes_survive",
    ),
    model_bug(
        "ChildDoesNotWait",
        "A child's replica votes although the lease that it granted to the parent runs.",
        Edit(MODEL, "require(r not in self.granted)", ""),
        violates="one_owner_per_key",
    ),
    model_bug(
        "GrantsBehindTheSplit",
        "A replica that has applied the split still renews the lease of the parent's leader, who has not.",
        Edit(MODEL, " and r not in self.applied_split)", ")", within="Split.grant"),
        violates="one_owner_per_key",
    ),
    model_bug(
        "IdsStayBehind",
        "A child starts with the items and without the remembered request ids.",
        Edit(
            MODEL,
            "return any(self.log[n] == (k, i) and self.in_effect(n) for n in self.Slot)",
            "return False",
            within="Split.inherits",
        ),
        violates="retries_apply_once",
    ),
    model_bug(
        "TimestampsBeginAnew",
        "A child's slots and timestamps begin like those of a new partition.",
        Edit(MODEL, "max((n for n in self.Slot if self.barrier == n), default=0)", "0"),
        violates="children_go_on_behind_the_parent",
    ),
    model_bug(
        "MetadataInTwoSteps",
        "The children are put in one by one, and the parent is taken out after.",
        Edit(
            MODEL,
            """
            @action
            def change_metadata(self) -> None:
            """,
            """
            @action(k=Key)
            def put_child_in(self, k: int) -> None:
                require(self.split_chosen() and k not in self.child_listed)
                self.child_listed.add(k)

            @action
            def change_metadata(self) -> None:
            """,
        ),
        Edit(
            MODEL,
            """
            require(self.split_chosen() and self.parent_listed)
            self.parent_listed = False
            self.child_listed = set(self.Key)
            """,
            """
            require(self.parent_listed and all(k in self.child_listed for k in self.Key))
            self.parent_listed = False
            """,
        ),
        violates="metadata_covers_every_key_once",
    ),
)

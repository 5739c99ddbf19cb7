"""Changes of the metadata that a walk over the partitions, or a node's answer, calls for: one at a time is
read, decided and written.

*Invariant.* Each is decided on what was read for it and conditioned on that; so nothing that changes between
finding and doing it does harm, nor do two admins that find the same chore.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from dynaproof.impl.admin.reading import Metadata
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.term import Term
from dynaproof.impl.admin.workflows import Workflows
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.replacements import Forget, MarkNode, Plan, RecordNode
from dynaproof.impl.metadata.splits import PlanSplit
from dynaproof.impl.router.call import Ending

Chore: TypeAlias = Plan | PlanSplit | Forget | RecordNode | MarkNode


class Do(Struct, frozen=True, gc=False):
    """The purpose of a chore's read, and of its change."""

    chore: Chore


class Chores:
    """The chores waiting to be done; see the module."""

    def __init__(
        self,
        settings: AdminSettings,
        metadata: Metadata,
        term: Term,
        workflows: Workflows,
        hurry: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.metadata = metadata
        self.term = term
        self.workflows = workflows
        self.hurry = hurry
        """Makes the next walk begin soon."""
        self.waiting: dict[Chore, bool] = {}
        """In order."""
        self.doing: Chore | None = None
        """The one under way."""

    def activated(self) -> None:
        """Drop what an earlier term of this admin found."""
        self.waiting = {}

    def planned(self) -> list[Chore]:
        """The chores that wait, and the plans begun of late that are not among the known workflows yet."""
        return [*self.waiting, *self.workflows.steps.begun]

    def add(self, chore: Chore) -> None:
        """Queue a chore if there is room; if not, the next walk finds it again."""
        if len(self.waiting) < self.settings.chores:
            self.waiting.setdefault(chore, True)
            self.next()

    def next(self) -> None:
        """Begin the next chore, if none is under way."""
        if self.doing is None and self.waiting and self.term.active:
            self.doing = next(iter(self.waiting))
            self.metadata.read(self.doing.keys(), Do(self.doing))

    def decide(self, m: Do, read: Read) -> None:
        """Write the chore's change, if it is still needed."""
        change = m.chore.decide(read, self.most(m.chore)) if self.term.governs(read) else None
        if change is None:
            self.over(m.chore)
        else:
            self.metadata.change(change, m)

    def most(self, chore: Chore) -> int:
        """How many workflows of the kind that a chore begins may be under way at once."""
        settings = self.settings
        return settings.splits_at_once if isinstance(chore, PlanSplit) else settings.replacements

    def written(self, m: Do, ending: Ending, slot: int) -> None:
        """Go on with the workflow that the chore has, or may have, begun; if nothing was written, the next
        walk finds the chore again.
        """
        if ending in ("ok", "indefinite") and isinstance(m.chore, Plan | PlanSplit):
            self.workflows.steps.begun.append(m.chore)
            self.workflows.look()
        self.over(m.chore)
        if ending == "ok" and isinstance(m.chore, MarkNode):
            self.hurry()  # The node's replicas are lost from here on, or no longer are.

    def undone(self, m: Do) -> None:
        """The metadata did not answer."""
        self.over(m.chore)

    def over(self, chore: Chore) -> None:
        """A chore is done or given up: begin the next one."""
        self.waiting.pop(chore, None)
        self.doing = None
        if not self.term.active:
            self.waiting = {}
        self.next()

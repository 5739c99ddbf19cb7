"""Errors of users, seen through a `RegionView` from when all has mended: those that only a fault explains.

An error may say how things are: a condition failed, there is no such table, a router's bound is reached. That
nobody knows what became of a write it may say where the router did not know the table as it is: what it had
sent to a partition that is gone by then may have taken effect before. So it may of a write where tables are
given capacity: if an attempt has no answer, or was refused and a copy of it may yet come, the router goes on
until it gives up, and may be throttled for as long.
"""

from __future__ import annotations

from typing import Any, ClassVar

from dynaproof.impl.node import Microseconds, NodeId
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.messages import Action, DeleteItem, GetItem, PutItem
from dynaproof.impl.router.notes import UserAnswered, UserAsked
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.region import Failing, RegionView

UNKNOWN = "InternalServerError"

OF_FAULTS = ("", "ServiceUnavailable", UNKNOWN)
"""Errors that only a fault explains; the first is that no answer came."""

OF_TABLES = ("ConditionalCheckFailedException", "ResourceNotFoundException")
"""Errors that say how a table is."""


class ErrorObserver:
    """Files facts about errors of users; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (Failing,)
    """The types of all facts that are filed."""

    def __init__(self, view: RegionView) -> None:
        self.view = view
        self.stopped_at: Microseconds = 0
        """When the faults stopped,"""
        self.mended_at: Microseconds | None = None
        """and when all had mended; None before that."""
        self.provisioned: dict[str, bool] = {}
        """Tables that are given capacity."""
        self.changes: dict[str, int] = {}
        """How often the record of each table has changed."""
        self.known: dict[tuple[NodeId, str], int] = {}
        """By router and table: how often it had at least, as far as the router has shown to know."""
        self.open: dict[RequestId, tuple[Action, Microseconds, int]] = {}
        """What is under way: since when, and how often its table had changed then."""

    def changed(self, table: str) -> None:
        """The record of a table is made, changed or removed."""
        self.changes[table] = self.changes.get(table, 0) + 1

    def asked(self, note: UserAsked, now: Microseconds) -> None:
        """A user asks for something."""
        self.open[note.request] = (note.action, now, self.changes.get(table_of(note.action), 0))

    def answered(self, user: str, note: UserAnswered, router: NodeId, whole: bool) -> None:
        """A user was answered by a router, or waits no longer for one, which is `whole` if it is up, and none
        of its links is cut.
        """
        action, at, changes = self.open.pop(note.request)
        table = table_of(action)
        knew = self.known.get((router, table)) == changes == self.changes.get(table, 0)
        if note.result is not None or note.error in OF_TABLES:
            if shows_the_table(action):
                self.known[router, table] = changes
            return
        unsure = note.error == UNKNOWN and (not knew or table in self.provisioned)
        late = not note.error and self.provisioned and not isinstance(action, GetItem)
        explained = note.error not in OF_FAULTS or not whole or (table and unsure) or late
        # What was asked in the moment in which all was mended may have been lost just before.
        if not explained and self.mended_at is not None and at > self.mended_at:
            mended_us, later_us = self.mended_at - self.stopped_at, at - self.mended_at
            self.view.file(Failing(user, type(action).__name__, note.error, mended_us, later_us))

    def crashed(self, user: str) -> None:
        """A user is gone, and hears nothing."""
        for request in [request for request in self.open if request.node.name == user]:
            del self.open[request]


def table_of(action: Action) -> str:
    """The table to which a single item belongs; of all else, none."""
    single: Any = action
    return single.table if isinstance(action, (PutItem, DeleteItem, GetItem)) else ""


def shows_the_table(action: Action) -> bool:
    """Whether who has done it knows the table as it is: an old replica may answer an eventual read."""
    return isinstance(action, (PutItem, DeleteItem)) or (isinstance(action, GetItem) and action.strong)

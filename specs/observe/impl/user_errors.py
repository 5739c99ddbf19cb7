"""Users' errors, seen through a `RegionView` from when all has mended: those that only a fault explains.

An error may say how things are: a condition failed, there is no such table, a router's bound is reached. It
may say that the outcome of a write is unknown if the router did not know the table as it is: what the router
had sent to a partition that is gone by then may have taken effect before. While a table is being made, or
deleted, its partitions come and go without another change of its record. The same is true of a write where
tables are given capacity: if an attempt has no answer, or was refused and a copy of it may yet arrive, the
router goes on until it gives up, and may be throttled for as long. A part of a batch that is not processed
is an error without a name: it may have either of these reasons.

The error that there is no such table explains nothing if there was one all the time: from before the
question, when the change that made it active was acknowledged, until the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from dynaproof.impl.metadata.orders import DeleteTable, UpdateTable
from dynaproof.impl.metadata.records import MetadataRecord, TableRecord
from dynaproof.impl.node import Microseconds, NodeId
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.messages import (
    Action,
    Batch,
    BatchGetItem,
    BatchWriteItem,
    DeleteItem,
    DescribeTable,
    GetItem,
    PutItem,
    QueryTable,
    ScanTable,
)
from dynaproof.impl.router.notes import UserAnswered, UserAsked
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.region import Denied, Failing, RegionView

UNKNOWN = "InternalServerError"

UNPROCESSED = "that a part of it was not processed"

OF_FAULTS = ("", "ServiceUnavailable", UNKNOWN, UNPROCESSED)
"""Errors that only a fault explains; the first means that no answer came."""

NOT_FOUND = "ResourceNotFoundException"

OF_TABLES = ("ConditionalCheckFailedException", NOT_FOUND)
"""Errors that say how a table is."""


class Active(NamedTuple):
    """A generation of a table, and the slot of the metadata from which on it is active."""

    generation: int
    slot: int


class Open(NamedTuple):
    """A request under way: since when, how often the tables of its items had changed by then, and which of
    the tables that it names were active.
    """

    action: Action
    at: Microseconds
    changes: dict[str, int]
    there: dict[str, Active]


class ErrorObserver:
    """Files facts about errors of users; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (Denied, Failing)
    """The types of all facts that are filed."""

    def __init__(self, view: RegionView) -> None:
        self.view = view
        self.stopped_at: Microseconds = 0
        """When the faults stopped,"""
        self.mended_at: Microseconds | None = None
        """and when everything had mended; None before that."""
        self.bounded = False
        """Whether routers read so little for users that a part of a batch may have no room."""
        self.provisioned: dict[str, bool] = {}
        """Tables that are given capacity."""
        self.changes: dict[str, int] = {}
        """How often the record of each table has changed."""
        self.active: dict[str, Active] = {}
        """Tables that are active now."""
        self.acknowledged: Callable[[], int] = lambda: 0
        """The last slot of the metadata whose change was acknowledged."""
        self.known: dict[tuple[NodeId, str], int] = {}
        """By router and table: how many changes of the table the router has shown to know, at the least."""
        self.open: dict[RequestId, Open] = {}
        """What is under way."""

    def changed(self, table: str, record: MetadataRecord | None, slot: int) -> None:
        """The record of a table is made or changed in a slot of the metadata, or removed."""
        self.changes[table] = self.changes.get(table, 0) + 1
        if not isinstance(record, TableRecord) or record.status != "active":
            self.active.pop(table, None)
        elif table not in self.active:
            self.active[table] = Active(record.generation, slot)

    def asked(self, note: UserAsked, now: Microseconds) -> None:
        """A user asks for something."""
        known = self.acknowledged()
        there = {
            table: self.active[table]
            for table in tables_named_by(note.action)
            if table in self.active and self.active[table].slot <= known
        }
        changes = {table: self.changes.get(table, 0) for table in tables_of(note.action)}
        self.open[note.request] = Open(note.action, now, changes, there)

    def answered(self, user: str, note: UserAnswered, router: NodeId, whole: bool) -> None:
        """A user was answered by a router, or waits no longer for it; the router is `whole` if it is up and
        none of its links is cut.
        """
        action, at, changes, there = self.open.pop(note.request)
        if note.error == NOT_FOUND:
            self.denied(user, action, there)
        knew = all(
            self.known.get((router, table)) == count == self.changes.get(table, 0)
            for table, count in changes.items()
        )
        given = any(table in self.provisioned for table in changes)
        comes_or_goes = any(table not in self.active for table in changes)
        error, result = note.error, note.result
        if isinstance(result, Batch) and result.unprocessed:
            error = UNPROCESSED
        elif result is not None or error in OF_TABLES:
            if shows_the_table(action):
                for table, count in changes.items():
                    self.known[router, table] = count
            return
        full = self.bounded and error == UNPROCESSED and isinstance(action, BatchGetItem)
        unsure = bool(changes) and error in (UNKNOWN, UNPROCESSED) and (not knew or given or comes_or_goes)
        late = not error and self.provisioned and not isinstance(action, GetItem)
        explained = error not in OF_FAULTS or not whole or unsure or late or full
        # What was asked at the moment when everything had mended may have been lost just before.
        if not explained and self.mended_at is not None and at > self.mended_at:
            mended_us, later_us = self.mended_at - self.stopped_at, at - self.mended_at
            self.view.file(Failing(user, type(action).__name__, error, mended_us, later_us))

    def denied(self, user: str, action: Action, there: dict[str, Active]) -> None:
        """A user was told that a table it had named is not there."""
        tables = tables_named_by(action)
        if tables and all(one in there and self.active.get(one) == there[one] for one in tables):
            self.view.file(Denied(user, type(action).__name__, " and ".join(tables)))

    def crashed(self, user: str) -> None:
        """A user is gone, and hears nothing."""
        for request in [request for request in self.open if request.node.name == user]:
            del self.open[request]


def tables_of(action: Action) -> tuple[str, ...]:
    """The tables of the single items that are asked for; none for any other action."""
    each: tuple[PutItem | DeleteItem | GetItem, ...] = ()
    if isinstance(action, (PutItem, DeleteItem, GetItem)):
        each = (action,)
    elif isinstance(action, BatchGetItem):
        each = action.gets
    elif isinstance(action, BatchWriteItem):
        each = action.writes
    return tuple(dict.fromkeys(one.table for one in each))


def tables_named_by(action: Action) -> tuple[str, ...]:
    """The tables that have to be there for an action; none if it is not about tables."""
    if isinstance(action, (BatchGetItem, BatchWriteItem)):
        each = action.gets if isinstance(action, BatchGetItem) else action.writes
        return tuple(dict.fromkeys(one.table for one in each))
    if isinstance(action, (DescribeTable, DeleteTable, UpdateTable)):
        return (action.name,)
    if isinstance(action, (QueryTable, ScanTable, PutItem, DeleteItem, GetItem)):
        return (action.table,)
    return ()


def shows_the_table(action: Action) -> bool:
    """Whether a router that did this knows the table as it is: an old replica may answer an eventual read."""
    return isinstance(action, (PutItem, DeleteItem)) or (isinstance(action, GetItem) and action.strong)

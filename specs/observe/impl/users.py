"""Users of tables seen through a `RegionView`: whether what they are answered, by whatever routers, can be
explained by one copy of each item, and whether scans return each item once.

A table that was ever deleted, or asked for before it was there, is judged by its partitions alone: each of
its generations has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any, ClassVar, TypeAlias

from dynaproof.impl.partition.messages.requests import Delete, Get, Put
from dynaproof.impl.partition.records import Item, StoredItem
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.keys import decoded
from dynaproof.impl.router.messages import (
    Action,
    Batch,
    BatchGetItem,
    BatchWriteItem,
    DeleteItem,
    Done,
    GetItem,
    Items,
    PutItem,
    ScanTable,
)
from dynaproof.impl.router.notes import UserAnswered, UserAsked
from dynaproof.impl.values.errors import InvalidValue
from dynaproof.impl.values.key import KeySchema, encode_key
from dynaproof.impl.values.key_range import equal_part
from dynaproof.specs.observe.impl.place import Place
from dynaproof.specs.observe.impl.requests import KeyJudge
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.region import RegionView, ScanEnded, UserSaw

At: TypeAlias = tuple[str, bytes]
"""A table's name and a storage key."""

Named: TypeAlias = tuple[At, tuple[Hashable, int], Any]
"""An operation on one item: where that is, and the request with the operation's number in it."""


class Scanned:
    """A scan under way, over all its pages."""

    __slots__ = ("began", "found", "strong", "table")

    def __init__(self, table: str, strong: bool, began: int) -> None:
        self.table = table
        self.strong = strong
        self.began = began
        self.found: list[bytes] = []


class UserObserver:
    """Files facts about users; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (ScanEnded, UserSaw)
    """The types of all facts that are filed."""

    def __init__(
        self,
        view: RegionView,
        make_judge: Callable[[], KeyJudge],
        schema_of: Callable[[str], KeySchema | None],
    ) -> None:
        self.view = view
        self.make_judge = make_judge
        self.schema_of = schema_of
        self.judges: dict[At, KeyJudge] = {}
        self.unjudged: dict[str, bool] = {}
        """Tables that were ever deleted, or asked for before they were there."""
        self.endings: dict[str, int] = {}
        self.open: dict[RequestId, tuple[Action, str, list[Named]]] = {}
        """What is under way, with the place of the user and the operations on single items."""
        self.events = 0
        self.since: dict[At, int] = {}
        """Items that are there for certain, and since which event."""
        self.deletes: dict[At, dict[Hashable, bool]] = {}
        """Deletes that may take effect: under way, or ended without anybody knowing how."""
        self.puts: dict[At, dict[Hashable, bool]] = {}
        """Puts under way, and whether every delete of the item had ended before."""
        self.written: dict[At, dict[Item, bool]] = {}
        """What was ever asked to be written."""
        self.scans: dict[str, Scanned] = {}
        """By the place of the user."""

    def removed(self, table: str) -> None:
        """A table is being deleted: from here on it is judged by its partitions."""
        self.unjudged[table] = True

    # --- What users ask, and are answered ---

    def on_asked(self, place: Place, note: UserAsked) -> None:
        """A user asks for something."""
        self.events += 1
        operations = list(self.operations(note.request, note.action))
        self.open[note.request] = (note.action, place.name, operations)
        for at, request, operation in operations:
            judge = self.judges.get(at)
            if judge is None:
                judge = self.judges[at] = self.make_judge()
            judge.invoked(request, operation)
            if isinstance(operation, Put):
                self.written.setdefault(at, {})[operation.item] = True
                self.puts.setdefault(at, {})[request] = not self.deletes.get(at)
            elif isinstance(operation, Delete):
                self.deletes.setdefault(at, {})[request] = True
                self.puts[at] = dict.fromkeys(self.puts.get(at, {}), False)
                self.since.pop(at, None)
        action = note.action
        if isinstance(action, ScanTable) and action.after is None:
            self.scans[place.name] = Scanned(action.table, action.strong, self.events)

    def on_answered(self, place: Place, note: UserAnswered) -> None:
        """A user got an answer, or waits no longer."""
        found = self.open.pop(note.request, None)
        if found is None:
            return
        self.events += 1
        action, _, operations = found
        ending = ending_of(note)
        self.endings[ending] = self.endings.get(ending, 0) + 1
        if isinstance(action, ScanTable):
            self.paged(place, action, note)
            return
        unprocessed = dict(note.result.unprocessed) if isinstance(note.result, Batch) else {}
        for at, request, operation in operations:
            each, number = ending, request[1]
            if number in unprocessed:
                each = "definite" if unprocessed[number] or isinstance(operation, Get) else "indefinite"
            self.operation_ended(at, request, operation, each, seen_by(note, number))

    def operation_ended(
        self, at: At, request: tuple[Hashable, int], operation: Any, ending: str, seen: Item | None
    ) -> None:
        """One operation on one item is over."""
        observed = None if seen is None else StoredItem(seen, 0, 0)
        reads = isinstance(operation, Get)
        if reads and ending == "indefinite":
            ending = "definite"  # A read has no effect.
        if reads and not operation.strong:
            if ending == "ok" and seen is not None and seen not in self.written.get(at, {}):
                self.saw(at, f"{request} read what nobody wrote")
            return
        wrong = self.judges[at].ended(request, ending, observed)  # type: ignore[arg-type]
        if wrong is not None:
            self.saw(at, wrong)
        if isinstance(operation, Delete):
            if ending != "indefinite":
                del self.deletes[at][request]
        elif isinstance(operation, Put) and self.puts[at].pop(request) and ending == "ok":
            self.since.setdefault(at, self.events)

    def saw(self, at: At, wrong: str) -> None:
        """What was answered for an item cannot be."""
        if at[0] not in self.unjudged:
            self.view.file(UserSaw(at[0], f"{at[1][16:]!r}: {wrong}"))

    def crashed(self, place: Place, _lost_disk: bool) -> None:
        """A user is gone: what became of what it had asked for is not known."""
        for request in [request for request, (_, at, _) in self.open.items() if at == place.name]:
            self.on_answered(place, UserAnswered(request, None, "", False))
        self.scans.pop(place.name, None)

    # --- Scans ---

    def paged(self, place: Place, action: ScanTable, note: UserAnswered) -> None:
        """A page of a scan; behind the last one the whole scan is judged."""
        scan, result = self.scans.get(place.name), note.result
        if scan is None or not isinstance(result, Items):
            self.scans.pop(place.name, None)  # It is begun anew.
            return
        scan.found += [key for key, _ in result.items]
        if result.after is not None:
            return
        del self.scans[place.name]
        if action.table in self.unjudged:
            return
        part = equal_part(action.segments, action.segment)
        missing = tuple(
            key
            for (table, key), since in self.since.items()
            if scan.strong and table == scan.table and since < scan.began
            if part.contains(key) and key not in scan.found
        )
        repeated = tuple(
            later for one, later in zip(scan.found, scan.found[1:], strict=False) if later <= one
        )
        # Another segment has what is outside this one: so it comes twice.
        repeated += tuple(key for key in scan.found if not part.contains(key))
        self.view.file(ScanEnded(scan.table, missing, repeated))

    # --- From the API to items ---

    def operations(self, request: Hashable, action: Action) -> Iterator[Named]:
        """The operations on single items in what is asked for, each with a name of its own."""
        each: tuple[Any, ...] = ()
        if isinstance(action, (PutItem, DeleteItem, GetItem)):
            each = (action,)
        elif isinstance(action, BatchWriteItem):
            each = action.writes
        elif isinstance(action, BatchGetItem):
            each = action.gets
        for number, one in enumerate(each):
            schema = self.schema_of(one.table)
            if (
                schema is None
            ):  # It may be there when the request arrives, and what is written then is unknown.
                self.unjudged[one.table] = True
                continue
            try:
                key = encode_key(schema, decoded(one.item if isinstance(one, PutItem) else one.key))
            except InvalidValue:
                continue  # The router refuses it.
            name = (request, number)
            if isinstance(one, PutItem):
                yield (one.table, key), name, Put(key, one.item, one.conditional, one.expected)
            elif isinstance(one, DeleteItem):
                yield (one.table, key), name, Delete(key, one.conditional, one.expected)
            else:
                yield (one.table, key), name, Get(key, one.strong)


def ending_of(note: UserAnswered) -> str:
    """How what was asked for has ended."""
    if note.result is not None:
        return "ok"
    if note.error == "ConditionalCheckFailedException":
        return "condition_failed"
    return "definite" if note.definite else "indefinite"


def seen_by(note: UserAnswered, number: int) -> Item | None:
    """The item that the operation of this number was answered with."""
    result = note.result
    if isinstance(result, Batch):
        return result.items[number]
    return result.item if isinstance(result, Done) else note.observed

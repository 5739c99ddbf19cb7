"""Users of tables seen through a `RegionView`: whether the answers they get, from whatever routers, can be
explained by one copy of each item, and whether pages are what was asked for.

Each generation of a table has its own items. What a user asks for belongs to the generation that is there
from its question to its answer. If another one comes or goes meanwhile, a write may have taken effect in any
of those; a write of unknown outcome may take effect in each that comes later. An eventual read may be
answered by a replica that was left over: it shows an item that was at some time written under that name.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import ClassVar, TypeAlias

from dynaproof.impl.metadata.records import TableRecord
from dynaproof.impl.partition.messages.requests import Delete, Get, Put
from dynaproof.impl.partition.records import Item
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.call import Ending
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
    QueryTable,
    ScanTable,
)
from dynaproof.impl.router.notes import UserAnswered, UserAsked
from dynaproof.impl.values.attribute import Item as AttributeItem
from dynaproof.impl.values.errors import InvalidValue
from dynaproof.impl.values.key import KeySchema, encode_key
from dynaproof.impl.values.key_range import equal_part
from dynaproof.specs import sometimes_of_regions
from dynaproof.specs.observe.impl.generations import Generation, Named
from dynaproof.specs.observe.impl.place import Place
from dynaproof.specs.observe.impl.requests import KeyJudge
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.region import BatchAnswered, PageShown, RegionView, UserSaw

Single: TypeAlias = PutItem | DeleteItem | GetItem

Wanted: TypeAlias = Callable[[bytes, AttributeItem], bool]


class Part:
    """One operation on a single item."""

    __slots__ = ("action", "attributes", "request", "runs")

    def __init__(self, request: Named, action: Single, attributes: AttributeItem) -> None:
        self.request = request
        self.action = action
        self.attributes = attributes
        """The attributes of the item, or of its key."""
        self.runs: list[tuple[Generation, bytes]] = []
        """Where it may take effect, or be answered from."""

    @property
    def reads(self) -> bool:
        """Whether it has no effect."""
        return isinstance(self.action, GetItem)

    @property
    def strong(self) -> bool:
        """Whether it is one of the operations that must fit into one order."""
        return not isinstance(self.action, GetItem) or self.action.strong

    def operation(self, key: bytes) -> Put | Delete | Get:
        """The operation that is asked of the partition with the key."""
        action = self.action
        if isinstance(action, PutItem):
            return Put(key, action.item, action.conditional, action.expected)
        if isinstance(action, DeleteItem):
            return Delete(key, action.conditional, action.expected)
        return Get(key, action.strong)


class Asked:
    """A request whose answer a user waits for."""

    __slots__ = ("action", "event", "parts", "place", "there")

    def __init__(self, action: Action, place: str, event: int, parts: list[Part]) -> None:
        self.action = action
        self.place = place
        """The user's place."""
        self.event = event
        """The event at which the user asked."""
        self.parts = parts
        self.there: list[Generation] = []
        """For a page: the generations of its table that were there since."""


class UserObserver:
    """Files facts about users; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (BatchAnswered, PageShown, UserSaw)
    """The types of all facts that are filed."""

    def __init__(
        self, view: RegionView, make_judge: Callable[[], KeyJudge], reach: Callable[[Sometimes], None]
    ) -> None:
        self.view = view
        self.make_judge = make_judge
        self.reach = reach
        self.tables: dict[str, Generation] = {}
        """The tables that are there."""
        self.schemas: dict[str, dict[KeySchema, bool]] = {}
        """The schemas of all tables that ever existed, by name."""
        self.written: dict[str, dict[Item, AttributeItem]] = {}
        """By table name: every item that a user has ever asked to write."""
        self.endings: dict[str, int] = {}
        self.open: dict[RequestId, Asked] = {}
        """What is under way."""
        self.lost: list[Part] = []
        """Writes of unknown outcome."""
        self.events = 0

    # --- Tables come and go ---

    def table_changed(self, name: str, record: TableRecord | None) -> None:
        """This is the record of a table from here on."""
        before = self.tables.get(name)
        if record is None:
            self.tables.pop(name, None)
        elif before is None or before.number != record.generation:
            self.events += 1
            self.schemas.setdefault(name, {})[record.schema] = True
            table = Generation(record.generation, record.schema, self.events, self.make_judge)
            self.tables[name] = table
            for part in self.lost:
                if part.action.table == name and self.enter(part, table):
                    self.leave(part, "indefinite")
            for asked in self.open.values():
                if isinstance(asked.action, (ScanTable, QueryTable)) and asked.action.table == name:
                    asked.there.append(table)
                for part in asked.parts:
                    if part.action.table == name:
                        self.enter(part, table)

    def enter(self, part: Part, table: Generation) -> bool:
        """An operation may take effect in a generation from here on; whether it can."""
        try:
            key = table.key(part.attributes)
        except InvalidValue:
            return False  # The router refuses it.
        table.invoked(key, part.request, part.operation(key), self.events)
        part.runs.append((table, key))
        return True

    def leave(self, part: Part, ending: Ending) -> None:
        """An operation has ended, and its answer says no more of this generation: it may take effect there at
        any time, or it never does.
        """
        table, key = part.runs.pop()
        table.ended(key, part.request, ending, None, self.events, self.oldest())

    def oldest(self) -> int:
        """The event at which the longest-waiting user asked."""
        return min((asked.event for asked in self.open.values()), default=self.events)

    # --- What users ask, and are answered ---

    def on_asked(self, place: Place, note: UserAsked) -> None:
        """A user asks for something."""
        self.events += 1
        action = note.action
        asked = self.open[note.request] = Asked(
            action, place.name, self.events, list(parts_of(note.request, action))
        )
        for part in asked.parts:
            if isinstance(part.action, PutItem):
                self.written.setdefault(part.action.table, {})[part.action.item] = part.attributes
            table = self.tables.get(part.action.table)
            if table is not None:
                self.enter(part, table)
        if isinstance(action, (ScanTable, QueryTable)) and action.table in self.tables:
            asked.there.append(self.tables[action.table])

    def on_answered(self, place: Place, note: UserAnswered) -> None:
        """A user got an answer, or waits no longer."""
        asked = self.open.pop(note.request, None)
        if asked is None:
            return
        self.events += 1
        ending, result = ending_of(note), note.result
        self.endings[ending] = self.endings.get(ending, 0) + 1
        if isinstance(result, Items):
            self.paged(asked, result)
        unprocessed = dict(result.unprocessed) if isinstance(result, Batch) else {}
        if isinstance(result, Batch):
            self.view.file(BatchAnswered(place.name, len(result.items), len(unprocessed)))
        for part in asked.parts:
            each, number = ending, part.request[1]
            if number in unprocessed:
                each = "definite" if unprocessed[number] else "indefinite"
            self.part_ended(part, each, seen_by(note, number))

    def part_ended(self, part: Part, ending: Ending, seen: Item | None) -> None:
        """One operation on one item is over."""
        name, answered = part.action.table, ending in ("ok", "condition_failed")
        if part.reads and ending == "indefinite":
            ending = "definite"  # A read has no effect.
        if not part.strong:
            if answered and name not in self.schemas:
                self.saw(name, f"{part.request} was answered, and there was no such table")
            elif answered and seen is not None and not self.was_written(name, part.attributes, seen):
                self.saw(name, f"{part.request} read what nobody wrote")
        elif answered and not part.runs:
            self.saw(name, f"{part.request} was answered, and there was no such table")
        elif len(part.runs) == 1:
            table, key = part.runs[0]
            wrong = table.ended(key, part.request, ending, seen, self.events, self.oldest())
            if wrong is not None:
                self.saw(name, f"{key[16:]!r}: {wrong}")
        else:
            took_effect = ending == "indefinite" or (ending == "ok" and not part.reads)
            while part.runs:
                self.leave(part, "indefinite" if took_effect else "definite")
        if ending == "indefinite":
            part.runs = []
            self.lost.append(part)

    def was_written(self, name: str, key: AttributeItem, item: Item) -> bool:
        """Whether an item with these attributes was ever asked to be written."""
        attributes = self.written.get(name, {}).get(item)
        return attributes is not None and has(attributes, key)

    def saw(self, table: str, wrong: str) -> None:
        """File an answer that cannot be."""
        self.view.file(UserSaw(table, wrong))

    def crashed(self, place: Place, _lost_disk: bool) -> None:
        """A user is gone: the outcome of what it had asked for is unknown."""
        for request in [request for request, asked in self.open.items() if asked.place == place.name]:
            self.on_answered(place, UserAnswered(request, None, "", False))

    # --- Pages ---

    def paged(self, asked: Asked, page: Items) -> None:
        """A page was shown: it is judged alone, for the next one begins where it says."""
        action = asked.action
        assert isinstance(action, (ScanTable, QueryTable)), "nothing else has pages"
        name, queries = action.table, isinstance(action, QueryTable)
        if name not in self.schemas or (action.strong and not asked.there):
            self.saw(name, "a page was shown, and there was no such table")
            return
        is_wanted = wanted_by(action)
        before, strange = action.after or b"", []
        for key, item in page.items:
            attributes = self.written.get(name, {}).get(item)
            if attributes is None or all(encode_key(one, attributes) != key for one in self.schemas[name]):
                self.saw(name, f"a page shows, under {key[16:]!r}, what nobody wrote there")
            elif key <= before or not is_wanted(key, attributes):
                strange.append(key)
            before = key
        missing: list[bytes] = []
        if action.strong and len(asked.there) == 1:
            missing = self.missing(asked, action, page, is_wanted)
        self.view.file(
            PageShown(name, queries, tuple(missing), tuple(strange), len(page.items), action.limit)
        )
        if queries and page.after is not None:
            self.reach(sometimes_of_regions.QUERY_PAGED)

    def missing(
        self, asked: Asked, action: ScanTable | QueryTable, page: Items, is_wanted: Wanted
    ) -> list[bytes]:
        """The keys of items that were there while a strong page was read and are not in it; those in it are
        checked to have been there as it shows them.
        """
        (table,), shown, missing = asked.there, dict(page.items), []
        for key in sorted(table.versions):
            if action.after is not None and key <= action.after:
                continue
            if page.after is not None and key > page.after:
                break
            possible = table.possible(key, asked.event)
            if key in shown and shown[key] not in possible:
                self.saw(action.table, f"a page shows, under {key[16:]!r}, what was overwritten before")
            elif key not in shown and None not in possible and is_wanted(key, table.attributes[key]):
                missing.append(key)
        return missing


def wanted_by(action: ScanTable | QueryTable) -> Wanted:
    """Whether an item, by its key and its attributes, is one of those that are asked for."""
    if isinstance(action, ScanTable):
        part = equal_part(action.segments, action.segment)
        return lambda key, _: part.contains(key)
    asked = decoded(action.key)
    return lambda _, attributes: has(attributes, asked)


def has(attributes: AttributeItem, some: AttributeItem) -> bool:
    """Whether all of some attributes are among those of an item, with the same values."""
    return all(attributes.get(name) == value for name, value in some.items())


def parts_of(request: Hashable, action: Action) -> Iterator[Part]:
    """The operations on single items that an action consists of, each with a name of its own."""
    each: tuple[Single, ...] = ()
    if isinstance(action, (PutItem, DeleteItem, GetItem)):
        each = (action,)
    elif isinstance(action, BatchWriteItem):
        each = action.writes
    elif isinstance(action, BatchGetItem):
        each = action.gets
    for number, one in enumerate(each):
        try:
            attributes = decoded(one.item if isinstance(one, PutItem) else one.key)
        except InvalidValue:
            continue  # The router refuses it.
        yield Part((request, number), one, attributes)


def ending_of(note: UserAnswered) -> Ending:
    """How the request has ended."""
    if note.result is not None:
        return "ok"
    if note.error == "ConditionalCheckFailedException":
        return "condition_failed"
    return "definite" if note.definite else "indefinite"


def seen_by(note: UserAnswered, number: int) -> Item | None:
    """The item with which the operation of this number was answered."""
    result = note.result
    if isinstance(result, Batch):
        return result.items[number]
    return result.item if isinstance(result, Done) else note.observed

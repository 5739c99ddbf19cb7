"""Users of a region's tables, as nodes: each asks one thing at a time of some router, and waits.

A user that hears nothing asks for the next thing, as if its SDK had given up: it is not known whether what
it had asked for takes effect.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, structs

from dynaproof.impl.metadata.orders import CreateTable, DeleteTable, SplitAt
from dynaproof.impl.node import Env, Message, Microseconds, NodeId, Timer
from dynaproof.impl.partition.records import Item
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.messages import (
    Action,
    Answered,
    Ask,
    BatchGetItem,
    BatchWriteItem,
    DeleteItem,
    DescribeTable,
    Failed,
    GetItem,
    Items,
    ListTables,
    PutItem,
    QueryTable,
    Result,
    ScanTable,
)
from dynaproof.impl.router.notes import UserAnswered, UserAsked
from dynaproof.impl.sessions import OpenSession, Session, SessionGone, SessionOpened
from dynaproof.impl.values.attribute import Item as AttributeItem
from dynaproof.impl.values.attribute import S, number
from dynaproof.impl.values.encoding import decode_item, encode_item
from dynaproof.impl.values.key import KeyAttribute, KeySchema

SCHEMA = KeySchema(KeyAttribute("id", "S"))
"""The schema of all users' tables,"""

SORTED = KeySchema(KeyAttribute("id", "S"), KeyAttribute("at", "S"))
"""or the one with sort keys."""

TRIES = 20
"""The most that a user begins for each thing that is to be answered."""

MOST_DOUBLED = 8

CONNECTING = 8
"""A session is opened within this part of the time that a user waits for an answer, or another router is
asked.
"""

ENDLESS = 1 << 40
"""Operations of a user that goes on until it is told to stop."""


class UserSettings(Struct, frozen=True):
    """What a user asks for, and how it waits."""

    timeout_us: Microseconds
    """How long it waits for an answer."""
    think_us: Microseconds
    """The longest pause between two things."""
    operations: int
    """Things that are to be answered."""
    keys: int
    """Different items that it asks for."""
    sort_keys: int = 0
    """The sort keys of each partition key; 0: the tables have none."""
    tables: int = 1
    partitions: int = 3
    """The partitions of each table,"""
    replicas: int = 3
    """and the replicas of each partition."""
    orders: int = 0
    """How many of 24 things create, delete or describe a table, up to 16;"""
    deletes: int = 3
    """and how many of eight of these delete one, up to six."""
    kept: int = 0
    """How many tables, the first ones, nobody deletes; if there are any, the last table is deleted as soon as
    the load begins.
    """
    scans: int = 0
    """How many more of 24 things read a page of a scan, instead of single items."""
    page: int = 3
    """The most items of a page."""
    hot: bool = False
    """Whether three of four things concern one key."""
    item_bytes: int = 0
    """By how much at most an item is longer than its key and its number."""

    @property
    def schema(self) -> KeySchema:
        """The schema of all tables."""
        return SORTED if self.sort_keys else SCHEMA

    def partition_key(self, index: int) -> AttributeItem:
        """The partition key of an item, by its number."""
        return {"id": S(f"k{index // max(1, self.sort_keys)}")}

    def key(self, index: int) -> AttributeItem:
        """The key of an item: those of one partition key follow each other."""
        if not self.sort_keys:
            return self.partition_key(index)
        return {**self.partition_key(index), "at": S(f"s{index % self.sort_keys}")}


class UserThinkTimer(Timer, frozen=True, gc=False, tag="user_think"):
    """Time for the next thing."""


class UserTimeoutTimer(Timer, frozen=True, gc=False, tag="user_timeout"):
    """The answer to this did not come."""

    number: int


class User:
    """One user; see the module."""

    def __init__(self, env: Env, routers: tuple[NodeId, ...], settings: UserSettings) -> None:
        self.env = env
        self.routers = tuple(router.address for router in routers)
        self.settings = settings
        self.left = settings.operations
        self.tries = settings.operations * TRIES
        self.errors = 0
        """How many there were in a row."""
        self.ended = 0
        """Things that were answered."""
        self.numbers = 0
        self.sessions: dict[NodeId, Session] = {}
        """By router, the session there."""
        self.silent: dict[NodeId, bool] = {}
        """Routers that did not answer: another one is asked, unless none does."""
        self.router = self.routers[0]
        """The router that is asked now."""
        self.doing: Action | None = None
        self.scan: ScanTable | QueryTable | None = None
        """The next page of a scan or a query that is under way."""
        self.seen: dict[tuple[str, bytes], Item | None] = {}
        self.first: list[Action] = []
        """What it was asked to do first,"""
        self.heard: dict[Action, tuple[Result | None, str]] = {}
        """what it last heard of each of these, a result or an error,"""
        self.insisted = 0
        """and how often the first of these was refused for now."""

    def on_start(self) -> None:
        """Begin soon."""
        self.think(1 + self.env.random("think", self.settings.think_us))

    def think(self, pause_us: Microseconds) -> None:
        """Pause before the next thing."""
        self.env.set_timer(pause_us, UserThinkTimer())

    def go_on(self, think_us: Microseconds) -> None:
        """Ask until told to stop, with pauses of at most `think_us`, except after errors from here on; and
        ask any router: one that was silent before may answer, and the one that answered may be cut off.
        """
        self.left = self.tries = ENDLESS
        self.silent = {}
        self.errors = self.insisted = 0
        # Whether a partition can be split is not judged by how often a user insists.
        self.first = [action for action in self.first if not isinstance(action, SplitAt)]
        self.settings = structs.replace(self.settings, think_us=max(1, think_us))
        self.begin()

    def stop(self) -> None:
        """Begin nothing more."""
        self.left = 0

    def ask_first(self, *actions: Action) -> None:
        """Do these next, in order, each until it is done or cannot be."""
        self.first = list(actions)
        self.left += len(actions)
        self.tries += len(actions)

    def take_up(self, actions: list[Action], think_us: Microseconds) -> None:
        """Do these and nothing more, in order, with pauses of at most `think_us`, except after errors."""
        self.first = actions
        self.left = len(actions)
        self.tries = len(actions) * TRIES
        self.errors = self.insisted = 0
        self.scan, self.silent = None, {}
        self.settings = structs.replace(self.settings, think_us=max(1, think_us))

    @property
    def request(self) -> RequestId:
        """The name of what is under way."""
        return RequestId(self.env.me, self.env.boot, self.numbers)

    # --- Asking ---

    def on_timer(self, timer: Timer) -> None:
        """Begin, or wait no longer."""
        if isinstance(timer, UserThinkTimer):
            self.begin()
        elif isinstance(timer, UserTimeoutTimer) and self.doing is not None:
            self.scan, self.silent[self.router] = None, True
            self.end(None, "", self.router not in self.sessions, None)

    def begin(self) -> None:
        """Ask for the next thing, if there is one."""
        if self.doing is not None or self.left <= 0 or self.tries <= 0:
            return
        self.tries -= 1
        action = self.first[0] if self.first else self.scan or self.next_action()
        self.doing = action
        self.numbers += 1
        self.env.note(UserAsked(self.request, action))
        if len(self.silent) == len(self.routers):
            self.silent = {}
        routers = [router for router in self.routers if router not in self.silent]
        self.router = routers[self.env.random("router", len(routers))]
        session, wait_us = self.sessions.get(self.router), self.settings.timeout_us
        if session is None:
            wait_us //= CONNECTING
            self.env.send(self.router, OpenSession(self.numbers))
        else:
            self.env.send(self.router, Ask(session, self.numbers, action))
        self.env.set_timer(wait_us, UserTimeoutTimer(self.numbers))

    def next_action(self) -> Action:
        """An action drawn from the mix."""
        draw = self.env.random("action", 24)
        settings = self.settings
        index = self.env.random("table", settings.tables)
        table = self.table(index)
        if draw < settings.orders:
            if draw % 8 < settings.deletes and index >= settings.kept:
                return DeleteTable(table)
            if draw % 8 == 7:
                return DescribeTable(table)
            return CreateTable(table, settings.schema, settings.partitions, settings.replicas)
        if draw < settings.orders + settings.scans:
            limit, segments = 1 + self.env.random("page", settings.page), 1 + self.env.random("segments", 3)
            segment = self.env.random("segment", segments)
            return ScanTable(table, None, limit, segment, segments, strong=draw % 2 > 0)
        number = self.key()
        key = encode_item(settings.key(number))
        if draw < 11:
            return GetItem(table, key, strong=draw % 3 > 0)
        if draw < 18:
            conditional = draw % 2 > 0
            expected = self.seen.get((table, key)) if conditional else None
            if draw == 12:
                return DeleteItem(table, key, conditional, expected)
            return PutItem(table, self.item(number), conditional, expected)
        if draw == 20 or (draw == 19 and settings.sort_keys):
            return self.query(table, number, strong=draw == 20)
        if draw < 20:
            return ScanTable(table, None, 1 + self.env.random("page", settings.page), strong=draw % 2 > 0)
        keys = [(number + offset) % settings.keys for offset in range(min(3, settings.keys))]
        if draw == 21:
            each = (encode_item(settings.key(one)) for one in keys)
            return BatchGetItem(tuple(GetItem(table, one, strong=True) for one in each))
        if draw == 22:
            return BatchWriteItem(tuple(PutItem(table, self.item(one)) for one in keys))
        return ListTables(limit=1 + self.env.random("page", settings.page))

    def query(self, table: str, number: int, strong: bool) -> QueryTable:
        """A query for all items with the partition key of this one, in pages if there can be several."""
        action = QueryTable(table, encode_item(self.settings.partition_key(number)), strong=strong)
        if not self.settings.sort_keys:
            return action
        return structs.replace(action, limit=1 + self.env.random("page", self.settings.page))

    def key(self) -> int:
        """The number of the item that is asked for next."""
        key = self.env.random("key", self.settings.keys)
        return 0 if self.settings.hot and self.env.random("hot", 4) else key

    def item(self, key: int) -> Item:
        """An item that nobody else writes."""
        item: AttributeItem = {
            **self.settings.key(key),
            "writer": S(f"{self.env.me.name}.{self.env.boot}"),
            "number": number(str(self.numbers + 1)),
        }
        if self.settings.item_bytes:
            item["padding"] = S("x" * self.env.random("padding", self.settings.item_bytes + 1))
        return encode_item(item)

    def keyed(self, item: Item) -> Item:
        """The key in an item."""
        attributes = decode_item(item)
        return encode_item({name: attributes[name] for name in self.settings.schema.names})

    @staticmethod
    def table(index: int) -> str:
        """The name of a table."""
        return f"table-{index}"

    def insists_on(self, action: Action, error: str) -> bool:
        """Whether it orders again what was refused."""
        if error == IN_USE and isinstance(action, SplitAt) and self.insisted < INSISTS:
            self.insisted += 1
            return True
        return error == TOO_MANY

    # --- Answers ---

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Take the answer to what is under way."""
        if isinstance(message, SessionOpened):
            if message.number == self.numbers and self.doing is not None and self.router not in self.sessions:
                self.sessions[self.router] = message.session
                self.env.send(self.router, Ask(message.session, self.numbers, self.doing))
                self.env.set_timer(self.settings.timeout_us, UserTimeoutTimer(self.numbers))
            return
        if isinstance(message, SessionGone):
            if self.sessions.get(sender.address) == message.session:
                del self.sessions[sender.address]
                if self.doing is not None and self.router == sender.address:
                    self.scan = None
                    self.end(None, SESSION_GONE, False, None)  # The router's earlier life may have done it.
            return
        if not isinstance(message, (Answered, Failed)) or self.doing is None:
            return
        if (message.session, message.number) != (self.sessions.get(sender.address), self.numbers):
            return
        if isinstance(message, Answered):
            self.learn(message.result)
            self.end(message.result, "", True, None)
        else:
            self.scan = None
            self.end(None, message.error, message.definite, message.observed)

    def learn(self, result: Result) -> None:
        """Remember what was read and written last, and where a scan goes on."""
        action: Any = self.doing
        self.scan = None
        if (
            isinstance(action, (ScanTable, QueryTable))
            and isinstance(result, Items)
            and result.after is not None
        ):
            self.scan = structs.replace(action, after=result.after)
        elif isinstance(action, PutItem):
            self.seen[action.table, self.keyed(action.item)] = action.item
        elif isinstance(action, DeleteItem):
            self.seen[action.table, action.key] = None
        elif isinstance(action, GetItem) and action.strong:
            self.seen[action.table, action.key] = result.item  # type: ignore[union-attr]

    def end(self, result: Result | None, error: str, definite: bool, observed: Item | None) -> None:
        """The action is over; after errors, wait longer, for whatever caused them may take its time."""
        self.env.note(UserAnswered(self.request, result, error, definite, observed))
        self.env.cancel_timer(UserTimeoutTimer(self.numbers))
        if error == "ConditionalCheckFailedException":
            action: Any = self.doing
            at = self.keyed(action.item) if isinstance(action, PutItem) else action.key
            self.seen[action.table, at] = observed
        answered = result is not None or error in ANSWERS
        if self.first:
            self.heard[self.first[0]] = result, error
        if self.first and self.insists_on(self.first[0], error):
            answered = False
        elif self.first and answered:
            self.first.pop(0)
            self.insisted = 0
        self.doing = None
        self.errors = 0 if answered else self.errors + 1
        self.left -= answered
        self.ended += answered
        self.think(1 + self.env.random("think", self.settings.think_us << min(self.errors, MOST_DOUBLED)))


SESSION_GONE = "session gone"
"""The router has closed the session, or has crashed since."""

TOO_MANY = "LimitExceededException"
"""It can be done later;"""

IN_USE = "ResourceInUseException"
"""and so can a split, unless it was done already."""

INSISTS = 6
"""How often a user orders again a split that could not be made."""

ANSWERS = (
    "ConditionalCheckFailedException",
    "ResourceNotFoundException",
    IN_USE,
    "ValidationException",
    "ProvisionedThroughputExceededException",
    TOO_MANY,
)
"""Errors that say how things are, not that the region could not do its work."""

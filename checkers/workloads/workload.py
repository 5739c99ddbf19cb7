"""The clients of a scenario: a number of answered operations each, on few keys, every written value unique.

An operation that ends with an error does not count: the client goes on with another, after a pause that
doubles. So a run completes its operations whatever fell before, unless it takes `TRIES` times as many.
"""

from __future__ import annotations

from msgspec import Struct, structs

from dynaproof.checkers.workloads.client import Client, ClientSettings, ThinkTimer
from dynaproof.checkers.workloads.several_items import SeveralItems
from dynaproof.impl.node import ONLY_LANE, Env, Microseconds, NodeId
from dynaproof.impl.partition.messages.requests import Delete, Get, Operation, Page, Put
from dynaproof.impl.partition.records import Item, StoredItem
from dynaproof.impl.router.call import Ending
from dynaproof.impl.values.attribute import Item as AttributeItem
from dynaproof.impl.values.attribute import S, number
from dynaproof.impl.values.encoding import encode_item

TRIES = 20
"""The most operations that a client begins for each that is to be answered."""

MOST_DOUBLED = 8


ENDLESS = 1 << 40
"""Operations of a client that goes on until it is told to stop."""


class Mix(Struct, frozen=True):
    """What a client asks for."""

    reads: int = 6
    """How many of twelve operations are reads, two thirds of them strong; the others write."""
    reads_only: bool = False
    """Whether there are only strong reads."""
    item_bytes: int = 0
    """How much longer an item may be than its key and its number; 0: no item is."""
    changes: int = 0
    """How many of twelve operations change several items; of what is left, `reads` are reads."""
    pages: int = 0
    """And how many read several; also for a client that only reads."""


class WorkloadClient(Client):
    """Puts, deletes, conditional ones, strong and eventual gets, drawn through the environment; operations of
    several items, if its mix has any.
    """

    def __init__(
        self,
        env: Env,
        replicas: tuple[NodeId, ...],
        settings: ClientSettings,
        operations: int,
        keys: int,
        mix: Mix,
        group: int = ONLY_LANE,
    ) -> None:
        super().__init__(env, replicas, settings, group)
        self.mix = mix
        self.left = operations
        """Operations that are still to be answered."""
        self.tries = operations * TRIES
        self.errors = 0
        """How many there were in a row."""
        self.keys = keys
        self.seen: dict[bytes, Item | None] = {}
        self.several = SeveralItems(env, keys, self.new_item)
        self.asked: list[Operation] = []
        """Operations that it was asked to do first."""

    def ask(self, *operations: Operation) -> None:
        """Do these next, in order."""
        self.asked = list(operations)
        self.left += len(operations)
        self.tries += len(operations)

    def go_on(self, think_us: Microseconds) -> None:
        """Ask until told to stop, with pauses of at most `think_us`; begin at once."""
        self.left = self.tries = ENDLESS
        self.settings = structs.replace(self.settings, think_us=max(1, think_us))
        self.begin()

    def stop(self) -> None:
        """Begin nothing more."""
        self.left = 0

    def next_operation(self) -> Operation | None:
        """An operation drawn from the mix; conditions mostly on what was seen last, so that most hold."""
        if self.left <= 0 or self.tries <= 0:
            self.left = 0
            return None
        if self.asked:
            return self.asked.pop(0)
        self.tries -= 1
        mix = self.mix
        if mix.changes or mix.pages:
            kind = self.env.random("several", 12)
            if kind < mix.pages:
                return self.several.page(always_strong=mix.reads_only)
            if kind < mix.pages + mix.changes and not mix.reads_only:
                return self.several.change()
        draw = self.env.random("operation", 12)
        key = b"k%d" % self.env.random("key", self.keys)
        if draw * 3 < mix.reads * 2 or mix.reads_only:
            return Get(key, strong=True)
        if draw < mix.reads:
            return Get(key, strong=False)
        conditional = draw >= 8
        expected = self.seen.get(key) if conditional else None
        if draw in {7, 11}:
            return Delete(key, conditional, expected)
        return Put(key, self.new_item(key), conditional, expected)

    def new_item(self, key: bytes) -> Item:
        """An item that nobody else writes."""
        item: AttributeItem = {
            "id": S(key.decode()),
            "writer": S(f"{self.env.me.name}.{self.env.boot}"),
            "number": number(str(self.ids.made + 1)),
        }
        if self.mix.item_bytes:  # Most items are small beside the largest, as in a table.
            most = self.mix.item_bytes >> 2 * self.env.random("magnitude", 4)
            item["padding"] = S("x" * self.env.random("padding", most + 1))
        return encode_item(item)

    def learned(self, operation: Operation, ending: Ending, observed: StoredItem | None) -> None:
        """Remember the last item seen under a key."""
        if ending in {"ok", "condition_failed"}:
            self.errors = 0
            self.left -= 1
        else:
            self.errors += 1
        if isinstance(operation, Get):
            if ending == "ok" and operation.strong:
                self.seen[operation.key] = None if observed is None else observed.item
        elif isinstance(operation, (Put, Delete)) and ending == "ok":
            self.seen[operation.key] = operation.item if isinstance(operation, Put) else None
        elif isinstance(operation, (Put, Delete)) and ending == "condition_failed":
            self.seen[operation.key] = None if observed is None else observed.item

    def showed(self, operation: Operation, page: Page) -> None:
        """Remember the versions in a page."""
        self.several.showed(operation, page)

    def end(self, ending: Ending, slot: int, observed: StoredItem | None) -> None:
        """The operation is over; after errors, wait longer, for whatever caused them may take its time."""
        assert self.call is not None
        self.several.ended(self.call.operation, ending, slot)
        super().end(ending, slot, observed)
        if self.errors:
            pause = self.settings.think_us << min(self.errors, MOST_DOUBLED)
            self.env.set_timer(1 + self.env.random("pause", pause), ThinkTimer())

"""What one client asks for of several items at once, and what it knows of their versions.

A change expects the versions that the client has seen last, in pages and by its own writes, so that most
hold and some do not, for others write the same keys. A client that knows of too few versions reads first.
"""

from __future__ import annotations

from collections.abc import Callable

from dynaproof.impl.node import Env
from dynaproof.impl.partition.messages.requests import (
    READS,
    Change,
    Delete,
    GetMany,
    Operation,
    Page,
    Part,
    Put,
    Scan,
    keys_of,
)
from dynaproof.impl.partition.records import Item
from dynaproof.impl.router.call import Ending

PARTS = (2, 3)
"""How many keys a change, or a read of several, has, if there are as many."""

PAGE_ITEMS = (1, 2, 3, 1_000)
PAGE_BYTES = (100, 1 << 20)
"""Bounds of pages that are scanned: most have no room for all keys."""


class SeveralItems:
    """Draws operations through the environment; see the module."""

    def __init__(self, env: Env, keys: int, new_item: Callable[[bytes], Item]) -> None:
        self.env = env
        self.keys = keys
        self.new_item = new_item
        self.versions: dict[bytes, int] = {}
        """By key, the slot of the write that left the item seen last; 0: there was none."""
        self.low = b""
        """Up to where the last page was complete: a scan goes on from there."""

    def all_keys(self) -> list[bytes]:
        """The keys of all clients, in order."""
        return sorted(b"k%d" % number for number in range(self.keys))

    def some(self, keys: list[bytes]) -> tuple[bytes, ...]:
        """A few of these keys, in order."""
        left, count = list(keys), PARTS[self.env.random("parts", len(PARTS))]
        drawn = [left.pop(self.env.random("key", len(left))) for _ in range(min(count, len(left)))]
        return tuple(sorted(drawn))

    def change(self) -> Change | GetMany:
        """Change some keys, and look at others, by the versions seen last; or read some first."""
        known = sorted(self.versions)
        if len(known) < PARTS[0]:
            return GetMany(self.some(self.all_keys()), strong=True)
        return Change(tuple(self.part(key) for key in self.some(known)))

    def part(self, key: bytes) -> Part:
        """Of four parts, one only looks, and one deletes."""
        draw = self.env.random("part", 4)
        return Part(key, self.versions[key], draw > 0, self.new_item(key) if draw > 1 else None)

    def page(self, *, always_strong: bool) -> GetMany | Scan:
        """Read some keys, or go on with a scan of all; a third of the pages from any replica."""
        strong = always_strong or self.env.random("strong", 3) > 0
        if self.env.random("page", 2):
            return GetMany(self.some(self.all_keys()), strong)
        items = PAGE_ITEMS[self.env.random("page items", len(PAGE_ITEMS))]
        size = PAGE_BYTES[self.env.random("page bytes", len(PAGE_BYTES))]
        high = (*self.all_keys(), None)[self.env.random("high", self.keys + 1)]
        return Scan(self.low if high is None or self.low < high else b"", high, items, size, strong)

    # --- What it learns ---

    def showed(self, operation: Operation, page: Page) -> None:
        """A page shows the versions of all keys that it covers."""
        found = {key: stored.slot for key, stored in page.items}
        for key in self.all_keys():
            if within(operation, key) and (page.through is None or key < page.through):
                self.versions[key] = found.get(key, 0)
        self.low = page.through or b""

    def ended(self, operation: Operation, ending: Ending, slot: int) -> None:
        """What a write leaves has its slot; after any other end nobody knows the versions of its keys."""
        if isinstance(operation, Change) and ending == "ok":
            for part in operation.parts:
                if part.changes:
                    self.versions[part.key] = slot if part.item is not None else 0
        elif isinstance(operation, (Put, Delete)) and ending == "ok":
            self.versions[operation.key] = slot if isinstance(operation, Put) else 0
        elif not isinstance(operation, READS):
            for key in keys_of(operation):
                self.versions.pop(key, None)


def within(operation: Operation, key: bytes) -> bool:
    """Whether a read of several items asks for a key."""
    if isinstance(operation, Scan):
        return operation.low <= key and (operation.high is None or key < operation.high)
    return key in keys_of(operation)

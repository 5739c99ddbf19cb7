"""Operations on several items against the fold of the chosen records, and what it had left at a slot.

A change and a page each stand at one slot, so they are right or wrong whatever else is under way: a change
finds the versions that the records below its slot left, and a page shows exactly what the records through its
slot left, as far as it says that it is complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from dynaproof.impl.partition.messages.requests import (
    Change,
    Delete,
    GetMany,
    Part,
    Put,
    Scan,
)
from dynaproof.impl.partition.records import Item, StoredItem
from dynaproof.impl.router.notes import Shown
from dynaproof.specs.views.group import GroupView

Items: TypeAlias = Mapping[bytes, StoredItem]

Written: TypeAlias = Mapping[tuple[bytes, int], StoredItem | None]
"""By key and slot: what that slot's write left under the key."""


def items_at(view: GroupView, items: Items, slot: int) -> Items | None:
    """What the records chosen through a slot leave, from what all chosen ones leave: those above the slot are
    undone. None if those are forgotten, or nothing is chosen there yet.
    """
    if not view.pruned_through <= slot <= view.chosen_through:
        return None
    if slot == view.chosen_through:
        return items
    there = dict(items)
    for above in range(view.chosen_through, slot, -1):
        for change in view.chosen[above].record.record.changes():
            if change.old is None:
                there.pop(change.key, None)
            else:
                there[change.key] = change.old
    return there


def by_key(change: Change, written: Written) -> tuple[Put | Delete, ...]:
    """A change as one write for each of its keys."""
    return tuple(one for one in (by_value(part, written) for part in change.parts) if one is not None)


def by_value(part: Part, written: Written) -> Put | Delete | None:
    """A part of a change as a write with a condition on the item of that version. Where that version is no
    longer known: a write without a condition, or None if the part only looks at it.
    """
    known = not part.version or (part.key, part.version) in written
    if not known and not part.changes:
        return None
    stored = written.get((part.key, part.version))
    expected = None if stored is None else stored.item
    left = part.item if part.changes else expected
    if left is None:
        return Delete(part.key, known, expected)
    return Put(part.key, left, known, expected)


def differs(change: Change, items: Items) -> bytes | None:
    """The first key whose item has another version than a change expects, if these are the items."""
    return next((part.key for part in change.parts if not part.holds(items.get(part.key))), None)


def effects(operation: Put | Delete | Change) -> dict[bytes, Item | None]:
    """What an operation leaves, by key."""
    if isinstance(operation, Change):
        return {part.key: part.item for part in operation.parts if part.changes}
    return {operation.key: operation.item if isinstance(operation, Put) else None}


def page_wrong(asked: GetMany | Scan, page: Shown, items: Items) -> str | None:
    """What is wrong with a page, if these are the items at its slot."""
    through = page.through
    first, last = (asked.keys[0], asked.keys[-1]) if isinstance(asked, GetMany) else (asked.low, asked.high)
    if through is not None and through <= first:
        return f"got no further than to {through!r}, from {first!r}"
    if isinstance(asked, GetMany):
        if through is not None and through not in asked.keys:
            return f"is complete up to {through!r}, which was not asked for"
        keys = [key for key in asked.keys if key in items]
    else:
        if through is not None and last is not None and through >= last:
            return f"is complete up to {through!r}, and {last!r} is the end of what was asked for"
        keys = sorted(key for key in items if asked.low <= key and (last is None or key < last))
        size = sum(len(key) + len(stored.item) for key, stored in page.items)
        if len(page.items) > asked.items or (len(page.items) > 1 and size > asked.size):
            return f"was shown {len(page.items)} items of {size} bytes, more than it asked for"
    expected = tuple((key, items[key]) for key in keys if through is None or key < through)
    if page.items == expected:
        return None
    shown = dict(page.items)
    for key, item in expected:
        if shown.get(key) != item:
            return f"was not shown, under {key!r}, what stood there at slot {page.slot}"
    for key, _ in page.items:
        if key not in dict(expected):
            return f"was shown an item under {key!r}, which its page has no place for at slot {page.slot}"
    return "was shown items out of order"

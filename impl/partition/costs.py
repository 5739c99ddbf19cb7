"""What the operations on a partition's items cost, in micro-units: `capacity/units.py` over its items."""

from __future__ import annotations

import msgspec

from dynaproof.impl.capacity.units import (
    Consistency,
    batch_get_cost,
    batch_write_cost,
    page_cost,
    read_cost,
    write_cost,
)
from dynaproof.impl.node import Message
from dynaproof.impl.partition.messages.requests import (
    Change,
    Delete,
    Get,
    GetMany,
    Page,
    Put,
    Read,
    Reply,
)
from dynaproof.impl.partition.records import Item, StoredItem
from dynaproof.impl.values.encoding import decode_item
from dynaproof.impl.values.errors import InvalidValue
from dynaproof.impl.values.size import item_size_bytes


def size_of_item(item: Item | None) -> int:
    """The documented size of an item, 0 if there is none. Bytes that no router has checked and that are no
    item count as their length.
    """
    if item is None:
        return 0
    try:
        return item_size_bytes(decode_item(item))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, InvalidValue):
        return len(item)


def cost_of_write(operation: Put | Delete | Change, found: list[StoredItem | None]) -> int:
    """What a write that finds these items costs, whether its condition holds or not."""
    sizes = [0 if stored is None else size_of_item(stored.item) for stored in found]
    if isinstance(operation, Change):
        after = [size_of_item(part.item) for part in operation.parts]
        return batch_write_cost(zip(sizes, after, strict=True))
    return write_cost(sizes[0], size_of_item(operation.item) if isinstance(operation, Put) else 0)


def cost_of_read(read: Read, answer: Message) -> int:
    """What a read with this answer costs: a page costs what was looked at for it."""
    consistency: Consistency = "strong" if read.strong else "eventual"
    if isinstance(read, Get):
        assert isinstance(answer, Reply), "one item is answered with a reply"
        observed = answer.observed
        return read_cost(0 if observed is None else size_of_item(observed.item), consistency)
    assert isinstance(answer, Page), "several items are answered with a page"
    sizes = [size_of_item(stored.item) for _, stored in answer.items]
    if not isinstance(read, GetMany):
        return page_cost(sizes, consistency)
    through = answer.through
    looked_at = sum(through is None or key < through for key in read.keys)
    return batch_get_cost((*sizes, *(0,) * (looked_at - len(sizes))), consistency)

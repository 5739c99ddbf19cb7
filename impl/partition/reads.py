"""What a replica shows of its state: an item, several of them, or those of a range; all at the applied slot.

*Invariant.* An answer is no larger than a message, unless it is one item; it says what is left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from dynaproof.impl.node import Message
from dynaproof.impl.partition.messages.requests import Get, Page, Read, Reply, Scan
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.partition.state import PartitionState
from dynaproof.impl.paxos.ids import RequestId

ENTRY_BYTES = 32
"""The most that an item takes in a page besides its key and its bytes."""


def shown(state: PartitionState, request: RequestId, attempt: int, read: Read, settings: Settings) -> Message:
    """The answer to a read of the applied state."""
    if isinstance(read, Get):
        return Reply(request, attempt, "ok", state.applied, state.items.get(read.key))
    most_items, most_bytes = settings.scan_items, min(settings.scan_bytes, settings.records_bytes)
    found: Iterable[tuple[bytes, StoredItem | None]]
    if isinstance(read, Scan):
        most_items, most_bytes = min(most_items, read.items), min(most_bytes, read.size)
        found = state.items.range(read.low, read.high)
    else:
        found = ((key, state.items.get(key)) for key in read.keys)
    items, through = page(found, most_items, most_bytes)
    return Page(request, attempt, state.applied, items, through)


def page(
    found: Iterable[tuple[bytes, StoredItem | None]], most_items: int, most_bytes: int
) -> tuple[tuple[tuple[bytes, StoredItem], ...], bytes | None]:
    """Those of the items, taken in order, that fit a page, and the key up to which the page is complete,
    exclusive; None if all of them fit.
    """
    items: list[tuple[bytes, StoredItem]] = []
    size = 0
    for looked_at, (key, item) in enumerate(found):
        size += 0 if item is None else len(key) + len(item.item) + ENTRY_BYTES
        if looked_at == most_items or (looked_at and size > most_bytes):
            return tuple(items), key
        if item is not None:
            items.append((key, item))
    return tuple(items), None

"""What users do with one generation of a table: the items that each key may have had, and when.

*Invariant.* An item that was there at some time since an event is among those that are `possible` since then:
one is left out only if it was certainly overwritten before, by a write that began after the item's own write
had ended, and that has ended too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeAlias

from dynaproof.impl.partition.messages.requests import Delete, Get, Put
from dynaproof.impl.partition.records import Item, StoredItem
from dynaproof.impl.router.call import Ending
from dynaproof.impl.values.attribute import Item as AttributeItem
from dynaproof.impl.values.key import KeySchema, encode_key
from dynaproof.specs.observe.impl.requests import KeyJudge

Named: TypeAlias = tuple[Hashable, int]
"""An operation: the user's request, and the operation's number in it."""


class Version:
    """What one write leaves of an item."""

    __slots__ = ("began", "ended", "item", "until")

    def __init__(self, item: Item | None, began: int, ended: int | None) -> None:
        self.item = item
        self.began = began
        """At which event it was asked for,"""
        self.ended = ended
        """and answered; None: it may take effect yet."""
        self.until: int | None = None
        """From this event on it is certainly overwritten."""


class Generation:
    """One generation of a table; see the module."""

    def __init__(
        self, number: int, schema: KeySchema, began: int, make_judge: Callable[[], KeyJudge]
    ) -> None:
        self.number = number
        self.schema = schema
        self.began = began
        """The event from which on it is there."""
        self.make_judge = make_judge
        self.judges: dict[bytes, KeyJudge] = {}
        self.versions: dict[bytes, dict[Hashable, Version]] = {}
        """By key and by the write that left it; the first is that there is no item."""
        self.attributes: dict[bytes, AttributeItem] = {}
        """By key: the attributes of an item that has it, or of the key alone."""

    def key(self, attributes: AttributeItem) -> bytes:
        """The storage key of an item.

        Raises:
            InvalidValue: it has none.
        """
        key = encode_key(self.schema, attributes)
        if key not in self.judges:
            self.judges[key] = self.make_judge()
            self.versions[key] = {None: Version(None, self.began, self.began)}
            self.attributes[key] = attributes
        return key

    def invoked(self, key: bytes, request: Named, operation: Put | Delete | Get, event: int) -> None:
        """An operation begins, or may take effect here from now on."""
        self.judges[key].invoked(request, operation)
        if not isinstance(operation, Get):
            item = operation.item if isinstance(operation, Put) else None
            self.versions[key][request] = Version(item, event, None)

    def ended(
        self, key: bytes, request: Named, ending: Ending, seen: Item | None, event: int, oldest: int
    ) -> str | None:
        """An operation ends; nobody asks any more what was there before the `oldest` event. Returns a
        sentence if no order of the operations explains the answer.
        """
        versions = self.versions[key]
        version = versions.get(request)
        if version is not None and ending == "ok":
            version.ended = event
            for other in versions.values():
                if other.until is None and other.ended is not None and other.ended < version.began:
                    other.until = event
            for name in [
                one for one, old in versions.items() if old.until is not None and old.until < oldest
            ]:
                del versions[name]
        elif version is not None and ending != "indefinite":
            del versions[request]
        return self.judges[key].ended(request, ending, None if seen is None else StoredItem(seen, 0, 0))

    def possible(self, key: bytes, since: int) -> list[Item | None]:
        """What may have been there at some time since an event."""
        versions = self.versions[key].values()
        return [one.item for one in versions if one.until is None or one.until > since]

"""Reads of the metadata that may take several pages, and the changes that follow; for the parts of an admin.

What is read in several pages is not read at one slot. That does no harm: every change that follows is
conditioned on the version of each item.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.records import METADATA, end_of
from dynaproof.impl.metadata.whereabouts import Whereabouts
from dynaproof.impl.node import Microseconds
from dynaproof.impl.partition.messages.requests import Change, GetMany, Page, Reply, Scan
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.router.call import Ending
from dynaproof.impl.router.caller import Caller, Running

PAGE_ITEMS = 100
"""Items asked for at a time."""
PAGE_BYTES = 1 << 20
"""Bytes asked for at a time."""


class Reading:
    """A read under way: what is left to be asked for, and what was found so far."""

    __slots__ = ("found", "high", "keys", "low", "one_page", "purpose")

    def __init__(
        self, purpose: Any, keys: tuple[bytes, ...], low: bytes, high: bytes, one_page: bool = False
    ) -> None:
        self.purpose = purpose
        self.one_page = one_page
        """Whether one page is enough; another read continues behind it."""
        self.keys = keys
        """In ascending order; none where a range is read."""
        self.low = low
        self.high = high
        self.found: list[tuple[bytes, StoredItem]] = []


class Writing:
    """A change under way."""

    __slots__ = ("purpose",)

    def __init__(self, purpose: Any) -> None:
        self.purpose = purpose


class Parts(Protocol):
    """The parts of an admin, which are told how their reads and changes have ended."""

    has_read: Mapping[type[Any], Callable[[Any, Read], None]]
    """By the type of the purpose."""
    has_written: Mapping[type[Any], Callable[[Any, Ending, int], None]]
    """Likewise; with the slot of the change, 0 if it is not known."""
    has_failed: Mapping[type[Any], Callable[[Any], None]]
    """Likewise, for a read that got no answer in time."""


class Metadata:
    """The metadata, as an admin reads and changes it."""

    def __init__(
        self, caller: Caller, whereabouts: Whereabouts, parts: Parts, timeout_us: Microseconds
    ) -> None:
        self.caller = caller
        self.whereabouts = whereabouts
        self.parts = parts
        self.timeout_us = timeout_us

    def read(self, keys: tuple[bytes, ...], purpose: Any) -> None:
        """Read the items under these keys, which are in ascending order."""
        self._go_on(Reading(purpose, keys, b"", b""))

    def scan(self, prefix: bytes, purpose: Any) -> None:
        """Read all items whose keys begin with a prefix."""
        self._go_on(Reading(purpose, (), prefix, end_of(prefix)))

    def page(self, low: bytes, high: bytes, purpose: Any) -> None:
        """Read one page of the items from `low` to `high`; `Read.through` says how far it goes."""
        self._go_on(Reading(purpose, (), low, high, one_page=True))

    def change(self, change: Change, purpose: Any) -> None:
        """Make this change."""
        self.caller.begin(METADATA, self.whereabouts.all, change, self.timeout_us, Writing(purpose))

    def ended(self, running: Running, ending: Ending, answer: Reply | Page | None) -> None:
        """A call has ended."""
        asked = running.purpose
        if isinstance(asked, Writing):
            slot = answer.slot if isinstance(answer, Reply) else 0
            self.parts.has_written[type(asked.purpose)](asked.purpose, ending, slot)
        elif isinstance(answer, Page):
            self._found(asked, answer)
        else:
            self.parts.has_failed[type(asked.purpose)](asked.purpose)

    def _found(self, reading: Reading, page: Page) -> None:
        reading.found += page.items
        reading.keys = (
            reading.keys[PAGE_ITEMS:]
            if page.through is None
            else tuple(key for key in reading.keys if key >= page.through)
        )
        if page.through is not None:
            reading.low = page.through
        if reading.keys or (reading.high and page.through is not None and not reading.one_page):
            self._go_on(reading)
            return
        read = Read(reading.found, page.through if reading.one_page else None)
        if read.is_sound():
            self.parts.has_read[type(reading.purpose)](reading.purpose, read)
        else:  # What was read must not be acted on.
            self.parts.has_failed[type(reading.purpose)](reading.purpose)

    def _go_on(self, reading: Reading) -> None:
        operation: GetMany | Scan
        if reading.high:
            operation = Scan(reading.low, reading.high, PAGE_ITEMS, PAGE_BYTES, strong=True)
        else:
            operation = GetMany(reading.keys[:PAGE_ITEMS], strong=True)
        self.caller.begin(METADATA, self.whereabouts.all, operation, self.timeout_us, reading)

"""Events, and the one seam through which all chance goes.

An event is named by (kind, node or link, counter) and a choice by (site, node or link, counter), so that a
run in which something was left out keeps its other choices. A missing choice means the benign default: 0, or
no fault.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

Label: TypeAlias = tuple[str, str, int]
EventName: TypeAlias = tuple[str, str, int]


class Event:
    """Something that may happen next. `slot` is the node that it happens to, `due` its time in timed mode."""

    __slots__ = ("due", "link", "name", "payload", "place", "sender", "slot")

    def __init__(self, name: EventName, slot: Any, due: int, payload: Any, sender: Any, link: str) -> None:
        self.name = name
        self.slot = slot
        self.due = due
        self.payload = payload
        self.sender = sender
        self.link = link
        """The chain to which it belongs: a directed link, or a node for its timers, syncs and faults."""
        self.place = -1
        """For the strategy: where it keeps the event; -1 where it does not."""


class Strategy(Protocol):
    """Owns the bag of enabled events, and answers every choice."""

    def add(self, event: Event) -> None:
        """An event is enabled."""
        ...

    def discard(self, event: Event) -> None:
        """An event is enabled no more."""
        ...

    def pop(self) -> Event | None:
        """The event that happens next; None where none is enabled."""
        ...

    def index(self, label: Label, n: int) -> int:
        """Any number below `n`."""
        ...

    def chance(self, label: Label, numerator: int) -> bool:
        """Whether a fault of probability `numerator` / 65536 falls here."""
        ...

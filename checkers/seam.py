"""Events, and the one seam through which all chance goes.

An event is named by (kind, node or link, counter) and a choice by (site, node or link, counter), so that a
run in which something was left out keeps its other choices. A missing choice means the benign default: 0, or
no fault.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from msgspec import Struct

Label: TypeAlias = tuple[str, str, int]
EventName: TypeAlias = tuple[str, str, int]


class Event(Struct, eq=False):
    """Something that may happen next, or a fault that happened. No object is created more often in a run."""

    kind: str
    """`deliver`, `timer`, `sync_start`, `sync_end`; or a fault's kind."""
    where: str
    """What the counter in its name belongs to: a directed link, or a node, for the node's timers, syncs, own
    messages and faults.
    """
    number: int
    """Its number among those of its kind at that link or node."""
    place: Any
    """The place of the node that it happens to."""
    due: int
    """Its time in timed mode."""
    payload: Any = None
    """A message or a timer."""
    sender: Any = None
    to: Any = None
    """The incarnation that the message is for; `place` outlives incarnations."""
    link: Any = None
    """What carries the message; None for the other kinds and for a node's messages to itself."""
    lane: int = 0
    """The lane of a message or a timer."""
    position: int = -1
    """For the strategy: where it keeps the event; -1 if it does not."""
    rank: float = -1.0
    """For the strategy: a priority; below 0 if none was drawn."""

    @property
    def name(self) -> EventName:
        """Unique among the events of its run; the kind of message or timer is in the first part."""
        if self.payload is None:
            return (self.kind, self.where, self.number)
        return (f"{self.kind} {type(self.payload).__name__}", self.where, self.number)


class Strategy(Protocol):
    """Owns the bag of enabled events, and answers every choice."""

    @property
    def below(self) -> Callable[[int], int] | None:
        """What `index` answers, for a caller that needs no name for the choice: any number below `n`. None if
        choices are known by their names.
        """
        ...

    def add(self, event: Event) -> None:
        """An event is enabled."""
        ...

    def discard(self, event: Event) -> None:
        """An event is no longer enabled."""
        ...

    def pop(self) -> Event | None:
        """The event that happens next; None if none is enabled."""
        ...

    def index(self, label: Label, n: int) -> int:
        """Any number below `n`."""
        ...

    def chance(self, label: Label, numerator: int) -> bool:
        """Whether a fault of probability `numerator` / 65536 falls here."""
        ...

    def drain(self) -> list[Event]:
        """All enabled events by due time, to be handed to another strategy; none is left."""
        ...

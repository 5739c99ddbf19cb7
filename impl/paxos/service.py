"""What a replica does beside agreeing: services over the state that it replicates, told in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from dynaproof.impl.node import Message
from dynaproof.impl.paxos.records import Record


class Service:
    """One thing that a replica does for others; what it does not care about, it leaves as it is here.

    What belongs to a leadership is kept in it from `proposed` on, and dropped whole by `stepped_down`.
    """

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {}
    """What it is asked, to the method that answers: called with itself, the sender and the message."""

    SHAPES: ClassVar[Mapping[type[Message], Callable[[Any], bool]]] = {}
    """What its handlers take for granted of a message: one of another shape is not read."""

    def proposed(self, record: Record) -> None:
        """The own leadership has this record in flight: it has proposed it, or adopted it."""

    def applied(self, record: Record) -> None:
        """A record that the own leadership has in its log is chosen and applied, and all below it are."""

    def stepped_down(self) -> None:
        """The own leadership is over; what became of its slots in flight is not known."""

    def queues(self) -> tuple[tuple[str, int, int], ...]:
        """Every queue that grows with what others send: its name, length and bound."""
        return ()

    def needed_from(self) -> int | None:
        """The lowest slot that the log must keep for it; None if it needs none."""
        return None

"""What a replica does besides consensus: services over the replicated state, notified in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from dynaproof.impl.node import Message
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.records import Record


class Service:
    """One thing that a replica does for others; a service overrides only what concerns it.

    It keeps what belongs to a leadership from `proposed` on, and drops it whole in `stepped_down`.
    """

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {}
    """Message type to the method that answers, called with the service, the sender and the message."""

    SHAPES: ClassVar[Mapping[type[Message], Callable[[Any], bool]]] = {}
    """What its handlers take for granted about a message: one of another shape is not read."""

    def proposed(self, record: Record) -> None:
        """This leader has the record in flight: it has proposed it, or adopted it."""

    def applied(self, record: Record) -> None:
        """A record in the log of this leader is chosen and applied, with all below it."""

    def has_room(self) -> None:
        """Slots of this leader were chosen, or its lease was renewed: it may have room for what waits."""

    def stepped_down(self) -> None:
        """The leadership is over; what became of its slots in flight is not known."""

    def queues(self) -> tuple[tuple[str, int, int], ...]:
        """Every queue that grows with what others send: its name, length and bound."""
        return ()

    def memory(self) -> tuple[tuple[str, int, int], ...]:
        """What grows with the log, in memory and on the disk: its name, its bytes, and their bound where
        checkpoints come in time.
        """
        return ()

    def started(self) -> None:
        """The replica speaks from here on."""

    def checkpointed(self) -> None:
        """The log names a checkpoint: durably, before anything that is said from here on leaves."""

    def tidied(self) -> None:
        """Some page files may no longer be needed: a checkpoint is named durably, or nobody holds a view."""

    def needed_from(self) -> int | None:
        """The lowest slot that the log must keep for it; None if it needs none."""
        return None


class Soft(Protocol):
    """A level that is in no log and that heartbeats keep alive: the next leader begins with what it heard."""

    def level(self) -> int | None:
        """What the leader's heartbeats carry; None if there is nothing to say."""
        ...

    def hears_level(self, level: int) -> None:
        """The leader's heartbeat carries this."""
        ...

    def used(self) -> int:
        """What was taken here since this replica started, which its answers to heartbeats carry."""
        ...

    def hears_used(self, member: Member, used: int) -> None:
        """The answer of a voter carries this."""
        ...

"""How a run is listened to: observers, and what each wants to hear of the node at a place.

Each observer is asked once per place, before anything happens, so nobody pays for what nobody listens to.
An observer may read what it hears and never change it: a run is the same with it and without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from dynaproof.checkers.seam import Event

Heard: TypeAlias = Callable[..., None]


class Listening(Struct, frozen=True):
    """The functions that hear of one place, and of what. The first argument of each is the place."""

    notes: Mapping[type[Any], Heard] = {}
    """By the type of a note: `(place, note)`, when the node emits one."""
    sent: Mapping[type[Any], Heard] = {}
    """By the type of a message: `(place, message)`, when it leaves the node."""
    uncovered: Heard | None = None
    """`(place, message)`: a message left before what its node had written was durable."""
    shed: Heard | None = None
    """`(place, to, message)`: a queue was full, so a message was dropped, and that was noted."""
    vanished: Heard | None = None
    """`(place, message)`: a message is gone from the node that sent it, and nobody noted that."""
    begins: Callable[[Event], None] | None = None
    """An event, or a fault, is about to happen at the place."""
    handled: Heard | None = None
    """`(place)`: a handler has run."""
    synced: Heard | None = None
    """`(place)`: a sync has ended; `place.disk.grown` names the logs that became longer."""
    crashed: Heard | None = None
    """`(place, lost_disk)`: the node has crashed; its disk shows what it kept."""
    damaged: Heard | None = None
    """`(place, file)`: a synced byte of a file is wrong from here on, and the next start will notice."""
    rotted: Heard | None = None
    """`(place, file)`: likewise, and a reader of it will notice; until then the node may go on."""
    raised: Heard | None = None
    """`(place, payload, error)`: a handler has raised."""


NOTHING = Listening()


class Observer(Protocol):
    """Something that wants to hear of a run."""

    def listens(self, place: Any) -> Listening:
        """What it wants to hear of the node at this place."""
        ...


Key = TypeVar("Key")


def together(each: Sequence[Listening]) -> Listening:
    """What several observers listen to at one place, called in their order."""
    return Listening(
        notes=_tables([one.notes for one in each]),
        sent=_tables([one.sent for one in each]),
        uncovered=_together([one.uncovered for one in each]),
        shed=_together([one.shed for one in each]),
        vanished=_together([one.vanished for one in each]),
        begins=_together([one.begins for one in each]),
        handled=_together([one.handled for one in each]),
        synced=_together([one.synced for one in each]),
        crashed=_together([one.crashed for one in each]),
        damaged=_together([one.damaged for one in each]),
        rotted=_together([one.rotted for one in each]),
        raised=_together([one.raised for one in each]),
    )


def _tables(tables: Sequence[Mapping[Key, Heard]]) -> Mapping[Key, Heard]:
    found: dict[Key, list[Heard]] = {}
    for table in tables:
        for key, heard in table.items():
            found.setdefault(key, []).append(heard)
    return {key: _one_after_another(each) for key, each in found.items()}


def _together(each: Sequence[Heard | None]) -> Heard | None:
    heard = [one for one in each if one is not None]
    return _one_after_another(heard) if heard else None


def _one_after_another(each: Sequence[Heard]) -> Heard:
    if len(each) == 1:
        return each[0]
    in_order = tuple(each)

    def call_all(*arguments: Any) -> None:
        for heard in in_order:
            heard(*arguments)

    return call_all

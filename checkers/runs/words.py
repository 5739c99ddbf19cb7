"""How nodes, messages and events are shown where their kind does not say otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from dynaproof.checkers.seam import Event
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import Message

Knowledge: TypeAlias = dict[str, str]
"""What a node knows: a name and a value in words."""

LONGEST = 60
"""Characters of a value that are shown."""

PRIVATE = ("env", "disk")
"""Public attributes that are not state of a node."""


def shown(value: Any) -> str:
    """A value in words, the same in every process: sets in order."""
    if isinstance(value, set | frozenset):
        text = "{" + ", ".join(sorted(map(shown, value))) + "}"
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{shown(key)}: {shown(held)}" for key, held in value.items()) + "}"
    elif isinstance(value, tuple | list):
        text = "(" + ", ".join(map(shown, value)) + ")"
    else:
        text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def fields_of(message: Message) -> str:
    """A message by its name and its fields."""
    words = [f"{field} {shown(getattr(message, field))}" for field in message.__struct_fields__]
    return f"{type(message).__name__} ({', '.join(words)})" if words else type(message).__name__


def state_of(place: Place) -> Knowledge:
    """A node by its public attributes."""
    found = {
        name: shown(value)
        for name, value in vars(place.node).items()
        if not name.startswith("_") and name not in PRIVATE
    }
    return found | (waiting(place) if place.disk.written else {})


def known(place: Place, knowledge: Callable[[Place], Knowledge]) -> Knowledge:
    """What a node knows if it is up, and what waits for its disk."""
    if not place.up:
        return {"state": "down"}
    found = {"state": "up" if place.id.incarnation == 1 else f"up, incarnation {place.id.incarnation}"}
    return found | knowledge(place)


def waiting(place: Place) -> Knowledge:
    """What a node has written that is not durable, and what it has sent that has not left."""
    unsynced = place.disk.written - place.disk.durable
    return {"unsynced writes": str(unsynced), "messages that wait for a sync": str(len(place.outbox))}


def sentence(event: Event, brief: Callable[[Message], str]) -> str | None:
    """What happens, in a sentence; None for a fault, which has its own."""
    place: Place = event.place
    kind = event.kind
    if kind == "deliver":
        what = brief(event.payload)
        sender = place.name if event.link is None else event.link.name.partition(">")[0]
        if not place.up or event.to != place.id:
            return f"{what} from {sender} reaches nobody: {place.name} is down or another incarnation"
        return f"{place.name} gets {what} from {'itself' if event.link is None else sender}"
    if kind == "timer":
        return f"the {type(event.payload).__name__} of {place.name} fires"
    if kind == "sync_start":
        unsynced = place.disk.written - place.disk.durable
        return f"{place.name} starts a sync of {unsynced} write{'s' if unsynced != 1 else ''}"
    if kind == "sync_end":
        held = len(place.outbox)
        return f"a sync of {place.name} ends ({held} message{'s' if held != 1 else ''} waited)"
    return None

"""What a scenario offers to a load from outside: sessions that issue a request whenever one is due.

A scenario's own clients ask again when they have been answered, so a slow system is asked less. Under an open
load they are left out, and *sessions* stand in their place: nodes of one kind, each with one request under
way at a time. A session gets the timer `Due` when it is to issue a request, and notes how that ended.
`checkers/load` says when a request is due, and how many sessions there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct, field

from dynaproof.checkers.runs.kind import Kind, KindError
from dynaproof.checkers.world.options import Options
from dynaproof.impl.client_notes import Returned
from dynaproof.impl.node import Note, Timer

RequestEnd: TypeAlias = Literal["answered", "refused", "unanswered"]
"""How a request ended: by an answer; refused, so that it took no effect; or given up, its effect unknown."""


class Due(Timer, frozen=True, gc=False, tag="due"):
    """A session is to issue this request now."""

    number: int
    """Of the run's requests, from 1; no two have the same."""
    write: bool
    """Whether it writes; else it reads."""
    key: int
    """A number below that of the keys in use."""
    size: int
    """How many bytes it writes; 0 if it reads, or has no size."""


def end_of(note: Returned) -> RequestEnd:
    """How a request ended, given the `Returned` that its session noted."""
    return "answered" if note.ok else "refused"


def by_returned() -> dict[type[Note], Callable[[Any], RequestEnd]]:
    """The endings of sessions that note `Returned`."""
    return {Returned: end_of}


def unchanged(config: Any) -> Any:
    """The configuration of a scenario whose constants are the same under load."""
    return config


def is_duration(given: Any) -> bool:
    """Whether a message or a sync can take so long."""
    return isinstance(given, int) and given > 0


class Requests(Struct, frozen=True, kw_only=True):
    """How a scenario's requests are issued; see the module."""

    sessions: Kind
    """The kind of the sessions. Its nodes are the first ones; when all are busy, more like them are made."""
    instead_of: tuple[str, ...] = ()
    """The names of the kinds that are left out: clients that ask by themselves."""
    keys: int = 4_096
    """How many keys are in use, unless the load says otherwise;"""
    item_bytes: int = 100
    """and how many bytes a request writes; 0 where requests have no size."""
    latencies: tuple[int, ...] = Options().latencies
    """Microseconds that a message takes, each as often as the others;"""
    sync_us: tuple[int, ...] = Options().sync_us
    """and those of a sync of a disk."""
    configure: Callable[[Any], Any] = unchanged
    """Makes the configuration under load from one that was drawn and has no faults."""
    endings: Mapping[type[Note], Callable[[Any], RequestEnd]] = field(default_factory=by_returned)
    """How a request has ended, by the type of the note with which its session says so."""

    def __post_init__(self) -> None:
        sessions: Any = self.sessions
        names: Any = self.instead_of
        if not isinstance(sessions, Kind):
            raise KindError(f"Requests(sessions={sessions!r}): it must be a Kind")
        if isinstance(names, str):
            raise KindError(f"Requests(instead_of={names!r}): it is a tuple of names, ({names!r},)")
        node = sessions.node
        if node is not None and Due not in node.HANDLERS:
            raise KindError(
                f"{node.__name__} has no handler for Due, so it issues no requests; give it one: "
                "def on_due(self, due: Due) -> None"
            )
        tables: dict[str, Any] = {"latencies": self.latencies, "sync_us": self.sync_us}
        for name, table in tables.items():
            if not isinstance(table, tuple) or not table or not all(map(is_duration, table)):
                raise KindError(f"Requests({name}={table!r}): it takes a tuple of whole microseconds above 0")

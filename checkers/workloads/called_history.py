"""What the clients of a user's protocol saw, as a history, and the spec that judges it.

Calls and returns are the clients' own notes, at the simulator's global time. A client that calls again before
its operation has returned (it crashed, or gave up) goes on as another process: what became of that operation
is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from dynaproof.checkers.linearizability.checking import check
from dynaproof.checkers.linearizability.result import NOT_LINEARIZABLE
from dynaproof.impl.client_notes import Called, Returned
from dynaproof.specs.history import History, HistoryBuilder
from dynaproof.specs.objects import OBJECTS, SequentialObject
from dynaproof.specs.spec import AnySpec, Spec, SpecError, Violation
from dynaproof.specs.views.nodes import Nodes, Settled

NANOSECONDS = 1_000
"""Nanoseconds in a microsecond, the unit of the simulator's time."""


def history_of(said: Sequence[tuple[str, int, Any]]) -> History:
    """The history that these notes make: each with its client and the global time in microseconds."""
    builder = HistoryBuilder()
    processes: dict[str, int] = {}
    under_way: dict[str, tuple[int, Called]] = {}
    made = 0
    for client, tau, note in said:
        if isinstance(note, Called):
            if client in under_way or client not in processes:
                processes[client] = made
                made += 1
            row = builder.call(
                processes[client],
                note.function,
                note.key,
                note.value,
                tau * NANOSECONDS,
                expected=note.expected,
            )
            under_way[client] = row, note
        elif client in under_way:
            row, called = under_way.pop(client)
            ended(builder, row, called, note, tau * NANOSECONDS)
    return builder.build()


def ended(builder: HistoryBuilder, row: int, called: Called, note: Returned, time: int) -> None:
    """An operation returns."""
    if not note.ok:
        builder.failed(row, time, **({} if called.function != "cas" else {"seen": note.value}))
    elif called.value is None and note.value is not None:
        builder.ok(row, time, value=note.value)
    elif called.function == "read":
        builder.ok(row, time, value=None)
    else:
        builder.ok(row, time)


def linearizable(object: str | SequentialObject = "register") -> AnySpec:  # noqa: A002
    """The spec that what clients note as `Called` and `Returned` is linearizable; judged once a run is over.

    Raises:
        SpecError: there is no such object.
    """
    if isinstance(object, str) and object not in OBJECTS:
        raise SpecError(f"there is no object {object!r}; there are {', '.join(OBJECTS)}")
    thing: Any = OBJECTS[object] if isinstance(object, str) else object
    return Spec(
        "clients_see_one_object",
        "always",
        "Herlihy and Wing, Linearizability, 1990",
        f"What the clients saw is linearizable as a {thing.name}.",
        Nodes,
        (Settled, Called, Returned),
        partial(judged, thing),
    )


def judged(thing: SequentialObject, view: Nodes) -> list[Violation]:
    """At the end of a run, how no order explains what the clients saw, if none does."""
    if not view.take(Settled):
        return []
    result = check(history_of(view.said), thing)
    return [Violation(f"{result.key}: {result.sentence}")] if result.verdict == NOT_LINEARIZABLE else []

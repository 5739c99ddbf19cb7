"""Keeps what another strategy answers: the order of the events, and every choice under its name.

*Invariant.* A label names one choice: it is asked for once in a run. What is kept is enough to run the same
world again without the strategy that answered (`checkers.strategies.replaying`). Times are not kept: they
follow from the events and the choices.
"""

from __future__ import annotations

from msgspec import Struct

from dynaproof.checkers.seam import Event, EventName, Label, Strategy


class Recorded(Struct, frozen=True):
    """One run, explicitly: its events in order, and its named choices (a fault that fell is 1)."""

    events: tuple[EventName, ...]
    choices: tuple[tuple[Label, int], ...]


class Recording:
    """Answers as `inner` does, and keeps the answers."""

    below = None
    """Choices are known by their names."""

    def __init__(self, inner: Strategy) -> None:
        self._inner = inner
        self._events: list[EventName] = []
        self._choices: dict[Label, int] = {}
        self.add = inner.add
        self.discard = inner.discard
        self.drain = inner.drain

    def pop(self) -> Event | None:
        """The inner strategy's event."""
        event = self._inner.pop()
        if event is not None:
            self._events.append(event.name)
        return event

    def index(self, label: Label, n: int) -> int:
        """The inner strategy's number."""
        number = self._inner.index(label, n)
        self._keep(label, number)
        return number

    def chance(self, label: Label, numerator: int) -> bool:
        """The inner strategy's answer."""
        falls = self._inner.chance(label, numerator)
        self._keep(label, int(falls))
        return falls

    def _keep(self, label: Label, number: int) -> None:
        assert label not in self._choices, f"the label {label} names two choices"
        self._choices[label] = number

    def recorded(self) -> Recorded:
        """The run so far."""
        return Recorded(tuple(self._events), tuple(self._choices.items()))

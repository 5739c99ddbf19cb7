"""Runs a recorded run again: exactly, or leniently with parts of it left out.

*Exact*: every event and every choice must be there, else `Divergence` names the step at which this run became
another one. *Lenient*: an event that is not enabled is passed over, and a choice that is missing, or too
large for what is asked now, becomes the benign default (0, no fault). So any part of a recorded run is a
legal run: a message left out is delayed for ever, a timer left out is late.
"""

from __future__ import annotations

from dynaproof.checkers.seam import Event, EventName, Label
from dynaproof.checkers.strategies.recording import Recorded

SHOWN = 8
"""The most enabled events that a divergence names."""


class Divergence(Exception):  # noqa: N818 Nondeterminism of a node is a finding, not an error.
    """A replayed run is not the recorded run.

    `step` counts the replayed events from 0, `expected` is what was recorded there (the name of an event or
    of a choice), `enabled` are the names of the events that could have happened instead, sorted.
    """

    def __init__(self, step: int, expected: tuple[str, str, int], enabled: tuple[EventName, ...]) -> None:
        shown = ", ".join(str(name) for name in enabled[:SHOWN]) or "none"
        more = f" and {len(enabled) - SHOWN} more" if len(enabled) > SHOWN else ""
        super().__init__(f"step {step}: {expected} was recorded; enabled: {shown}{more}")
        self.step = step
        self.expected = expected
        self.enabled = enabled


class Replaying:
    """A strategy that answers as `recorded` says."""

    below = None
    """Choices are known by their names."""

    def __init__(self, recorded: Recorded, lenient: bool = False) -> None:
        self._events = recorded.events
        self._choices = dict(recorded.choices)
        self._lenient = lenient
        self._enabled: dict[EventName, Event] = {}
        self._next = 0
        self._unknown: Label | None = None
        self.skipped = 0
        """Recorded events that were passed over."""

    def add(self, event: Event) -> None:
        """Enable."""
        assert event.name not in self._enabled, f"two events are named {event.name}"
        event.position = 0
        self._enabled[event.name] = event

    def discard(self, event: Event) -> None:
        """Disable."""
        if event.position >= 0:
            event.position = -1
            del self._enabled[event.name]

    def pop(self) -> Event | None:
        """The recorded event; None at the end of the recorded run.

        Raises:
            Divergence: in an exact replay, the event is not enabled, or a choice since the last event was not
                recorded. (Not from `index`: there it would look like an exception of the node that asks.)
        """
        if self._unknown is not None:
            raise Divergence(self._next, self._unknown, self._names())
        while self._next < len(self._events):
            name = self._events[self._next]
            event = self._enabled.get(name)
            if event is not None:
                self._next += 1
                self.discard(event)
                return event
            if not self._lenient:
                raise Divergence(self._next, name, self._names())
            self._next += 1
            self.skipped += 1
        return None

    def take(self, name: EventName) -> Event | None:
        """This event, if it is enabled; if not, when lenient, the oldest of its kind at its link or node.

        If something was left out, the events behind it have lower numbers.
        """
        event = self._enabled.get(name)
        if event is None and self._lenient:
            like = [other for other in self._enabled if other[:2] == name[:2]]
            event = self._enabled[min(like)] if like else None
        if event is not None:
            self.discard(event)
        return event

    def expect(self, step: int, name: EventName, happened: bool) -> None:
        """For a caller that drives the events itself: this one was due at this step of an exact replay.

        Raises:
            Divergence: it has not happened, or a choice that it made was not recorded.
        """
        if not happened:
            raise Divergence(step, name, self._names())
        if self._unknown is not None:
            raise Divergence(step, self._unknown, self._names())

    def index(self, label: Label, n: int) -> int:
        """The recorded number."""
        number = self._choices.get(label)
        if number is None or number >= max(n, 1):
            if not self._lenient and self._unknown is None:
                self._unknown = label
            return 0
        return number

    def chance(self, label: Label, numerator: int) -> bool:
        """The recorded answer."""
        return self.index(label, 2) == 1

    def drain(self) -> list[Event]:
        """All enabled events by due time; none is left."""
        events = sorted(self._enabled.values(), key=lambda event: (event.due, event.name))
        self._enabled = {}
        for event in events:
            event.position = -1
        return events

    def _names(self) -> tuple[EventName, ...]:
        return tuple(sorted(self._enabled))

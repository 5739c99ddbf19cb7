"""Timed mode: the event that is due first happens next; ties in the order of creation. Chance is a seeded
generator's.
"""

from __future__ import annotations

from heapq import heappop, heappush
from random import Random

from dynaproof.checkers.seam import Event, Label


class Seeded:
    """Answers choices from a seeded generator: only `random()` and `getrandbits`, the same on every
    Python.
    """

    def __init__(self, seed: int) -> None:
        self._rng = Random(seed)
        self._random = self._rng.random
        self._bits = self._rng.getrandbits

    def index(self, label: Label, n: int) -> int:
        """Uniform, but for a bias below n / 2 ** 32."""
        return (self._bits(32) * n) >> 32

    def below(self, n: int) -> int:
        """The same, without a name: nothing here depends on it."""
        return (self._bits(32) * n) >> 32

    def chance(self, label: Label, numerator: int) -> bool:
        """True in `numerator` of 65536."""
        return self._bits(16) < numerator


class Timed(Seeded):
    """A heap of due times, and for each the events that are due then, in the order of their creation:
    integers are compared in a third of the time of tuples. Few events are due at the same time, so a list
    serves. A discarded event stays where it is with `position` -1, and is passed over.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._heap: list[int] = []
        self._at: dict[int, list[Event]] = {}
        """By due time: never empty for the times in the heap."""

    def add(self, event: Event) -> None:
        """Enable."""
        event.position = 0
        due = event.due
        if due in self._at:
            self._at[due].append(event)
        else:
            self._at[due] = [event]
            heappush(self._heap, due)

    def discard(self, event: Event) -> None:
        """Disable."""
        event.position = -1

    def pop(self) -> Event | None:
        """Earliest first."""
        heap, at = self._heap, self._at
        while heap:
            events = at[heap[0]]
            event = events.pop(0)
            if not events:
                del at[heappop(heap)]
            if event.position >= 0:
                event.position = -1
                return event
        return None

    def drain(self) -> list[Event]:
        """All enabled events, in the order in which they are due; none is left."""
        events = []
        while (event := self.pop()) is not None:
            events.append(event)
        return events

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
    """A heap of due times. A discarded event stays in the heap with `position` -1 and is passed over."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._heap: list[tuple[int, int, Event]] = []
        self._number = 0

    def add(self, event: Event) -> None:
        """Enable."""
        self._number = number = self._number + 1
        event.position = 0
        heappush(self._heap, (event.due, number, event))

    def discard(self, event: Event) -> None:
        """Disable."""
        event.position = -1

    def pop(self) -> Event | None:
        """Earliest first."""
        heap = self._heap
        while heap:
            event = heappop(heap)[2]
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

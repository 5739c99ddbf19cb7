"""Hypothesis-drawn: whatever may happen next, and every choice, is drawn by Hypothesis, which can therefore
shrink it.

For short runs: a run takes at most `budget` draws, and goes on benignly and in order of due time after them.
Every draw shrinks to the benign answer: the event that is due first, 0, no fault. So what Hypothesis reports
is a run in which as little as possible is out of order.

Source: MacIver and Donaldson, *Test-Case Reduction via Test-Case Generation: Insights from the Hypothesis
Reducer*, ECOOP 2020 (reduction on the choices of the generator).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable

from hypothesis import strategies as st

from dynaproof.checkers.seam import Event, Label

AHEAD = 6
"""The next event is one of this many that are due first."""


class Drawn:
    """A strategy that answers from `draw`, the function of a Hypothesis `data` object."""

    def __init__(self, budget: int, draw: Callable[[st.SearchStrategy[int]], int] | None = None) -> None:
        self.draw = draw
        """May be replaced: a state machine has a different one in each rule. None: everything is benign."""
        self.budget = budget
        self._enabled: list[tuple[int, int, Event]] = []
        self._number = 0

    def below(self, n: int) -> int:
        """Any number below `n`, whatever the choice is named."""
        if n <= 1 or self.budget <= 0 or self.draw is None:
            return 0
        self.budget -= 1
        return self.draw(st.integers(0, n - 1))

    def add(self, event: Event) -> None:
        """Enable."""
        self._number += 1
        event.position = 0
        insort(self._enabled, (event.due, self._number, event))

    def discard(self, event: Event) -> None:
        """Disable."""
        if event.position >= 0:
            event.position = -1
            self._enabled = [entry for entry in self._enabled if entry[2] is not event]

    def pop(self) -> Event | None:
        """One of the first; a timer only if it is the very first, for a timer moves time."""
        enabled = self._enabled
        if not enabled:
            return None
        ahead = [0] + [
            place for place in range(1, min(AHEAD, len(enabled))) if enabled[place][2].kind != "timer"
        ]
        event = enabled.pop(ahead[self.below(len(ahead))])[2]
        event.position = -1
        return event

    def index(self, label: Label, n: int) -> int:
        """Any number below `n`."""
        return self.below(n)

    def chance(self, label: Label, numerator: int) -> bool:
        """Never for 0, always for 65536; otherwise as Hypothesis likes, for its probabilities are its own."""
        return numerator > 0 and (numerator >= 1 << 16 or self.below(2) == 1)

    def drain(self) -> list[Event]:
        """All enabled events by due time; none is left."""
        events = [entry[2] for entry in self._enabled]
        self._enabled = []
        for event in events:
            event.position = -1
        return events

"""Keys side by side: searches get growing quanta in turn, so that one bad key settles a file soon.

In each round every undecided key is searched anew, with twice the quantum of the previous round; so no search
has to be kept while others run, the memory is that of one, and all rounds together take at most about twice
as long as the last. A key that is left alone gets all that the budget has. Quanta are counted in
configurations, not timed, and are the same for all keys of a round: whether a history is decided does not
depend on the order of its keys. The budget is the file's.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, TypeVar

from dynaproof.checkers.linearizability.result import Meter

FIRST_QUANTUM: Final = 50_000
"""Configurations of a key's first turn: a fraction of a second."""


class Turn:
    """What one search may take: a quantum of configurations (None: no limit), and the rest of the budget."""

    def __init__(self, meter: Meter, quantum: int | None) -> None:
        self._meter = meter
        self._left = quantum
        self.over = False
        self.budget_ended = False

    @property
    def ended(self) -> bool:
        """Whether the search was asked to end, for either reason."""
        return self.over or self.budget_ended

    def exhausted(self, configurations: int) -> bool:
        """Asked by a search that says each time how many configurations it goes through."""
        if self._left is not None:
            self._left -= configurations
        return self._ends(self._left is not None and self._left < 0, configurations)

    def exhausted_in_all(self, configurations: int) -> bool:
        """Asked by a search that says each time how many configurations it has been through in all."""
        return self._ends(self._left is not None and configurations > self._left, configurations)

    def _ends(self, over: bool, configurations: int) -> bool:
        self.budget_ended = self._meter.exhausted(configurations)
        self.over = over and not self.budget_ended
        return self.ended


class _Found(Protocol):
    @property
    def done(self) -> int: ...


K = TypeVar("K")
F = TypeVar("F", bound=_Found)


def in_turns(keys: Sequence[K], search: Callable[[K, Turn], F], meter: Meter) -> Iterator[tuple[K, F]]:
    """Yield each key with what its search found, as soon as it is decided or the budget has ended for it.

    For a search that the budget ended, the turn that came furthest is given.
    """
    quantum = FIRST_QUANTUM
    waiting: list[tuple[K, F | None]] = [(key, None) for key in keys]
    while waiting:
        later: list[tuple[K, F | None]] = []
        alone = len(waiting) == 1
        for key, before in waiting:
            turn = Turn(meter, None if alone else quantum)
            found = search(key, turn)
            if turn.ended and before is not None and before.done > found.done:
                found = before
            if turn.over:
                later.append((key, found))
            else:
                yield key, found
        waiting = later
        quantum *= 2

"""A user's own strategy, in a wrapper: what it does wrong is reported with the line of the user's code.

A strategy is a class that is made from a seed and from how rarely timers are offered. It decides while
things go wrong; the setup before and the fair end after are timed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard, TypeVar

from dynaproof.checkers.seam import Event, Label, Strategy
from dynaproof.checkers.user_code import described

METHODS = ("add", "discard", "pop", "index", "chance", "drain")

T = TypeVar("T")


class StrategyError(Exception):
    """What a user's strategy did wrong; the message is a sentence."""


def is_strategy(found: object) -> TypeGuard[type[Strategy]]:
    """Whether something is a class with a strategy's methods."""
    return isinstance(found, type) and all(callable(getattr(found, name, None)) for name in METHODS)


class UsersStrategy:
    """A `Strategy` around a user's, which must give each enabled event once, and numbers in range."""

    below = None
    """A user's strategy is asked for each number by the name of its choice."""

    def __init__(self, made: Callable[..., Strategy], name: str, seed: int, timer_weight: int) -> None:
        self.name = name
        self._enabled: dict[int, Event] = {}
        self._inner = self._told("__init__", lambda: made(seed, timer_weight))

    def add(self, event: Event) -> None:
        """An event is enabled."""
        self._enabled[id(event)] = event
        self._told("add", lambda: self._inner.add(event))

    def discard(self, event: Event) -> None:
        """An event is no longer enabled."""
        self._enabled.pop(id(event), None)
        self._told("discard", lambda: self._inner.discard(event))

    def pop(self) -> Event | None:
        """The event that the user's strategy takes."""
        event = self._told("pop", self._inner.pop)
        if event is None:
            if self._enabled:
                raise StrategyError(
                    f"{self.name}: pop gave None while {len(self._enabled)} events are enabled"
                )
        elif self._enabled.pop(id(event), None) is None:
            raise StrategyError(f"{self.name}: pop gave {event!r}, which is no enabled event")
        return event

    def index(self, label: Label, n: int) -> int:
        """The number that the user's strategy answers."""
        number: object = self._told("index", lambda: self._inner.index(label, n))
        if not isinstance(number, int) or not 0 <= number < n:
            raise StrategyError(f"{self.name}: index gave {number!r}, which is no number below {n}")
        return number

    def chance(self, label: Label, numerator: int) -> bool:
        """Whether a fault falls, as the user's strategy answers."""
        return bool(self._told("chance", lambda: self._inner.chance(label, numerator)))

    def drain(self) -> list[Event]:
        """All enabled events."""
        events = list(self._told("drain", self._inner.drain))
        if sorted(map(id, events)) != sorted(self._enabled):
            raise StrategyError(
                f"{self.name}: drain gave {len(events)} events, and not the {len(self._enabled)} enabled ones"
            )
        self._enabled = {}
        return events

    def _told(self, method: str, code: Callable[[], T]) -> T:
        try:
            return code()
        except Exception as error:  # Whatever a user's strategy raises is a mistake in it.
            raise StrategyError(f"{self.name}: {method} raised {described(error)}") from error

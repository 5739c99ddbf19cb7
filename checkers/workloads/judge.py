"""Judges one key's history as it grows: is there an order of its operations that a single copy could have
taken?

The linearizability checker does that (`checkers.linearizability.online`), event by event; here is what the
simulator's operations and endings mean to it. A failed condition is a read of what it saw; an operation
that failed for good is left out; one whose outcome is unknown may take effect at any time after its call,
or never, until `settle` says which.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from dynaproof.checkers.linearizability.configurations import CAS, PUT, READ
from dynaproof.checkers.linearizability.online import FrontierError, KeyFrontier
from dynaproof.impl.partition.messages.requests import Get, Put
from dynaproof.impl.partition.records import StoredItem

LARGEST = 2_000
"""Bound of what is remembered; beyond it the key is no longer judged, and `overflowed` is true."""

MOST = 20_000
"""Bound of the search's steps for one event, with the same effect: a hundredth of a second."""


class Judge:
    """One key; absent at first."""

    def __init__(self, most: int = MOST) -> None:
        self._key = KeyFrontier(most=most)
        self._running: dict[Hashable, bool] = {}  # Whether it is a read.
        self._lost: dict[Hashable, None] = {}
        self.overflowed = False

    def invoked(self, request: Hashable, operation: Any) -> None:
        """An operation begins; eventual reads are not judged here."""
        reads = isinstance(operation, Get)
        if self.overflowed or (reads and not operation.strong):
            return
        self._running[request] = reads
        if reads:
            self._key.call(request, READ)
            return
        new = operation.item if isinstance(operation, Put) else None
        if operation.conditional:
            self._key.call(request, CAS, new, operation.expected)
        else:
            self._key.call(request, PUT, new)

    def ended(self, request: Hashable, ending: str, observed: StoredItem | None) -> str | None:
        """An operation ends; a sentence if no order explains the results so far."""
        reads = self._running.pop(request, None)
        if reads is None or self.overflowed:
            return None
        if ending == "indefinite":
            if not reads:
                self._lost[request] = None
            self._legal(self._key.unknown, request)
            return None
        if ending == "definite":
            legal = self._legal(self._key.abandon, request)
        else:
            seen = observed.item if observed is not None else None
            legal = self._legal(self._key.returned, request, seen, applied=ending != "condition_failed")
        return None if legal else f"no order of the operations explains what {request} was answered"

    def settle(self, request: Hashable, took_effect: bool) -> str | None:
        """A lost operation took effect by now, or never will; a sentence if the results say otherwise."""
        if request not in self._lost or self.overflowed:
            return None
        del self._lost[request]
        if self._legal(self._key.settle, request, never=not took_effect):
            return None
        return f"what was read can only be explained by {request}, which never took effect"

    def _legal(self, event: Callable[..., bool | None], *arguments: Any, **named: Any) -> bool:
        """Whether the history may still be linearizable after this event; beyond a bound, nobody knows."""
        try:
            legal = event(*arguments, **named)
            self.overflowed = self._key.size > LARGEST
        except FrontierError:
            self.overflowed = True
            return True
        return legal is not False

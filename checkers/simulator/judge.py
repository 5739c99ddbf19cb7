"""Judges one key's history as it grows: is there an order of its operations that a single copy could have
taken?

Exact frontier search (Wing and Gong 1993; Lowe 2017), a segment at a time: whenever no operation is running,
what was recorded is searched with all results known, and only the possible states are kept, with the
operations of unknown outcome that each of them used. A failed condition is a read of what it saw; an
operation that failed for good is left out; one whose outcome is unknown may take effect at any time after its
call, or never.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal

from impl.storage.messages import Get, Put
from impl.storage.records import Item, StoredItem

CONFIGURATIONS = 2_000
"""Bound of a search; beyond it the key is not judged any further, which `overflowed` tells."""

State = tuple[tuple[str, str], ...] | None
Configuration = tuple[State, frozenset[Hashable]]


def state_of(item: Item | None) -> State:
    """An item as a hashable value; None is absent."""
    return None if item is None else tuple(sorted(item.items()))


class _Operation:
    __slots__ = ("conditional", "expected", "new", "observed", "reads")

    def __init__(self, operation: Any) -> None:
        self.reads = isinstance(operation, Get)
        self.conditional = not self.reads and operation.conditional
        self.expected = state_of(operation.expected) if self.conditional else None
        self.new = state_of(operation.item) if isinstance(operation, Put) else None
        self.observed: State = None

    def needs(self) -> State | Literal["nothing"]:
        """The state without which it cannot have had its result."""
        if self.reads:
            return self.observed
        return self.expected if self.conditional else "nothing"

    def permits(self, state: State) -> bool:
        """Whether it may take effect on this state, with the result that it had."""
        if self.reads:
            return state == self.observed
        return not self.conditional or state == self.expected


class Judge:
    """One key; absent at first."""

    def __init__(self) -> None:
        self._configurations: dict[Configuration, None] = {(None, frozenset()): None}
        self._operations: dict[Hashable, _Operation] = {}
        self._events: list[tuple[bool, Hashable]] = []
        self._running: dict[Hashable, None] = {}
        self._open: dict[Hashable, None] = {}
        self._lost: dict[Hashable, None] = {}
        self.overflowed = False

    def invoked(self, request: Hashable, operation: Any) -> None:
        """An operation begins; eventual reads are none of this judge's business."""
        if isinstance(operation, Get) and not operation.strong:
            return
        self._operations[request] = _Operation(operation)
        self._running[request] = None
        self._events.append((True, request))

    def ended(self, request: Hashable, ending: str, observed: StoredItem | None) -> str | None:
        """An operation ends; a sentence if no order explains the results so far."""
        operation = self._operations.get(request)
        if operation is None:
            return None
        del self._running[request]
        if ending == "definite" or (ending == "indefinite" and operation.reads):
            del self._operations[request]
        elif ending == "indefinite":
            self._lost[request] = None
        else:
            if operation.reads or ending == "condition_failed":
                operation.reads = True
                operation.observed = None if observed is None else state_of(observed.item)
            self._events.append((False, request))
        return None if self._running or self.overflowed else self._search()

    def settle(self, request: Hashable, took_effect: bool) -> str | None:
        """A lost operation took effect by now, or never will; a sentence if the results say otherwise."""
        if request not in self._lost:
            return None
        del self._lost[request]
        if took_effect:
            self._events.append((False, request))
            return None if self._running or self.overflowed else self._search()
        del self._operations[request]
        self._open.pop(request, None)
        self._configurations = {at: None for at in self._configurations if request not in at[1]}
        if self._configurations or self.overflowed:
            return None
        return f"what was read can only be explained by {request}, which never took effect"

    def _search(self) -> str | None:
        """Work off the recorded segment."""
        events, self._events = self._events, []
        for is_call, request in events:
            if request not in self._operations:
                continue
            if is_call:
                self._open[request] = None
                if self._operations[request].reads:
                    self._configurations = {
                        (s, self._absorb(s, used)): None for s, used in self._configurations
                    }
                continue
            found = self._linearize(request)
            if found is None:
                self.overflowed = True
                return None
            del self._open[request], self._operations[request]
            if not found:
                return f"no order of the operations explains what {request} was answered"
            self._configurations = found
        return None

    def _absorb(self, state: State, used: frozenset[Hashable]) -> frozenset[Hashable]:
        """Reads that this state explains take effect at once: they change nothing."""
        operations = self._operations
        more = [
            r for r in self._open if r not in used and operations[r].reads and operations[r].observed == state
        ]
        return used.union(more) if more else used

    def _linearize(self, request: Hashable) -> dict[Configuration, None] | None:
        """All configurations in which `request` has taken effect, itself forgotten; None beyond the bound."""
        found: dict[Configuration, None] = {}
        # Nobody knows whether a lost write took effect. If nobody who is open needs what it leaves, it need
        # not have yet: an order in which it did, unseen, is as good without it; and it stays open for whoever
        # needs it later.
        wanted = {self._operations[other].needs() for other in self._open}
        seen = dict(self._configurations)
        stack = list(seen)
        while stack:
            state, used = stack.pop()
            if request in used:
                found[state, used - {request}] = None
                continue
            for other in self._open:
                operation = self._operations[other]
                if other in used or operation.reads or not operation.permits(state):
                    continue
                if other in self._lost and operation.new not in wanted:
                    continue
                after = (operation.new, self._absorb(operation.new, used | {other}))
                if after not in seen:
                    seen[after] = None
                    stack.append(after)
                    if len(seen) > CONFIGURATIONS:
                        return None
        return found

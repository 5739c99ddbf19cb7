"""Wing and Gong's search with memory: for objects given by users, and as a cross-check.

Depth first: linearize an operation that no earlier return forbids, and go on; when an operation can neither
be linearized nor passed, take the last one back. A pair of (operations linearized, state) seen before is not
tried again. Nondeterministic objects branch over their states. Exponential in the worst case.

Sources: Wing and Gong, *Testing and Verifying Concurrent Objects* (1993); Lowe, *Testing for Linearizability*
(2017), for the memory of configurations.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

from dynaproof.checkers.linearizability.result import endless
from dynaproof.specs.history import NEVER, Operation, Value
from dynaproof.specs.objects import SequentialObject, State

ASK_EVERY = 256


class Found(NamedTuple):
    """What the search found: an order of indices; or none, and the latest return that an order reached.

    `order` and `stuck_at` None: the budget ended; then `prefix` is the longest order that was tried and `at`
    the operation that had to come next. `most` is the number of configurations remembered, `done` the length
    of the longest order.
    """

    order: list[int] | None
    stuck_at: int | None
    done: int
    most: int
    prefix: list[int] | None = None
    at: int | None = None


_Moves = Iterator[tuple[int, State]]


def search(
    operations: Sequence[Operation],
    thing: SequentialObject,
    exhausted: Callable[[int], bool] = endless,
) -> Found:
    """Decide one key; `exhausted(configurations)` is asked now and then and may end the search."""
    window = Window(operations)
    required = sum(1 << i for i in window.returning)
    seen: set[tuple[int, Hashable]] = {(0, thing.initial)}
    path: list[int] = []
    masks, lows = [0], [0]
    moves: list[_Moves] = [window.moves(0, 0, thing.initial, thing)]
    longest: list[int] = []
    longest_at = window.first_return(0, 0) if window.returning else None
    stuck_at: int | None = None
    every: int = getattr(thing, "ask_every", ASK_EVERY)
    asked = 0
    while required & ~masks[-1]:
        move = next(moves[-1], None)
        if move is None:
            at = window.first_return(masks[-1], lows[-1])
            if len(path) > len(longest):
                longest, longest_at = path.copy(), at
            if stuck_at is None or operations[at].ret > operations[stuck_at].ret:
                stuck_at = at
            if not path:
                return Found(None, stuck_at, len(longest), len(seen))
            path.pop()
            masks.pop()
            lows.pop()
            moves.pop()
            continue
        asked += 1
        if asked % every == 0 and exhausted(len(seen)):
            if len(path) > len(longest):
                longest, longest_at = path, window.first_return(masks[-1], lows[-1])
            return Found(None, None, len(longest), len(seen), longest, longest_at)
        index, state = move
        mask = masks[-1] | 1 << index
        if (mask, state) in seen:
            continue
        seen.add((mask, state))
        path.append(index)
        masks.append(mask)
        lows.append(window.low(mask, lows[-1]))
        moves.append(window.moves(mask, lows[-1], state, thing))
    return Found(path, None, len(path), len(seen))


class Window:
    """The operations in the order of their calls, those that return apart from those that do not."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations
        self.calls = [op.call for op in operations]
        self.rets = [op.ret for op in operations]
        by_call = sorted(range(len(operations)), key=lambda i: (self.calls[i], self.rets[i], i))
        self.returning = [i for i in by_call if self.rets[i] != NEVER]
        # The value to be met first is tried first: that decides only how soon an order is found.
        self.pending = [i for i in by_call if self.rets[i] == NEVER]
        if not self.pending:
            return
        unknown = {operations[i].function for i in self.pending}
        met: dict[Value, int] = {}
        for op in operations:
            if op.function not in unknown:
                met[op.value] = min(met.get(op.value, NEVER), op.ret)
        self.pending.sort(key=lambda i: met.get(operations[i].value, NEVER))

    def low(self, mask: int, low: int) -> int:
        """The place of the first returning operation that is not in `mask`, at or after `low`."""
        while low < len(self.returning) and mask >> self.returning[low] & 1:
            low += 1
        return low

    def moves(self, mask: int, low: int, state: State, thing: SequentialObject) -> _Moves:
        """What can be linearized next, and what it leads to; the earliest return first."""
        for i in self.candidates(mask, low):
            for after in thing.step(state, self.operations[i]):
                yield i, after

    def first_return(self, mask: int, low: int) -> int:
        """The operation not yet linearized that returns first: it forbids going further."""
        return min(self._open(mask, low)[0], key=self.rets.__getitem__)

    def _open(self, mask: int, low: int) -> tuple[list[int], int]:
        """The returning operations not in `mask` that were called before the first of them returned, and when
        that was.
        """
        calls, rets, returning = self.calls, self.rets, self.returning
        found: list[int] = []
        first = NEVER
        for at in range(low, len(returning)):
            i = returning[at]
            if calls[i] > first:
                break
            if not mask >> i & 1:
                found.append(i)
                first = min(first, rets[i])
        return [i for i in found if calls[i] <= first], first

    def candidates(self, mask: int, low: int) -> list[int]:
        """The operations that no operation outside `mask` forbids to come next."""
        calls, rets = self.calls, self.rets
        found, first = self._open(mask, low)
        if len(found) > 1:
            found.sort(key=lambda i: (rets[i], i))
        if not self.pending:
            return found
        return found + [i for i in self.pending if not mask >> i & 1 and calls[i] <= first]

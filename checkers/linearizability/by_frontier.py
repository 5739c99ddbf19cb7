"""Algorithm B in machine code, on one key: its events one after the other, and room for what they make.

The kernels (`frontier_kernels`) work in columns that do not grow by themselves. Here the columns are made
larger before a kernel could run out of room, and the trail of what was linearized is thinned out: steps that
no longer lead to any configuration are dropped first. The budget is asked between the kernels' calls.
"""

from collections.abc import Callable, Sequence

import numpy as np

from dynaproof.checkers.linearizability.frontier import Searched, linearized
from dynaproof.checkers.linearizability.frontier_kernels import (
    OPEN_AT_MOST,
    TRIED,
    Front,
    Open,
    Trail,
    add,
    call,
    expand,
    forget,
    mark,
    settle,
)
from dynaproof.checkers.linearizability.register import ASK_CAS, ASK_PUT, Ask
from dynaproof.checkers.linearizability.result import endless
from dynaproof.specs.history import ABSENT, NEVER, Column

ROOM = 1 << 10
"""The initial room for configurations."""


def search(
    asks: Sequence[Ask],
    initial: int = ABSENT,
    exhausted: Callable[[int], bool] = endless,
) -> Searched | None:
    """Decide one key, as `frontier.search`; None: more operations are open at once than there are bits."""
    columns = np.array(asks, dtype=np.int64).reshape(-1, 6)
    count = len(columns)
    known, codes = np.unique(np.concatenate([columns[:, 1], columns[:, 2], [initial]]), return_inverse=True)
    operations = np.stack([columns[:, 0], codes[:count], codes[count : 2 * count], columns[:, 4]])
    returning = np.flatnonzero(columns[:, 4] != NEVER)
    time = np.concatenate([columns[:, 3], columns[returning, 4]])
    what = np.concatenate([np.arange(count), returning])
    returns = np.arange(len(time)) >= count
    by_time = np.lexsort((what, returns, time))
    if count and int(np.cumsum(np.where(returns[by_time], -1, 1)).max()) > OPEN_AT_MOST:
        return None
    run = _Search(operations, len(known), exhausted)
    return run.run(int(codes[-1]), what[by_time].tolist(), returns[by_time].tolist(), asks)


class _Search:
    def __init__(self, operations: Column, values: int, exhausted: Callable[[int], bool]) -> None:
        self.operations = operations
        self.exhausted = exhausted
        self.open = Open(
            _zeros(values),
            _zeros(values),
            _zeros(values),
            _zeros(values),
            _zeros(values),
            _zeros(OPEN_AT_MOST),
            _zeros(TRIED + 1),
        )
        self.now, self.todo, self.done = (_front(ROOM, values) for _ in range(3))
        self.trail = _trail(1)
        self.free = list(range(OPEN_AT_MOST))[::-1]
        self.slots: dict[int, int] = {}

    def run(
        self, initial: int, what: Sequence[int], returns: Sequence[bool], asks: Sequence[Ask]
    ) -> Searched:
        add(self.now, initial, 0, 0, -1, self.open.sets)
        called_at = [0] * len(asks)
        done = most = 0
        for event, i in enumerate(what):
            if not returns[event]:
                called_at[i] = event
                self.slots[i] = self.free.pop()
                self.open.operation[self.slots[i]] = i
                self._make_room(self.now.size[0])
                call(self.operations, i, 1 << self.slots[i], event, self.now, self.trail, self.open)
                continue
            found = self._return(i, event)
            most = max(most, found)
            if found < 0 or self.exhausted(found):
                return Searched(None, None, done, most, self._order(asks, called_at), i)
            if not found:
                return Searched(None, i, done, most)
            done += 1
        return Searched(self._order(asks, called_at), None, done, most)

    def _order(self, asks: Sequence[Ask], called_at: Sequence[int]) -> list[int]:
        """The operations in the order of some configuration that is alive; empty where there is none."""
        steps = []
        alive = (
            front.step[at]
            for front in (self.now, self.done, self.todo)
            for at in np.flatnonzero(front.alive[: front.size[0]])
        )
        at = next(alive, -1)
        while at >= 0:
            steps.append((int(self.trail.operation[at]), int(self.trail.event[at])))
            at = self.trail.before[at]
        return linearized([ask.kind for ask in asks], steps[::-1], called_at)

    def _return(self, x: int, event: int) -> int:
        """Let x return; gives how many configurations are left, or -1 if the budget ended."""
        bit = 1 << self.slots[x]
        self.todo, self.done = (_with_room(front, self.now.size[0]) for front in (self.todo, self.done))
        self._make_room(self.now.size[0])
        settle(x, bit, self.now, self.todo, self.done, self.trail, self.open.sets)
        _empty(self.now)
        kinds, rets = self.operations[0], self.operations[3]
        writes = [i for i in self.slots if kinds[i] in {ASK_PUT, ASK_CAS}]
        writes.sort(key=lambda i: (rets[i], i))  # What never returns comes last.
        moves = np.array([(i, 1 << self.slots[i]) for i in writes], dtype=np.int64).reshape(-1, 2)
        at = 0
        while at < self.todo.size[0]:
            self.todo, self.done = (_with_room(front, ROOM) for front in (self.todo, self.done))
            steps = len(moves) * len(self.slots)  # Per move: itself, and at most all open reads.
            self._make_room(steps)
            at = expand(
                self.operations, x, bit, event, moves, at, steps, self.todo, self.done, self.trail, self.open
            )
            if self.exhausted(int(self.todo.size[0] + self.done.size[0])):
                return -1
        forget(self.operations, x, bit, self.open)
        self.free.append(self.slots.pop(x))
        _empty(self.todo)
        self.now, self.done = self.done, self.now
        return int(self.now.alive[: self.now.size[0]].sum())

    def _make_room(self, steps: int) -> None:
        """Make room for so many steps more: what no longer leads to a configuration is dropped first."""
        trail = self.trail
        size = trail.size[0]
        if size + steps <= len(trail.before):
            return
        fronts = self.now, self.todo, self.done
        wanted = np.zeros(size, dtype=np.uint8)
        for front in fronts:
            mark(front, trail, wanted)
        kept = np.flatnonzero(wanted)
        place = np.cumsum(wanted, dtype=np.int64) - 1
        self.trail = _trail(max(len(trail.before), 2 * (len(kept) + steps)))
        self.trail.size[0] = len(kept)
        self.trail.operation[: len(kept)] = trail.operation[kept]
        self.trail.event[: len(kept)] = trail.event[kept]
        before = trail.before[kept]
        self.trail.before[: len(kept)] = np.where(before < 0, -1, place[before])
        for front in fronts:
            step = front.step[: front.size[0]]
            alive = (front.alive[: front.size[0]] != 0) & (step >= 0)
            step[alive] = place[step[alive]]


def _front(room: int, values: int) -> Front:
    return Front(
        _zeros(room),
        _zeros(room),
        _zeros(room),
        _zeros(room),
        _zeros(room),
        np.zeros(room, dtype=np.uint8),
        np.full(values, -1, dtype=np.int64),
        _zeros(1),
    )


def _with_room(front: Front, more: int) -> Front:
    """The front with room for so many more."""
    size = int(front.size[0])
    if size + more <= len(front.state):
        return front

    def grown(column: Column) -> Column:
        into = np.zeros(2 * (size + more), dtype=column.dtype)
        into[:size] = column[:size]
        return into

    return front._replace(
        state=grown(front.state),
        used=grown(front.used),
        hidden=grown(front.hidden),
        step=grown(front.step),
        after=grown(front.after),
        alive=grown(front.alive),
    )


def _empty(front: Front) -> None:
    front.first[:] = -1
    front.size[0] = 0


def _trail(room: int) -> Trail:
    return Trail(_zeros(room), _zeros(room), _zeros(room), _zeros(1))


def _zeros(count: int) -> Column:
    return np.zeros(count, dtype=np.int64)

"""Algorithm B's depth-first walk in machine code, on one key: its tables, and room for what it makes.

The kernels (`depth_first_kernels`) work in tables that do not grow by themselves. They stop where they need
more room, and where the budget has to be asked.
"""

from collections.abc import Callable

import numpy as np

from dynaproof.checkers.linearizability import depth_first_kernels as kernels
from dynaproof.checkers.linearizability import depth_first_tables as tables
from dynaproof.checkers.linearizability.depth_first import ASK_EVERY
from dynaproof.checkers.linearizability.depth_first_tables import Walk
from dynaproof.checkers.linearizability.frontier import Searched, linearized
from dynaproof.checkers.linearizability.register import ASK_CAS
from dynaproof.checkers.linearizability.result import endless
from dynaproof.specs.history import ABSENT, NEVER, Column


def search(
    columns: Column,
    initial: int = ABSENT,
    exhausted: Callable[[int], bool] = endless,
) -> Searched:
    """Decide one key, as `depth_first.search`; its columns are those of `register.columns_of_key`."""
    walk = _walk(columns, initial)
    now, returning = walk.now, walk.returns[:-1, tables.WHO]
    visited = 0
    while (why := kernels.go_on(walk, visited)) in {tables.ASK, tables.ROOM}:
        if why == tables.ROOM:
            walk = _with_room(walk)
        elif exhausted(visited + 1):
            furthest = int(now[tables.FURTHEST])
            prefix = _order(columns, walk, tables.REACHED)
            return Searched(None, None, furthest, visited + 1, prefix, int(returning[furthest]))
        else:
            visited += ASK_EVERY
    tried = int(now[tables.VISITED])
    if why == tables.FOUND:
        return Searched(_order(columns, walk, tables.TRAIL), None, len(returning), tried)
    furthest = int(now[tables.FURTHEST])
    return Searched(None, int(returning[furthest]), furthest, tried)


def _walk(columns: Column, initial: int) -> Walk:
    """The tables of a key, with the walk at its first return."""
    kind, need, value, call, ret = columns
    count = len(kind)
    calls = np.argsort(call, kind="stable")
    never = ret[calls] == NEVER
    pending = calls[never]
    returning = _returning(ret)
    returns = _zeros(len(returning) + 1, 4)
    returns[:-1, tables.WHO] = returning
    # At equal times calls come first; after the last return nothing is called.
    returns[:-1, tables.UNTIL] = np.searchsorted(call[calls], ret[returning], side="right")
    returns[-1, tables.UNTIL] = returns[-2:-1, tables.UNTIL].sum()
    returns[:, tables.UNKNOWN] = np.append(0, np.cumsum(never))[returns[:, tables.UNTIL]]
    returns[:, tables.TRIED] = -1
    operations = _zeros(count + 1, 8)
    operations[:count, : tables.RET + 1] = np.stack([kind, need, value, ret], axis=1)
    operations[count, tables.BEFORE :] = count
    most = kernels.give_places(operations, returns, calls)
    # Separate words, so that those of one configuration can be compared with those of another.
    words = -(-most // tables.WORD)
    operations[pending, tables.BIT] = words * tables.WORD + np.arange(len(pending))
    operations[:, tables.PLACE], bit = np.divmod(operations[:, tables.BIT], tables.WORD)
    operations[:, tables.BIT] = 1 << bit
    head, following = _alike(kind[pending], need[pending], value[pending])
    all_words = words + -(-len(pending) // tables.WORD)
    now = _zeros(tables.PLACES)
    now[tables.STATE] = initial
    now[[tables.TRAIL, tables.REACHED]] = -1
    now[[tables.OPEN_WORDS, tables.OPEN_AT_MOST]] = words, most
    walk = Walk(
        now=now,
        operations=operations,
        returns=returns,
        calls=calls,
        pending=np.stack([pending, following], axis=1),
        kinds=np.stack([head, head], axis=1),
        nodes=_zeros(count + 1, tables.SETS + 2 * all_words),
        steps=_zeros(count + 1 + 2 * most, 3),
        sets=_zeros(3, all_words),
        moves=_zeros(most + 1 + len(head)),
        wanted=_zeros(most + len(head)),
        writes=_zeros(most),
    )
    kernels.begin(walk)
    return walk


def _returning(ret: Column) -> Column:
    """The operations that return, in the order of their returns; at equal times in that of the history."""
    return np.argsort(ret, kind="stable")[: np.count_nonzero(ret != NEVER)]


def _alike(kind: Column, need: Column, value: Column) -> tuple[Column, Column]:
    """The first operation of each kind; and for each the next one that does the same, or -1."""
    condition = np.where(kind == ASK_CAS, need, -1)
    order = np.lexsort((value, condition, kind))  # Equal ones stay in their order.
    same = np.ones(max(len(kind) - 1, 0), dtype=bool)
    for column in (kind, condition, value):
        same &= column[order[1:]] == column[order[:-1]]
    following = np.full(len(kind), -1, dtype=np.int64)
    following[order[:-1][same]] = order[1:][same]
    first = np.ones(len(kind), dtype=bool)
    first[following[following >= 0]] = False
    return np.flatnonzero(first), following


def _with_room(walk: Walk) -> Walk:
    """The walk with twice the room in what is used up."""
    now = walk.now
    if now[tables.VISITED] == len(walk.nodes):
        walk = walk._replace(nodes=_doubled(walk.nodes))
    if now[tables.MOVES] + kernels.moves_at_once(walk) > len(walk.moves):
        walk = walk._replace(moves=_doubled(walk.moves))
    if now[tables.STEPS] + kernels.steps_at_once(walk) > len(walk.steps):
        walk = walk._replace(steps=_doubled(walk.steps))
    return walk


def _doubled(table: Column) -> Column:
    return np.concatenate([table, np.zeros_like(table)])


def _order(columns: Column, walk: Walk, last: int) -> list[int]:
    """The operations in the order of the steps that lead to the one at place `last` of `now`."""
    kind, _, _, call, ret = columns
    operations, numbers = _zeros(len(kind)), _zeros(len(kind))
    first = kernels.trail_of(walk.steps, int(walk.now[last]), operations, numbers)
    steps = list(zip(operations[first:].tolist(), numbers[first:].tolist(), strict=True))
    called_at = np.searchsorted(ret[_returning(ret)], call)
    return linearized(kind.tolist(), steps, called_at.tolist())


def _zeros(*shape: int) -> Column:
    return np.zeros(shape, dtype=np.int64)

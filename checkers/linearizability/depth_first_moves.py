"""Where else a depth-first walk could go, in machine code: what `depth_first` works out on coming back.

The rules are those of `depth_first`, and the best move comes first, as there.
"""

from dynaproof.checkers.linearizability.depth_first_tables import (
    AFTER,
    BIT,
    FREE,
    HEAD,
    HIDDEN,
    KIND,
    MOVES,
    NEED,
    NEXT,
    NUMBER,
    PICKY,
    PLACE,
    RET,
    STATE,
    UNKNOWN,
    UNLIKE,
    USED,
    VALUE,
    WANTED,
    WHO,
    Walk,
)
from dynaproof.checkers.linearizability.machine import Cell, inner
from dynaproof.checkers.linearizability.register import ASK_CAS, ASK_DIFFERS, ASK_PUT, ASK_READ
from dynaproof.specs.history import Column


@inner
def can_go(operations: Column, i: Cell, state: Cell) -> bool:
    """Whether a write can happen in that state."""
    kind = operations[i, KIND]
    return bool(kind == ASK_PUT or (kind == ASK_CAS and operations[i, NEED] == state))


@inner
def list_moves(walk: Walk) -> None:
    """Work out what else can be linearized next in the present configuration, the best first."""
    now, operations, sets, pending, kinds = walk.now, walk.operations, walk.sets, walk.pending, walk.kinds
    moves, writes, wanted = walk.moves, walk.writes, walk.wanted
    first = now[MOVES]
    x = walk.returns[now[NUMBER], WHO]
    # Those of one kind that can go now all meet the same value, so one of them is enough.
    without = x if can_go(operations, x, now[STATE]) else -1
    if without >= 0 and sets[HIDDEN, operations[x, PLACE]] & operations[x, BIT]:
        moves[first] = x
        now[MOVES] += 1
    find_free(now, operations, walk.returns, pending, kinds, sets)
    find_wanted(now, operations, pending, kinds, sets, wanted)
    for at in range(sort_writes(operations, sets, writes)):
        i = writes[at]
        if i == x or not can_go(operations, i, now[STATE]):
            continue
        if operations[i, KIND] == ASK_CAS or waited_for(now, wanted, operations[i, VALUE]):
            list_move(now, operations, moves, first, i, without)
    for kind in (ASK_CAS, ASK_PUT):
        for at in range(len(kinds)):
            i = pending[kinds[at, FREE], WHO]
            if kinds[at, FREE] < 0 or operations[i, KIND] != kind or not can_go(operations, i, now[STATE]):
                continue
            if waited_for(now, wanted, operations[i, VALUE]):
                list_move(now, operations, moves, first, i, without)


@inner
def list_move(now: Column, operations: Column, moves: Column, first: Cell, i: Cell, without: Cell) -> None:
    """List a move, unless one from `first` on does the same, or the one operation left out (-1: none)."""
    if without >= 0 and same(operations, without, i):
        return
    for at in range(first, now[MOVES]):
        if same(operations, moves[at], i):
            return
    moves[now[MOVES]] = i
    now[MOVES] += 1


@inner
def same(operations: Column, one: Cell, other: Cell) -> bool:
    """Whether two operations that can go now do the same."""
    alike = operations[one, KIND] == operations[other, KIND]
    return bool(alike and operations[one, VALUE] == operations[other, VALUE])


@inner
def sort_writes(operations: Column, sets: Column, writes: Column) -> int:
    """Sort the open writes that are not used by their returns; gives how many there are."""
    ends = len(operations) - 1
    count = 0
    i = operations[ends, AFTER]
    while i != ends:
        if operations[i, KIND] >= ASK_PUT and not sets[USED, operations[i, PLACE]] & operations[i, BIT]:
            at = count
            while at and returns_later(operations, writes[at - 1], i):
                writes[at] = writes[at - 1]
                at -= 1
            writes[at] = i
            count += 1
        i = operations[i, AFTER]
    return count


@inner
def returns_later(operations: Column, one: Cell, other: Cell) -> bool:
    """Whether one returns later than another; at equal times the order is that of the history."""
    ret, other_ret = operations[one, RET], operations[other, RET]
    return bool(ret > other_ret or (ret == other_ret and one > other))


@inner
def find_free(
    now: Column, operations: Column, returns: Column, pending: Column, kinds: Column, sets: Column
) -> None:
    """For each kind of what never returns, find the first that was called and not used.

    The others can stand for it later.
    """
    called = returns[now[NUMBER], UNKNOWN]
    for at in range(len(kinds)):
        place = kinds[at, HEAD]
        while place >= 0:
            i = pending[place, WHO]
            if not sets[USED, operations[i, PLACE]] & operations[i, BIT]:
                break
            place = pending[place, NEXT]
        kinds[at, FREE] = place if place < called else -1


@inner
def find_wanted(
    now: Column, operations: Column, pending: Column, kinds: Column, sets: Column, wanted: Column
) -> None:
    """Find the values that operations wait for, and those that others take anything but.

    One that never returns waits only if what it would leave is waited for (rule 2).
    """
    ends = len(operations) - 1
    now[WANTED] = now[PICKY] = 0
    i = operations[ends, AFTER]
    while i != ends:
        kind, need = operations[i, KIND], operations[i, NEED]
        if not sets[USED, operations[i, PLACE]] & operations[i, BIT]:
            if kind in (ASK_READ, ASK_CAS):
                want(now, wanted, need)
            elif kind == ASK_DIFFERS and (now[PICKY] == 0 or need != now[UNLIKE]):
                now[PICKY] += 1
                now[UNLIKE] = need
        i = operations[i, AFTER]
    at = 0
    while at < now[WANTED]:  # It grows while it is walked.
        for kind in range(len(kinds)):
            if kinds[kind, FREE] >= 0:
                i = pending[kinds[kind, FREE], WHO]
                if operations[i, KIND] == ASK_CAS and operations[i, VALUE] == wanted[at]:
                    want(now, wanted, operations[i, NEED])
        at += 1


@inner
def want(now: Column, wanted: Column, value: Cell) -> None:
    """Add a value to those that are wanted."""
    count = now[WANTED]
    for at in range(count):
        if wanted[at] == value:
            return
    wanted[count] = value
    now[WANTED] = count + 1


@inner
def waited_for(now: Column, wanted: Column, value: Cell) -> bool:
    """Whether an operation waits for this value, or for any value but another one."""
    if now[PICKY] > 1 or (now[PICKY] == 1 and now[UNLIKE] != value):
        return True
    at = 0
    while at < now[WANTED] and wanted[at] != value:
        at += 1
    return bool(at < now[WANTED])

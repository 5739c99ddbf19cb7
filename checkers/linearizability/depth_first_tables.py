"""The tables of the depth-first walk in machine code: what stands in which column.

`by_depth_first` makes them, `depth_first_kernels` walks through them, and `depth_first_moves` finds where
else it could go.
"""

from typing import NamedTuple

from dynaproof.specs.history import Column

WORD = 62
"""Bits of a word, which is a signed integer."""

FOUND, STUCK, ASK, ROOM = range(4)
"""Why a walk has stopped: it has an order, there is none, it asks for the budget, it needs room."""

NUMBER, STATE, TRAIL = range(3)
"""Of `Walk.now` and of a node: the next return, the state, the last step (-1: none)."""

FURTHEST, REACHED = 3, 4
"""Of `Walk.now`: the latest return that was reached, and the last step before it."""

VISITED, DEPTH, MOVES, STEPS = range(5, 9)
"""Of `Walk.now`: how many nodes there are, to how many the walk can come back, how much of `moves` and
`steps` is in use."""

LINKED, CALLED = 9, 10
"""Of `Walk.now`: at which return the list of open operations is, and how many of `calls` it has had."""

WANTED, PICKY, UNLIKE = range(11, 14)
"""Of `Walk.now`: how many values are `wanted`; how many there are that some operation takes anything but (two
stand for more), and one of those."""

OPEN_WORDS, OPEN_AT_MOST, PLACES = range(14, 17)
"""Of `Walk.now`: how many words of a set are for operations that return, and how many of these are open at a
time."""

KIND, NEED, VALUE, RET, PLACE, BIT, BEFORE, AFTER = range(8)
"""Of an operation: what it asks, its word of a set and its bit there, and its links. The row behind the last
operation is both ends of the list."""

WHO, UNTIL, UNKNOWN, TRIED = range(4)
"""Of a return: the operation, how many of `calls` there were by then, how many of these never return, the
last node that was tried at it."""

NEXT = 1
"""Of `pending`, beside `WHO`: the place in it of the next one that does the same, -1 for none."""

HEAD, FREE = 0, 1
"""Of a kind of operations that never return: the places in `pending` of the first, and of the first that was
called and not used, -1 for none."""

EARLIER, SETS = 3, 8
"""Of a node: the one tried before it at the same return, and where the words of what it has used and hidden
begin."""

OPEN, FIRST, AT, END = range(4, 8)
"""Of a row of `nodes`, by depth: the node to come back to, and its moves: the first, the next, the end
(-1: they are not worked out)."""

OPERATION, RETURN, PREVIOUS = range(3)
"""Of a step: what was linearized, at which return (-1: hidden before then), and the step before."""

USED, HIDDEN, READS = range(3)
"""The sets: of the configuration, and the reads that are open."""


class Walk(NamedTuple):
    """Tables, each with a row per thing that it is named after; `calls` are all operations in the order of
    their calls, `pending` those of them that never return. `wanted` and `writes` are room to work in.
    """

    now: Column
    operations: Column
    returns: Column
    calls: Column
    pending: Column
    kinds: Column
    nodes: Column
    steps: Column
    sets: Column
    moves: Column
    wanted: Column
    writes: Column

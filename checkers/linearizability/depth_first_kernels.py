"""Algorithm B depth first as machine code: the walk of `depth_first` over tables, sets of operations being words.

`depth_first` is the readable reference, has the rules, and says why they are right; tests hold the two against
each other. Here every choice is made in the same order, so both go through the same configurations and find
the same order of operations.

What is open at a return is not written down for each: the open operations are a list, in the order of their
calls, of which each knows who stands before and after it. Who returns is taken out, and going back over that
return puts it in again where it was, as its own two links still say.

`by_depth_first` makes the tables, and more room in them before the walk goes on.

Source: Knuth, *Dancing Links* (2000).
"""

from typing import NamedTuple

from dynaproof.checkers.linearizability.machine import Cell, compiled, inner
from dynaproof.checkers.linearizability.register import ASK_CAS, ASK_DIFFERS, ASK_PUT, ASK_READ
from dynaproof.specs.history import NEVER, Column

WORD = 62
"""Bits of a word, which is a signed integer."""

FOUND, STUCK, ASK, ROOM = range(4)
"""Why a walk stands still: it has an order, there is none, it asks for the budget, it needs room."""

NUMBER, STATE, TRAIL = range(3)
"""Of `Walk.now` and of a node: the next return, the state, the last step."""

FURTHEST, REACHED, VISITED, DEPTH, MOVES, STEPS = range(3, 9)
"""Of `Walk.now`: the latest return that was come to, the last step before it; how many nodes there are, how many
of them can be come back to, how many of `moves` and of `steps` are in use."""

LINKED, CALLED, WANTED, PICKY, UNLIKE, OPEN_WORDS, OPEN_AT_MOST, PLACES = range(9, 17)
"""Of `Walk.now`, too: at which return the list of open operations is, and how many of `calls` it has had; how many
values are `wanted`; how many others there are but which somebody takes anything (two stand for more), and one of
them; how many words of a set are for operations that return, and how many of these are open at a time."""

KIND, NEED, VALUE, RET, PLACE, BIT, BEFORE, AFTER = range(8)
"""Of an operation: what it asks, its word of a set and its bit there, and its links. The row behind the last
operation is both ends of the list."""

WHO, UNTIL, UNKNOWN, TRIED = range(4)
"""Of a return: who returns, how many of `calls` there were by then, how many of these never return, and the last
node that was tried at it."""

NEXT, HEAD, FREE = 1, 0, 1
"""Of `pending`, beside `WHO`: the next that does the same. Of a kind of these: the first, and the first that was
called and not used. All are places in `pending`, -1 for none."""

EARLIER, OPEN, FIRST, AT, END, SETS = range(3, 9)
"""Of a node: the one tried before it at the same return; and, from `SETS` on, the words of what it has used and
hidden. By depth: the node to be come back to, and where its moves are: the first, the next, the end (-1: they are
not worked out)."""

OPERATION, RETURN, PREVIOUS = range(3)
"""Of a step: what was linearized, at which return (-1: hidden before then), and the step before."""

USED, HIDDEN, READS = range(3)
"""The sets: of the configuration, and the reads that are open."""


class Walk(NamedTuple):
    """Tables, a row each of what they are called; `calls` are all operations in the order of their calls,
    `pending` those of them that never return. `wanted` and `writes` are room to work in.
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


@compiled
def give_places(operations: Column, returns: Column, calls: Column) -> int:
    """Number the operations that return, so that those open at a time differ, as `BIT`; gives how many numbers
    that takes.
    """
    free = [0 for _ in range(0)]
    most, at = 0, 0
    for number in range(len(returns) - 1):
        while at < returns[number, UNTIL]:
            i = calls[at]
            at += 1
            if operations[i, RET] == NEVER:
                continue
            if not free:
                free.append(most)
                most += 1
            operations[i, BIT] = free.pop()
        free.append(operations[returns[number, WHO], BIT])
    return most


# ---- what is open


@inner
def seek(now: Column, operations: Column, returns: Column, calls: Column, number: Cell) -> None:
    """Bring the list of open operations to a return."""
    ends = len(operations) - 1
    while now[LINKED] > number:
        now[LINKED] -= 1
        while now[CALLED] > returns[now[LINKED], UNTIL]:
            now[CALLED] -= 1
            i = calls[now[CALLED]]
            if operations[i, RET] != NEVER:
                last = operations[i, BEFORE]
                operations[ends, BEFORE] = last
                operations[last, AFTER] = ends
        x = returns[now[LINKED], WHO]
        operations[operations[x, BEFORE], AFTER] = x
        operations[operations[x, AFTER], BEFORE] = x
    while now[LINKED] < number:
        x = returns[now[LINKED], WHO]
        operations[operations[x, BEFORE], AFTER] = operations[x, AFTER]
        operations[operations[x, AFTER], BEFORE] = operations[x, BEFORE]
        now[LINKED] += 1
        open_called(now, operations, returns, calls)


@inner
def open_called(now: Column, operations: Column, returns: Column, calls: Column) -> None:
    """Put into the list what was called by the return at which it is."""
    ends = len(operations) - 1
    while now[CALLED] < returns[now[LINKED], UNTIL]:
        i = calls[now[CALLED]]
        now[CALLED] += 1
        if operations[i, RET] != NEVER:
            last = operations[ends, BEFORE]
            operations[i, BEFORE], operations[i, AFTER] = last, ends
            operations[last, AFTER] = i
            operations[ends, BEFORE] = i


# ---- one step


@inner
def legal(operations: Column, i: Cell, state: Cell) -> bool:
    """Whether what changes nothing can happen in that state."""
    return bool((operations[i, NEED] == state) == (operations[i, KIND] == ASK_READ))


@inner
def can_go(operations: Column, i: Cell, state: Cell) -> bool:
    """Whether a write can happen in that state."""
    kind = operations[i, KIND]
    return bool(kind == ASK_PUT or (kind == ASK_CAS and operations[i, NEED] == state))


@inner
def step(now: Column, steps: Column, i: Cell, number: Cell) -> None:
    """Write down that an operation was linearized."""
    at = now[STEPS]
    steps[at, OPERATION], steps[at, RETURN], steps[at, PREVIOUS] = i, number, now[TRAIL]
    now[TRAIL] = at
    now[STEPS] = at + 1


@inner
def read_called(
    now: Column, operations: Column, returns: Column, calls: Column, sets: Column, steps: Column
) -> None:
    """Linearize the reads called since the return before, where they are legal at once (rule 1)."""
    number = now[NUMBER]
    for at in range(returns[number - 1, UNTIL] if number else 0, returns[number, UNTIL]):
        i = calls[at]
        if operations[i, KIND] < ASK_PUT and legal(operations, i, now[STATE]):
            sets[USED, operations[i, PLACE]] |= operations[i, BIT]
            step(now, steps, i, number)


@inner
def write(now: Column, operations: Column, sets: Column, steps: Column, i: Cell) -> None:
    """Linearize a write, and the open reads that find what it leaves."""
    ends = len(operations) - 1
    plain = operations[i, KIND] == ASK_PUT
    now[STATE] = operations[i, VALUE]
    sets[USED, operations[i, PLACE]] |= operations[i, BIT]
    step(now, steps, i, now[NUMBER])
    other = operations[ends, AFTER]
    while other != ends:
        word, bit, kind = operations[other, PLACE], operations[other, BIT], operations[other, KIND]
        if not sets[USED, word] & bit:
            if kind < ASK_PUT:
                if legal(operations, other, now[STATE]):
                    sets[USED, word] |= bit
                    step(now, steps, other, now[NUMBER])
            elif kind == ASK_PUT and plain:
                sets[HIDDEN, word] |= bit
        other = operations[other, AFTER]
    if plain:
        for word in range(now[OPEN_WORDS]):
            sets[HIDDEN, word] &= ~sets[USED, word]


@inner
def guess(now: Column, operations: Column, returns: Column, sets: Column, steps: Column) -> bool:
    """Let the operation return that has to: hidden, or itself the next; False: it can be neither."""
    x = returns[now[NUMBER], WHO]
    word, bit = operations[x, PLACE], operations[x, BIT]
    if sets[HIDDEN, word] & bit:
        sets[HIDDEN, word] ^= bit
        step(now, steps, x, -1)
        return True
    if not can_go(operations, x, now[STATE]):
        return False
    write(now, operations, sets, steps, x)
    sets[USED, word] ^= bit
    return True


# ---- nodes


@inner
def covered(now: Column, operations: Column, returns: Column, nodes: Column, sets: Column) -> bool:
    """Whether one that was tried at this return leaves all that the present one leaves (rule 4)."""
    node = returns[now[NUMBER], TRIED]
    if node < 0:
        return False
    find_reads(operations, sets)
    while node >= 0:
        if nodes[node, STATE] == now[STATE] and covers(now, nodes, sets, node):
            return True
        node = nodes[node, EARLIER]
    return False


@inner
def find_reads(operations: Column, sets: Column) -> None:
    """Find the bits of the open reads."""
    ends = len(operations) - 1
    sets[READS] = 0
    i = operations[ends, AFTER]
    while i != ends:
        if operations[i, KIND] < ASK_PUT:
            sets[READS, operations[i, PLACE]] |= operations[i, BIT]
        i = operations[i, AFTER]


@inner
def covers(now: Column, nodes: Column, sets: Column, node: Cell) -> bool:
    """Whether a node, of the same return and state, leaves all that the present one leaves."""
    words = sets.shape[1]
    for word in range(words):
        used, hidden, reads = sets[USED, word], sets[HIDDEN, word], sets[READS, word]
        spent, under = nodes[node, SETS + word], nodes[node, SETS + words + word]
        if word >= now[OPEN_WORDS]:  # Those that never return.
            if spent & ~used:
                return False
        elif hidden & ~under or used & ~spent & reads or (spent ^ used) & ~reads & ~under:
            return False
    return True


@inner
def remember(now: Column, returns: Column, nodes: Column, sets: Column) -> None:
    """Make a node of the present configuration."""
    node, number, words = now[VISITED], now[NUMBER], sets.shape[1]
    nodes[node, NUMBER], nodes[node, STATE], nodes[node, TRAIL] = number, now[STATE], now[TRAIL]
    for word in range(words):
        nodes[node, SETS + word], nodes[node, SETS + words + word] = sets[USED, word], sets[HIDDEN, word]
    nodes[node, EARLIER] = returns[number, TRIED]
    returns[number, TRIED] = node
    nodes[now[DEPTH], OPEN] = node
    nodes[now[DEPTH], END] = -1
    now[VISITED] = node + 1
    now[DEPTH] += 1


@inner
def go_back(walk: Walk, node: Cell) -> None:
    """Take the configuration of a node."""
    now, nodes, sets = walk.now, walk.nodes, walk.sets
    words = sets.shape[1]
    now[NUMBER], now[STATE], now[TRAIL] = nodes[node, NUMBER], nodes[node, STATE], nodes[node, TRAIL]
    for word in range(words):
        sets[USED, word], sets[HIDDEN, word] = nodes[node, SETS + word], nodes[node, SETS + words + word]
    seek(now, walk.operations, walk.returns, walk.calls, now[NUMBER])


@inner
def come_back(walk: Walk) -> bool:
    """Make another move at a node, the last choice first; False: none is left at any."""
    now, nodes = walk.now, walk.nodes
    while now[DEPTH]:
        depth = now[DEPTH] - 1
        if nodes[depth, END] < 0 or nodes[depth, AT] < nodes[depth, END]:
            go_back(walk, nodes[depth, OPEN])
        if nodes[depth, END] < 0:  # Most are never come back to.
            nodes[depth, FIRST] = nodes[depth, AT] = now[MOVES]
            list_moves(walk)
            nodes[depth, END] = now[MOVES]
        if nodes[depth, AT] < nodes[depth, END]:
            move = walk.moves[nodes[depth, AT]]
            nodes[depth, AT] += 1
            write(now, walk.operations, walk.sets, walk.steps, move)
            return True
        now[MOVES] = nodes[depth, FIRST]
        now[DEPTH] = depth
    return False


# ---- moves


@inner
def list_moves(walk: Walk) -> None:
    """Work out what else can be linearized next in the present configuration, the best first."""
    now, operations, sets, pending, kinds = walk.now, walk.operations, walk.sets, walk.pending, walk.kinds
    moves, writes, wanted = walk.moves, walk.writes, walk.wanted
    first = now[MOVES]
    x = walk.returns[now[NUMBER], WHO]
    # Those of one kind that can go now have all met the same value, so one of them is enough.
    without = x if can_go(operations, x, now[STATE]) else -1
    if without >= 0 and sets[HIDDEN, operations[x, PLACE]] & operations[x, BIT]:
        moves[first] = x
        now[MOVES] += 1
    find_free(now, operations, walk.returns, pending, kinds, sets)
    find_wanted(now, operations, pending, kinds, sets, wanted)
    for at in range(sort_writes(operations, sets, writes)):
        i = writes[at]
        if i == x or not can_go(operations, i, now[STATE]) or not is_new(now, operations, moves, first, i, without):
            continue
        if operations[i, KIND] == ASK_CAS or waited_for(now, wanted, operations[i, VALUE]):
            moves[now[MOVES]] = i
            now[MOVES] += 1
    for kind in (ASK_CAS, ASK_PUT):
        for at in range(len(kinds)):
            if kinds[at, FREE] < 0:
                continue
            i = pending[kinds[at, FREE], WHO]
            if operations[i, KIND] != kind or not can_go(operations, i, now[STATE]):
                continue
            if waited_for(now, wanted, operations[i, VALUE]) and is_new(
                now, operations, moves, first, i, without
            ):
                moves[now[MOVES]] = i
                now[MOVES] += 1


@inner
def is_new(now: Column, operations: Column, moves: Column, first: Cell, i: Cell, without: Cell) -> bool:
    """Whether none of the moves from `first` on does the same, nor the one operation left out (-1: none)."""
    if without >= 0 and same(operations, without, i):
        return False
    for at in range(first, now[MOVES]):
        if same(operations, moves[at], i):
            return False
    return True


@inner
def same(operations: Column, one: Cell, other: Cell) -> bool:
    """Whether two that can go now do the same."""
    return bool(
        operations[one, KIND] == operations[other, KIND] and operations[one, VALUE] == operations[other, VALUE]
    )


@inner
def sort_writes(operations: Column, sets: Column, writes: Column) -> int:
    """Sort the open writes that were not used by their returns; gives how many there are."""
    ends = len(operations) - 1
    count = 0
    i = operations[ends, AFTER]
    while i != ends:
        if operations[i, KIND] >= ASK_PUT and not sets[USED, operations[i, PLACE]] & operations[i, BIT]:
            at = count
            while at and operations[writes[at - 1], RET] > operations[i, RET]:
                writes[at] = writes[at - 1]
                at -= 1
            writes[at] = i
            count += 1
        i = operations[i, AFTER]
    return count


@inner
def find_free(
    now: Column, operations: Column, returns: Column, pending: Column, kinds: Column, sets: Column
) -> None:
    """Of each kind of what never returns find the first that was called and not used.

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
    """Find the values that somebody waits for, and those but which others take anything.

    Who never returns waits only if what it would leave is waited for (rule 2).
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
    """Whether somebody waits for a value, or for any other than one that it is not."""
    if now[PICKY] > 1 or (now[PICKY] == 1 and now[UNLIKE] != value):
        return True
    for at in range(now[WANTED]):
        if wanted[at] == value:
            return True
    return False


# ---- the walk


@compiled
def moves_at_once(walk: Walk) -> int:
    """How many moves a node has at most: open writes, the returning one once more, and what never returns."""
    return int(walk.now[OPEN_AT_MOST] + 1 + len(walk.kinds))


@compiled
def steps_at_once(walk: Walk) -> int:
    """How many steps lead from a return to the next at most: a write, open reads, and those called meanwhile."""
    return int(1 + 2 * walk.now[OPEN_AT_MOST])


@compiled
def begin(walk: Walk) -> None:
    """Bring a walk to the first return."""
    open_called(walk.now, walk.operations, walk.returns, walk.calls)
    read_called(walk.now, walk.operations, walk.returns, walk.calls, walk.sets, walk.steps)


@compiled
def go_on(walk: Walk, visited: int) -> int:
    """Walk on until there is an answer, no room, or a node to be made after so many; gives which."""
    # Taken out of the tuple once: that costs as much as a step.
    now, operations, returns, calls = walk.now, walk.operations, walk.returns, walk.calls
    nodes, steps, sets = walk.nodes, walk.steps, walk.sets
    moves_until, steps_until = len(walk.moves) - moves_at_once(walk), len(steps) - steps_at_once(walk)
    while now[NUMBER] < len(returns) - 1:
        if now[VISITED] == len(nodes) or now[MOVES] > moves_until or now[STEPS] > steps_until:
            return ROOM
        number = now[NUMBER]
        seek(now, operations, returns, calls, number)
        x = returns[number, WHO]
        word, bit = operations[x, PLACE], operations[x, BIT]
        if sets[USED, word] & bit:
            sets[USED, word] ^= bit
        else:
            gone = False
            if not covered(now, operations, returns, nodes, sets):
                if number >= now[FURTHEST]:
                    now[FURTHEST], now[REACHED] = number, now[TRAIL]
                if now[VISITED] == visited:
                    return ASK
                remember(now, returns, nodes, sets)
                gone = guess(now, operations, returns, sets, steps)
            if not gone:
                if not come_back(walk):
                    return STUCK
                continue
        now[NUMBER] = number + 1
        read_called(now, operations, returns, calls, sets, steps)
    return FOUND


@compiled
def trail_of(steps: Column, last: int, operations: Column, numbers: Column) -> int:
    """Fill the columns, from their end, with the operations of the steps that lead to one, and at which returns
    these were linearized; gives where the first stands.
    """
    place = len(operations)
    at: Cell = last
    while at >= 0:
        place -= 1
        operations[place], numbers[place] = steps[at, OPERATION], steps[at, RETURN]
        at = steps[at, PREVIOUS]
    return place

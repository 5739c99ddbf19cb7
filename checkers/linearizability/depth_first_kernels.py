"""Algorithm B depth first as machine code: the walk of `depth_first` over tables, with words for sets.

`depth_first` is the readable reference, has the rules, and says why they are right; tests hold the two
against each other. Here every choice is made in the same order, so both go through the same configurations
and find the same order of operations.

What is open at a return is not written down for each: the open operations are a list, in the order of their
calls, each linked to the ones before and after it. One that returns is taken out, and going back over that
return puts it in again where it was, as its own two links still say.

`by_depth_first` makes the tables, and more room in them before the walk goes on.

Source: Knuth, *Dancing Links* (2000).
"""

from dynaproof.checkers.linearizability.depth_first_moves import can_go, list_moves
from dynaproof.checkers.linearizability.depth_first_tables import (
    AFTER,
    ASK,
    AT,
    BEFORE,
    BIT,
    CALLED,
    DEPTH,
    EARLIER,
    END,
    FIRST,
    FOUND,
    FURTHEST,
    HIDDEN,
    KIND,
    LINKED,
    MOVES,
    NEED,
    NUMBER,
    OPEN,
    OPEN_AT_MOST,
    OPEN_WORDS,
    OPERATION,
    PLACE,
    PREVIOUS,
    REACHED,
    READS,
    RET,
    RETURN,
    ROOM,
    SETS,
    STATE,
    STEPS,
    STUCK,
    TRAIL,
    TRIED,
    UNTIL,
    USED,
    VALUE,
    VISITED,
    WHO,
    Walk,
)
from dynaproof.checkers.linearizability.machine import Cell, compiled, inner
from dynaproof.checkers.linearizability.register import ASK_PUT, ASK_READ
from dynaproof.specs.history import NEVER, Column


@compiled
def give_places(operations: Column, returns: Column, calls: Column) -> int:
    """Number the operations that return, as `BIT`, so that those open at a time differ.

    Gives how many numbers that takes.
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
    """Put into the list what was called by the return that the list is at."""
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
    """Whether an operation that changes nothing can happen in that state."""
    return bool((operations[i, NEED] == state) == (operations[i, KIND] == ASK_READ))


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
    """Linearize the reads called since the previous return that are legal at once (rule 1)."""
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
    """Let the operation that has to return do so: hidden, or as the next step; False: it can be neither."""
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
    """Whether a node tried at this return leaves all that the present one leaves (rule 4)."""
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
        if nodes[depth, END] < 0:  # Most nodes are never come back to.
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


# ---- the walk


@compiled
def moves_at_once(walk: Walk) -> int:
    """The most moves of a node: open writes, one of them hidden, and what never returns."""
    return int(walk.now[OPEN_AT_MOST] + 1 + len(walk.kinds))


@compiled
def steps_at_once(walk: Walk) -> int:
    """The most steps from one return to the next: a write, open reads, and those called meanwhile."""
    return int(1 + 2 * walk.now[OPEN_AT_MOST])


@compiled
def begin(walk: Walk) -> None:
    """Bring a walk to the first return."""
    open_called(walk.now, walk.operations, walk.returns, walk.calls)
    read_called(walk.now, walk.operations, walk.returns, walk.calls, walk.sets, walk.steps)


@compiled
def go_on(walk: Walk, visited: int) -> int:
    """Walk on until there is an answer, no room, or a node to be made after so many; gives which."""
    # Taken out of the tuple once: doing so costs as much as a step.
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
    """Fill the columns, from the end, with the operations that lead to a step and when these were linearized.

    Gives where the first of them stands.
    """
    place = len(operations)
    at: Cell = last
    while at >= 0:
        place -= 1
        operations[place], numbers[place] = steps[at, OPERATION], steps[at, RETURN]
        at = steps[at, PREVIOUS]
    return place

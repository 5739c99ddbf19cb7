"""Algorithm B as machine code: what one return does to the configurations, with sets of operations as bits.

`frontier` is the readable reference, has the rules, and says why they are right; tests hold the two against
each other. Here rule 4 is applied to every configuration as it is found, within one return's expansion too:
configurations of one state are in a list, and one that another of the list covers is dropped from it.

Moves of the search are cheap to tell apart by value: per value of the key there are the bits of the open
operations that read it, that must not see it, and that need it. `by_frontier` goes through the events of a
key, and makes sure that there is room in the columns before a kernel is called.
"""

from typing import NamedTuple

from dynaproof.checkers.linearizability.machine import Cell, compiled
from dynaproof.checkers.linearizability.register import ASK_CAS, ASK_DIFFERS, ASK_PUT, ASK_READ
from dynaproof.specs.history import NEVER, Column

OPEN_AT_MOST = 62
"""So many operations may be open at once: the bits of a signed integer."""

EXPAND_AT_ONCE = 1_024
"""How many configurations there are between two questions to the budget."""


class Front(NamedTuple):
    """Configurations, those of one state linked from `first` by `after`; `size[0]` is how many were added.

    One that a later one covers is not `alive`.
    """

    state: Column
    used: Column
    hidden: Column
    step: Column
    after: Column
    alive: Column
    first: Column
    size: Column


class Trail(NamedTuple):
    """What was linearized: the operation, its event (-1: hidden before then), and the step before."""

    operation: Column
    event: Column
    before: Column
    size: Column


class Open(NamedTuple):
    """The open operations: by value the bits of those that read it, need it, and failed on something else.

    `operation` has the operation of each bit. `sets` has the bits of operations that never return, of those
    that change nothing, of plain writes that return, of conditions that failed on something unseen; and a
    counter.
    """

    reads_of: Column
    needs_of: Column
    differs_of: Column
    put_tried: Column
    cas_tried: Column
    operation: Column
    sets: Column


PENDING, READS, PLAIN, DIFFERS, TRIED = range(5)


@compiled
def mark(front: Front, trail: Trail, wanted: Column) -> None:
    """Mark the steps that lead to a configuration of the front."""
    for i in range(front.size[0]):
        at = front.step[i] if front.alive[i] else -1
        while at >= 0 and wanted[at] == 0:
            wanted[at] = 1
            at = trail.before[at]


@compiled
def covers(used: Cell, hidden: Cell, other_used: Cell, other_hidden: Cell, sets: Column) -> bool:
    """Whether all that can follow the other, in the same state, can follow the one: rule 4."""
    free, reads = sets[PENDING], sets[READS]
    if used & ~other_used & free or other_hidden & ~hidden or other_used & ~used & reads:
        return False
    return bool(((used ^ other_used) & ~free & ~reads & ~hidden) == 0)


@compiled
def add(front: Front, state: Cell, used: Cell, hidden: Cell, step: Cell, sets: Column) -> bool:
    """Add a configuration, and drop what it covers; False if it is covered itself."""
    last: Cell = -1
    at = front.first[state]
    while at >= 0:
        if covers(front.used[at], front.hidden[at], used, hidden, sets):
            return False
        after = front.after[at]
        if covers(used, hidden, front.used[at], front.hidden[at], sets):
            front.alive[at] = 0
            if last < 0:
                front.first[state] = after
            else:
                front.after[last] = after
        else:
            last = at
        at = after
    new = front.size[0]
    front.size[0] = new + 1
    front.state[new], front.used[new], front.hidden[new] = state, used, hidden
    front.step[new], front.alive[new] = step, 1
    front.after[new] = front.first[state]
    front.first[state] = new
    return True


@compiled
def stepped(trail: Trail, operation: Cell, event: Cell, before: Cell) -> int:
    """Write down that an operation was linearized; gives the step."""
    at = trail.size[0]
    trail.size[0] = at + 1
    trail.operation[at], trail.event[at], trail.before[at] = operation, event, before
    return int(at)


@compiled
def call(operations: Column, i: int, bit: int, event: int, now: Front, trail: Trail, o: Open) -> None:
    """Let i be called: what changes nothing is linearized at once where it is legal."""
    kind, need = operations[0, i], operations[1, i]
    if kind in (ASK_PUT, ASK_CAS):
        if operations[3, i] == NEVER:
            o.sets[PENDING] |= bit
        elif kind == ASK_PUT:
            o.sets[PLAIN] |= bit
        if kind == ASK_CAS:
            o.needs_of[need] |= bit
        return
    o.sets[READS] |= bit
    if kind == ASK_DIFFERS:
        o.sets[DIFFERS] |= bit
        o.differs_of[need] |= bit
    else:
        o.reads_of[need] |= bit
    for at in range(now.size[0]):
        if now.alive[at] and (now.state[at] == need) == (kind == ASK_READ):
            now.used[at] |= bit
            now.step[at] = stepped(trail, i, event, now.step[at])


@compiled
def settle(x: int, bit: int, now: Front, todo: Front, done: Front, trail: Trail, sets: Column) -> None:
    """Sort the configurations at the return of x: those that have done it, and those that have yet to."""
    for at in range(now.size[0]):
        if not now.alive[at]:
            continue
        state, used, hidden, step = now.state[at], now.used[at], now.hidden[at], now.step[at]
        if used & bit:
            add(done, state, used ^ bit, hidden, step, sets)
            continue
        if hidden & bit and add(done, state, used, hidden ^ bit, step, sets):
            done.step[done.size[0] - 1] = stepped(trail, x, -1, step)
        add(todo, state, used, hidden, step, sets)


@compiled
def expand(
    operations: Column,
    x: int,
    xbit: int,
    event: int,
    moves: Column,
    at: int,
    steps: int,
    todo: Front,
    done: Front,
    trail: Trail,
    o: Open,
) -> int:
    """Expand those that have yet to do x, from place `at` on, while the trail has room for `steps` more.

    Gives the place of the first that was not expanded.
    """
    end = at + EXPAND_AT_ONCE
    while at < todo.size[0] and at < end:
        if (
            todo.size[0] + len(moves) > len(todo.state)
            or done.size[0] + len(moves) > len(done.state)
            or trail.size[0] + steps > len(trail.before)
        ):
            break
        if todo.alive[at]:
            expand_one(operations, x, xbit, event, moves, at, todo, done, trail, o)
        at += 1
    return at


@compiled
def expand_one(
    operations: Column,
    x: int,
    xbit: int,
    event: int,
    moves: Column,
    at: int,
    todo: Front,
    done: Front,
    trail: Trail,
    o: Open,
) -> None:
    """Make each move that the rules allow to the configuration at one place."""
    state, used, hidden, step = todo.state[at], todo.used[at], todo.hidden[at], todo.step[at]
    sets = o.sets
    sets[TRIED] += 1
    for m in range(len(moves)):
        i, bit = moves[m, 0], moves[m, 1]
        cas = operations[0, i] == ASK_CAS
        if used & bit or (cas and operations[1, i] != state):
            continue
        value = operations[2, i]
        told = o.reads_of[value] | (sets[DIFFERS] & ~o.differs_of[value])
        waiting = (told | o.needs_of[value]) & ~used & ~bit
        if i != x and (not cas or operations[3, i] == NEVER) and waiting == 0:
            continue
        tried = o.cas_tried if cas else o.put_tried
        if tried[value] == sets[TRIED] and i != x:
            continue
        tried[value] = sets[TRIED]
        after = used | bit | told
        after_hidden = hidden if cas else (hidden | sets[PLAIN]) & ~after
        if after & xbit:
            if not add(done, value, after ^ xbit, after_hidden & ~xbit, step, sets):
                continue
            front = done
        elif add(todo, value, after, after_hidden, step, sets):
            front = todo
        else:
            continue
        now_step = stepped(trail, i, event, step)
        new = told & ~used
        for slot in range(OPEN_AT_MOST):
            if new >> slot & 1:
                now_step = stepped(trail, o.operation[slot], event, now_step)
        front.step[front.size[0] - 1] = now_step


@compiled
def forget(operations: Column, x: int, bit: int, o: Open) -> None:
    """Free the bit of x, which has returned."""
    need = operations[1, x]
    o.reads_of[need] &= ~bit
    o.needs_of[need] &= ~bit
    o.differs_of[need] &= ~bit
    for which in (READS, PLAIN, DIFFERS):
        o.sets[which] &= ~bit

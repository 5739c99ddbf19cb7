"""Algorithm A, step 5, as machine code: the sweep along time where something needs absence, as in `zones`.

Earliest deadline first. What happens for nearly every operation stands in the loop itself, and what is called
there takes single columns: tuples of columns are slow to pass on.
"""

from typing import NamedTuple

import numpy as np

from dynaproof.checkers.linearizability.chain_kernels import Chains, Columns, Links
from dynaproof.checkers.linearizability.machine import Cell, compiled, inner
from dynaproof.specs.history import ABSENT, NEVER, Column


class Sweep(NamedTuple):
    """Room for one thread: zones in their order, items with their windows, and the open ones by kind."""

    zone: Column
    chain: Column  # Of an item; -1: it is `alone`, a delete or a read of absent.
    alone: Column
    release: Column
    deadline: Column
    needs: Column
    ends: Column
    placed: Column
    resting: Column
    killing: Column
    making: Column
    creating: Column
    state: Column


LIVE, SINCE, OUT, RESTING, KILLING, MAKING, CREATING = range(7)


@inner
def sweep(
    c: Columns,
    lo: int,
    w: Links,
    chains: Chains,
    s: Sweep,
    zones: int,
    items: int,
    starts: Column,
    ends: Column,
    order: Column,
) -> int:
    """Step 5; gives the root of what cannot have its absence, or -1.

    At equal times: the end of a zone, releases, deadlines, the start of a zone.
    """
    # Nearly sorted, with a few small ones at the end: the default sort takes quadratic time on that.
    by_release = np.argsort(s.release[:items], kind="mergesort")
    by_deadline = np.argsort(s.deadline[:items], kind="mergesort")
    due = items
    while due > 0 and s.deadline[by_deadline[due - 1]] == NEVER:
        due -= 1
    r = d = z = 0
    inside = False
    while r < items or d < due or z < zones:
        release = s.release[by_release[r]] if r < items else NEVER
        deadline = s.deadline[by_deadline[d]] if d < due else NEVER
        bound = NEVER
        if z < zones:
            bound = ends[z] if inside else starts[z]
        if inside and bound <= release and bound <= deadline:
            zone = s.zone[z]
            s.state[LIVE] = 1 - chains.ends_absent[zone]
            if s.state[LIVE]:
                s.state[SINCE] = chains.root[zone]
            if s.state[KILLING if s.state[LIVE] else RESTING] > 0:
                _flush(c, lo, w, chains, s, order)
            inside = False
            z += 1
        elif r < items and release <= deadline and release <= bound:
            item = by_release[r]
            r += 1
            if s.needs[item] != s.ends[item]:
                _queue(s, item)
            elif s.needs[item] == s.state[LIVE]:  # It waits: absence for a value, a value for absence.
                _wait(s, item)
            else:
                s.placed[item] = 1
                if s.chain[item] < 0:
                    order[s.state[OUT]] = s.alone[item]
                    s.state[OUT] += 1
                else:
                    root = chains.root[s.chain[item]]
                    if s.state[LIVE]:
                        s.state[SINCE] = root
                    s.state[OUT] = write_chain(
                        c.value, c.call, w.reader, w.next_reader, w.successor, lo, root, order, s.state[OUT]
                    )
        elif d < due and deadline <= bound:
            item = by_deadline[d]
            if not s.placed[item] and not _due(c, lo, w, chains, s, item, order):
                return int(chains.root[s.chain[item]] if s.chain[item] >= 0 else s.alone[item])
            d += 1
        else:
            zone = s.zone[z]
            if chains.needs_absent[zone]:
                if s.state[LIVE] and not _make_absent(c, lo, w, chains, s, order):
                    return int(chains.root[zone])
            elif not s.state[LIVE]:
                _kill(c, lo, w, chains, s, order)
            s.state[OUT] = write_chain(
                c.value,
                c.call,
                w.reader,
                w.next_reader,
                w.successor,
                lo,
                chains.root[zone],
                order,
                s.state[OUT],
            )
            inside = True
    return -1


@inner
def _queue(s: Sweep, item: Cell) -> None:
    """Keep a delete, or a put-if-absent, by its deadline until it is of use or due."""
    if s.needs[item]:
        push(s.creating, s.state[CREATING], item, s.deadline)
        s.state[CREATING] += 1
    else:
        push(s.making, s.state[MAKING], item, s.deadline)
        s.state[MAKING] += 1


@inner
def _wait(s: Sweep, item: Cell) -> None:
    """Keep an item that can be placed at no cost in the other state."""
    if s.needs[item]:
        s.resting[s.state[RESTING]] = item
        s.state[RESTING] += 1
    else:
        s.killing[s.state[KILLING]] = item
        s.state[KILLING] += 1


@inner
def _due(c: Columns, lo: int, w: Links, chains: Chains, s: Sweep, item: Cell, order: Column) -> bool:
    """Place the item whose deadline has come; False if absence cannot be had."""
    if s.needs[item]:
        if s.state[LIVE] and not _make_absent(c, lo, w, chains, s, order):
            return False
    elif not s.state[LIVE]:
        _kill(c, lo, w, chains, s, order)
    if not s.placed[item]:
        _place(c, lo, w, chains, s, item, order)
    return True


@inner
def _make_absent(c: Columns, lo: int, w: Links, chains: Chains, s: Sweep, order: Column) -> bool:
    """Use up the delete that must go first; False if there is none."""
    while s.state[MAKING] > 0:
        item = pop(s.making, s.state[MAKING], s.deadline)
        s.state[MAKING] -= 1
        if not s.placed[item]:
            _place(c, lo, w, chains, s, item, order)
            return True
    return False


@inner
def _kill(c: Columns, lo: int, w: Links, chains: Chains, s: Sweep, order: Column) -> None:
    """Absence is about to be overwritten: the most pressing put-if-absent may have it first."""
    while s.state[CREATING] > 0:
        item = pop(s.creating, s.state[CREATING], s.deadline)
        s.state[CREATING] -= 1
        if not s.placed[item]:
            _place(c, lo, w, chains, s, item, order)
            return
    _put_killing(c, lo, w, chains, s, order)


@inner
def _place(c: Columns, lo: int, w: Links, chains: Chains, s: Sweep, item: Cell, order: Column) -> None:
    """Put an item; overwritten values go before a delete."""
    if s.ends[item] and not s.needs[item]:
        _put_killing(c, lo, w, chains, s, order)
    s.placed[item] = 1
    _write_item(c, lo, w, chains, s, item, order)
    root = chains.root[s.chain[item]] if s.chain[item] >= 0 else s.alone[item]
    _become(c, lo, w, chains, s, 1 - s.ends[item], root, order)


@inner
def _put_killing(c: Columns, lo: int, w: Links, chains: Chains, s: Sweep, order: Column) -> None:
    """Put all open values that no operation has to find: each may overwrite the other."""
    while s.state[KILLING] > 0:
        s.state[KILLING] -= 1
        item: Cell = np.int64(s.killing[s.state[KILLING]])
        if not s.placed[item]:
            s.placed[item] = 1
            _write_item(c, lo, w, chains, s, item, order)
            s.state[LIVE], s.state[SINCE] = 1, chains.root[s.chain[item]]


@inner
def _become(
    c: Columns, lo: int, w: Links, chains: Chains, s: Sweep, live: Cell, by: Cell, order: Column
) -> None:
    s.state[LIVE] = live
    if live:
        s.state[SINCE] = by
    _flush(c, lo, w, chains, s, order)


@inner
def _flush(c: Columns, lo: int, w: Links, chains: Chains, s: Sweep, order: Column) -> None:
    """Place what costs nothing in a state: reads of absent if absent, overwritten values if not."""
    if s.state[LIVE]:
        _put_killing(c, lo, w, chains, s, order)
        return
    while s.state[RESTING] > 0:
        s.state[RESTING] -= 1
        item: Cell = np.int64(s.resting[s.state[RESTING]])
        if not s.placed[item]:
            s.placed[item] = 1
            _write_item(c, lo, w, chains, s, item, order)


@inner
def _write_item(c: Columns, lo: int, w: Links, chains: Chains, s: Sweep, item: Cell, order: Column) -> None:
    if s.chain[item] >= 0:
        s.state[OUT] = write_chain(
            c.value,
            c.call,
            w.reader,
            w.next_reader,
            w.successor,
            lo,
            chains.root[s.chain[item]],
            order,
            s.state[OUT],
        )
    else:
        order[s.state[OUT]] = s.alone[item]
        s.state[OUT] += 1


@inner
def write_chain(
    value: Column,
    call: Column,
    reader: Column,
    next_reader: Column,
    successor: Column,
    lo: int,
    root: Cell,
    order: Column,
    out: int,
) -> int:
    """Write a chain into the order from `out` on: writers, each followed by its readers; gives its end.

    It takes single columns, not the tuples of them, because it is called for every chain.
    """
    now = root
    while now >= 0:
        order[out] = now
        out += 1
        left = value[now]
        if left == ABSENT:
            break
        begin, in_order = out, True
        i = reader[left]
        while i >= 0:
            in_order = in_order and (out == begin or call[order[out - 1]] <= call[i])
            order[out] = i
            out += 1
            i = next_reader[i - lo]
        if not in_order:
            readers = order[begin:out].copy()
            calls = np.empty(len(readers), np.int64)
            for at in range(len(readers)):
                calls[at] = call[readers[at]]
            by_call = np.argsort(calls, kind="mergesort")
            for at in range(len(readers)):
                order[begin + at] = readers[by_call[at]]
        now = successor[left]
    return out


@compiled
def push(heap: Column, size: int, item: Cell, deadline: Column) -> None:
    """Add to a heap by deadline, of so many so far."""
    at = size
    while at > 0 and deadline[heap[(at - 1) // 2]] > deadline[item]:
        heap[at] = heap[(at - 1) // 2]
        at = (at - 1) // 2
    heap[at] = item


@compiled
def pop(heap: Column, size: int, deadline: Column) -> int:
    """Take the least deadline from a heap of so many."""
    least: Cell = np.int64(heap[0])
    moved = heap[size - 1]
    at, below = 0, 1
    while below < size - 1:
        if below + 1 < size - 1 and deadline[heap[below + 1]] < deadline[heap[below]]:
            below += 1
        if deadline[heap[below]] >= deadline[moved]:
            break
        heap[at] = heap[below]
        at, below = below, 2 * below + 1
    heap[at] = moved
    return int(least)

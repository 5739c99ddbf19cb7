"""Algorithm A, steps 3 to 5, as machine code: what `zones` does, key by key over columns.

`zones` is the readable reference, and tests hold the two against each other. Where nothing needs absence the
sweep is a merge: forward zones in their order, each instant at its deadline between them.
"""

from typing import NamedTuple

import numpy as np

from dynaproof.checkers.linearizability.chain_kernels import (
    ABSENCE,
    FINE,
    INSIDE,
    PUT_IF_ABSENT,
    SET_ASIDE,
    UNSEEN_CONDITION,
    ZONES,
    Chains,
    Columns,
    Links,
    clear,
    follow,
    keep,
    link,
    room,
)
from dynaproof.checkers.linearizability.machine import Cell, compiled, inner
from dynaproof.checkers.linearizability.register import ASK_PUT, ASK_READ
from dynaproof.checkers.linearizability.sweep_kernels import OUT, SINCE, Sweep, sweep, write_chain
from dynaproof.specs.history import ABSENT, NEVER, Column

FAULTS = 4
"""How many operations a violation names."""


class Answers(NamedTuple):
    """What the kernel found, by key: a code, the operations at fault, and how many of `order` are its order.

    `order` has the order of key k from `bounds[k]` on; it holds places in the columns.
    """

    code: Column
    fault: Column
    size: Column
    order: Column


def answers(keys: int, operations: int) -> Answers:
    """Room for the answers on so many keys, and operations in all."""
    return Answers(
        np.zeros(keys, dtype=np.int8),
        np.full((keys, FAULTS), -1, dtype=np.int32),
        np.zeros(keys, dtype=np.int32),
        np.zeros(operations, dtype=np.int32),
    )


def decide(c: Columns, bounds: Column, first_key: int, end_key: int, values: int, into: Answers) -> None:
    """Decide keys `first_key` to `end_key`, initially absent, and write what was found into `into`."""
    if first_key == end_key:
        return
    largest = int(np.diff(bounds[first_key : end_key + 1]).max(initial=0))
    links, chains = room(values, largest)
    numbers = [np.zeros(largest, dtype=np.int32) for _ in range(3)]
    times = [np.zeros(largest, dtype=np.int64) for _ in range(2)]
    flags = [np.zeros(largest, dtype=np.uint8) for _ in range(3)]
    queues = [np.zeros(largest, dtype=np.int32) for _ in range(4)]
    space = Sweep(
        numbers[0], numbers[1], numbers[2], times[0], times[1], flags[0], flags[1], flags[2],
        queues[0], queues[1], queues[2], queues[3], np.zeros(7, dtype=np.int64),
    )  # fmt: skip
    _decide_keys(c, bounds, first_key, end_key, links, chains, space, into)


@compiled
def _decide_keys(
    c: Columns,
    bounds: Column,
    first_key: int,
    end_key: int,
    w: Links,
    chains: Chains,
    s: Sweep,
    into: Answers,
) -> None:
    for key in range(first_key, end_key):
        lo, hi = bounds[key], bounds[key + 1]
        fault = into.fault[key]
        kept = keep(c, lo, hi, w)
        if kept == UNSEEN_CONDITION:
            into.code[key] = UNSEEN_CONDITION
            continue
        code = link(c, lo, hi, w, fault)
        if code == FINE:
            code, count = follow(c, lo, hi, w, chains, fault)
            if code == FINE:
                code, size = _place_all(c, lo, hi, w, chains, count, s, fault, into.order)
                into.size[key] = size
                if code in (ABSENCE, PUT_IF_ABSENT) and kept == SET_ASIDE:
                    code = SET_ASIDE
        into.code[key] = code
        clear(c, lo, hi, w)


@inner
def _place_all(
    c: Columns,
    lo: int,
    hi: int,
    w: Links,
    chains: Chains,
    count: int,
    s: Sweep,
    fault: Column,
    order: Column,
) -> tuple[int, int]:
    """Steps 3 to 5 for one key; gives what is wrong, and the length of the order."""
    # Typed, because for a plain 0 every function called with it is compiled once more.
    zones: Cell = np.int64(0)
    items: Cell = np.int64(0)
    for k in range(count):
        if chains.first_ret[k] < chains.last_call[k]:
            s.zone[zones] = k
            zones += 1
    starts, ends, unsorted = np.empty(zones, np.int64), np.empty(zones, np.int64), s.zone[:zones].copy()
    for z in range(zones):
        starts[z] = chains.first_ret[s.zone[z]]
    by_ret = np.argsort(starts, kind="mergesort")
    for z in range(zones):  # One by one: assigning slices takes the compiler seconds.
        zone = unsorted[by_ret[z]]
        s.zone[z], starts[z], ends[z] = zone, chains.first_ret[zone], chains.last_call[zone]
    for z in range(1, zones):
        one, other = s.zone[z - 1], s.zone[z]
        if chains.first_ret[other] < chains.last_call[one]:
            fault[0], fault[1] = chains.first[one], chains.last[one]
            fault[2], fault[3] = chains.first[other], chains.last[other]
            return ZONES, 0
    absent = False
    for k in range(count):
        absent = absent or chains.needs_absent[k]
        if chains.first_ret[k] >= chains.last_call[k]:
            s.chain[items], s.alone[items] = k, -1
            s.needs[items], s.ends[items] = chains.needs_absent[k], chains.ends_absent[k]
            z = _fit(s.release, s.deadline, items, chains.last_call[k], chains.first_ret[k], starts, ends)
            if z >= 0:
                fault[0], fault[1] = chains.first[s.zone[z]], chains.last[s.zone[z]]
                fault[2], fault[3] = chains.first[k], chains.last[k]
                return INSIDE, 0
            items += 1
    for i in range(lo, hi):
        delete = w.kept[i - lo] and c.kind[i] == ASK_PUT and c.value[i] == ABSENT
        absent_read = c.kind[i] == ASK_READ and c.need[i] == ABSENT
        if delete or absent_read:
            absent = absent or absent_read
            s.chain[items], s.alone[items] = -1, i
            s.needs[items], s.ends[items] = absent_read, 1
            z = _fit(s.release, s.deadline, items, c.call[i], c.ret[i], starts, ends)
            if z >= 0:
                fault[0], fault[1] = chains.first[s.zone[z]], chains.last[s.zone[z]]
                fault[2], fault[3] = i, i
                return INSIDE, 0
            items += 1
    for field in range(len(s.state)):
        s.state[field] = 0
    s.state[SINCE] = -1
    s.state[OUT] = lo
    for item in range(items):
        s.placed[item] = 0
    if not absent:
        _merge(c, lo, w, chains, s, zones, items, starts, order)
        return FINE, s.state[OUT] - lo
    root = sweep(c, lo, w, chains, s, zones, items, starts, ends, order)
    if root >= 0:
        fault[0], fault[1] = root, s.state[SINCE]
        return (ABSENCE if c.kind[root] == ASK_READ else PUT_IF_ABSENT), 0
    return FINE, s.state[OUT] - lo


@inner
def _fit(
    release_of: Column,
    deadline_of: Column,
    item: Cell,
    release: int,
    deadline: int,
    starts: Column,
    ends: Column,
) -> int:
    """Step 4: cut an instant's window by the forward zones; gives the zone that it lies within, or -1."""
    z = _first_after(ends, release)
    if z < len(ends) and starts[z] < release:
        if deadline < ends[z]:
            return z
        release = ends[z]
    z = _first_after(ends, deadline)
    if z < len(ends) and starts[z] < deadline:
        deadline = starts[z]
    release_of[item], deadline_of[item] = release, deadline
    return -1


@inner
def _first_after(ends: Column, time: int) -> int:
    """The first zone that ends after `time`; `np.searchsorted` takes longer to compile."""
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high) // 2
        if ends[middle] > time:
            high = middle
        else:
            low = middle + 1
    return low


@inner
def _merge(
    c: Columns,
    lo: int,
    w: Links,
    chains: Chains,
    s: Sweep,
    zones: int,
    items: int,
    starts: Column,
    order: Column,
) -> None:
    """The order where nothing needs absence: every instant at its deadline, a pending delete never."""
    by_deadline = np.argsort(s.deadline[:items], kind="mergesort")
    out, z, at = lo, 0, 0
    while at < items or z < zones:
        deadline = s.deadline[by_deadline[at]] if at < items else NEVER
        if z < zones and starts[z] < deadline:
            root = chains.root[s.zone[z]]
            z += 1
        elif deadline == NEVER:
            break
        else:
            item = by_deadline[at]
            at += 1
            if s.chain[item] < 0:
                order[out] = s.alone[item]
                out += 1
                continue
            root = chains.root[s.chain[item]]
        out = write_chain(c.value, c.call, w.reader, w.next_reader, w.successor, lo, root, order, out)
    s.state[OUT] = out

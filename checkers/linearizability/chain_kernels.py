"""Algorithm A, steps 0 to 2, as machine code: what `chains` does, over columns and with links for lists.

`chains` is the readable reference, and tests hold the two against each other. Indices are places in the
columns of `register.Asks`, -1 is none; links by value are valid for one key at a time and are cleared by
whatever set them.
"""

from typing import NamedTuple

import numpy as np

from dynaproof.checkers.linearizability.machine import Cell, inner
from dynaproof.checkers.linearizability.register import ASK_CAS, ASK_DIFFERS, ASK_READ
from dynaproof.specs.history import ABSENT, NEVER, Column

FINE, GARBAGE_READ, LOST_UPDATE, CYCLE, ORDER_INVERSION, ZONES, INSIDE, ABSENCE, PUT_IF_ABSENT = range(9)
DUPLICATE_VALUE, UNSEEN_CONDITION, SET_ASIDE = range(20, 23)


class Columns(NamedTuple):
    """The columns of `register.Asks` that the kernels read."""

    kind: Column
    need: Column
    value: Column
    call: Column
    ret: Column


class Links(NamedTuple):
    """Room to work in: by value, what writes, follows and reads it; by operation of the key, list links."""

    writer: Column
    successor: Column
    reader: Column
    first_ret: Column  # The reader of a value that returned first,
    last_call: Column  # and the one that was called last.
    pending: Column
    needed: Column
    next_reader: Column
    next_pending: Column
    kept: Column
    stack: Column


class Chains(NamedTuple):
    """The chains of one key, by number: root, least return and greatest call, whose they are, and ends."""

    root: Column
    first_ret: Column
    last_call: Column
    first: Column
    last: Column
    needs_absent: Column
    ends_absent: Column


def room(values: int, largest: int) -> tuple[Links, Chains]:
    """Room for one thread: for so many values in the history, and operations in its largest key."""
    value = [np.full(values, -1, dtype=np.int32) for _ in range(6)]
    needed = np.zeros(values, dtype=np.uint8)
    link = [np.full(largest, -1, dtype=np.int32) for _ in range(2)]
    kept = np.zeros(largest, dtype=np.uint8)
    stack = np.zeros(largest, dtype=np.int32)
    links = Links(
        value[0], value[1], value[2], value[3], value[4], value[5], needed, link[0], link[1], kept, stack
    )
    times = [np.zeros(largest, dtype=np.int64) for _ in range(2)]
    numbers = [np.zeros(largest, dtype=np.int32) for _ in range(3)]
    flags = [np.zeros(largest, dtype=np.uint8) for _ in range(2)]
    chains = Chains(numbers[0], times[0], times[1], numbers[1], numbers[2], flags[0], flags[1])
    return links, chains


@inner
def keep(c: Columns, lo: int, hi: int, w: Links) -> int:
    """Step 0: mark what happened; gives FINE, SET_ASIDE or UNSEEN_CONDITION (and then has marked nothing)."""
    verdict, pending = FINE, False
    for i in range(lo, hi):
        if c.kind[i] == ASK_DIFFERS:
            return UNSEEN_CONDITION
        w.kept[i - lo] = 1
        if c.ret[i] == NEVER:
            pending = True
            if c.value[i] != ABSENT:
                w.kept[i - lo] = 0
            elif c.kind[i] == ASK_CAS:
                w.kept[i - lo] = 0
                verdict = SET_ASIDE
    if pending:
        _keep_pending(c, lo, hi, w)
    return verdict


@inner
def _keep_pending(c: Columns, lo: int, hi: int, w: Links) -> None:
    """A pending write with a new value happened exactly if an operation that happened needs it."""
    top = 0
    for i in range(lo, hi):
        if c.ret[i] == NEVER and c.value[i] != ABSENT:
            w.next_pending[i - lo] = w.pending[c.value[i]]
            w.pending[c.value[i]] = i
    for i in range(lo, hi):
        needs = c.kind[i] == ASK_READ or c.kind[i] == ASK_CAS
        if needs and c.ret[i] != NEVER and w.needed[c.need[i]] == 0:
            w.needed[c.need[i]] = 1
            w.stack[top] = c.need[i]
            top += 1
    while top > 0:
        top -= 1
        i = w.pending[w.stack[top]]
        while i >= 0:
            w.kept[i - lo] = 1
            if c.kind[i] == ASK_CAS and w.needed[c.need[i]] == 0:
                w.needed[c.need[i]] = 1
                w.stack[top] = c.need[i]
                top += 1
            i = w.next_pending[i - lo]
    for i in range(lo, hi):
        w.pending[c.value[i]] = -1
        w.needed[c.need[i]] = 0


@inner
def clear(c: Columns, lo: int, hi: int, w: Links) -> None:
    """Make the links by value ready for the next key."""
    for i in range(lo, hi):
        w.writer[c.value[i]] = -1
        for value in (c.need[i], c.value[i]):
            w.successor[value] = -1
            w.reader[value] = -1
            w.first_ret[value] = -1
            w.last_call[value] = -1


@inner
def link(c: Columns, lo: int, hi: int, w: Links, fault: Column) -> int:
    """Step 1: link readers, writer and successor of each value; gives FINE or what is already wrong."""
    first, second = -1, -1
    for i in range(hi - 1, lo - 1, -1):  # Backwards, so that lists of readers run forwards.
        if not w.kept[i - lo]:
            continue
        need, value = c.need[i], c.value[i]
        if c.kind[i] == ASK_READ:
            w.next_reader[i - lo] = w.reader[need]
            w.reader[need] = i
            if w.first_ret[need] < 0 or c.ret[i] <= c.ret[w.first_ret[need]]:
                w.first_ret[need] = i
            if w.last_call[need] < 0 or c.call[i] >= c.call[w.last_call[need]]:
                w.last_call[need] = i
            continue
        if value != ABSENT:
            if w.writer[value] >= 0:
                return DUPLICATE_VALUE
            w.writer[value] = i
        if c.kind[i] == ASK_CAS and need != ABSENT:
            if w.successor[need] >= 0:
                first, second = i, w.successor[need]
            w.successor[need] = i
    for i in range(lo, hi):
        asks = c.kind[i] == ASK_READ or c.kind[i] == ASK_CAS
        if w.kept[i - lo] and asks and c.need[i] != ABSENT and w.writer[c.need[i]] < 0:
            fault[0] = i
            return GARBAGE_READ
    if first >= 0:
        fault[0], fault[1] = first, second
        return LOST_UPDATE
    return FINE


@inner
def follow(c: Columns, lo: int, hi: int, w: Links, chains: Chains, fault: Column) -> tuple[int, int]:
    """Step 2: number the chains and find their zones; gives what is wrong, and how many there are."""
    count: Cell = np.int64(0)  # Typed, as in `zone_kernels`.
    writers = reached = 0
    for root in range(lo, hi):
        if not w.kept[root - lo] or c.kind[root] == ASK_READ:
            continue
        from_absent = c.kind[root] == ASK_CAS and c.need[root] == ABSENT
        if c.value[root] != ABSENT or (c.kind[root] == ASK_CAS and not from_absent):
            writers += 1
        if c.value[root] == ABSENT or (c.kind[root] == ASK_CAS and not from_absent):
            continue
        first, last, now = root, root, root
        ends_absent = False
        while now >= 0:
            reached += 1
            # The greatest call so far is that of `last`, which belongs to what goes in front.
            if c.ret[now] < c.call[last]:
                fault[0], fault[1] = now, last
                return ORDER_INVERSION, count
            if c.ret[now] < c.ret[first]:
                first = now
            if c.call[now] > c.call[last]:
                last = now
            value = c.value[now]
            if value == ABSENT:
                ends_absent = True
                break
            now = w.successor[value]
            reader = w.first_ret[value]
            if reader >= 0:
                if c.ret[reader] < c.call[last]:
                    fault[0], fault[1] = reader, last
                    return ORDER_INVERSION, count
                if c.ret[reader] < c.ret[first]:
                    first = reader
                if c.call[w.last_call[value]] > c.call[last]:
                    last = w.last_call[value]
        chains.root[count] = root
        chains.first_ret[count], chains.first[count] = c.ret[first], first
        chains.last_call[count], chains.last[count] = c.call[last], last
        chains.needs_absent[count], chains.ends_absent[count] = from_absent, ends_absent
        count += 1
    if reached != writers:
        _find_cycle(c, lo, hi, w, chains, count, fault)
        return CYCLE, count
    return FINE, count


@inner
def _find_cycle(c: Columns, lo: int, hi: int, w: Links, chains: Chains, count: int, fault: Column) -> None:
    """Write the first members of a cycle of conditional writes to `fault`; marks go to `kept`."""
    for k in range(count):
        now = chains.root[k]
        while now >= 0:
            w.kept[now - lo] = 2
            now = w.successor[c.value[now]] if c.value[now] != ABSENT else -1
    for i in range(lo, hi):
        if w.kept[i - lo] == 1 and c.kind[i] == ASK_CAS:
            now = i
            while w.kept[now - lo] == 1:  # Backwards until one comes twice: that one is in the cycle.
                w.kept[now - lo] = 3
                now = w.writer[c.need[now]]
            start, size = now, 0
            while size < len(fault) and (size == 0 or now != start):
                fault[size] = now
                size += 1
                now = w.writer[c.need[now]]
            return

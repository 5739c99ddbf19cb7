"""The bad patterns of a register as machine code: whether there is one.

`patterns` is the readable reference, defines them, and names one where there is one; tests hold the two
against each other.
"""

import numpy as np

from dynaproof.checkers.linearizability.machine import Cell, compiled, inner
from dynaproof.checkers.linearizability.register import ASK_CAS, ASK_DIFFERS, ASK_PUT, ASK_READ
from dynaproof.specs.history import ABSENT, NEVER, Column

NOBODY = -NEVER - 1
"""Before all times: the last return if there is none. The beginning returned at `-NEVER`."""


def is_excluded(columns: Column, initial: int = ABSENT) -> bool:
    """Whether a bad pattern excludes an operation of a key, by its columns (`register.columns_of_key`)."""
    kind, need, value, call, ret = columns
    known, codes = np.unique(np.concatenate([need, value, [initial]]), return_inverse=True)
    latest = np.full(len(known), NOBODY)
    latest[codes[-1]] = -NEVER
    by_call, by_return = np.argsort(call, kind="stable"), np.argsort(ret, kind="stable")
    needs, values = codes[: len(kind)], codes[len(kind) : -1]
    return bool(excludes(kind, needs, values, call, ret, by_call, by_return, latest))


@compiled
def excludes(
    kind: Column,
    need: Column,
    value: Column,
    call: Column,
    ret: Column,
    by_call: Column,
    by_return: Column,
    latest: Column,
) -> bool:
    """Go through the operations by their returns, with `latest` by value the last return of its writers."""
    soonest = _soonest(kind, need, value, ret, by_call)
    calls = call[by_call]
    at = 0
    for x in by_return:
        if ret[x] == NEVER:
            break
        if kind[x] not in (ASK_READ, ASK_CAS):
            continue
        while at < len(calls) and calls[at] <= ret[x]:
            source = by_call[at]
            at += 1
            if kind[source] >= ASK_PUT:
                latest[value[source]] = max(latest[value[source]], ret[source])
        last = latest[need[x]]
        if last == NOBODY:
            return True
        if last < call[x]:
            after = np.searchsorted(calls, last, side="right")
            for first in range(2):
                if soonest[after, 2 * first + 1] != need[x] and soonest[after, 2 * first] < call[x]:
                    return True
    return False


@inner
def _soonest(kind: Column, need: Column, value: Column, ret: Column, by_call: Column) -> Column:
    """By place in `by_call`, among those called there or later: the least return, and the value known then.

    Then the same among those that know another value.
    """
    soonest = np.full((len(by_call) + 1, 4), NEVER)
    soonest[:, 1] = soonest[:, 3] = -1
    for at in range(len(by_call) - 1, -1, -1):
        i = by_call[at]
        soonest[at] = soonest[at + 1]
        if ret[i] == NEVER or kind[i] == ASK_DIFFERS:
            continue
        if kind[i] != ASK_PUT:
            _note(soonest, at, ret[i], need[i])
        if kind[i] >= ASK_PUT:
            _note(soonest, at, ret[i], value[i])
    return soonest


@inner
def _note(soonest: Column, at: Cell, ret: Cell, value: Cell) -> None:
    """Note that an operation that knows a value returned then."""
    if ret < soonest[at, 0]:
        if value != soonest[at, 1]:
            soonest[at, 2], soonest[at, 3] = soonest[at, 0], soonest[at, 1]
        soonest[at, 0], soonest[at, 1] = ret, value
    elif ret < soonest[at, 2] and value != soonest[at, 1]:
        soonest[at, 2], soonest[at, 3] = ret, value

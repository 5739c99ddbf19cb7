"""Grouping operations by key, as machine code: one pass over the rows, writing to one place per key.

Gathering columns by a sorted index, as `register.reduce` does otherwise, misses the cache at every row once
there are many keys.
"""

import numpy as np

from dynaproof.checkers.linearizability.machine import compiled
from dynaproof.specs.history import Column

DROPPED = 255


def grouped(
    key: Column, keys: int, kind: Column, need: Column, value: Column, call: Column, ret: Column
) -> tuple[Column, Column, Column, Column, Column, Column, Column]:
    """The columns of `register.Asks` up to `bounds`: rows whose kind is not `DROPPED`, by key and row."""
    counts = np.zeros(keys + 1, dtype=np.int64)
    count(key, kind, counts)
    bounds = np.cumsum(counts)
    size = int(bounds[-1])
    into = (
        np.empty(size, dtype=kind.dtype),
        np.empty(size, dtype=np.int32),
        np.empty(size, dtype=np.int32),
        np.empty(size, dtype=call.dtype),
        np.empty(size, dtype=ret.dtype),
        np.empty(size, dtype=np.int64),
    )
    scatter(key, kind, need, value, call, ret, bounds[:-1].copy(), *into)
    return *into, bounds


@compiled
def count(key: Column, kind: Column, counts: Column) -> None:
    """Count the rows of each key, one place further on."""
    for i in range(len(key)):
        if kind[i] != DROPPED:
            counts[key[i] + 1] += 1


@compiled
def scatter(
    key: Column,
    kind: Column,
    need: Column,
    value: Column,
    call: Column,
    ret: Column,
    places: Column,
    to_kind: Column,
    to_need: Column,
    to_value: Column,
    to_call: Column,
    to_ret: Column,
    to_row: Column,
) -> None:
    """Write each row to the next place of its key."""
    for i in range(len(key)):
        if kind[i] == DROPPED:
            continue
        at = places[key[i]]
        places[key[i]] = at + 1
        to_kind[at], to_need[at], to_value[at] = kind[i], need[i], value[i]
        to_call[at], to_ret[at], to_row[at] = call[i], ret[i], i

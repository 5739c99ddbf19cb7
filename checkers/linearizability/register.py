"""What each operation asks of a register: histories reduced to four kinds of operations, by key.

| kind | asks | leaves |
| --- | --- | --- |
| READ | the state is `need` | it |
| DIFFERS | the state is not `need` | it |
| PUT | nothing | `value` |
| CAS | the state is `need` | `value` |

The reduction (`docs/linearizability-proof.md`, step 0; each outcome as in `dynaproof.specs.history`):

- a failed cas that recorded what it saw is a READ of that, one that did not is a DIFFERS;
- a delete is a PUT of absent; a cas that changes nothing, because old and new are one value, is a READ;
- a pending read, a pending cas that would change nothing, and every other operation that certainly did not
  happen, a cas of `NO_EFFECT` too, say nothing about the state and are dropped.

A failed cas that saw what it expected cannot have happened at all; those rows are `impossible`.

Columns are sorted by key, and by row within a key. `value` and `need` are codes of values, 0 is absent;
`ret` is `NEVER` for what is pending.
"""

from functools import partial
from typing import Final, NamedTuple

import numpy as np

from dynaproof.specs.history import (
    ABSENT,
    CAS,
    DELETE,
    NOT_RECORDED,
    READ,
    WRITE,
    Column,
    Completion,
    History,
)

ASK_READ: Final = 0
ASK_DIFFERS: Final = 1
ASK_PUT: Final = 2
ASK_CAS: Final = 3

FINDING: Final = frozenset({ASK_READ, ASK_CAS})
"""The kinds that ask for one value."""

DROPPED: Final = 255


class Asks(NamedTuple):
    """Columns, one entry per operation that says something; `bounds[k]:bounds[k + 1]` are those of key k."""

    kind: Column
    need: Column
    value: Column
    call: Column
    ret: Column
    row: Column
    bounds: Column
    impossible: Column


class Ask(NamedTuple):
    """One operation of one key; `row` is its place in the history."""

    kind: int
    need: int
    value: int
    call: int
    ret: int
    row: int


def reduce(history: History, machine_code: bool = False) -> Asks:
    """The history of a register (functions read, write, cas and delete) as what it asks.

    O(n log n), by machine code O(n): sorting and gathering many rows by key is most of the cost of a check.
    """
    c = history.columns
    unknown, failed = c.outcome == Completion.UNKNOWN.value, c.outcome == Completion.FAILED.value
    is_cas = c.function == CAS
    recorded = is_cas & failed & (c.seen != NOT_RECORDED)
    idle_cas = is_cas & (c.expected == c.value)
    kind = np.full(len(history), DROPPED, dtype=np.uint8)
    kind[(c.function == READ) | recorded | (idle_cas & ~failed)] = ASK_READ
    kind[is_cas & failed & ~recorded] = ASK_DIFFERS
    kind[(c.function == WRITE) | (c.function == DELETE)] = ASK_PUT
    kind[is_cas & ~failed & ~idle_cas] = ASK_CAS
    kind[(unknown & (kind == ASK_READ)) | (failed & ~is_cas)] = DROPPED
    kind[c.outcome == Completion.NO_EFFECT.value] = DROPPED
    need = np.where(is_cas, np.where(recorded, c.seen, c.expected), c.value)
    value = np.where(c.function == DELETE, ABSENT, c.value)
    impossible = np.flatnonzero(recorded & (c.seen == c.expected))
    if machine_code:
        # Loading the compiler takes longer than sorting a small history.
        from dynaproof.checkers.linearizability.grouping_kernel import grouped  # noqa: PLC0415

        return Asks(*grouped(c.key, len(history.keys), kind, need, value, c.call, c.ret), impossible)
    kept = np.flatnonzero(kind != DROPPED)
    order = kept[np.argsort(c.key[kept], kind="stable")]
    bounds = np.searchsorted(c.key[order], np.arange(len(history.keys) + 1))
    return Asks(
        kind[order],
        need[order].astype(np.int32),
        value[order].astype(np.int32),
        c.call[order],
        c.ret[order],
        order,
        bounds,
        impossible,
    )


def of_key(asks: Asks, key: int) -> list[Ask]:
    """The operations of the key of that code, as plain Python, for the readable algorithms."""
    part = slice(asks.bounds[key], asks.bounds[key + 1])
    columns = (asks.kind, asks.need, asks.value, asks.call, asks.ret, asks.row)
    # As `Ask._make`, but without a Python call for each operation.
    make = partial(tuple.__new__, Ask)
    return list(map(make, zip(*(column[part].tolist() for column in columns), strict=True)))


def columns_of_key(asks: Asks, key: int) -> Column:
    """The operations of the key of that code, as rows of kinds, needs, values, calls and returns."""
    part = slice(asks.bounds[key], asks.bounds[key + 1])
    columns = (asks.kind, asks.need, asks.value, asks.call, asks.ret)
    return np.stack([column[part].astype(np.int64) for column in columns])

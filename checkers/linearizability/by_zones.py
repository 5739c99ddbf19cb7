"""Algorithm A over all keys of a history: by the plain reference, in numpy, or by machine code in threads.

The choice matters only for speed: they give the same answers, and tests hold them against each other.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dynaproof.checkers.linearizability import chains, zone_columns, zones
from dynaproof.checkers.linearizability.explain import violation
from dynaproof.checkers.linearizability.register import ASK_DIFFERS, ASK_PUT, Ask, Asks, of_key
from dynaproof.checkers.linearizability.result import Failure
from dynaproof.specs.history import ABSENT, WRITE, Column, History

if TYPE_CHECKING:
    from dynaproof.checkers.linearizability.zone_kernels import Answers

THREADS_AT_MOST = 16
OPERATIONS_PER_THREAD = 50_000

PYTHON, NUMPY, MACHINE_CODE = "Python", "numpy", "machine code"

MACHINE_CODE_FROM = 50_000
"""Smaller histories are decided before the compiled code would be loaded."""

COLUMNS_FROM = 50
"""Numpy pays off for keys of so many operations on average."""


def engine_of(history: History) -> str:
    """The algorithm that decides a register's history soonest; chosen by the history alone, so that the
    choice is always the same.
    """
    operations = len(history)
    if operations >= COLUMNS_FROM * len(history.keys) and bool((history.columns.function <= WRITE).all()):
        return NUMPY
    return MACHINE_CODE if operations >= MACHINE_CODE_FROM else PYTHON


@dataclass(frozen=True, slots=True)
class ByZones:
    """What algorithm A said of all keys.

    `failure`: the first key that is not linearizable, and why; then the rest is empty. `order`: rows of the
    keys that are linearizable, key after key. `outside`: by key code, why it could not tell; `operations`:
    those of such keys, as far as they were looked at one by one.
    """

    failure: Failure | None
    order: Column
    outside: dict[int, str]
    operations: dict[int, list[Ask]] = field(default_factory=dict)


def decide(history: History, asks: Asks, engine: str) -> ByZones:
    """Decide all keys by the engine of that name."""
    if engine == MACHINE_CODE:
        return decide_compiled(history, asks)
    # Only a write of null, which is a delete in other words, makes reads and writes anything but plain.
    by_columns = engine == NUMPY and zone_columns.is_plain(asks)
    return decide_plain(history, asks, zone_columns.room(len(history.values)) if by_columns else None)


def decide_plain(history: History, asks: Asks, room: Column | None = None) -> ByZones:
    """Key after key, by the readable reference; if `room` is given, in numpy first (the history is plain)."""
    orders: list[Column] = [np.zeros(0, dtype=np.int64)]
    outside: dict[int, str] = {}
    looked_at: dict[int, list[Ask]] = {}
    bounds: list[int] = asks.bounds.tolist()
    for key in range(len(history.keys)):
        found = None if room is None else zone_columns.decide(asks, bounds[key], bounds[key + 1], room)
        if found is not None:
            if found.cause is not None:
                told, fault = _of_fault(asks, key, np.array(found.fault))
                return _failed(violation(history, told, found.cause, fault))
            orders.append(asks.row[found.order])
            continue
        lo, hi = bounds[key], bounds[key + 1]
        why = zone_columns.why_outside(asks, lo, hi) if hi - lo >= COLUMNS_FROM else None
        if why is not None:
            outside[key] = why
            continue
        operations = of_key(asks, key)
        decided = zones.decide(operations)
        if decided.outside == chains.UNSEEN_CONDITION:
            # A condition that failed on something unseen changes nothing: the rest must be legal without it.
            rest = [ask for ask in operations if ask.kind != ASK_DIFFERS]
            without = zones.decide(rest)
            if without.cause is not None:
                return _failed(violation(history, rest, without.cause, without.fault))
        if decided.cause is not None:
            return _failed(violation(history, operations, decided.cause, decided.fault))
        if decided.order is None:
            outside[key] = decided.outside or ""
            looked_at[key] = operations
        else:
            orders.append(asks.row[asks.bounds[key] : asks.bounds[key + 1]][decided.order])
    return ByZones(None, np.concatenate(orders), outside, looked_at)


def decide_compiled(history: History, asks: Asks) -> ByZones:
    """By machine code, with the keys shared out to as many threads as there are cores and work for."""
    from dynaproof.checkers.linearizability import chain_kernels  # noqa: PLC0415

    answers = _answers(asks, len(history.keys), len(history.values))
    failed = np.flatnonzero(
        (answers.code > chain_kernels.FINE) & (answers.code < chain_kernels.DUPLICATE_VALUE)
    )
    if len(failed):
        key = int(failed[0])
        operations, fault = _of_fault(asks, key, answers.fault[key])
        return _failed(violation(history, operations, _CAUSES[int(answers.code[key])], fault))
    outside = {int(key): _CAUSES[int(answers.code[key])] for key in np.flatnonzero(answers.code)}
    if not outside and int(answers.size.sum()) == len(asks.row):  # Nothing pending was left out.
        return ByZones(None, asks.row[answers.order], outside)
    places = asks.bounds[:-1]
    filled = np.repeat(places - np.cumsum(answers.size) + answers.size, answers.size) + np.arange(
        answers.size.sum()
    )
    return ByZones(None, asks.row[answers.order[filled]], outside)


def _of_fault(asks: Asks, key: int, fault: Column) -> tuple[list[Ask], list[int]]:
    """What a violation is explained from, instead of the whole key: the operations at fault, by place, and
    the writers.

    The writers are those of what these operations have or find, and of what these writers found in turn.
    """
    places = np.arange(asks.bounds[key], asks.bounds[key + 1])
    value = np.where(asks.kind[places] >= ASK_PUT, asks.value[places], -1)
    told = fault[fault >= 0]
    kept = told
    for _ in range(2):
        touched = np.concatenate([asks.need[kept], asks.value[kept]])
        kept = np.union1d(told, places[np.isin(value, touched[touched != ABSENT])])
    columns = (asks.kind, asks.need, asks.value, asks.call, asks.ret, asks.row)
    operations = [Ask(*values) for values in zip(*(column[kept].tolist() for column in columns), strict=True)]
    return operations, np.searchsorted(kept, told).tolist()


def fault_by_zones(asks: Asks, values: int) -> tuple[int, ...] | None:
    """The places in `asks` of the operations at fault in its only key, by a fast engine; empty: none.

    None: it cannot tell.
    """
    if zone_columns.is_plain(asks):
        found = zone_columns.decide(asks, 0, len(asks.kind), zone_columns.room(values))
        return None if found is None else found.fault
    from dynaproof.checkers.linearizability import chain_kernels  # noqa: PLC0415

    answers = _answers(asks, 1, values)
    bad = np.flatnonzero((answers.code > chain_kernels.FINE) & (answers.code < chain_kernels.DUPLICATE_VALUE))
    if len(bad):
        return tuple(int(i) for i in answers.fault[bad[0]] if i >= 0)
    return None if answers.code.any() else ()


def _answers(asks: Asks, keys: int, values: int) -> "Answers":
    # Loading the compiler takes longer than a small history, so it is done only where that pays off.
    from dynaproof.checkers.linearizability import chain_kernels, zone_kernels  # noqa: PLC0415

    columns = chain_kernels.Columns(asks.kind, asks.need, asks.value, asks.call, asks.ret)
    answers = zone_kernels.answers(keys, len(asks.kind))
    shares = _shares(asks.bounds)
    if len(shares) == 1:
        zone_kernels.decide(columns, asks.bounds, 0, keys, values, answers)
    else:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        with ThreadPoolExecutor(len(shares)) as pool:
            jobs = [
                pool.submit(zone_kernels.decide, columns, asks.bounds, first, end, values, answers)
                for first, end in shares
            ]
            for job in jobs:
                job.result()
    return answers


_CAUSES = {
    1: chains.GARBAGE_READ,
    2: chains.LOST_UPDATE,
    3: chains.CYCLE,
    4: chains.ORDER_INVERSION,
    5: chains.ZONES,
    6: chains.INSIDE,
    7: chains.ABSENCE,
    8: chains.PUT_IF_ABSENT,
    20: chains.DUPLICATE_VALUE,
    21: chains.UNSEEN_CONDITION,
    22: chains.SET_ASIDE,
}
"""The names of the codes of `chain_kernels`."""


def _failed(failure: Failure) -> ByZones:
    return ByZones(failure, np.zeros(0, dtype=np.int64), {})


def _shares(bounds: Column) -> list[tuple[int, int]]:
    """Ranges of keys with about equally many operations, one per thread."""
    keys, operations = len(bounds) - 1, int(bounds[-1])
    if operations < 2 * OPERATIONS_PER_THREAD:  # Asking for the cores takes as long as deciding a few.
        return [(0, keys)]
    threads = max(1, min(os.cpu_count() or 1, THREADS_AT_MOST, keys, operations // OPERATIONS_PER_THREAD))
    cuts = np.searchsorted(bounds, np.arange(1, threads) * operations // threads)
    edges: Sequence[int] = [0, *(int(cut) for cut in cuts), keys]
    return [(first, end) for first, end in pairwise(edges) if first < end] or [(0, keys)]

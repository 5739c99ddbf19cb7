"""Work spread over processes, its results in the order of the work, however long the work may become.

`items` may be endless, or end when time is up: it is asked for no more than the processes can take soon. (The
pools of the standard library read all of their input first, and so never end on such an iterator.)
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

from dynaproof.checkers.interrupts import interrupts_held
from dynaproof.checkers.patches import Bug, active, seed_for_good

__all__ = ["collecting_seldom", "in_order"]

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 8
"""Items that a process takes at a time."""

AHEAD = 3
"""Chunks that wait for each process, at the most."""

COLLECTED = (50_000, 20, 20)
"""Thresholds of Python's collector. A run makes many objects and few cycles: with Python's own thresholds it
costs a twenty-fifth of the time, and finds next to nothing.
"""


def in_order(
    work: Callable[[Item], Result], items: Iterator[Item], jobs: int
) -> Iterator[tuple[Item, Result]]:
    """Each item with its result, in order, as soon as it and all before it are known.

    With more than one job `work`, items and results must be picklable; the processes have the seeded bugs
    that this one has now, leave interruptions (Ctrl-C) to it, and end with the iteration.
    """
    if jobs <= 1:
        with collecting_seldom():
            for item in items:
                yield item, work(item)
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _begin, (active(),))
    waiting: deque[tuple[list[Item], Future[list[Result]]]] = deque()
    try:
        more = True
        while more or waiting:
            while more and len(waiting) < jobs * AHEAD:
                chunk = list(islice(items, CHUNK))
                more = bool(chunk)
                if chunk:
                    with interrupts_held():  # The first chunks begin the processes.
                        waiting.append((chunk, pool.submit(_each, work, chunk)))
            if waiting:
                chunk, future = waiting.popleft()
                yield from zip(chunk, future.result(), strict=True)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(bugs: tuple[Bug, ...]) -> None:
    seed_for_good(bugs)
    _collect_seldom()


def _each(work: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    return [work(item) for item in items]


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Look for garbage in cycles at `COLLECTED` only, and never among what was there before."""
    before = gc.get_threshold()
    gc.collect()
    _collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _collect_seldom() -> None:
    gc.freeze()
    gc.set_threshold(*COLLECTED)

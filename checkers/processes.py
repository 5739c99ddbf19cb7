"""Work spread over processes, its results in the order of the work, however long the work may become.

`items` may be endless, or end when time is up: it is asked for no more than the processes can take soon.
(The standard library's pools read all their input first, and so never end on such an iterator.)
"""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from dynaproof.checkers.interrupts import interrupts_held
from dynaproof.checkers.patches import Bug, active, seed_for_good

if TYPE_CHECKING:
    from concurrent.futures import Future
    from multiprocessing.synchronize import Event

__all__ = ["collecting_seldom", "in_order"]

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 8
"""The most items that a process takes at a time."""

CHUNK_SECONDS = 0.25
"""How long a chunk should take: only that much work waits for a process, and still has to end when time is
up.
"""

AHEAD = 3
"""The most chunks that wait for each process."""

COLLECTED = (50_000, 20, 20)
"""Thresholds of Python's collector. A run makes many objects and few cycles: with Python's own thresholds the
collector costs a twenty-fifth of the time, and finds next to nothing.
"""


def in_order(
    work: Callable[[Item], Result], items: Iterator[Item], jobs: int
) -> Iterator[tuple[Item, Result]]:
    """Each item with its result, in order, as soon as it and all before it are known.

    With more than one job `work`, items and results must be picklable; the processes have the seeded bugs
    that this one has now, leave interruptions (Ctrl-C) to it, and end with the iteration, each after the
    item that it is working on.
    """
    if jobs <= 1:
        with collecting_seldom():
            for item in items:
                yield item, work(item)
        return
    # Of no use to one process, and a tenth of the time that a campaign takes to load.
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415
    from multiprocessing import get_context  # noqa: PLC0415

    context = get_context("spawn")
    ending = context.Event()
    pool = ProcessPoolExecutor(jobs, context, _begin, (active(), ending))
    waiting: deque[tuple[list[Item], Future[tuple[list[Result], float]]]] = deque()
    size = 1
    try:
        more = True
        while more or waiting:
            while more and len(waiting) < jobs * AHEAD:
                chunk = list(islice(items, size))
                more = bool(chunk)
                if chunk:
                    with interrupts_held():  # The first chunks begin the processes.
                        waiting.append((chunk, pool.submit(_each, work, chunk)))
            if waiting:
                chunk, future = waiting.popleft()
                results, seconds = future.result()
                size = max(1, min(CHUNK, 2 * size, int(CHUNK_SECONDS * len(chunk) / max(seconds, 1e-6))))
                yield from zip(chunk, results, strict=True)
    finally:
        ending.set()
        pool.shutdown(wait=True, cancel_futures=True)


_endings: list[Event] = []
"""In a pool's process: the event that says that the iteration is over."""


def _begin(bugs: tuple[Bug, ...], ending: Event) -> None:
    seed_for_good(bugs)
    _collect_seldom()
    _endings.append(ending)


def _each(work: Callable[[Item], Result], items: list[Item]) -> tuple[list[Result], float]:
    """Results, fewer than items if the iteration ended meanwhile, and how many seconds they took."""
    began = time.perf_counter()
    results = [work(item) for item in items if not any(ending.is_set() for ending in _endings)]
    return results, time.perf_counter() - began


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Look for garbage in cycles only at `COLLECTED`, and never among what was there before."""
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

"""What an exploration holds in memory, shared by its threads: the table of states, the states and their
parents in segments, and what each thread counts for itself.

*Invariant.* Between slices there is room for all that the next slice may find (`slack` beyond the limit), so
machine code never waits for memory; it claims indexes in blocks, and the unused ones of a block stand for no
state.
"""

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dynaproof.checkers.interrupts import interrupts_held
from dynaproof.checkers.state_space import engine
from dynaproof.checkers.state_space.program import Program

LOAD_PERCENT = 60
"""How full the table may become before it is doubled."""


class Memory:
    """The memory of one compiled model's explorations; `_prepare` begins anew, `_grow` makes room."""

    def __init__(self, program: Program, sometimes: int) -> None:
        self.program = program
        self.words = program.layout.words
        self.branching = max(1, len(program.instances))
        self.safe = np.array([*program.safe, 0], dtype=np.int32)
        self.wanted = (1 << sometimes) - 1
        """A bit for each `sometimes` of the model."""
        self.most_states: int | None = None
        """The number of states at which the run stops, if a limit was given."""
        self.most_bytes: int | None = None
        """How much memory it may take, if a limit was given; taking more raises MemoryError beforehand."""
        self._refill = program.code.function("refill", 5)

    def _prepare(self, threads: int) -> None:
        """Forget what a run found, and make room for the next with this many threads."""
        self.context = lines(engine.CONTEXT_BYTES // 8, np.int64)
        self.state_segments: list[Any] = []
        self.parent_segments: list[Any] = []
        self.state_pointers = np.zeros(1 << (32 - engine.SEGMENT_BITS), dtype=np.int64)
        self.parent_pointers = np.zeros(1 << (32 - engine.SEGMENT_BITS), dtype=np.int64)
        self.slack = threads * (engine.CHUNK * self.branching + engine.BLOCK) + len(self.program.starts)
        self.workers = []
        self.buffers = []
        for _ in range(threads):
            out = lines(self.branching * self.words, np.int64)
            taken = lines(self.branching + 1, np.int32)
            hashes = lines(self.branching, np.int64)
            fired = lines(self.branching, np.uint8)
            own = lines(engine.OWN_BYTES // 8, np.int64)
            own[engine.OUT // 8], own[engine.TAKEN // 8] = out.ctypes.data, taken.ctypes.data
            own[engine.HASHES // 8], own[engine.FIRED // 8] = hashes.ctypes.data, fired.ctypes.data
            own[engine.WANTED // 8] = self.wanted
            self.workers.append(own)
            self.buffers.append((out, taken, hashes, fired))
        self.table = np.zeros(1, dtype=np.int64)
        self.peak_bytes = 0
        self._set("STATES", self.state_pointers.ctypes.data)
        self._set("PARENTS", self.parent_pointers.ctypes.data)
        self._set("SAFE", self.safe.ctypes.data)
        self._new_table(max(1 << 14, 1 << (self.slack * 200 // LOAD_PERCENT).bit_length()))
        self._grow()

    def _set(self, name: str, value: int) -> None:
        self.context[getattr(engine, name) // 8] = value

    def _get(self, name: str) -> int:
        return int(self.context[getattr(engine, name) // 8])

    def _new_table(self, size: int) -> None:
        self.table = np.zeros(size, dtype=np.int64)
        self._set("TABLE", self.table.ctypes.data)
        self._set("SHIFT", 64 - (size.bit_length() - 1))
        self._set("MASK", size - 1)

    def _bytes(self) -> int:
        per_segment = (1 << engine.SEGMENT_BITS) * (8 * self.words + 4)
        return self.table.nbytes + len(self.state_segments) * per_segment

    def _grow(self) -> None:
        """Make room for as many states as the next slice may find."""
        count = self._get("COUNT")
        if (count + 2 * self.slack) * 100 > len(self.table) * LOAD_PERCENT:
            old = self.table
            if self.most_bytes is not None and self._bytes() + 2 * old.nbytes > self.most_bytes:
                raise MemoryError("the limit of memory is met")
            self._new_table(2 * len(old))
            self.peak_bytes = max(self.peak_bytes, self._bytes() + old.nbytes)
            self._move(old)
        # Threads wait for each other while memory grows: the more states, the larger the steps. What has not
        # been written to takes no memory yet.
        while len(self.state_segments) << engine.SEGMENT_BITS < count + 2 * self.slack + count // 8:
            at = len(self.state_segments)
            if at >= len(self.state_pointers):
                raise MemoryError("more than 4 billion states")
            states = np.empty(self.words << engine.SEGMENT_BITS, dtype=np.int64)
            parents = np.empty(1 << engine.SEGMENT_BITS, dtype=np.uint32)
            self.state_segments.append(states)
            self.parent_segments.append(parents)
            self.state_pointers[at], self.parent_pointers[at] = states.ctypes.data, parents.ctypes.data
        room = min(len(self.table) * LOAD_PERCENT // 100, len(self.state_segments) << engine.SEGMENT_BITS)
        most = room if self.most_states is None else self.most_states + self._voids() + self.slack
        self._set("LIMIT", min(room, most) - self.slack)
        self.peak_bytes = max(self.peak_bytes, self._bytes())

    def _move(self, old: Any) -> None:
        """Put the entries of an old table into the new one, each thread a part."""
        context, threads = self.context.ctypes.data, len(self.workers) if len(old) >= engine.SLICE else 1
        ends = [len(old) * at // threads for at in range(threads + 1)]
        scratch = np.zeros(threads, dtype=np.int64)
        together(
            [
                partial(self._refill, context, old.ctypes.data, ends[at], ends[at + 1], place)
                for at, place in enumerate(range(scratch.ctypes.data, scratch.ctypes.data + 8 * threads, 8))
            ]
        )

    def found(self) -> int:
        """How many indexes were given out, including those that stand for no state."""
        return self._get("COUNT")

    def _distinct(self) -> int:
        return self._get("COUNT") - self._voids()

    def _voids(self) -> int:
        """How many indexes stand for no state."""
        return sum(int(own[engine.VOIDS // 8]) for own in self.workers)

    def words_of(self, index: int) -> tuple[int, ...]:
        """The words of a state that was found."""
        segment = self.state_segments[index >> engine.SEGMENT_BITS]
        at = (index & ((1 << engine.SEGMENT_BITS) - 1)) * self.words
        return tuple(int(word) & ((1 << 64) - 1) for word in segment[at : at + self.words])

    def parent_of(self, index: int) -> int:
        """The index of the state from which a state was found first."""
        segment = self.parent_segments[index >> engine.SEGMENT_BITS]
        return int(segment[index & ((1 << engine.SEGMENT_BITS) - 1)])


def together(calls: Sequence[Callable[[], int]]) -> None:
    """Make calls of machine code, the first in this thread and each other one in its own.

    An interruption waits until all have ended: what they write to must outlive them.
    """
    others = [threading.Thread(target=one) for one in calls[1:]]
    with interrupts_held():
        for one in others:
            one.start()
        calls[0]()
        for one in others:
            one.join()


def lines(count: int, kind: type[np.generic]) -> Any:
    """Zeros that share no cache line with anything else."""
    size = count * np.dtype(kind).itemsize
    room = np.zeros((size // engine.LINE_BYTES + 2) * engine.LINE_BYTES, dtype=np.uint8)
    at = -room.ctypes.data % engine.LINE_BYTES
    return room[at : at + size].view(kind)


def half_of_available_mb() -> int | None:
    """Half of the memory that this process could still get, in MB; None if the system does not say."""
    found = [one for one in (_free_bytes(), _allowed_bytes()) if one is not None]
    return max(1, min(found) >> 21) if found else None


def _free_bytes() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            name, _, size = line.partition(":")
            if name == "MemAvailable":
                return int(size.split()[0]) << 10
    except OSError:  # Not Linux: what is installed, as the system does not say what is free.
        with suppress(ValueError, OSError, AttributeError):
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _allowed_bytes() -> int | None:
    """What is left of the bound of this process's control group, if it has one."""
    group = Path("/sys/fs/cgroup")
    try:
        most, used = ((group / name).read_text(encoding="ascii") for name in ("memory.max", "memory.current"))
        return max(0, int(most) - int(used))
    except (OSError, ValueError):  # No such files, or "max".
        return None

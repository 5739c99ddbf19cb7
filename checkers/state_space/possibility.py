"""Can it still come true? `always_possible` conditions (AG EF p) of a fully explored model.

Source: Clarke and Emerson, Design and Synthesis of Synchronization Skeletons, 1981 (EF as a least fixed
point, computed backwards).
"""

import time

import numpy as np

from dynaproof.checkers.interrupts import interrupts_held
from dynaproof.checkers.state_space import engine
from dynaproof.checkers.state_space.memory import Memory


def out_of_reach(memory: Memory, condition: int, *, until: float | None = None) -> int | None:
    """The first state found from which the condition of this number can no longer come true; None: none.

    States are found breadth first, so no such state is nearer to an initial one. Raises TimeoutError when
    `time.perf_counter()` passes `until`.
    """
    mark = memory.program.code.function("mark", 6)
    first_unmarked = memory.program.code.function("first_unmarked", 3)
    context, own = memory.context.ctypes.data, memory.workers[0].ctypes.data
    marks = np.zeros(len(memory.table), dtype=np.uint8)
    place, count, wanted = marks.ctypes.data, memory.found(), 1 << condition
    changed = True
    while changed:
        changed = False
        for end in range(count, 0, -engine.SLICE):
            if until is not None and time.perf_counter() >= until:
                raise TimeoutError
            with interrupts_held():
                marked = mark(context, own, place, wanted, max(0, end - engine.SLICE), end)
            changed = changed or marked > 0
    found = first_unmarked(context, place, count)
    return found - 1 if found else None

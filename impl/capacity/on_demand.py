"""On-demand tables: a table takes twice the peak that it had before, and that may double every 30 minutes.

A new table takes 4,000 write units and 12,000 read units a second. At the end of each window of 30 minutes,
what it takes becomes twice the greatest second of that window, if that is more; it never becomes less.

Source: developer guide, *On-demand capacity mode*, *Initial throughput*, *Previous peak traffic*.
"""

from __future__ import annotations

from typing import Final

from dynaproof.impl.capacity.admission import Direction
from dynaproof.impl.capacity.arithmetic import MICRO, MINUTE_US, maximum

WINDOW_US: Final = 30 * MINUTE_US

INITIAL: Final[dict[Direction, int]] = {"Read": 12_000 * MICRO, "Write": 4_000 * MICRO}
"""Micro-units a second."""


def taken_next(taken: int, peak: int) -> int:
    """What a table takes after a window with this peak, in micro-units a second."""
    return maximum(taken, 2 * peak)

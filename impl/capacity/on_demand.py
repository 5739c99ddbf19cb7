"""On-demand tables: a table takes twice the peak that it had before, and that may double every 30 minutes.

A new table takes 4,000 write units and 12,000 read units a second. At the end of each window of 30 minutes,
what it takes becomes twice the greatest second of that window, if that is more; it never becomes less.

What the system knows of a second is the rate over the time between two looks of the active admin. A table is
given its initial rates (`Provisioned`), and takes these times a multiplier, so that what it takes is never
more than a table may be given.

Source: developer guide, *On-demand capacity mode*, *Initial throughput*, *Previous peak traffic*.
"""

from __future__ import annotations

from typing import Final

from dynaproof.impl.capacity.admission import Direction
from dynaproof.impl.capacity.arithmetic import MICRO, MINUTE_US, ceiling, maximum, minimum
from dynaproof.impl.capacity.shares import boosted

WINDOW_US: Final = 30 * MINUTE_US

MOST_TAKEN: Final = 1_000_000 * MICRO
"""Micro-units a second that a table takes, at the most."""

INITIAL: Final[dict[Direction, int]] = {"Read": 12_000 * MICRO, "Write": 4_000 * MICRO}
"""Micro-units a second."""


def taken_next(taken: int, peak: int) -> int:
    """What a table takes after a window with this peak, in micro-units a second."""
    return maximum(taken, 2 * peak)


def multiplied_next(multiplier: int, given: int, peak: int, most: int) -> int:
    """The multiplier of what a table is given after such a window, in millionths, up to taking `most`."""
    taken = minimum(taken_next(boosted(given, multiplier), peak), most)
    return maximum(multiplier, ceiling(taken * MICRO, given))

"""When requests are due: evenly spaced, or a Poisson process, in integers alone.

Gaps of a Poisson process are exponential. Von Neumann's method draws them by comparing uniform numbers, with
no logarithm: of numbers drawn until one is not below the one before it, an odd count makes the first of them
the fraction, an even one adds 1 and begins again. It is exact except for the width of the numbers.

Source: von Neumann, *Various Techniques Used in Connection with Random Digits*, 1951.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Literal

Process = Literal["poisson", "even"]

PROCESSES: tuple[Process, ...] = ("poisson", "even")

BITS = 32
UNIT = 1 << BITS
"""One mean gap."""

SECOND_US = 1_000_000


def exponential(draw: Callable[[int], int]) -> int:
    """An exponential number of mean `UNIT`, of a generator's `getrandbits`."""
    whole = 0
    while True:
        first = last = draw(BITS)
        count = 1
        while (following := draw(BITS)) < last:
            last = following
            count += 1
        if count % 2:
            return whole + first
        whole += UNIT


def arrivals(process: Process, rate: int, seed: str) -> Iterator[int]:
    """The microseconds from the beginning at which requests are due, `rate` of them a second in the mean."""
    draw = Random(seed).getrandbits
    gaps = 0
    while True:
        gaps += UNIT if process == "even" else exponential(draw)
        yield gaps * SECOND_US // (rate << BITS)

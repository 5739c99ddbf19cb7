"""The vocabulary of all capacity arithmetic: exact whole numbers, and functions that know nothing else.

What is written with `select`, `minimum`, `maximum`, `clamped` and `div` runs on ints in the system, and on
unknowns in a proof (`checkers/proofs/unknown.py`), so no formula is written down twice. An unknown's
comparison is no `bool`; what depends on it is chosen by `select`, and comparisons are joined by `&` and `|`.

*Units.* Costs are whole *micro-units* (millionths of a capacity unit), rates are micro-units a second, times
are whole microseconds. A rate times a time is a whole number of *grains*, 10^-12 capacity units. The level of
a bucket counts grains, so a refill is exact and nothing is rounded: one refill and many come to the same.
"""

from __future__ import annotations

from typing import Any, Final

MICRO: Final = 1_000_000
"""Micro-units in a unit; microseconds in a second; grains in a micro-unit; and one, of a ratio in millionths.
"""

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US


def select(condition: Any, then: int, otherwise: int) -> int:
    """`then` if the condition holds, else `otherwise`; both are computed first."""
    if condition is True:
        return then
    if condition is False:
        return otherwise
    chosen: int = condition.select(then, otherwise)
    return chosen


def minimum(one: int, other: int) -> int:
    """The lesser of the two."""
    first: Any = one <= other
    if first is True:  # As `select` does, without the call: this is the hot path of a bucket's decision.
        return one
    if first is False:
        return other
    return select(first, one, other)


def maximum(one: int, other: int) -> int:
    """The greater of the two."""
    first: Any = one >= other
    if first is True:
        return one
    if first is False:
        return other
    return select(first, one, other)


def clamped(value: int, least: int, most: int) -> int:
    """The value, or the bound that it is beyond."""
    return minimum(most, maximum(least, value))


def distance(value: int) -> int:
    """How far a value is from 0."""
    return maximum(value, 0 - value)


def div(value: int, divisor: int) -> int:
    """The quotient, rounded down; the divisor is above 0."""
    return value // divisor


def ceiling(value: int, divisor: int) -> int:
    """The quotient, rounded up; the divisor is above 0."""
    return (value + divisor - 1) // divisor


def millionths(part: int, whole: int) -> int:
    """A part as a share of the whole, in millionths, rounded down; the whole is above 0."""
    return div(part * MICRO, whole)

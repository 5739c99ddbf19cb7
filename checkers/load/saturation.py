"""Which rate comes next on the way to the saturation point: doubled until one is saturated (halved, if the
first one is), then bisected.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

MOST_RATE = 1_000_000
"""A request a microsecond: the simulator's clock cannot tell closer arrivals apart."""

WITHIN_PERCENT = 5
"""How far apart the two rates around the point may be."""


class Saturation(Struct, frozen=True):
    """The rates between which the saturation point lies; None if no such rate was measured."""

    sustained: int | None
    saturated: int | None


def saturation_of(saturated: Mapping[int, bool]) -> Saturation:
    """The measured rates between which the point lies."""
    above = min((rate for rate, is_so in saturated.items() if is_so), default=None)
    below = [rate for rate, is_so in saturated.items() if not is_so and (above is None or rate < above)]
    return Saturation(max(below, default=None), above)


def next_rate(saturated: Mapping[int, bool]) -> int | None:
    """The rate to be measured next; None if the point is known, or beyond the rates that can be measured."""
    found = saturation_of(saturated)
    below, above = found.sustained, found.saturated
    if above is None:
        assert below is not None, "a search begins with a rate that was measured"
        return min(2 * below, MOST_RATE) if below < MOST_RATE else None
    if below is None:
        return above // 2 if above > 1 else None
    if above * 100 <= below * (100 + WITHIN_PERCENT) or above - below <= 1:
        return None
    return (below + above) // 2

"""Facts about splits because of heat: what the reports of leaders say of where a partition would be split,
and what admins make of it.
"""

from __future__ import annotations

from dynaproof.specs.views.base import Name
from dynaproof.specs.views.region import RegionFact


class HeatTold(RegionFact, frozen=True, gc=False):
    """A leader reports where a partition would be split by what it was asked for, or that there is no such
    place. It was asked for single keys `asked` times since it last reported that; `beside` of these lie on
    the lesser side of the place that it names, `best` on that of the best one.
    """

    node: str
    partition: Name
    asked: int
    named: bool
    beside: int
    best: int


class HeatSplit(RegionFact, frozen=True, gc=False):
    """A split because of heat is written down, at a place that a leader of the partition has told, or not."""

    partition: Name
    told: bool

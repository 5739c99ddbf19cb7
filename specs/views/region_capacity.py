"""Facts about capacity beyond a single partition: what storage nodes admit over all of theirs. Levels are in
grains (10^-12 of a unit), costs in micro-units, as the system counts them.
"""

from __future__ import annotations

from collections.abc import Hashable

from dynaproof.specs.views.region import RegionFact


class NodeCharged(RegionFact, frozen=True, gc=False):
    """A storage node has admitted a request to some partition; before that its bucket had this level, by an
    exact fold of all that it has admitted since it started.
    """

    node: str
    what: str
    cost: int
    level: int
    capacity: int


class NodeExceeded(RegionFact, frozen=True, gc=False):
    """A storage node throttles a request by its own bucket, at a level in whole micro-units; what it has
    admitted since it started leaves `expected` grains.
    """

    node: str
    request: Hashable
    cost: int
    level: int
    expected: int
    capacity: int

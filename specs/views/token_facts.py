"""Facts about the tokens of tables under global admission: what the service hands out, what routers hold, and
what they spend. Amounts are in micro-units, levels of buckets in grains, as the system counts them.
"""

from __future__ import annotations

from collections.abc import Hashable

from dynaproof.specs.views.base import Name
from dynaproof.specs.views.region import RegionFact


class TokensGranted(RegionFact, frozen=True, gc=False):
    """The service grants a router so much of what it asked for, by the level that the service says; an exact
    fold of all that the bucket has granted and taken back leaves `expected`. `given`: its rate is one that
    the table has been given; `again`: a draw of this number was granted before in this life of the bucket.
    """

    bucket: Name
    router: str
    held: int
    asked: int
    grant: int
    most: int
    level: int
    expected: int
    capacity: int
    given: bool
    again: bool


class TokensHeld(RegionFact, frozen=True, gc=False):
    """A router's tokens changed, which leaves it with so many, as it says; what it was granted, took, owes
    and let go of leaves `expected`. `wrong` says what else is wrong with it.
    """

    router: str
    bucket: Name
    what: str
    held: int
    expected: int
    most: int
    wrong: str


class RequestPaid(RegionFact, frozen=True, gc=False):
    """A router was told what a request has consumed, and had taken so much for it in all."""

    router: str
    request: Hashable
    consumed: int
    paid: int


class WritePaid(RegionFact, frozen=True, gc=False):
    """A write is chosen in a table under global admission; `paid` is what was taken for it, None if nothing
    was, or all was given back.
    """

    table: str
    request: Hashable
    paid: int | None


class TokensShort(RegionFact, frozen=True, gc=False):
    """A router that holds so much throttles a request that costs so much; the service has said that there is
    too little, or has said nothing for so long; `draw_us` is how long the router should wait for it.
    """

    router: str
    bucket: Name
    cost: int
    held: int
    said: bool
    waited_us: int
    draw_us: int

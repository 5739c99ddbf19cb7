"""Bounds of global admission control."""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.capacity.global_admission import MOST_HELD


class TokenSettings(Struct, frozen=True):
    """The settings that a region's token service and its routers share."""

    most: int = MOST_HELD
    """Micro-units that a router may hold of a bucket's tokens."""
    tables: int = 2_048
    """Buckets that the service keeps, at the most: a table has two."""

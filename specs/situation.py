"""A situation that a campaign should see."""

from __future__ import annotations

from msgspec import Struct

from dynaproof.specs.spec import Kind


class Sometimes(Struct, frozen=True):
    """A situation that a campaign should reach: its name, what happens in it, and its source."""

    name: str
    sentence: str
    source: str
    kind: Kind = "sometimes"

"""The facts about one replica group against real time. Each carries what its bound is derived from."""

from __future__ import annotations

from collections.abc import Hashable

from dynaproof.specs.views.base import Name
from dynaproof.specs.views.group_facts import GroupFact


class ReadWhenOld(GroupFact, frozen=True, gc=False):
    """A replica answered an eventual read with a value that had been overwritten so long before."""

    name: Name
    request: Hashable
    age_us: int
    most_us: int
    """How long a replica may go on without contact to a leader, by its own clock, and how late what it heard
    may have been.
    """


class Stamped(GroupFact, frozen=True, gc=False):
    """A leader stamped a client's record by a wall clock that is off by so much, with all others true."""

    name: str
    slot: int
    apart_us: int
    most_us: int

"""Facts about what a partition admits by its capacity, and what it throttles. Levels are in grains (10^-12 of
a unit), costs in micro-units, as the system counts them.
"""

from __future__ import annotations

from collections.abc import Hashable

from dynaproof.specs.views.base import Name
from dynaproof.specs.views.group_facts import GroupFact

MICRO = 1_000_000
"""Grains in a micro-unit."""


class Charged(GroupFact, frozen=True, gc=False):
    """A chosen record was charged to a bucket that had this level at its timestamp, by an exact fold of all
    chosen records; `owed` is the least that it should cost, by the items that it changes.
    """

    slot: int
    bucket: str
    cost: int
    owed: int
    level: int
    capacity: int


class ReadCharged(GroupFact, frozen=True, gc=False):
    """A leader has admitted a read; its bucket has at most this level, by all that it has admitted since it
    began to lead.
    """

    name: Name
    bucket: str
    cost: int
    level: int
    capacity: int


class Exceeded(GroupFact, frozen=True, gc=False):
    """A leader throttles a write by a level, in whole micro-units; what is chosen and what the leader has in
    flight leave `expected` grains.
    """

    name: Name
    request: Hashable
    reason: str
    cost: int
    level: int
    expected: int
    capacity: int


class LevelApart(GroupFact, frozen=True, gc=False):
    """The buckets of a replica at an applied slot differ from the fold's."""

    name: Name
    slot: int
    level: str
    expected: str


class Boosted(GroupFact, frozen=True, gc=False):
    """A partition's rate of reads or of writes is set, in micro-units a second; with its share of what the
    table is given, and by how much the share may be multiplied.
    """

    slot: int
    what: str
    rate: int
    share: int
    most: int


class TakesLess(GroupFact, frozen=True, gc=False):
    """The rate of an on-demand table's partition is set, in micro-units a second; with the rate before, by
    the same version of what its table is given.
    """

    slot: int
    what: str
    rate: int
    before: int


class ReadsBegan(GroupFact, frozen=True, gc=False):
    """A new leader begins to admit reads with a level, in whole micro-units, after the level that it had
    heard; `most` is the most that all heartbeats sent so far leave it, and `second` is a second's fill. Or a
    replica of a child begins, with its part of its parent's level: then `heard` is that part, at most `most`.
    """

    name: Name
    heard: int | None
    level: int
    most: int
    second: int


class TableAdmitted(GroupFact, frozen=True, gc=False):
    """How far what the partitions of a table have admitted together, in some window, is above what the window
    fills; and how far it may be.
    """

    table: str
    above: int
    bound: int

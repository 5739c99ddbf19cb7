"""What can be observed of the partitions of a table: who owns which keys, which splits made them, and what a
restore gives.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import ClassVar, NamedTuple

from dynaproof.specs.views.base import Fact, Name, View


class Owner(NamedTuple):
    """A partition whose leader accepts writes for the keys of [low, high) while tau is below `until`."""

    low: int
    high: int
    until: int


class LineageFact(Fact, frozen=True, gc=False):
    """The base of all facts about a lineage."""


class OwnerChanged(LineageFact, frozen=True, gc=False):
    """A partition's leader accepts writes for other keys, or until another time."""

    partition: Name


class MetadataCommitted(LineageFact, frozen=True, gc=False):
    """The metadata lists the partitions of a table, each with its range of keys [low, high)."""

    table: Hashable
    ranges: tuple[tuple[Name, int, int], ...]


class Descent(NamedTuple):
    """A partition of the keys in [low, high), its parent (None: it has none), and whether it is split."""

    partition: Name
    parent: Name | None
    low: int
    high: int
    is_split: bool


class LineageCommitted(LineageFact, frozen=True, gc=False):
    """The metadata shows a table's lineage: all its partitions, and those that were split."""

    table: Hashable
    partitions: tuple[Descent, ...]


class Restored(LineageFact, frozen=True, gc=False):
    """A restore to a time gives each leaf of the lineage these writes, its ancestors' first."""

    time: int
    writes: Mapping[Name, tuple[Hashable, ...]]


class LineageView(View[LineageFact]):
    """Tables of facts about the partitions of one table."""

    FACTS: ClassVar[type[Fact]] = LineageFact

    def __init__(self) -> None:
        super().__init__()
        self.key_space: tuple[int, int] = (0, 1 << 128)
        """The half-open range of the hashes of partition keys."""
        self.owners: dict[Name, Owner] = {}
        self.parents: dict[Name, tuple[Name | None, int]] = {}
        """By partition, its parent and the commit timestamp of the split that made it."""
        self.writes: dict[Name, list[tuple[int, Hashable]]] = {}
        """By partition, its chosen writes in the order of its log, each with its commit timestamp."""

    def own(self, partition: Name, owner: Owner) -> None:
        """The partition's leader accepts writes."""
        self.owners[partition] = owner
        self.file(OwnerChanged(partition))

    def descend(self, partition: Name, parent: Name | None, timestamp: int) -> None:
        """A split with this commit timestamp is chosen; `parent` is None for a table's first partition."""
        self.parents[partition] = (parent, timestamp)

"""What a campaign should see around splits: what stops, is lost or comes late, and between which steps of a
split.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from dynaproof.checkers.kinds.split_faults import POWER_FAILURES
from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.records import PartitionRecord, SplitRecord, partition_key
from dynaproof.impl.partition.messages.split import SplitPartition
from dynaproof.impl.paxos.messages.membership import OtherEpoch
from dynaproof.impl.router.router import Router
from dynaproof.specs.observe.impl.heat import HeatObserver
from dynaproof.specs.observe.impl.metadata import MetadataObserver
from dynaproof.specs.observe.impl.place import given, sent
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.sometimes_of_regions import (
    ADMIN_DIED_AT,
    LATE_SPLIT,
    LOST_AT,
    PAGED_ACROSS,
    POWER_FAILED,
    SPLIT_FOR,
)
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.region import RegionView


class SplitSituations:
    """Reaches situations; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = HeatObserver.PROVIDES
    """The types of all facts that are filed."""

    def __init__(
        self, metadata: MetadataObserver, view: RegionView, reach: Callable[[Sometimes], None]
    ) -> None:
        self.metadata = metadata
        self.heat = HeatObserver(view)
        metadata.split_planned = self.heat.planned
        self.reach = reach
        self._failed_at = 0
        """The event with which power last failed."""

    def chosen(self, parent: int) -> None:
        """The barrier of a partition is chosen."""
        for work in self.metadata.of(SplitRecord):
            if work.partition == parent and work.reason in SPLIT_FOR:
                self.reach(SPLIT_FOR[work.reason])

    def handled(self, place: Place) -> None:
        """A handler of a storage node has run; perhaps it has answered a command to split."""
        self.heat.handled(place, place.lane)
        if type(given(place)) is SplitPartition and any(isinstance(one, OtherEpoch) for one in sent(place)):
            self.reach(LATE_SPLIT)

    def paged(self, place: Place, children: Mapping[int, tuple[int, ...]]) -> None:
        """A router has a page that it read from several partitions; with the children of those that are
        split.
        """
        assert isinstance(place.node, Router)
        for asked in place.node.asked.values():
            read = () if asked.paging is None else asked.paging.partitions
            if any(len({parent, *of} & set(read)) > 1 for parent, of in children.items()):
                self.reach(PAGED_ACROSS)

    def admin_died(self) -> None:
        """The active admin has stopped."""
        for work in self.metadata.of(SplitRecord):
            self.reach(ADMIN_DIED_AT[work.step])

    def host_stopped(self, place: Place, lost_disk: bool) -> None:
        """A storage node has stopped; a power failure is counted at the first that it stops."""
        world = place.world
        if lost_disk:
            self.lost(place)
        kind = "" if world.last is None else world.last.kind
        failure = next((one for one in POWER_FAILURES if one.name == kind), None)
        if failure is not None and world.steps != self._failed_at:
            self._failed_at = world.steps
            self.reach(POWER_FAILED[failure.stage])

    def lost(self, place: Place) -> None:
        """The disk of a storage node is lost."""
        for work in self.metadata.of(SplitRecord):
            parent = self.metadata.records.get(partition_key(work.partition))
            voters = parent.config.voters if isinstance(parent, PartitionRecord) else ()
            if work.step in LOST_AT and any(voter.node.address == place.id.address for voter in voters):
                self.reach(LOST_AT[work.step])

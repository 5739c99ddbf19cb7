"""How long writes stop at a split, from the proposal of the barrier until both children serve; and how long
it takes until all their voters are made.

Nothing is judged before `watch`, which is called where every enabled event happens when it is due and nothing
goes wrong, nor after `rest`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from msgspec import Struct

from dynaproof.impl.partition.records import Split
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.specs.observe.impl.place import Place, replica_of
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.load_facts import Pace
from dynaproof.specs.views.region import RegionView, SplitServed


class Stop(Struct, frozen=True):
    """A child that does not serve yet."""

    parent: int
    since: int
    """When the barrier was proposed: nothing is behind it (H5)."""


class StopObserver:
    """Measures; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (SplitServed,)

    def __init__(self, view: RegionView, serves: Callable[[int], None]) -> None:
        self.view = view
        self.serves = serves
        """Called with a child when it serves."""
        self.pace: Pace | None = None
        """Set while it measures."""
        self.stopped: dict[int, Stop] = {}
        """Children that do not serve yet,"""
        self.absent: dict[tuple[int, str], Stop] = {}
        """and by child and place, their voters that are not made yet."""
        self.proposed: dict[int, int] = {}
        """By parent: since when its barrier has been proposed and not chosen."""

    def watch(self, pace: Pace) -> None:
        """Measure from here on."""
        self.pace = pace

    def rest(self, tau: int) -> None:
        """Measure no more; what has stopped for too long by now is filed."""
        for child in list(self.stopped):
            self._served(child, tau)
        for child, name in list(self.absent):
            self._made(child, name, tau)
        self.pace = None

    def split(self, parent: int, split: Split, tau: int) -> None:
        """A barrier is chosen."""
        since = self.proposed.pop(parent, tau)
        if self.pace is not None:
            for child in split.children:
                stop = self.stopped[child.partition] = Stop(parent, since)
                for voter in child.config.voters:
                    self.absent[child.partition, voter.node.name] = stop

    def handled(self, place: Place, partition: int) -> None:
        """A handler of a storage node has run for a partition, which may have proposed its barrier, or may be
        a child that does not serve yet.
        """
        replica = replica_of(place, partition)
        if replica is None or self.pace is None:
            return
        if (partition, place.name) in self.absent:
            self._made(partition, place.name, place.world.tau)
        if partition in self.stopped:
            if replica.serving:
                self._served(partition, place.world.tau)
        elif partition not in self.proposed and self.is_proposed(replica):
            self.proposed[partition] = place.world.tau

    def is_proposed(self, replica: PartitionReplica) -> bool:
        """Whether a leader has proposed a barrier, and does not know it to be chosen."""
        log = replica.log
        return (
            replica.leading is not None and log.last > log.commit and isinstance(log.record(log.last), Split)
        )

    def _made(self, child: int, name: str, tau: int) -> None:
        stop = self.absent.pop((child, name))
        assert self.pace is not None, "nothing is kept that is not measured"
        self.view.file(SplitServed(stop.parent, child, tau - stop.since, self.pace, name))

    def _served(self, child: int, tau: int) -> None:
        stop = self.stopped.pop(child)
        assert self.pace is not None, "nothing is kept that is not measured"
        self.view.file(SplitServed(stop.parent, child, tau - stop.since, self.pace))
        self.serves(child)

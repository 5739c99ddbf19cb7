"""How long writes stop at a split: from the barrier being chosen until both children serve.

Nothing is judged before `watch`, which is called where every enabled event happens when it is due and nothing
goes wrong, nor after `rest`.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from dynaproof.impl.partition.records import Split
from dynaproof.specs.observe.impl.place import Place, replica_of
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.load_facts import Pace
from dynaproof.specs.views.region import RegionView, SplitServed


class Stop(Struct, frozen=True):
    """A child that does not serve yet."""

    parent: int
    since: int
    """When the barrier was seen to be chosen."""


class StopObserver:
    """Measures; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (SplitServed,)

    def __init__(self, view: RegionView) -> None:
        self.view = view
        self.pace: Pace | None = None
        """While it measures."""
        self.stopped: dict[int, Stop] = {}
        """By child."""

    def watch(self, pace: Pace) -> None:
        """Measure from here on."""
        self.pace = pace

    def rest(self, tau: int) -> None:
        """Measure no more; what has stopped for too long by now is filed."""
        for child in list(self.stopped):
            self._served(child, tau)
        self.pace = None

    def split(self, parent: int, split: Split, tau: int) -> None:
        """A barrier is chosen."""
        if self.pace is not None:
            for child in split.children:
                self.stopped[child.partition] = Stop(parent, tau)

    def handled(self, place: Place, child: int) -> None:
        """A handler of a storage node has run for a child that does not serve yet."""
        replica = replica_of(place, child)
        if replica is not None and replica.serving:
            self._served(child, place.world.tau)

    def _served(self, child: int, tau: int) -> None:
        stop = self.stopped.pop(child)
        assert self.pace is not None, "nothing is kept that is not measured"
        self.view.file(SplitServed(stop.parent, child, tau - stop.since, self.pace))

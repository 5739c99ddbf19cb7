"""Which positions of a partition its leaders are asked for, seen through a `RegionView`: counted from the
requests that reach them, not from what they keep of these.
"""

from __future__ import annotations

from typing import ClassVar

from dynaproof.impl.metadata.records import SplitRecord
from dynaproof.impl.partition.messages.requests import Request, keys_of
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.storage_node.messages import HostedReplica, NodeReport, ReportTimer
from dynaproof.impl.values.key_range import HASH_BYTES
from dynaproof.specs.observe.impl.place import Place, given, replica_of, sent
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.heat_facts import HeatSplit, HeatTold
from dynaproof.specs.views.region import RegionView


class Window:
    """What a replica was asked for since it last reported as a leader."""

    __slots__ = ("positions", "replica")

    def __init__(self, replica: PartitionReplica) -> None:
        self.replica = replica
        self.positions: dict[bytes, int] = {}
        """How often each position was asked for."""


class HeatObserver:
    """Files facts about heat; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (HeatSplit, HeatTold)
    """The types of all facts that are filed."""

    def __init__(self, view: RegionView) -> None:
        self.view = view
        self.windows: dict[tuple[str, int], Window] = {}
        """By place and partition."""
        self.told: dict[tuple[int, bytes], bool] = {}
        """The places at which leaders have said that a partition may be split."""

    def handled(self, place: Place, lane: int) -> None:
        """A handler of a storage node has run."""
        command = given(place)
        if type(command) is Request:
            window = self.window(place, lane)
            if window is not None:
                self.asked(window, command)
        elif type(command) is ReportTimer:
            reports = [message for message in sent(place) if isinstance(message, NodeReport)]
            for one in {one.partition: one for report in reports for one in report.replicas}.values():
                window = None if one.silent else self.window(place, one.partition)
                if window is not None:
                    self.reported(place, window, one)

    def window(self, place: Place, partition: int) -> Window | None:
        """What the replica of a partition at a place was asked for."""
        replica, at = replica_of(place, partition), (place.name, partition)
        if replica is None:
            self.windows.pop(at, None)
            return None
        there = self.windows.get(at)
        if there is None or there.replica is not replica:
            there = self.windows[at] = Window(replica)
        return there

    def asked(self, window: Window, m: Request) -> None:
        """A request has reached a replica."""
        for key in keys_of(m.operation)[:1]:
            at = key[:HASH_BYTES]
            window.positions[at] = window.positions.get(at, 0) + 1

    def reported(self, place: Place, window: Window, told: HostedReplica) -> None:
        """A node reports a replica."""
        if not window.replica.serving:
            return
        positions, window.positions = window.positions, {}
        at, asked = told.busy_at, sum(positions.values())
        best = max((lesser_side(positions, one) for one in positions), default=0)
        beside = lesser_side(positions, at) if at else 0
        self.view.file(HeatTold(place.name, told.partition, asked, at != b"", beside, best))
        if at:
            self.told[told.partition, at] = True

    def planned(self, work: SplitRecord) -> None:
        """A split is written down."""
        if work.reason == "heat":
            self.view.file(HeatSplit(work.partition, (work.partition, work.at) in self.told))


def lesser_side(positions: dict[bytes, int], at: bytes) -> int:
    """How many requests were on the side of a place on which fewer were."""
    below = sum(asked for position, asked in positions.items() if position < at)
    return min(below, sum(positions.values()) - below)

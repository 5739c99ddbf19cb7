"""The buckets of storage nodes, seen through a `RegionView`: by an exact fold of what their replicas say that
they admit, and throttle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from dynaproof.impl.capacity.rates import Fill
from dynaproof.impl.partition.notes import CapacityExceeded, ReadAdmitted, WriteAdmitted
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.specs import sometimes_of_capacity
from dynaproof.specs.observe.impl.buckets import Reference
from dynaproof.specs.observe.impl.place import Place
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.region import RegionView
from dynaproof.specs.views.region_capacity import NodeCharged, NodeExceeded


class NodeLimits:
    """Files facts about the buckets of nodes; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (NodeCharged, NodeExceeded)
    """The types of all facts that are filed."""

    def __init__(self, view: RegionView, reach: Callable[[Sometimes], None]) -> None:
        self.view = view
        self.reach = reach
        self.buckets: dict[tuple[str, str], tuple[object, Reference]] = {}
        """By place and by reads or writes: the node's present life, and what its bucket has left."""

    def bucket(self, place: Place, what: str, at_us: int) -> Reference:
        """The bucket of a node's present life; it begins full."""
        node = place.node
        assert isinstance(node, StorageNode), "replicas are on storage nodes"
        life, found = self.buckets.get((place.name, what), (None, None))
        if found is None or life is not node:
            rate = node.settings.node_reads if what == "reads" else node.settings.node_writes
            found = Reference(Fill(rate, rate), at_us)
            self.buckets[place.name, what] = node, found
        found.to(at_us)
        return found

    def admitted(self, place: Place, note: ReadAdmitted | WriteAdmitted) -> None:
        """A replica has admitted something."""
        what = "reads" if isinstance(note, ReadAdmitted) else "writes"
        bucket = self.bucket(place, what, note.at_us)
        self.view.file(NodeCharged(place.name, what, note.cost, bucket.level, bucket.capacity))
        bucket.charge(note.cost, note.at_us)

    def exceeded(self, place: Place, note: CapacityExceeded) -> None:
        """A replica throttles something: perhaps its node does."""
        if note.bucket != "node":
            return
        self.reach(sometimes_of_capacity.NODE_THROTTLED)
        bucket = self.bucket(place, "reads" if "Read" in note.reason else "writes", note.at_us)
        self.view.file(
            NodeExceeded(place.name, note.request, note.cost, note.level, bucket.level, bucket.capacity)
        )

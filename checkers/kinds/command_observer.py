"""What storage nodes are commanded, against the fences that they have shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.records import METADATA
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import CreateReplica, DropReplica
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.impl.storage_node.messages import DropPartition, Fenced, NoRoom, RaiseFence
from dynaproof.specs import sometimes_of_regions
from dynaproof.specs.observe.impl.place import sent
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.region import Doubled, FenceLowered, MadeUnrecorded, ObeyedOldTerm, RegionView


class CommandObserver:
    """Files facts about what nodes obey."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (Doubled, FenceLowered, MadeUnrecorded, ObeyedOldTerm)

    COMMANDS: ClassVar[frozenset[type[Any]]] = frozenset(
        (CreateReplica, DropReplica, DropPartition, RaiseFence)
    )
    """What admins command storage nodes."""

    def __init__(self, region: RegionView, reach: Callable[[Sometimes], None]) -> None:
        self.region = region
        self.reach = reach
        self.fences: dict[NodeId, int] = {}
        """By storage node and disk, the highest fence that it has shown."""
        self.named: Callable[[int, Member], bool] = lambda _partition, _member: True
        """Whether the metadata names a replica of a partition, or has no record of that."""
        self.refused: dict[tuple[int, Member], bool] = {}
        """Replicas for which a node had no room, each with its partition."""

    def commanded(self, place: Place, command: Any) -> None:
        """An admin has just commanded a storage node something: not of an old term, or it is refused. What is
        commanded for partition 0 is not looked at, but for a fence.
        """
        if place.lane != METADATA or isinstance(command, RaiseFence):
            fence = self.fences.get(place.id, 0)
            if command.term < fence and not any(isinstance(message, Fenced) for message in sent(place)):
                self.region.file(ObeyedOldTerm(place.name, type(command).__name__, command.term, fence))
        if isinstance(command, CreateReplica):
            self.told_to_create(place, command)

    def told_to_create(self, place: Place, command: CreateReplica) -> None:
        """A storage node was told to make a replica, perhaps too late."""
        node = place.node
        assert isinstance(node, StorageNode)
        if place.lane in node.making and not self.named(place.lane, command.member):
            self.region.file(MadeUnrecorded(place.lane, command.member))
        parent = node.replicas.get(command.parent)
        if command.parent and place.lane in node.making and (parent is None or not parent.rooted):
            self.reach(sometimes_of_regions.CHILD_BY_COPY)
            if parent is None or parent.state.split is None:
                self.reach(sometimes_of_regions.COPY_UNHEARD)
        if any(isinstance(message, NoRoom) for message in sent(place)):
            self.refused[place.lane, command.member] = True
        ended = node.journal.floor(place.lane) >= command.member.incarnation > node.journal.live(place.lane)
        if ended and command.member.node == place.id and not node.journal.buried(place.lane):
            self.reach(sometimes_of_regions.LATE_CREATE)

    def handled(self, place: Place) -> None:
        """A handler of a storage node has run in the lane of a partition."""
        node = place.node
        if isinstance(node, StorageNode) and place.lane in node.making and place.lane in node.replicas:
            self.region.file(Doubled(place.lane, place.name))

    def has_refused(self, partition: int, member: Member) -> bool:
        """Whether a node had no room for a replica."""
        return (partition, member) in self.refused

    def fenced(self, place: Place, fence: int) -> None:
        """A node refuses a command for its fence."""
        self.fences[place.id] = max(fence, self.fences.get(place.id, 0))

    def shown(self, place: Place, fence: int) -> None:
        """A node shows its fence, which never goes back."""
        if fence < self.fences.get(place.id, 0):
            self.region.file(FenceLowered(place.name, fence, self.fences[place.id]))
        self.fenced(place, fence)

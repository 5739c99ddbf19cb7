"""Compares what storage nodes are commanded with the fences that they have shown, and with what the metadata
still needs of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.records import METADATA
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import FIRST_INCARNATION, Member
from dynaproof.impl.paxos.messages.membership import CreateReplica, DropReplica
from dynaproof.impl.paxos.notes import Dropped
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.impl.storage_node.host import StorageNode
from dynaproof.impl.storage_node.messages import DropPartition, Fenced, NoRoom, RaiseFence
from dynaproof.specs import sometimes_of_regions
from dynaproof.specs.observe.impl import ImplObserver
from dynaproof.specs.observe.impl.place import given, sent
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.region import Doubled, FenceLowered, MadeUnrecorded, ObeyedOldTerm, RegionView


class CommandObserver:
    """Files facts about what nodes obey."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (Doubled, FenceLowered, MadeUnrecorded, ObeyedOldTerm)

    COMMANDS: ClassVar[frozenset[type[Any]]] = frozenset(
        (CreateReplica, DropReplica, DropPartition, RaiseFence)
    )
    """The commands of admins to storage nodes."""

    def __init__(
        self,
        region: RegionView,
        groups: Mapping[int, ImplObserver],
        is_needed: Callable[[int], bool],
        reach: Callable[[Sometimes], None],
    ) -> None:
        self.region = region
        self.groups = groups
        """The observers of all partitions."""
        self.is_needed = is_needed
        """Whether a partition is to stay, as the metadata has it."""
        self.reach = reach
        self.fences: dict[NodeId, int] = {}
        """By storage node and disk, the highest fence that it has shown."""
        self.named: Callable[[int, Member], bool] = lambda _partition, _member: True
        """Whether the metadata names a replica of a partition, or has no record of the partition."""
        self.refused: dict[tuple[int, Member], bool] = {}
        """Replicas for which a node had no room, each with its partition."""

    def commanded(self, place: Place, command: Any) -> None:
        """An admin has just given a storage node a command: one of an old term must be refused. Of the
        commands for partition 0, only fences are looked at.
        """
        if place.lane != METADATA or isinstance(command, RaiseFence):
            fence = self.fences.get(place.id, 0)
            if command.term < fence and not any(isinstance(message, Fenced) for message in sent(place)):
                self.region.file(ObeyedOldTerm(place.name, type(command).__name__, command.term, fence))
        if isinstance(command, CreateReplica):
            self.told_to_create(place, command)
        elif isinstance(command, DropPartition):
            self.told_to_drop(place)

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
        dropped = node.journal.was_dropped(place.lane) and command.member.node == place.id
        if dropped and node.journal.floor(place.lane) == command.member.incarnation:
            self.reach(sometimes_of_regions.LATE_CREATE)

    def handled(self, place: Place) -> None:
        """A handler of a storage node has run in the lane of a partition."""
        node = place.node
        if isinstance(node, StorageNode) and place.lane in node.making and place.lane in node.replicas:
            self.region.file(Doubled(place.lane, place.name))

    def told_to_drop(self, place: Place) -> None:
        """A storage node was told to drop a partition, and has. If the partition is to stay, this has dropped
        the replica that was there, or that its config has made there (rule M7), which has nothing any more.
        """
        node, group = place.node, self.groups.get(place.lane)
        assert isinstance(node, StorageNode)
        if group is None or not node.journal.buried(place.lane) or not self.is_needed(place.lane):
            return
        there = group.members.get(place.name)
        named = (voter for voter in group.config.voters if voter.node == place.id)
        for member in dict.fromkeys((there, *named)):
            if member is not None and member not in group.view.forgetful:
                group.on_dropped(place, Dropped(member))

    def has_refused(self, partition: int, member: Member) -> bool:
        """Whether a node had no room for a replica."""
        return (partition, member) in self.refused

    def fenced(self, place: Place, fence: int) -> None:
        """A node refuses a command because of its fence."""
        self.fences[place.id] = max(fence, self.fences.get(place.id, 0))

    def shown(self, place: Place, fence: int) -> None:
        """A node shows its fence, which never goes back."""
        if fence < self.fences.get(place.id, 0):
            self.region.file(FenceLowered(place.name, fence, self.fences[place.id]))
        self.fenced(place, fence)


def reads_little(router: RouterSettings) -> bool:
    """Whether a router may have no room for a part of what users ask for."""
    usual = RouterSettings()
    return router.batch_bytes < usual.batch_bytes or router.bytes_at_once < usual.bytes_at_once


def room_taken(place: Place) -> tuple[tuple[str, int, int], ...]:
    """How many replicas of tables a storage node hosts, and how many it may host (H12), if it was commanded
    to make one that needs room: the first voters of a child have it.
    """
    node, command = place.node, given(place)
    assert isinstance(node, StorageNode)
    if not isinstance(command, CreateReplica) or (
        command.parent and command.member.incarnation == FIRST_INCARNATION
    ):
        return ()
    there = sum(group != METADATA for group in (*node.replicas, *node.making))
    return (("replicas", there, node.settings.replicas_per_node),) if place.lane in node.making else ()

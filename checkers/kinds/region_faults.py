"""Faults that only a region has: a zone goes down, the active admin or the leader of the metadata crashes,
the active admin or the leader of a table's partition is cut off, a storage node is away when what it hosts is
deleted, or turns gray. None of them loses synced state.
"""

from __future__ import annotations

from typing import Any, ClassVar

from dynaproof.checkers.kinds.replica_faults import hosted, leading
from dynaproof.checkers.runs.fault import Falling, FaultKind, Ground
from dynaproof.checkers.runs.world_faults import (
    SLOWNESS,
    Cut,
    Stop,
    into,
    out_of,
    peers,
)
from dynaproof.checkers.world.place import Place
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.metadata.orders import DeleteTable
from dynaproof.impl.metadata.records import METADATA, PartitionWork, SplitRecord
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.router.router import Router
from dynaproof.impl.storage_node.host import StorageNode


class ZoneDown(FaultKind):
    """All nodes of a zone stop at once; they come back together. It waits until all nodes are up."""

    name = "zone down"
    sentence = "the zone of {} goes down"
    mend = "zone up"
    mend_sentence = "the zone of {} comes back"
    waits = True

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where no other zone is down."""
        return all(target.up for target in ground.targets)

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """Stop its nodes."""
        for target in ground.targets:
            if target.id.zone == place.id.zone and target.up:
                ground.world.crash(target, f"fault{number}/{target.name}")
        return self.name

    def mended(self, ground: Ground, place: Place, fault: Falling, number: int) -> None:
        """Start those that are down."""
        for target in ground.targets:
            if target.id.zone == place.id.zone and not target.up:
                ground.restart(target, f"fault{number}/disk")


class CrashOf(Stop):
    """The base of crashes of whoever plays a part."""

    def who(self, ground: Ground) -> Place | None:
        """The place that plays the part."""
        raise NotImplementedError

    def possible(self, ground: Ground, place: Place) -> bool:
        """If a node plays it."""
        return self.who(ground) is not None

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """Stop it; it is started again soon, by itself."""
        found = self.who(ground)
        assert found is not None
        ground.world.crash(found, f"fault{number}")
        if found is not place:
            ground.restart(found, f"fault{number}/disk")
        return self.name

    def pending(self, place: Place) -> bool:
        """Until the node is up."""
        return not place.up


class AdminCrash(CrashOf):
    """The active admin stops; where none is active, as soon as one is."""

    name = "crash of the active admin"
    sentence = "the active admin crashes"
    waits = True

    def who(self, ground: Ground) -> Place | None:
        """The first admin that believes itself active."""
        return active_admin(ground)


class AdminCrashAtStep(AdminCrash):
    """The base of crashes of the active admin between two steps of a workflow of a partition."""

    kind: ClassVar[type[PartitionWork]]
    step: ClassVar[str]

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where it drives one that is at that step."""
        return any(work.step == self.step for work in driven(ground, self.kind))


class MetadataLeaderCrash(CrashOf):
    """The leader of the metadata stops; where nobody leads it, as soon as somebody does."""

    name = "crash of the metadata's leader"
    sentence = "the leader of the metadata crashes"
    waits = True

    def who(self, ground: Ground) -> Place | None:
        """The first node that believes that it leads the metadata."""
        return next(
            (
                target
                for target in ground.targets
                if any(replica.group == METADATA for replica in leading(target))
            ),
            None,
        )


class CrashBesideLogReplica(CrashOf):
    """A leader stops whose partition has a voter without a tree: another one is elected beside that."""

    name = "crash of a leader beside a log replica"
    sentence = "a leader crashes, and one of its voters has no tree"

    def who(self, ground: Ground) -> Place | None:
        """The first that leads such a partition."""
        bare = without_trees(ground)
        return next(
            (
                target
                for target in ground.targets
                if any(voter in bare for replica in leading(target) for voter in replica.config.voters)
            ),
            None,
        )


def without_trees(ground: Ground) -> dict[Member, bool]:
    """The replicas without a tree, each with whether it is admitted."""
    return {
        replica.member: replica.admitted
        for target in ground.targets
        if target.up
        for replica in hosted(target)
        if not replica.full
    }


class CutOff(Cut):
    """The base of cuts around whoever plays a part when they fall."""

    def mended(self, ground: Ground, place: Place, fault: Falling, number: int) -> None:
        """Join the links that it has cut, whoever plays the part by now."""
        ground.join(list(ground.world.cut_links), number)


class AdminCut(CutOff):
    """The active admin and the metadata do not hear each other; routers and storage nodes hear both. So it
    goes on to take orders, and another admin becomes active beside it.
    """

    name = "cut of the active admin"
    sentence = "the active admin is cut off from the metadata"
    mend_sentence = "the admin that was active hears the metadata again"

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where one is active."""
        return active_admin(ground) is not None

    def links(self, ground: Ground, place: Place, fault: Falling) -> list[str]:
        """Between the admin and all hosts of the metadata, in both directions."""
        admin = active_admin(ground)
        metadata = [one for one in ground.targets if METADATA in {replica.group for replica in hosted(one)}]
        hosts = [one.name for one in metadata]
        return [] if admin is None else [*into(admin, hosts), *out_of(admin, hosts)]


class LeaderCut(CutOff):
    """The leader of a table's partition is cut off from all but the routers: it serves by its lease alone, to
    its end. Where a table is about to be deleted, it is a leader of that.
    """

    name = "cut of a leader"
    sentence = "the leader of a table's partition is cut off"
    mend_sentence = "the node that led a table's partition is heard again"

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where a table's partition is led."""
        return bool(table_leaders(ground))

    def links(self, ground: Ground, place: Place, fault: Falling) -> list[str]:
        """Of one of the nodes that lead one, in both directions, but for those to routers."""
        leaders = table_leaders(ground)
        if not leaders:
            return []
        leader = leaders[fault.amount % len(leaders)]
        places = ground.world.places
        others = [one for one in peers(ground, leader) if not isinstance(places[one].node, Router)]
        return [*into(leader, others), *out_of(leader, others)]


def active_admin(ground: Ground) -> Place | None:
    """The first admin that thinks it is active."""
    return next(
        (
            target
            for target in ground.targets
            if target.up and isinstance(target.node, Admin) and target.node.term.active
        ),
        None,
    )


def driven(ground: Ground, kind: type[PartitionWork]) -> list[Any]:
    """The workflows of partitions of a kind that the active admin drives."""
    place = active_admin(ground)
    if place is None or not isinstance(place.node, Admin):
        return []
    return [one.work for one in place.node.steps.of(kind)]


def table_leaders(ground: Ground) -> list[Place]:
    """The nodes that lead partitions of tables; if any partitions are about to be deleted, of those."""
    led = {target.name: [one.group for one in leading(target)] for target in ground.targets}
    leaders = [target for target in ground.targets if led[target.name] and METADATA not in led[target.name]]
    going = partitions_going(ground)
    return [target for target in leaders if any(group in going for group in led[target.name])] or leaders


def partitions_going(ground: Ground) -> list[int]:
    """The partitions of tables that the active admin is about to delete."""
    admin = active_admin(ground)
    if admin is None or not isinstance(admin.node, Admin):
        return []
    orders = admin.node.orders.under_way.values()
    going = [one.table for one in orders if isinstance(one.order.action, DeleteTable)]
    return [partition for table in going if table is not None for partition in table.partitions]


class AwayAtADelete(Stop):
    """A storage node stops that hosts a partition which is being deleted: the others are enough for that, and
    what it has is dropped when it comes back (A11).
    """

    name = "away at a delete"
    sentence = "{} crashes, and hosts what is being deleted"
    waits = True

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where it hosts some of that, and no other storage node is down."""
        going = partitions_dropped(ground)
        here = any(replica.group in going for replica in hosted(place))
        return here and all(target.up for target in ground.targets if isinstance(target.node, StorageNode))

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """Stop it."""
        ground.world.crash(place, f"fault{number}")
        return self.name


def partitions_dropped(ground: Ground) -> list[int]:
    """The partitions of tables that the active admin has the storage nodes drop."""
    admin = active_admin(ground)
    if admin is None or not isinstance(admin.node, Admin):
        return []
    deletes = [one.record for one in admin.node.workflows.known.values() if one.record.kind == "delete"]
    return [target.partition for record in deletes for target in record.targets]


class LeaderMute(CutOff):
    """Routers do not hear a leader whose partition is about to be split: it answers, and what it has done is
    asked again when its children have its keys.
    """

    name = "mute leader"
    sentence = "no router hears the leader of a partition that is to be split"
    mend_sentence = "routers hear the node that led a partition which was to be split"
    waits = True

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where one is to be split."""
        return bool(leaders_to_split(ground))

    def links(self, ground: Ground, place: Place, fault: Falling) -> list[str]:
        """From one of these to all routers."""
        leaders = leaders_to_split(ground)
        if not leaders:
            return []
        leader = leaders[fault.amount % len(leaders)]
        routers = [one.name for one in ground.world.places.values() if isinstance(one.node, Router)]
        return out_of(leader, routers)


def leaders_to_split(ground: Ground) -> list[Place]:
    """The leaders of the partitions that the active admin has them split."""
    admin = active_admin(ground)
    if admin is None or not isinstance(admin.node, Admin):
        return []
    going = [one.work.partition for one in admin.node.steps.of(SplitRecord) if one.work.step == "split"]
    return [target for target in ground.targets if any(replica.group in going for replica in leading(target))]


class GrayNode(Cut):
    """A node is slow, and some of the others do not hear it."""

    name = "gray node"
    sentence = "{} turns gray: slow, and not heard by some"
    mend = "healthy"
    mend_sentence = "{} is healthy again"
    certain = False

    def links(self, ground: Ground, place: Place, fault: Falling) -> list[str]:
        """To every other one of the nodes that faults hit, or from them."""
        others = [target.name for target in ground.targets if target is not place]
        some = others[fault.amount % 2 :: 2]
        return into(place, some) if fault.amount % 3 == 0 else out_of(place, some)

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """Cut the links, and slow the node down."""
        place.slow = SLOWNESS
        ground.lasts(number)
        return super().fall(ground, place, fault, number)

    def mended(self, ground: Ground, place: Place, fault: Falling, number: int) -> None:
        """Join the links; the node is as fast as before, unless another fault keeps it gray."""
        super().mended(ground, place, fault, number)
        if not any(other is place for other in ground.over(number)):
            place.slow = 1


ZONE_DOWN = ZoneDown()
ADMIN_CRASH = AdminCrash()
METADATA_LEADER_CRASH = MetadataLeaderCrash()
CRASH_BESIDE_LOG_REPLICA = CrashBesideLogReplica()
ADMIN_CUT = AdminCut()
LEADER_CUT = LeaderCut()
AWAY_AT_A_DELETE = AwayAtADelete()
GRAY_NODE = GrayNode()
LEADER_MUTE = LeaderMute()

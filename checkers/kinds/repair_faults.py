"""Faults that fall between the steps of a replacement: the admin that drives it stops; another disk is lost
while a voter is being repaired.
"""

from __future__ import annotations

from typing import ClassVar

from dynaproof.checkers.kinds.region_faults import (
    AdminCrashAtStep,
    CutOff,
    active_admin,
    driven,
    without_trees,
)
from dynaproof.checkers.kinds.replica_faults import hosted
from dynaproof.checkers.runs.fault import Falling, Ground
from dynaproof.checkers.runs.world_faults import LostDisk, into, out_of
from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.records import ReplacementRecord, Step
from dynaproof.impl.storage_node.host import StorageNode


class AdminCrashInReplacement(AdminCrashAtStep):
    """The base of crashes of the active admin between two steps of a replacement."""

    kind = ReplacementRecord
    step: ClassVar[Step]


class AdminCrashWhileCreated(AdminCrashInReplacement):
    """The new replica is to be there before it votes."""

    name = "crash of the admin while a learner is made"
    sentence = "the active admin crashes while the new replica of a replacement is made"
    step = "create"


class AdminCrashWhileReplaced(AdminCrashInReplacement):
    """The config that brings the new voter is not chosen, as far as the admin knows."""

    name = "crash of the admin while a voter is replaced"
    sentence = "the active admin crashes while the config is proposed that brings a voter"
    step = "replace"


class AdminCrashWhileVoterMade(AdminCrashInReplacement):
    """The new voter is chosen, and not there."""

    name = "crash of the admin while a voter is made"
    sentence = "the active admin crashes while a voter is made that is chosen"
    step = "make"


class AdminCrashWhileGivenUp(AdminCrashInReplacement):
    """The epoch is to be raised by which a replacement is void."""

    name = "crash of the admin while a replacement is given up"
    sentence = "the active admin crashes while a replacement is given up"
    step = "void"


class LostDiskBesideRepair(LostDisk):
    """A node loses its disk that has replicas, while a voter on another one is being repaired."""

    name = "lost disk beside a repair"
    sentence = "{} crashes and loses its disk while a voter on another node is repaired"
    waits = True

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where a repair is under way in which this node has no part."""
        node = place.node
        if not isinstance(node, StorageNode) or not node.replicas:
            return False
        return any(
            work.reason == "repair" and place.id.address not in (work.out.node.address, work.new.node.address)
            for work in driven(ground, ReplacementRecord)
        )


class LostDiskBesideLogReplica(LostDisk):
    """A node loses its disk, and with it a voter, when the one that replaces another voter of the partition
    is admitted, and still copies its tree: the others have to be enough.
    """

    name = "lost disk beside a log replica"
    sentence = "{} crashes and loses its disk, with a voter beside one that is admitted and has no tree"
    waits = True

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where a replica has a tree, and a voter of its partition has none and is admitted."""
        bare = without_trees(ground)
        return any(
            bare.get(voter, False)
            for replica in hosted(place)
            if replica.full
            for voter in replica.config.voters
        )


class LostDiskOfSuccessor(LostDisk):
    """A node loses its disk on which a replica is being made that has no vote yet: that is given up."""

    name = "lost disk of a successor"
    sentence = "{} crashes and loses its disk while a new replica is made there"
    waits = True

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where a replacement waits for a replica on this node."""
        return isinstance(place.node, StorageNode) and any(
            work.step in ("create", "replace") and work.new.node == place.id
            for work in driven(ground, ReplacementRecord)
        )


class SuccessorCut(CutOff):
    """The admin that drives a replacement and the node of the new replica do not hear each other: the step
    takes too long, or the node is taken for dead, and the replacement is given up.
    """

    name = "cut of a successor"
    sentence = "the active admin and the node on which a new replica is made do not hear each other"
    mend_sentence = "the active admin and the node on which a new replica was made hear each other again"
    waits = True

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where a replacement waits for its new replica."""
        return bool(awaited(ground))

    def links(self, ground: Ground, place: Place, fault: Falling) -> list[str]:
        """Between the admin and one of these nodes, in both directions."""
        admin, nodes = active_admin(ground), awaited(ground)
        if admin is None or not nodes:
            return []
        node = [nodes[fault.amount % len(nodes)]]
        return [*into(admin, node), *out_of(admin, node)]


def awaited(ground: Ground) -> list[str]:
    """The nodes on which replicas are made that are to be there before they vote."""
    return [work.new.node.name for work in driven(ground, ReplacementRecord) if work.step == "create"]


ADMIN_CRASH_WHILE_GIVEN_UP = AdminCrashWhileGivenUp()
ADMIN_CRASH_WHILE_VOTER_MADE = AdminCrashWhileVoterMade()
ADMIN_CRASHES_IN_REPLACEMENT = (
    AdminCrashWhileCreated(),
    AdminCrashWhileReplaced(),
    ADMIN_CRASH_WHILE_VOTER_MADE,
    ADMIN_CRASH_WHILE_VOTER_MADE,
)
"""While it goes on; twice the last one, because only repairs make a voter after it is chosen."""
LOST_DISK_BESIDE_REPAIR, LOST_DISK_OF_SUCCESSOR = LostDiskBesideRepair(), LostDiskOfSuccessor()
LOST_DISK_BESIDE_LOG_REPLICA = LostDiskBesideLogReplica()
SUCCESSOR_CUT = SuccessorCut()

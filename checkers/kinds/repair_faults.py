"""Faults that fall between the steps of a replacement: the admin that drives it stops; another disk is lost
while a voter is being repaired.
"""

from __future__ import annotations

from typing import ClassVar

from dynaproof.checkers.kinds.region_faults import AdminCrashAtStep, driven, without_trees
from dynaproof.checkers.kinds.replica_faults import hosted
from dynaproof.checkers.runs.fault import Ground
from dynaproof.checkers.runs.world_faults import LostDisk
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


ADMIN_CRASH_WHILE_GIVEN_UP = AdminCrashWhileGivenUp()
ADMIN_CRASHES_IN_REPLACEMENT = (
    AdminCrashWhileCreated(),
    AdminCrashWhileReplaced(),
    AdminCrashWhileVoterMade(),
    ADMIN_CRASH_WHILE_GIVEN_UP,
)
LOST_DISK_BESIDE_REPAIR, LOST_DISK_OF_SUCCESSOR = LostDiskBesideRepair(), LostDiskOfSuccessor()
LOST_DISK_BESIDE_LOG_REPLICA = LostDiskBesideLogReplica()

"""Faults that fall between the steps of a split: power fails while the children are made; the node that makes
them, or the admin that drives the split, stops; a node loses its disk while a split needs it.
"""

from __future__ import annotations

from typing import ClassVar

from dynaproof.checkers.kinds.making_stages import Stage, stages
from dynaproof.checkers.kinds.region_faults import AdminCrashAtStep, CrashOf, driven
from dynaproof.checkers.runs.fault import Falling, FaultKind, Ground
from dynaproof.checkers.runs.world_faults import LostDisk
from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.records import SplitRecord, SplitStep
from dynaproof.impl.storage_node.host import StorageNode


class PowerFailure(FaultKind):
    """The base of faults that stop all storage nodes at once while one of them makes a child of a split, and
    waits for a sync: what each has synced by then is all that is left. They come back together.
    """

    stage: ClassVar[Stage]
    """What that sync is to make durable."""
    mend = "power"
    mend_sentence = "all storage nodes have power again"
    waits = True

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where a node waits for that sync."""
        there = ground.targets
        return all(target.up for target in there) and any(self.stage in stages(target) for target in there)

    def fall(self, ground: Ground, place: Place, fault: Falling, number: int) -> str:
        """Stop the storage nodes."""
        for target in ground.targets:
            if isinstance(target.node, StorageNode) and target.up:
                ground.world.crash(target, f"fault{number}/{target.name}")
        return self.name

    def mended(self, ground: Ground, place: Place, fault: Falling, number: int) -> None:
        """Start those that are down."""
        for target in ground.targets:
            if isinstance(target.node, StorageNode) and not target.up:
                ground.restart(target, f"fault{number}/disk")


class PowerFailureAtCheckpoint(PowerFailure):
    """That of the parent's checkpoint."""

    name = "power failure at the checkpoint of a barrier"
    sentence = "all storage nodes lose power before a checkpoint at a barrier is durable"
    stage = "checkpoint"


class PowerFailureAtFiles(PowerFailure):
    """That of a child's files."""

    name = "power failure at the files of a child"
    sentence = "all storage nodes lose power before the files of a child are durable"
    stage = "files"


class PowerFailureAtMark(PowerFailure):
    """That of a child's mark."""

    name = "power failure at the mark of a child"
    sentence = "all storage nodes lose power before the mark of a child is durable"
    stage = "mark"


class MakerCrash(CrashOf):
    """A node that makes a child of a split stops."""

    name = "crash of a node that makes a child"
    sentence = "a node that makes a child crashes"
    waits = True

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where one does."""
        return bool(makers(ground))

    def who(self, ground: Ground) -> Place | None:
        """The last of those that do."""
        found = makers(ground)
        return found[-1] if found else None


def makers(ground: Ground) -> list[Place]:
    """The storage nodes that make a child, or know that they must."""
    return [
        target
        for target in ground.targets
        if target.up and isinstance(target.node, StorageNode) and target.node.maker.births
    ]


def split_at(ground: Ground, step: SplitStep) -> list[int]:
    """The partitions whose splits are at a step, as far as the active admin knows."""
    return [work.partition for work in driven(ground, SplitRecord) if work.step == step]


class AdminCrashInSplit(AdminCrashAtStep):
    """The base of crashes of the active admin between two steps of a split."""

    kind = SplitRecord
    step: ClassVar[SplitStep]


class AdminCrashWhileMade(AdminCrashInSplit):
    """The children are listed, and not all of them made."""

    name = "crash of the admin while children are made"
    sentence = "the active admin crashes while the children of a split are made"
    step = "made"


class AdminCrashWhileDropped(AdminCrashInSplit):
    """The parent is to be dropped."""

    name = "crash of the admin while a parent is dropped"
    sentence = "the active admin crashes while the parent of a split is dropped"
    step = "drop"


class LostDiskInSplit(LostDisk):
    """The base of lost disks of nodes that have a replica of a partition whose split is at a step."""

    step: ClassVar[SplitStep]
    waits = True

    def possible(self, ground: Ground, place: Place) -> bool:
        """Where there is such a replica."""
        node = place.node
        return isinstance(node, StorageNode) and any(
            partition in node.replicas for partition in split_at(ground, self.step)
        )


class LostDiskBeforeBarrier(LostDiskInSplit):
    """The barrier is not chosen, as far as the admin knows."""

    name = "lost disk before a barrier"
    sentence = "{} crashes and loses its disk while a partition there is to be split"
    step = "split"


class LostDiskWhileMade(LostDiskInSplit):
    """The children are listed, and not all of them made."""

    name = "lost disk while children are made"
    sentence = "{} crashes and loses its disk while the children of a split are made"
    step = "made"


class LostDiskWhileDropped(LostDiskInSplit):
    """The parent is to be dropped."""

    name = "lost disk while a parent is dropped"
    sentence = "{} crashes and loses its disk while the parent of a split is dropped"
    step = "drop"


POWER_FAILURES = (PowerFailureAtCheckpoint(), PowerFailureAtFiles(), PowerFailureAtMark())
MAKER_CRASH = MakerCrash()
ADMIN_CRASHES_IN_SPLIT = (AdminCrashWhileMade(), AdminCrashWhileDropped())
LOST_DISKS_IN_SPLIT = (LostDiskBeforeBarrier(), LostDiskWhileMade(), LostDiskWhileDropped())

"""What a node does for a partition that is split: it makes its part of the children once the barrier is in a
checkpoint, and keeps page files as long as one of them needs them (rules H3, H11, P3 and P6 of
docs/table.md).
"""

from __future__ import annotations

from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.paxos.service import Service
from dynaproof.impl.storage_node.lines import Lines
from dynaproof.impl.storage_node.making import Making


class Children(Service):
    """The service of one replica; see the module."""

    def __init__(self, replica: PartitionReplica, making: Making, lines: Lines) -> None:
        self.replica = replica
        self.making = making
        self.lines = lines

    def started(self) -> None:
        """A restart that finds the barrier in a checkpoint makes what is missing (H3)."""
        if self.replica.rooted:
            self.making.make_children(self.replica)

    def checkpointed(self) -> None:
        """The last checkpoint, or a copy of one (H3)."""
        if self.replica.rooted:
            self.making.make_children(self.replica)

    def tidied(self) -> None:
        """Something has come home (P6)."""
        self.lines.names(self.replica.group, self.replica.files_of_others())

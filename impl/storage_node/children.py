"""What a node does for a partition that is split: its part of the children is made once the barrier is in a
checkpoint, and page files stay as long as one of them needs them (rules H3, H11, P3 and P6 of docs/table.md).
"""

from __future__ import annotations

from typing import Protocol

from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.paxos.service import Service


class Parent(Protocol):
    """What this needs of the node."""

    def make_children(self, parent: PartitionReplica) -> None:
        """The lane's replica names a checkpoint at its barrier, durably with what is said from here on."""
        ...

    def names_files(self, replica: PartitionReplica) -> None:
        """The lane's replica may need fewer files of others."""
        ...


class Children(Service):
    """Of one replica."""

    def __init__(self, replica: PartitionReplica, node: Parent) -> None:
        self.replica = replica
        self.node = node

    def started(self) -> None:
        """A restart that finds the barrier in a checkpoint makes what is missing (H3)."""
        if self.replica.rooted:
            self.node.make_children(self.replica)

    def checkpointed(self) -> None:
        """The last checkpoint, or a copy of one."""
        if self.replica.rooted:
            self.node.make_children(self.replica)

    def tidied(self) -> None:
        """Something has come home."""
        self.node.names_files(self.replica)

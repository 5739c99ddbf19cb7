"""Bugs of durability: the journal, checkpoints, copies, and the gate before the network."""

from __future__ import annotations

from msgspec import structs

from checkers.mutation.bug import bug
from impl.node import NodeId
from impl.outbox import Outbox
from impl.storage.log import Head, ReplicationLog
from impl.storage.messages import CheckpointDurable, CheckpointWritten, CopiedItems, Snapshot
from impl.storage.records import StoredItem
from impl.storage.replica import Replica


@bug()
class SentAtSyncStart(Outbox):
    """A message is let out when the sync of what it tells has started, rather than ended."""

    __slots__ = ()

    def sync_started(self) -> None:
        super().sync_started()
        self.durable = self.written


@bug()
class CheckpointNamedTooSoon(Replica):
    """The log names a checkpoint before its items are durable."""

    def write_checkpoint(
        self, snapshot: Snapshot, items: list[tuple[bytes, StoredItem]], copied: bool
    ) -> None:
        super().write_checkpoint(snapshot, items, copied)
        self.on_checkpoint_written(
            self.member.node, CheckpointWritten(self.member, self.incarnation, snapshot.slot)
        )


@bug()
class LogCutBeforeCheckpoint(Replica):
    """The log is cut before the checkpoint that covers it is named durably."""

    def on_checkpoint_written(self, sender: NodeId, m: CheckpointWritten) -> None:
        super().on_checkpoint_written(sender, m)
        self.log.journal.confirm(self.log.journal.sequence)
        self.on_checkpoint_durable(sender, CheckpointDurable(self.member, self.incarnation, m.slot))


@bug()
class CopyLosesRequests(Replica):
    """A catch-up by copy loses the remembered request ids."""

    def install(self, snapshot: Snapshot, items: list[tuple[bytes, StoredItem]]) -> None:
        super().install(structs.replace(snapshot, remembered=()), items)


@bug()
class CopyFirstRunOnly(Replica):
    """A catch-up by copy installs the first run of items for all of them."""

    def on_copied_items(self, sender: NodeId, m: CopiedItems) -> None:
        super().on_copied_items(sender, structs.replace(m, last=True))


@bug()
class LogCutAboveCheckpoint(ReplicationLog):
    """A new segment begins above the commit index instead of behind its checkpoint."""

    def roll(self, head: Head) -> None:
        super().roll(structs.replace(head, first=max(head.first, self.commit + 1)))

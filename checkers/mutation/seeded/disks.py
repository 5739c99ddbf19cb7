"""Bugs of durability: the journal, checkpoints, copies, and the gate before the network."""

from __future__ import annotations

import msgspec
from msgspec import structs

from dynaproof.checkers.mutation.bug import bug
from dynaproof.impl.journal.frames import Scan, scan
from dynaproof.impl.journal.journal import Journal, Segment
from dynaproof.impl.node import NodeId
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.messages.readers import LogTrimmed, ReadLog
from dynaproof.impl.paxos.checkpoint import Copying, HeldLog
from dynaproof.impl.paxos.log import Head, ReplicationLog
from dynaproof.impl.paxos.messages.checkpoint import CheckpointDurable, CheckpointWritten
from dynaproof.impl.paxos.replica import Replica
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.pages import BranchPage, LeafPage, Page, PageRef, RottenPageError


@bug()
class SentAtSyncStart(Outbox):
    """A message is let out when the sync of what it tells has started, rather than ended."""

    __slots__ = ()

    def sync_started(self) -> None:
        super().sync_started()
        self.durable = self.written


@bug()
class CheckpointNamedTooSoon(Replica):
    """The log names a checkpoint before its pages are durable."""

    def write_checkpoint(self) -> None:
        super().write_checkpoint()
        slot = self.state.applied
        self.on_checkpoint_written(self.member.node, CheckpointWritten(self.member, self.incarnation, slot))


@bug()
class LogCutBeforeCheckpoint(Replica):
    """The log is cut before the checkpoint that covers it is named durably."""

    def on_checkpoint_written(self, sender: NodeId, m: CheckpointWritten) -> None:
        super().on_checkpoint_written(sender, m)
        self.log.journal.confirm(self.log.journal.sequence)
        self.on_checkpoint_durable(sender, CheckpointDurable(self.member, self.incarnation, m.slot))


@bug()
class CutPastCursors(Replica):
    """The log is cut past the slowest reader's cursor."""

    def cut_first(self, checkpoint: int) -> int:
        return max(self.log.first, checkpoint + 1 - self.settings.retained_slots)


@bug()
class HeldLogGivenUp(Replica):
    """A replica says that all below its checkpoint is gone, although some of it is held."""

    def on_read_log(self, sender: NodeId, m: ReadLog) -> None:
        snapshot, place = self.log.head.snapshot, m.cursor.committed_from
        if snapshot is not None and place <= snapshot.slot:
            self.env.send(m.reader, LogTrimmed(m.name, place, snapshot.slot + 1))
        else:
            super().on_read_log(sender, m)


@bug()
class CopyLosesRequests(Replica):
    """A catch-up by copy loses the remembered request ids."""

    def install(self, copying: Copying) -> None:
        copying.snapshot = structs.replace(copying.snapshot, remembered=())
        super().install(copying)


@bug()
class CopyWithoutLog(Replica):
    """A catch-up by copy brings the checkpoint only, and not the log that readers hold."""

    def install(self, copying: Copying) -> None:
        copying.log = HeldLog(copying.snapshot.slot + 1)
        super().install(copying)


@bug()
class CopyFirstPagesOnly(Replica):
    """A catch-up by copy installs the first pages for all of them."""

    def pages_are_whole(self, copying: Copying) -> bool:
        return True


@bug()
class LeaderInstallsCopy(Replica):
    """A copy that was on its way to the disk when its replica began to lead is installed all the same."""

    def copy_is_late(self, slot: int) -> bool:
        return slot <= self.log.commit


@bug()
class LogCutAboveCheckpoint(ReplicationLog):
    """A new segment begins above the commit index instead of behind its checkpoint."""

    def roll(self, head: Head) -> None:
        super().roll(structs.replace(head, first=max(head.first, self.commit + 1)))


def _checks_anything(_expected: int, _data: bytes) -> bool:
    return True


@bug()
class ChecksumNotChecked(Journal):
    """Recovery takes frames of the journal for whole whatever their checksums say."""

    @staticmethod
    def scan(data: bytes) -> Scan:
        return scan(data, _checks_anything)


@bug()
class PageChecksumNotChecked(BTree):
    """A page is taken for the one that is looked for, whatever its checksum and its parent's digest say."""

    def _read(self, ref: PageRef) -> Page:
        found = scan(self._disk.read_page(self.file, ref.page) or b"", _checks_anything)
        try:
            return msgspec.msgpack.decode(b"".join(found.payloads), type=LeafPage | BranchPage)
        except msgspec.MsgspecError as error:
            raise RottenPageError(f"page {ref.page} holds no page") from error


@bug()
class TailsLostTogether(Journal):
    """Recovery takes it that files lose their unsynced tails together: where a segment is there, those before
    it are whole.
    """

    @staticmethod
    def chain(found: dict[int, Segment], last: int) -> list[int] | None:
        return [number for number in sorted(found) if found[last].link.keeps <= number <= last]

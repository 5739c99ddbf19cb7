"""The learner: what is chosen is applied; a laggard catches up by log or by copy; the log is cut below
checkpoints.

*Invariants.* Slots are applied in order, as soon as they are known to be chosen. A checkpoint's pages are
durable before the log names it, and the log names it durably before anything that it covers is cut or freed.
Learning a record is a promise of the ballot at which the peer held it (rule 10, kept for every record, not
only for a `ConfigChange`).
"""

from __future__ import annotations

from typing import cast

from dynaproof.impl.node import NodeId
from dynaproof.impl.storage.btree import BTree
from dynaproof.impl.storage.core import Checkpoint, Copying, HeldLog, pages_file
from dynaproof.impl.storage.ids import Ballot, Member
from dynaproof.impl.storage.log import Head
from dynaproof.impl.storage.messages import (
    CheckpointDurable,
    CheckpointWritten,
    Chosen,
    CopiedLog,
    CopiedPages,
    CopyLog,
    CopyPages,
    Fetch,
    FetchTimer,
)
from dynaproof.impl.storage.pages import PageCopy, sound_page
from dynaproof.impl.storage.readers import Readers
from dynaproof.impl.storage.state import PartitionState


class Learner(Readers):
    """Applies, catches up, checkpoints."""

    tree_class = BTree

    # --- Learning what is chosen ---

    def commit_through(self, commit: int, ballot: Ballot) -> None:
        """The leader of `ballot` says that slots through `commit` are chosen: so are ours that it proposed
        here.
        """
        if self.log.last_accepted != ballot:
            return  # Our entries above the commit index are another leader's.
        through = min(commit, self.log.last)
        if through > self.log.commit:
            self.log.commit = through
            self.apply_chosen()

    def apply_chosen(self) -> None:
        """Apply every slot through the commit index."""
        log, state = self.log, self.state
        while state.applied < log.commit:
            record = log.record(state.applied + 1)
            answer = state.apply(record)
            if self.leading is not None:
                self.applied_own(record, answer)
        self.checkpoint_if_due()

    # --- Catching up ---

    def learn_from(self, member: object, commit: int) -> None:
        """Ask a peer for the chosen records above ours; one question at a time."""
        if commit <= self.log.commit or self.env.now < self.fetching_until or member == self.member:
            return
        peer = cast("Member", member)
        self.fetching_until = self.env.now + self.settings.retry_us
        self.tell(peer, Fetch(self.member, peer.incarnation, self.log.commit))

    def on_fetch_timer(self, timer: FetchTimer) -> None:
        """A replica that is not admitted asks all the others until it is."""
        if self.admitted:
            return
        self.env.set_timer(self.settings.retry_us, FetchTimer())
        for member in self.log.head.config.voters:
            if member != self.member:
                self.tell(member, Fetch(self.member, member.incarnation, self.log.commit))

    def on_fetch(self, sender: NodeId, m: Fetch) -> None:
        """Answer with chosen records, or with the start of a copy where the log is cut."""
        if m.known + 1 < self.log.first:
            self.send_pages(m.source, ())
            return
        last = min(self.log.commit, m.known + self.settings.chunk_slots)
        if last <= m.known:
            return
        first = m.known + 1
        ballots = tuple(self.log.ballot(slot) for slot in range(first, last + 1))
        records = self.log.between(first, last)
        self.tell(
            m.source, Chosen(self.member, m.source.incarnation, first, records, ballots, self.log.commit)
        )

    def on_chosen(self, sender: NodeId, m: Chosen) -> None:
        """Learn chosen records that continue ours, and ask for more."""
        through = m.first + len(m.records) - 1
        if m.first > self.log.commit + 1 or through <= self.log.commit or self.leading is not None:
            return
        skip = self.log.commit + 1 - m.first
        self.log.learn(m.first + skip, m.records[skip:], m.ballots[skip:])
        self.apply_chosen()
        self.fetching_until = 0
        self.learn_from(m.source, m.commit)

    # --- Copying ---

    def send_pages(self, member: Member, numbers: tuple[int, ...]) -> None:
        """Pages of the newest checkpoint: these, or its root to begin with."""
        snapshot, file = self.log.head.snapshot, self.log.head.pages
        if snapshot is None:
            return
        numbers = numbers[: self.settings.chunk_pages] or (snapshot.root.page,)
        pages = tuple((n, sound_page(n, self.env.disk.read_page(file, n))) for n in numbers)
        self.tell(member, CopiedPages(self.member, member.incarnation, snapshot, pages))

    def on_copy_pages(self, sender: NodeId, m: CopyPages) -> None:
        """The next pages of a copy; if there is a newer checkpoint by now, that one's from its start."""
        snapshot = self.log.head.snapshot
        if snapshot is not None:
            self.send_pages(m.source, m.pages if snapshot.root == m.root else ())

    def on_copied_pages(self, sender: NodeId, m: CopiedPages) -> None:
        """Gather a copy, page by page; install it when it is whole."""
        if m.snapshot.slot <= self.log.commit or self.leading is not None or self.checkpoint is not None:
            return
        copying = self.copying
        if copying is None or copying.source != m.source or copying.snapshot != m.snapshot:
            if copying is not None and copying.source != m.source and self.env.now < copying.until:
                return
            file = pages_file(self.incarnation, m.snapshot.slot)
            pages = PageCopy(self.env.disk, file, m.snapshot.root)
            copying = self.copying = Copying(m.source, m.snapshot, pages)
        taken = [copying.pages.take(number, data) for number, data in m.pages]
        if any(taken):
            copying.until = self.env.now + 4 * self.settings.retry_us
        if any(taken) or m.pages[0][0] == m.snapshot.root.page:
            self.go_on_copying(copying)

    def on_copy_log(self, sender: NodeId, m: CopyLog) -> None:
        """The next records of a copy; if there is a newer checkpoint by now, that one from its start."""
        snapshot, log = self.log.head.snapshot, self.log
        if snapshot is None:
            return
        if snapshot.slot != m.slot:
            self.send_pages(m.source, ())
            return
        first = max(m.first, log.first)  # What is cut by now is not held any more.
        last = min(m.slot, first + self.settings.chunk_slots - 1)
        ballots = tuple(log.ballot(slot) for slot in range(first, last + 1))
        self.tell(
            m.source,
            CopiedLog(
                self.member,
                m.source.incarnation,
                m.slot,
                m.first,
                first,
                log.between(first, last),
                ballots,
            ),
        )

    def on_copied_log(self, sender: NodeId, m: CopiedLog) -> None:
        """Gather the held log of a copy, in order; where the peer's begins above our place, begin there."""
        copying = self.copying
        if copying is None or copying.source != m.source or copying.snapshot.slot != m.slot:
            return
        if self.copy_is_late(m.slot) or self.checkpoint is not None:
            return
        if m.asked != copying.log.next:
            return  # A late answer: taken already, or to what an earlier copy asked.
        if m.first > m.asked:
            copying.log = HeldLog(m.first)
        copying.log.records += m.records
        copying.log.ballots += m.ballots
        copying.until = self.env.now + 4 * self.settings.retry_us
        self.go_on_copying(copying)

    def go_on_copying(self, copying: Copying) -> None:
        """Ask for what a copy still lacks, pages first, then the held log; install it when it is whole."""
        to, snapshot = copying.source, copying.snapshot
        if not self.pages_are_whole(copying):
            wanted = copying.pages.wanted(self.settings.chunk_pages)
            self.tell(to, CopyPages(self.member, to.incarnation, snapshot.root, wanted))
        elif copying.log.next <= snapshot.slot:
            self.tell(to, CopyLog(self.member, to.incarnation, snapshot.slot, copying.log.next))
        else:
            self.copying = None
            self.install(copying)

    def pages_are_whole(self, copying: Copying) -> bool:
        """Whether every page below the root is here."""
        return not copying.pages.missing

    def install(self, copying: Copying) -> None:
        """A copied state becomes ours when its pages are durable; a message to itself tells that."""
        snapshot, mark = copying.snapshot, self.log.journal.sequence
        self.checkpoint = Checkpoint(snapshot, copying.pages.file, copied=copying.log, mark=mark)
        self.tell(self.member, CheckpointWritten(self.member, self.incarnation, snapshot.slot))

    def copy_is_late(self, slot: int) -> bool:
        """Whether a copied state is not needed any more: its slots are known chosen, or this replica leads.

        A leader has them in its batch, and does something for each that it counts chosen: under a copied
        config it would never propose again, and one that it was retired by would not end its leadership.
        """
        return slot <= self.log.commit or self.leading is not None

    # --- Checkpoints and cutting ---

    def checkpoint_if_due(self) -> None:
        """Write a checkpoint when enough slots were applied since the last."""
        snapshot = self.log.head.snapshot
        covered = 0 if snapshot is None else snapshot.slot
        if self.checkpoint is None and self.state.applied - covered >= self.settings.checkpoint_slots:
            self.write_checkpoint()

    def write_checkpoint(self) -> None:
        """Write the changed pages; a message to itself tells when they are durable."""
        snapshot = self.state.checkpoint(self.log.ballot(self.state.applied))
        mark = self.log.journal.sequence
        self.checkpoint = Checkpoint(snapshot, self.state.items.file, copied=None, mark=mark)
        self.tell(self.member, CheckpointWritten(self.member, self.incarnation, snapshot.slot))

    def on_checkpoint_written(self, sender: NodeId, m: CheckpointWritten) -> None:
        """The pages are durable: begin a segment that names their root, and cut the log below what laggards
        may ask for.
        """
        checkpoint = self.checkpoint
        if checkpoint is None or checkpoint.named or checkpoint.snapshot.slot != m.slot:
            return
        self.log.journal.confirm(checkpoint.mark)
        log, copied = self.log, checkpoint.copied
        if copied is not None:
            if self.copy_is_late(m.slot):
                self.checkpoint = None
                return
            self.reached("catch-up by copy")
            page_bytes = self.settings.page_bytes
            items = self.tree_class.open(
                self.env.disk, checkpoint.pages, checkpoint.snapshot.root, page_bytes
            )
            self.state = PartitionState.restore(checkpoint.snapshot, items)
            if copied.records:
                self.reached("held log brought by a copy")
            first = max(log.first, copied.first)
            records, ballots = tuple(copied.records), tuple(copied.ballots)
        else:
            first, records, ballots = self.cut_first(m.slot), (), ()
        log.roll(
            Head(
                self.member,
                log.head.config,
                log.head.config_slot,
                max(log.promised, checkpoint.snapshot.ballot, *ballots),  # Learning is a promise (rule 10).
                log.last_accepted,
                first,
                max(log.commit, m.slot),
                checkpoint.snapshot,
                checkpoint.pages,
                copied=copied is not None,
                records=records,
                ballots=ballots,
            )
        )
        checkpoint.mark, checkpoint.named = log.journal.sequence, True
        self.tell(self.member, CheckpointDurable(self.member, self.incarnation, m.slot))

    def on_checkpoint_durable(self, sender: NodeId, m: CheckpointDurable) -> None:
        """The log names the checkpoint durably: what it replaces may go."""
        checkpoint = self.checkpoint
        if checkpoint is None or not checkpoint.named or checkpoint.snapshot.slot != m.slot:
            return
        self.log.journal.confirm(checkpoint.mark)
        self.checkpoint = None
        self.log.drop_unneeded()
        self.state.items.confirm()
        copied = self.copying.pages.file if self.copying is not None else ""
        for name in self.env.disk.files(f"items/{self.incarnation:06d}/"):
            if name not in {self.log.head.pages, copied}:
                self.env.disk.remove_file(name)

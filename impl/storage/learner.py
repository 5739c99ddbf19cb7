"""The learner: what is chosen is applied; a laggard catches up by log or by copy; the log is cut below
checkpoints.

*Invariants.* Slots are applied in order, as soon as they are known to be chosen. A checkpoint's items are
durable before the log names it, and the log names it durably before anything that it covers is cut. Learning
a record is a promise of the ballot at which the peer held it (rule 10, kept for every record, not only for a
`ConfigChange`).
"""

from __future__ import annotations

from typing import cast

import msgspec

from impl.node import NodeId
from impl.storage.core import Checkpoint
from impl.storage.frames import encode_frame, scan
from impl.storage.ids import Ballot, Member
from impl.storage.log import Head
from impl.storage.messages import (
    CheckpointDurable,
    CheckpointWritten,
    Chosen,
    CopiedItems,
    CopyItems,
    Fetch,
    FetchTimer,
    Snapshot,
)
from impl.storage.records import StoredItem
from impl.storage.serving import Serving
from impl.storage.state import PartitionState

ITEMS_PER_PAGE = 32

encode_items = msgspec.msgpack.Encoder().encode
decode_items = msgspec.msgpack.Decoder(list[tuple[bytes, StoredItem]]).decode


class Learner(Serving):
    """Applies, catches up, checkpoints."""

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
            self.send_copy(m.source, b"")
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

    def send_copy(self, member: Member, after: bytes) -> None:
        """One run of items of the newest checkpoint, in key order."""
        snapshot = self.log.head.snapshot
        if snapshot is None:
            return
        pages = self.env.disk.pages(self.log.head.items)
        items: list[tuple[bytes, StoredItem]] = []
        taken = 0
        for index, page in enumerate(pages):
            run = self.read_items(self.log.head.items, page)
            if run and run[-1][0] > after:
                items.extend(run)
                taken += 1
            if taken == self.settings.chunk_pages or index + 1 == len(pages):
                last = index + 1 == len(pages)
                break
        else:
            last = True
        self.tell(member, CopiedItems(self.member, member.incarnation, snapshot, after, tuple(items), last))

    def on_copy_items(self, sender: NodeId, m: CopyItems) -> None:
        """The next run of a copy; of a newer checkpoint, from its start, if there is one by now."""
        snapshot = self.log.head.snapshot
        if snapshot is not None:
            self.send_copy(m.source, m.after if snapshot.slot == m.slot else b"")

    def on_copied_items(self, sender: NodeId, m: CopiedItems) -> None:
        """Gather a copy, run by run; install it when it is whole."""
        slot = m.snapshot.slot
        if slot <= self.log.commit or self.leading is not None or self.checkpoint is not None:
            return
        if m.after == b"":
            self.copy_slot, self.copy_after, self.copied = slot, b"", []
        if slot != self.copy_slot or m.after != self.copy_after:
            return
        self.copied.extend(m.items)
        if m.last:
            self.install(m.snapshot, self.copied)
            self.copied, self.copy_slot = [], 0
            return
        self.copy_after = m.items[-1][0]
        self.tell(m.source, CopyItems(self.member, m.source.incarnation, slot, self.copy_after))

    def install(self, snapshot: Snapshot, items: list[tuple[bytes, StoredItem]]) -> None:
        """Write a copied state down; it becomes ours when its items are durable."""
        self.write_checkpoint(snapshot, items, copied=True)

    # --- Checkpoints and cutting ---

    def checkpoint_if_due(self) -> None:
        """Write a checkpoint when enough slots were applied since the last."""
        snapshot = self.log.head.snapshot
        covered = 0 if snapshot is None else snapshot.slot
        slot = self.state.applied
        if self.checkpoint is None and slot - covered >= self.settings.checkpoint_slots:
            ballot = self.log.ballot(slot)
            self.write_checkpoint(self.state.snapshot(ballot), list(self.state.items.items()), copied=False)

    def write_checkpoint(
        self, snapshot: Snapshot, items: list[tuple[bytes, StoredItem]], copied: bool
    ) -> None:
        """Write the items; a message to itself tells when they are durable."""
        name = f"items/{self.incarnation:06d}/{snapshot.slot:012d}"
        for page, start in enumerate(range(0, max(1, len(items)), ITEMS_PER_PAGE)):
            data = encode_frame(1, page, encode_items(items[start : start + ITEMS_PER_PAGE]))
            self.env.disk.write_page(name, page, data)
        self.checkpoint = Checkpoint(snapshot, name, items if copied else None, self.log.journal.sequence)
        self.tell(self.member, CheckpointWritten(self.member, self.incarnation, snapshot.slot))

    def on_checkpoint_written(self, sender: NodeId, m: CheckpointWritten) -> None:
        """The items are durable: begin a segment that names them, and cut the log below what laggards may ask
        for.
        """
        checkpoint = self.checkpoint
        if checkpoint is None or checkpoint.named or checkpoint.snapshot.slot != m.slot:
            return
        self.log.journal.confirm(checkpoint.mark)
        log, first = self.log, max(self.log.first, m.slot + 1 - self.settings.retained_slots)
        if checkpoint.copied is not None:
            if m.slot <= log.commit:
                self.checkpoint = None
                return
            self.reached("catch-up by copy")
            self.state = PartitionState.restore(checkpoint.snapshot, checkpoint.copied)
            first = m.slot + 1
        log.roll(
            Head(
                self.member,
                log.head.config,
                log.head.config_slot,
                max(log.promised, checkpoint.snapshot.ballot),  # Learning is a promise (rule 10).
                log.last_accepted,
                first,
                max(log.commit, m.slot),
                checkpoint.snapshot,
                checkpoint.items,
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
        for name in self.env.disk.files(f"items/{self.incarnation:06d}/"):
            if name != self.log.head.items:
                self.env.disk.remove_file(name)

    def read_items(self, name: str, page: int) -> list[tuple[bytes, StoredItem]]:
        """One page of a checkpoint's items; empty where the page is damaged (recovery refuses such a
        replica).
        """
        return read_items(self.env.disk.read_page(name, page)) or []


def read_items(data: bytes | None) -> list[tuple[bytes, StoredItem]] | None:
    """The items of a page, or None if it is missing or damaged."""
    found = scan(data or b"")
    return decode_items(found.payloads[0]) if found.tail == "clean" and found.payloads else None

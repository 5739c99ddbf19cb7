"""Catching up: a laggard learns chosen records from a peer, or copies its checkpoint where its log is cut.

*Invariants.* What a copy brings is verified page by page, and is whole or is not installed. The part of the
peer's log that readers hold comes with it. A leader installs no copy.
"""

from __future__ import annotations

from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.checkpoint import Checkpoint, Copy, HeldLog, pages_file
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.learner import Learner
from dynaproof.impl.paxos.messages.catch_up import (
    Chosen,
    CopiedLog,
    CopiedPages,
    CopyLog,
    CopyPages,
    Fetch,
    FetchTimer,
)
from dynaproof.impl.paxos.messages.checkpoint import CheckpointWritten
from dynaproof.impl.paxos.state_machine import State
from dynaproof.impl.tree.pages import PageCopy, sound_page


class CatchUp(Learner[State]):
    """Asks peers for what is chosen, and answers them."""

    # --- By log ---

    def on_fetch_timer(self, timer: FetchTimer) -> None:
        """A replica that is not admitted asks all the others until it is."""
        if self.admitted:
            return
        self.env.set_timer(self.settings.retry_us, FetchTimer())
        for member in self.log.head.config.voters:
            if member != self.member:
                self.send(member, Fetch(self.member, member.incarnation, self.log.commit))

    def on_fetch(self, sender: NodeId, m: Fetch) -> None:
        """Answer with chosen records, or with the start of a copy where the log is cut."""
        if m.known + 1 < self.log.first:
            self.send_pages(m.source, ())
            return
        last = min(self.log.commit, m.known + self.settings.chunk_slots)
        if last <= m.known:
            return
        first = m.known + 1
        held_at = tuple(self.log.slot_held_at(slot) for slot in range(first, last + 1))
        records = self.log.between(first, last)
        self.send(
            m.source, Chosen(self.member, m.source.incarnation, first, records, held_at, self.log.commit)
        )

    def on_chosen(self, sender: NodeId, m: Chosen) -> None:
        """Learn chosen records that continue ours, and ask for more."""
        through = m.first + len(m.records) - 1
        if m.first > self.log.commit + 1 or through <= self.log.commit or self.leading is not None:
            return
        skip = self.log.commit + 1 - m.first
        self.log.learn(m.first + skip, m.records[skip:], m.held_at[skip:])
        self.apply_chosen()
        self.fetching_until = 0
        self.learn_from(m.source, m.commit)

    # --- By copy ---

    def send_pages(self, member: Member, numbers: tuple[int, ...]) -> None:
        """Pages of the newest checkpoint: these, or its roots to begin with."""
        snapshot, file = self.log.head.snapshot, self.log.head.pages
        if snapshot is None:
            return
        numbers = numbers[: self.settings.chunk_pages] or tuple(root.page for root in snapshot.roots)
        pages = tuple((n, sound_page(n, self.env.disk.read_page(file, n))) for n in numbers)
        self.send(member, CopiedPages(self.member, member.incarnation, snapshot, pages))

    def on_copy_pages(self, sender: NodeId, m: CopyPages) -> None:
        """The next pages of a copy; if there is a newer checkpoint by now, that one's from its start."""
        snapshot = self.log.head.snapshot
        if snapshot is not None:
            self.send_pages(m.source, m.pages if snapshot.roots == m.roots else ())

    def on_copied_pages(self, sender: NodeId, m: CopiedPages) -> None:
        """Gather a copy, page by page; install it when it is whole."""
        if m.snapshot.slot <= self.log.commit or self.leading is not None or self.checkpoint is not None:
            return
        if len(m.snapshot.roots) != len(self.state.codecs):
            return  # Not a state of ours.
        copy = self.copy
        if copy is None or copy.source != m.source or copy.snapshot != m.snapshot:
            if copy is not None and copy.source != m.source and self.env.now < copy.until:
                return
            file = pages_file(self.incarnation, m.snapshot.slot)
            pages = PageCopy(self.env.disk, file, m.snapshot.roots)
            copy = self.copy = Copy(m.source, m.snapshot, pages)
        taken = [copy.pages.take(number, data) for number, data in m.pages]
        if any(taken):
            copy.until = self.env.now + 4 * self.settings.retry_us
        if any(taken) or m.pages[0][0] == m.snapshot.roots[0].page:
            self.go_on_copy(copy)

    def on_copy_log(self, sender: NodeId, m: CopyLog) -> None:
        """The next records of a copy; if there is a newer checkpoint by now, that one from its start."""
        snapshot, log = self.log.head.snapshot, self.log
        if snapshot is None:
            return
        if snapshot.slot != m.slot:
            self.send_pages(m.source, ())
            return
        first = max(m.first, log.first)  # What has been cut by now is no longer held.
        last = min(m.slot, first + self.settings.chunk_slots - 1)
        held_at = tuple(log.slot_held_at(slot) for slot in range(first, last + 1))
        self.send(
            m.source,
            CopiedLog(
                self.member,
                m.source.incarnation,
                m.slot,
                m.first,
                first,
                log.between(first, last),
                held_at,
            ),
        )

    def on_copied_log(self, sender: NodeId, m: CopiedLog) -> None:
        """Gather the held log of a copy, in order; where the peer's begins above our place, begin there."""
        copy = self.copy
        if copy is None or copy.source != m.source or copy.snapshot.slot != m.slot:
            return
        if self.copy_is_late(m.slot) or self.checkpoint is not None:
            return
        if m.asked != copy.log.next:
            return  # A late answer: taken already, or to a question of an earlier copy.
        if m.first > m.asked:
            copy.log = HeldLog(m.first)
        copy.log.records += m.records
        copy.log.held_at += m.held_at
        copy.until = self.env.now + 4 * self.settings.retry_us
        self.go_on_copy(copy)

    def go_on_copy(self, copy: Copy) -> None:
        """Ask for what a copy still lacks, pages first, then the held log; install it when it is whole."""
        to, snapshot = copy.source, copy.snapshot
        if copy.pages.missing:
            wanted = copy.pages.wanted(self.settings.chunk_pages)
            self.send(to, CopyPages(self.member, to.incarnation, snapshot.roots, wanted))
        elif copy.log.next <= snapshot.slot:
            self.send(to, CopyLog(self.member, to.incarnation, snapshot.slot, copy.log.next))
        else:
            self.copy = None
            self.install(copy)

    def install(self, copy: Copy) -> None:
        """Adopt a copied state once its pages are durable, which a message to itself reports."""
        snapshot, mark = copy.snapshot, self.log.journal.sequence
        self.checkpoint = Checkpoint(snapshot, copy.pages.file, copied=copy.log, mark=mark)
        self.send(self.member, CheckpointWritten(self.member, self.incarnation, snapshot.slot))

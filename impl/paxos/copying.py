"""Catching up by copy: a source holds a checkpoint for a laggard, which takes it page by page.

*Invariants.* A copy is verified page by page, and installed only when whole; it is of one checkpoint,
whichever views its pages came from. The part of the source's log that readers hold comes with it, and the log
above is held for the copier until it is level (`views.py`). A leader installs no copy. No message is larger
than `message_bytes`, or than one page or record if that is more, and the work for each is bounded likewise.
"""

from __future__ import annotations

from msgspec import structs

from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.checkpoint import Checkpoint, Copied, Copy, HeldLog
from dynaproof.impl.paxos.files import pages_file
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.learner import Learner
from dynaproof.impl.paxos.messages.catch_up import (
    CopiedLog,
    CopiedPages,
    CopyLater,
    CopyLog,
    CopyOffer,
    CopyPages,
    CopyTimer,
    CopyWanted,
    ViewTimer,
)
from dynaproof.impl.paxos.messages.checkpoint import CheckpointWritten
from dynaproof.impl.paxos.sizes import BALLOT_BYTES
from dynaproof.impl.paxos.state_machine import State
from dynaproof.impl.tree.page_copy import PageCopy
from dynaproof.impl.tree.pages import sound_page


class Copying(Learner[State]):
    """Offers copies, and makes them."""

    # --- The source ---

    def on_copy_wanted(self, sender: NodeId, m: CopyWanted) -> None:
        """Offer a log replica a checkpoint that its log continues, and make one where none is new enough
        (rule M5).
        """
        snapshot = self.log.head.snapshot
        if self.full and self.state.applied >= max(1, m.first - 1):
            if (snapshot is None or snapshot.slot + 1 < m.first) and self.checkpoint is None:
                self.write_checkpoint()
            self.offer_copy(m.source, m.first - 2, bare=True)

    def offer_copy(self, member: Member, known: int, bare: bool = False) -> None:
        """Hold a checkpoint for a replica that knows slots only through `known`, or say when to come back.
        `bare`: it has the log above, but no tree.
        """
        snapshot, now = self.log.head.snapshot, self.env.now
        view = None
        if snapshot is not None and self.full:
            view = self.views.offer(member, known, snapshot, self.state.pages, now, bare)
        wait = self.views.lapses_in(now)
        if view is None:
            self.send(member, CopyLater(self.member, member.incarnation, wait))
            return
        self.env.set_timer(wait, ViewTimer())
        self.send(member, CopyOffer(self.member, member.incarnation, view.number, view.snapshot))

    def on_copy_pages(self, sender: NodeId, m: CopyPages) -> None:
        """Send as many of the requested pages of a view as fit a message."""
        view = self.views.asked(m.source, m.view, self.env.now)
        if view is None:
            self.send(m.source, CopyLater(self.member, m.source.incarnation, 0))
            return
        pages: list[tuple[int, bytes]] = []
        size = 0
        for number in m.pages[: self.settings.chunk_pages]:
            data = sound_page(number, view.pages.read_bytes(number))
            size += len(data)
            if pages and size > self.settings.records_bytes:
                break
            pages.append((number, data))
        left_out = m.pages[len(pages) :]
        self.send(m.source, CopiedPages(self.member, m.source.incarnation, m.view, tuple(pages), left_out))

    def on_copy_log(self, sender: NodeId, m: CopyLog) -> None:
        """Send the next records that readers hold of the log below a view."""
        view, log = self.views.asked(m.source, m.view, self.env.now), self.log
        if view is None:
            self.send(m.source, CopyLater(self.member, m.source.incarnation, 0))
            return
        first = max(m.first, min(log.first, view.snapshot.slot + 1))  # What has been cut by now is not held.
        records, held_at = self.in_message(first, view.snapshot.slot, BALLOT_BYTES)
        self.send(
            m.source,
            CopiedLog(self.member, m.source.incarnation, m.view, m.first, first, records, held_at),
        )

    def on_view_timer(self, timer: ViewTimer) -> None:
        """Stop holding anything for copiers that make no progress."""
        self.lapse_views()
        self.remove_unneeded_files()
        if self.views.copiers:
            self.env.set_timer(self.views.lapses_in(self.env.now), ViewTimer())

    # --- The copier ---

    def on_copy_offer(self, sender: NodeId, m: CopyOffer) -> None:
        """Begin a copy, or go on with one from another view: where the source no longer has its view, or is
        silent.
        """
        copy = self.copy
        if self.copy_is_late(m.snapshot.slot) or self.installing:
            return
        if len(m.snapshot.roots) != len(self.state.codecs):
            return  # Of a state machine that this code does not know.
        if copy is None:
            file = self.unused_file(m.snapshot.slot)
            pages = PageCopy(self.env.disk, file, self.settings.page_bytes, self.settings.digests_kept)
            copy = self.copy = Copy(pages, m)
        elif (copy.source, copy.view) != (m.source, m.view):
            other = copy.source != m.source or m.view < copy.view
            if other and self.env.now < copy.until:
                return
            copy.begin(m)
            self.reached("copy went on from another view")
        self.heard_of_copy(copy)
        self.env.set_timer(self.settings.retry_us, CopyTimer())
        self.go_on_copy(copy)

    def unused_file(self, number: int) -> str:
        """A file for the pages of a copy, of this number unless it is in use. A copy that went on from
        another view lies in a file of the number with which it began, and the next copy may begin with the
        same number.
        """
        used = (self.log.head.pages, self.state.pages.name, *(pages.name for pages in self.upkeep.replaced))
        while (file := pages_file(self.group, self.incarnation, number)) in used:
            number += 1
        return file

    def on_copy_later(self, sender: NodeId, m: CopyLater) -> None:
        """The source has no view for this replica, or not the one that it copies from."""
        copy, now = self.copy, self.env.now
        if copy is not None and copy.source == m.source:
            copy.until = now
        if not self.full:
            return  # What it lacks of the log is fetched all the same; for a copy it asks by its timer.
        self.fetching_until = now + min(m.after_us, self.settings.view_us)
        if not m.after_us:
            self.learn_from(m.source, self.log.commit + 1)

    def on_copied_pages(self, sender: NodeId, m: CopiedPages) -> None:
        """Gather a copy, page by page."""
        copy = self.copy_from(m.source, m.view)
        if copy is None:
            return
        for number, data in m.pages:
            if not copy.pages.take(number, data):
                break
        copy.pages.ask_again(m.left_out)
        self.heard_of_copy(copy)
        self.go_on_copy(copy)

    def on_copied_log(self, sender: NodeId, m: CopiedLog) -> None:
        """Gather the held log of a copy, in order; where the source's begins above our place, begin there."""
        copy = self.copy_from(m.source, m.view)
        if copy is None or m.asked != copy.log.next or m.first + len(m.records) > copy.snapshot.slot + 1:
            return  # A late answer: taken already, or to a question of an earlier copy.
        if m.first > m.asked:
            copy.log = HeldLog(m.first)
        if m.records:
            self.log.bring(m.first, m.records, m.held_at)
            copy.log.came(m.held_at)
        copy.log_asked = False
        self.heard_of_copy(copy)
        self.go_on_copy(copy)

    def on_copy_timer(self, timer: CopyTimer) -> None:
        """Ask again for what did not come; ask all others once the source has been silent for long. A log
        replica goes on asking until it has a tree.
        """
        copy, now = self.copy, self.env.now
        if copy is not None and self.copy_is_late(copy.snapshot.slot):
            self.give_up_copy()
            copy = None
        if copy is None and self.full:
            return
        self.env.set_timer(self.settings.retry_us, CopyTimer())
        if not self.full and not self.copying:
            self.want_copy()
        elif copy is None:
            return
        elif now >= copy.until and self.admitted:
            for member in self.others():
                self.fetch(member)
        elif now < copy.until and now - copy.heard_at >= self.settings.retry_us:
            copy.pages.ask_again(tuple(copy.pages.asked))
            copy.log_asked = False
            self.go_on_copy(copy)

    def want_copy(self) -> None:
        """Ask a voter for a tree: any of the others, since all of them have one (rule M5)."""
        others = self.others()
        if others and not self.installing:
            source = others[self.env.random("source", len(others))]
            self.send(source, CopyWanted(self.member, source.incarnation, self.log.first))

    def copy_from(self, source: Member, view: int) -> Copy | None:
        """The copy under way, if it is of this view, and still needed."""
        copy = self.copy
        if copy is None or copy.source != source or copy.view != view:
            return None
        if self.copy_is_late(copy.snapshot.slot):
            self.give_up_copy()
        return self.copy

    def give_up_copy(self) -> None:
        """The copy under way is no longer needed, nor is its file: the next checkpoint may be far."""
        self.copy = None
        self.remove_unneeded_files()

    def heard_of_copy(self, copy: Copy) -> None:
        """The source answers: go on asking it, and no other."""
        copy.heard_at = self.env.now
        copy.until = self.env.now + 4 * self.settings.retry_us

    def go_on_copy(self, copy: Copy) -> None:
        """Ask for what a copy still lacks, a few messages at a time; install it when it is whole."""
        to, pages, settings = copy.source, copy.pages, self.settings
        most = settings.chunk_pages * settings.copy_messages
        while numbers := pages.ask(min(settings.chunk_pages, most - len(pages.asked))):
            self.send(to, CopyPages(self.member, to.incarnation, copy.view, numbers))
        if copy.log.next <= copy.snapshot.slot:
            if not copy.log_asked:
                copy.log_asked = True
                self.send(to, CopyLog(self.member, to.incarnation, copy.view, copy.log.next))
        elif pages.whole and self.checkpoint is None:
            self.copy = None
            self.install(copy)

    def install(self, copy: Copy) -> None:
        """Adopt a copied state once its pages are durable, which a message to itself reports."""
        snapshot = structs.replace(copy.snapshot, roots=tuple(copy.pages.roots))
        copied, mark = Copied(copy.source, copy.log), self.log.journal.sequence
        self.checkpoint = Checkpoint(self.upkeep.next_checkpoint(), snapshot, copy.pages.file, copied, mark)
        self.send(self.member, CheckpointWritten(self.member, self.incarnation, self.checkpoint.number))

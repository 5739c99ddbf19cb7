"""What a source holds for those that copy from it: checkpoints with their pages, and its log above them.

Under load the next checkpoint is made long before a copy of the last one is done. So a source opens a *view*
of the checkpoint that it offers: the pages below its roots are not freed, and the log above its slot is not
cut, until the copier has both. Soft state: a restart ends all views, and a copier that asks for one that has
ended is offered the newest checkpoint, for which it uses the pages that it already has.

*Invariants.* A view is open as long as somebody copies from it. A copier that says nothing for `view_us`, or
for which more than `view_bytes` of pages, or of the log, are held, is forgotten. At most `views` are open; a
copier that comes while they are shares the newest.
"""

from __future__ import annotations

from collections.abc import Callable

from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.settings import GroupSettings
from dynaproof.impl.paxos.snapshot import Snapshot
from dynaproof.impl.tree.page_file import PageFile


class View:
    """A durable checkpoint that is offered: its pages stay in their file until `close`."""

    __slots__ = ("_held", "number", "pages", "snapshot")

    def __init__(self, number: int, snapshot: Snapshot, pages: PageFile) -> None:
        self.number = number
        """No other view of this source has it, in this life or another."""
        self.snapshot = snapshot
        self.pages = pages
        self._held = pages.hold_durable()

    def close(self) -> None:
        """Let go of the pages that no newer root needs."""
        self.pages.let_go(self._held)


class Copier:
    """A replica that copies from a view, or that goes on by log from where its copy ended."""

    __slots__ = ("asked_at", "bare", "place", "view")

    def __init__(self, view: View, now: Microseconds, bare: bool) -> None:
        self.bare = bare
        """Whether it already has the log above the view, and only lacks the tree (rule M5)."""
        self.view: View | None = view
        """None once it has the copy."""
        self.place = view.snapshot.slot
        """The last slot that it has, or will have with its copy: the log above is held for it."""
        self.asked_at = now
        """When it last made progress."""


class Views:
    """The copiers of one source, and the views that they copy from."""

    def __init__(self, settings: GroupSettings, boot: int) -> None:
        self.settings = settings
        self.copiers: dict[Member, Copier] = {}
        self._last_number = boot << 32

    def open(self) -> list[View]:
        """The open views, in the order in which they were opened."""
        views = {c.view.number: c.view for c in self.copiers.values() if c.view is not None}
        return [views[number] for number in sorted(views)]

    def offer(
        self,
        member: Member,
        known: int,
        snapshot: Snapshot,
        pages: PageFile,
        now: Microseconds,
        bare: bool = False,
    ) -> View | None:
        """The view for a replica that knows the log only through `known`: the one that it copies from; else a
        new one of this checkpoint or, where no more may be opened, the newest. None if that does not help it
        either, or if too many copy already.
        """
        copier = self.copiers.get(member)
        if copier is not None and copier.view is not None and copier.view.snapshot.slot > known:
            return copier.view
        self.forget(member)
        if len(self.copiers) >= self.settings.copiers:
            return None
        views = self.open()
        newest = views[-1] if views else None
        if snapshot.slot > known and (
            newest is None or (newest.snapshot != snapshot and len(views) < self.settings.views)
        ):
            self._last_number += 1
            newest = View(self._last_number, snapshot, pages)
        if newest is None or newest.snapshot.slot <= known:
            return None
        self.copiers[member] = Copier(newest, now, bare)
        return newest

    def asked(self, member: Member, number: int, now: Microseconds) -> View | None:
        """The view of which a replica asks for a part; None if it does not copy from that one."""
        copier = self.copiers.get(member)
        if copier is None or copier.view is None or copier.view.number != number:
            return None
        copier.asked_at = now
        return copier.view

    def has(self, member: Member, known: int, commit: int, now: Microseconds) -> None:
        """A replica has the log through `known`, and so its copy if that ends no higher; once it is level,
        nothing is held for it.
        """
        copier = self.copiers.get(member)
        if copier is None or known < copier.place or (copier.view is None and known == copier.place):
            return
        if copier.bare:
            return  # Its place in the log says nothing of its copy; it is forgotten once it stops asking.
        if known >= commit:
            self.forget(member)
            return
        self._leave_view(copier)
        copier.place, copier.asked_at = known, now

    def forget(self, member: Member) -> None:
        """Stop holding anything for a replica."""
        copier = self.copiers.pop(member, None)
        if copier is not None:
            self._leave_view(copier)

    def lapse(self, now: Microseconds) -> None:
        """Forget copiers that have made no progress for too long, or for which too much is held."""
        for member, copier in list(self.copiers.items()):
            held = 0 if copier.view is None else copier.view.pages.waiting_bytes()
            if now - copier.asked_at >= self.settings.view_us or held > self.settings.view_bytes:
                self.forget(member)

    def lapses_in(self, now: Microseconds) -> Microseconds:
        """How long until the next copier might be forgotten."""
        asked_at = min((copier.asked_at for copier in self.copiers.values()), default=now)
        return max(1, asked_at + self.settings.view_us - now)

    def needed_from(self) -> int | None:
        """The lowest slot that the log must keep for copiers; None if it needs none."""
        return (
            min((copier.place for copier in self.copiers.values()), default=0) + 1 if self.copiers else None
        )

    def bound(self, log_bytes: Callable[[int], int]) -> None:
        """Forget copiers for which too much of the log is held: `log_bytes` says how much that is, for one
        that has the log through a slot. One that has its copy may fall behind for ever.
        """
        for member, copier in list(self.copiers.items()):
            if log_bytes(copier.place) > self.settings.view_bytes:
                self.forget(member)

    def _leave_view(self, copier: Copier) -> None:
        view, copier.view = copier.view, None
        if view is not None and all(other.view is not view for other in self.copiers.values()):
            view.close()

"""A checkpoint under way and a copy under way: born whole, and dropped whole when done, late or outdone."""

from __future__ import annotations

from collections.abc import Sequence

from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member
from dynaproof.impl.paxos.messages.catch_up import CopyOffer
from dynaproof.impl.paxos.snapshot import Snapshot
from dynaproof.impl.tree.page_copy import PageCopy


class HeldLog:
    """How much has come of the held part of a peer's log below its checkpoint: records from `first` on, which
    lie in the journal.
    """

    __slots__ = ("first", "highest", "next")

    def __init__(self, first: int) -> None:
        self.first = first
        self.next = first
        """The slot of the next record."""
        self.highest = NO_BALLOT
        """The highest of the ballots at which the peer holds them."""

    def came(self, held_at: Sequence[Ballot]) -> None:
        """Note that the next records came, with these ballots."""
        self.next += len(held_at)
        self.highest = max(self.highest, *held_at)


class Copied:
    """What came with a whole copy: its source, and the part of the source's log that readers hold."""

    __slots__ = ("log", "source")

    def __init__(self, source: Member, log: HeldLog) -> None:
        self.source = source
        self.log = log


class Checkpoint:
    """A checkpoint whose pages are written, but which the log does not yet name durably; `copied` if a peer
    sent it. Two may have the same slot (P5), so each has a number.
    """

    __slots__ = ("copied", "mark", "named", "number", "pages", "snapshot")

    def __init__(self, number: int, snapshot: Snapshot, pages: str, copied: Copied | None, mark: int) -> None:
        self.number = number
        self.snapshot = snapshot
        self.pages = pages
        self.copied = copied
        self.mark = mark
        """The journal's end when the message to itself was sent: when that comes, all below it is durable."""
        self.named = False
        """Whether the log names it already, durably or not."""


class Copy:
    """A copy under way: its source and view, and the pages and the held log so far."""

    __slots__ = ("heard_at", "log", "log_asked", "pages", "snapshot", "source", "until", "view")

    def __init__(self, pages: PageCopy, offer: CopyOffer) -> None:
        self.pages = pages
        """The pages from all views that it has copied from."""
        self.heard_at: Microseconds = 0
        """When the source's last answer came,"""
        self.until: Microseconds = 0
        """and when another source may take its place."""
        self.log = HeldLog(offer.snapshot.first_held())
        self.begin(offer)

    def begin(self, offer: CopyOffer) -> None:
        """Copy from this view, with all that is here already: pages, and the held log as far as it has come,
        for what is chosen is the same at every source.
        """
        self.source = offer.source
        self.view = offer.view
        self.snapshot = offer.snapshot
        held, log = offer.snapshot.first_held(), self.log
        if not log.first <= held <= log.next <= offer.snapshot.slot + 1:
            self.log = HeldLog(held)
        self.log_asked = False
        """Whether an answer about the held log is on its way."""
        self.pages.begin(offer.snapshot.roots)

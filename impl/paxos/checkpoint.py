"""A checkpoint under way and a copy under way: born whole, and dropped whole when done, late or outdone."""

from __future__ import annotations

from dynaproof.impl.node import Microseconds
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.records import Record
from dynaproof.impl.paxos.snapshot import Snapshot
from dynaproof.impl.tree.pages import PageCopy


class HeldLog:
    """The held part of a peer's log below its checkpoint: records from `first` on, and the ballot of each
    there.
    """

    __slots__ = ("first", "held_at", "records")

    def __init__(self, first: int) -> None:
        self.first = first
        self.records: list[Record] = []
        self.held_at: list[Ballot] = []

    @property
    def next(self) -> int:
        """The slot of the next record."""
        return self.first + len(self.records)


class Checkpoint:
    """A checkpoint whose pages are written and that the log does not name durably yet; `copied` if a peer
    sent it, with the part of its log that readers hold.
    """

    __slots__ = ("copied", "mark", "named", "pages", "snapshot")

    def __init__(self, snapshot: Snapshot, pages: str, copied: HeldLog | None, mark: int) -> None:
        self.snapshot = snapshot
        self.pages = pages
        self.copied = copied
        self.mark = mark
        """The journal's end when the message to itself was sent: below it all is durable when that comes."""
        self.named = False
        """Whether the log names it already, durably or not."""


class Copy:
    """A copy under way: from whom, of which checkpoint, and the pages and the held log so far."""

    __slots__ = ("log", "pages", "snapshot", "source", "until")

    def __init__(self, source: Member, snapshot: Snapshot, pages: PageCopy) -> None:
        self.source = source
        self.snapshot = snapshot
        self.pages = pages
        self.log = HeldLog(snapshot.first_held())
        self.until: Microseconds = 0
        """When another peer's copy may take its place."""


def pages_file(incarnation: int, slot: int) -> str:
    """The page file of the items that an incarnation began with at a slot: empty, or copied."""
    return f"items/{incarnation:06d}/{slot:012d}"

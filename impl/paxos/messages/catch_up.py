"""How a laggard catches up: by chosen records, or by a copy of pages and of the log that is held."""

from __future__ import annotations

from dynaproof.impl.node import Timer
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.messages.peer import Peer
from dynaproof.impl.paxos.records import Record
from dynaproof.impl.paxos.snapshot import Snapshot
from dynaproof.impl.tree.pages import PageRef


class Fetch(Peer, frozen=True, gc=False, tag="fetch"):
    """Which chosen records follow slot `known`?"""

    known: int


class Chosen(Peer, frozen=True, gc=False, tag="chosen"):
    """Chosen records from `first` on, each with the ballot at which the sender's log holds it."""

    first: int
    records: tuple[Record, ...]
    held_at: tuple[Ballot, ...]
    commit: int


class CopyPages(Peer, frozen=True, gc=False, tag="copy_pages"):
    """What do these pages below `roots` hold?"""

    roots: tuple[PageRef, ...]
    pages: tuple[int, ...]


class CopiedPages(Peer, frozen=True, gc=False, tag="copied_pages"):
    """Pages of the checkpoint described by `snapshot`, by number; a copy begins with those of the roots."""

    snapshot: Snapshot
    pages: tuple[tuple[int, bytes], ...]


class CopyLog(Peer, frozen=True, gc=False, tag="copy_log"):
    """Which records, from slot `first` on, does your log hold below the checkpoint at `slot`?"""

    slot: int
    first: int


class CopiedLog(Peer, frozen=True, gc=False, tag="copied_log"):
    """Chosen records from `first` on, through the checkpoint at `slot` at the most, with the ballots at which
    the sender's log holds them. That begins at `first` where it was `asked` for a lower slot.
    """

    slot: int
    asked: int
    first: int
    records: tuple[Record, ...]
    held_at: tuple[Ballot, ...]


class FetchTimer(Timer, frozen=True, gc=False, tag="fetch"):
    """A fetch got no answer."""

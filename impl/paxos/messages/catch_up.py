"""How a laggard catches up: by chosen records, or by a copy of pages and of the log that is held."""

from __future__ import annotations

from dynaproof.impl.node import Microseconds, Timer
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.messages.peer import Peer
from dynaproof.impl.paxos.records import Record
from dynaproof.impl.paxos.snapshot import Snapshot


class Fetch(Peer, frozen=True, gc=False, tag="fetch"):
    """Which chosen records follow slot `known`?"""

    known: int


class Chosen(Peer, frozen=True, gc=False, tag="chosen"):
    """Chosen records from `first` on, each with the ballot at which the sender's log holds it."""

    first: int
    records: tuple[Record, ...]
    held_at: tuple[Ballot, ...]
    commit: int


class CopyWanted(Peer, frozen=True, gc=False, tag="copy_wanted"):
    """I have a log from slot `first` on, and no tree: which checkpoint does my log continue (rule M5)?"""

    first: int


class CopyOffer(Peer, frozen=True, gc=False, tag="copy_offer"):
    """What follows your last slot is cut from my log: copy the checkpoint that `snapshot` describes. Its
    pages and the log above are held for you, as the view of this number, while you go on asking.
    """

    view: int
    snapshot: Snapshot


class CopyLater(Peer, frozen=True, gc=False, tag="copy_later"):
    """You need a copy, and I hold as much for others as I may: ask again in `after_us`."""

    after_us: Microseconds


class CopyPages(Peer, frozen=True, gc=False, tag="copy_pages"):
    """What do these pages of a view hold?"""

    view: int
    pages: tuple[int, ...]


class CopiedPages(Peer, frozen=True, gc=False, tag="copied_pages"):
    """Pages of a view, by number; those that were asked for and did not fit are `left_out`."""

    view: int
    pages: tuple[tuple[int, bytes], ...]
    left_out: tuple[int, ...]


class CopyLog(Peer, frozen=True, gc=False, tag="copy_log"):
    """Which records, from slot `first` on, does your log hold below the checkpoint of a view?"""

    view: int
    first: int


class CopiedLog(Peer, frozen=True, gc=False, tag="copied_log"):
    """Chosen records from `first` on, through at most the checkpoint of a view, with the ballots at which the
    sender's log holds them. Where a lower slot was `asked` for, that log begins at `first`.
    """

    view: int
    asked: int
    first: int
    records: tuple[Record, ...]
    held_at: tuple[Ballot, ...]


class FetchTimer(Timer, frozen=True, gc=False, tag="fetch"):
    """A fetch got no answer."""


class CopyTimer(Timer, frozen=True, gc=False, tag="copy"):
    """Does a copy make progress?"""


class ViewTimer(Timer, frozen=True, gc=False, tag="view"):
    """Do those that copy from here make progress?"""

"""What a replica reports of itself to its observers; no replica receives it, and nothing depends on it."""

from __future__ import annotations

from dynaproof.impl.node import Note
from dynaproof.impl.paxos.ids import Ballot, Member


class Led(Note, frozen=True, gc=False, tag="led"):
    """Phase 1 of `ballot` is complete; `adopted` records of older ballots lead its first batch."""

    member: Member
    ballot: Ballot
    adopted: int


class Deposed(Note, frozen=True, gc=False, tag="deposed"):
    """The leader of `ballot` stepped down; `last_write` is the slot of the last client's write that it did
    not know to be chosen, 0 if there is none.
    """

    member: Member
    ballot: Ballot
    last_write: int


class Outbid(Note, frozen=True, gc=False, tag="outbid"):
    """A candidate gave up its campaign, because an acceptor has `promised` a higher ballot."""

    ballot: Ballot
    promised: Ballot


class Dropped(Note, frozen=True, gc=False, tag="dropped"):
    """An operator has dropped an incarnation."""

    member: Member


class Reached(Note, frozen=True, gc=False, tag="reached"):
    """A situation that a campaign should reach, by name (the `sometimes` specs)."""

    what: str

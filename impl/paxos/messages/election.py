"""Who leads: the gray-failure check, and phase 1."""

from __future__ import annotations

from dynaproof.impl.node import Microseconds, Timer
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.messages.peer import Peer
from dynaproof.impl.paxos.records import Record


class AskAlive(Peer, frozen=True, gc=False, tag="ask_alive"):
    """Does the leader still reach you? Asked before a campaign, so that a gray link deposes nobody."""

    asked_at: Microseconds


class Alive(Peer, frozen=True, gc=False, tag="alive"):
    """`alive`: a heartbeat with a renewed lease came within L. `commit` lets a laggard
    catch up.
    """

    asked_at: Microseconds
    alive: bool
    commit: int


class Ready(Peer, frozen=True, gc=False, tag="ready"):
    """I am here from now on: a candidate may ask me (H9)."""


class Prepare(Peer, frozen=True, gc=False, tag="prepare"):
    """Phase 1a for all slots above `known`, the last slot that the candidate knows to be chosen."""

    ballot: Ballot
    known: int


class Promise(Peer, frozen=True, gc=False, tag="promise"):
    """Phase 1b (rule 2): the last accepted ballot, the last slot, and the tail above the candidate's `known`
    slot.

    `at_known` is the ballot of the record's identity at `known`, None if this acceptor does not retain that
    slot but knows it chosen.
    """

    ballot: Ballot
    last_accepted: Ballot
    last_slot: int
    commit: int
    known: int
    at_known: Ballot | None
    tail: tuple[Record, ...]
    wall: Microseconds


class Refused(Peer, frozen=True, gc=False, tag="refused"):
    """The acceptor has promised a higher ballot."""

    ballot: Ballot
    promised: Ballot


class TooFarBehind(Peer, frozen=True, gc=False, tag="too_far_behind"):
    """The acceptor's log begins above what the candidate knows, or its tail above there does not fit a
    message (rule W5): the candidate must catch up through `commit` first.

    `at_first` is the ballot of the identity of the acceptor's record at `first`, the lowest slot for which it
    knows one; None if it does not know that record to be chosen.
    """

    ballot: Ballot
    commit: int
    first: int
    at_first: Ballot | None


class ElectionTimer(Timer, frozen=True, gc=False, tag="election"):
    """Nothing was heard from a leader for too long."""

"""A leadership: phase 2, the lease, and planned handover."""

from __future__ import annotations

from dynaproof.impl.node import Message, Microseconds, Timer
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.messages.peer import Peer
from dynaproof.impl.paxos.records import Record


class Adopt(Peer, frozen=True, gc=False, tag="adopt"):
    """The first accept of a ballot (rule 4): the whole adopted tail and the leader's own `NoOp`, from `known`
    + 1 on.
    """

    ballot: Ballot
    sent_at: Microseconds
    known: int
    records: tuple[Record, ...]
    commit: int


class Accept(Peer, frozen=True, gc=False, tag="accept"):
    """Phase 2a for consecutive slots from `first` on, behind the leader's first batch, which ends at
    `tail_end`.
    """

    ballot: Ballot
    sent_at: Microseconds
    first: int
    records: tuple[Record, ...]
    tail_end: int
    commit: int


class Vote(Peer, frozen=True, gc=False, tag="vote"):
    """Phase 2b: every slot from the batch's first through `through` is durable here at `ballot`, or known
    chosen.

    `asked_at` is the send time of the question, echoed: the lease counts from it (rule 15).
    """

    ballot: Ballot
    through: int
    asked_at: Microseconds
    wall: Microseconds


class Heartbeat(Peer, frozen=True, gc=False, tag="heartbeat", omit_defaults=True):
    """Renews the lease and carries the commit index; `renewed`: a quorum renewed the lease within the last L.
    Below `tail_end`, the end of the ballot's first batch, the leader may not know all that was chosen before.
    """

    ballot: Ballot
    sent_at: Microseconds
    commit: int
    tail_end: int
    renewed: bool
    level: int | None = None
    """What is left to be read, if reads are metered (`service.Soft`)."""


class Heard(Peer, frozen=True, gc=False, tag="heard", omit_defaults=True):
    """Answers a heartbeat, or an accept that cannot be taken because what it follows is missing here.

    `adopted`: the ballot's first batch is here, and `through` is as in `Vote`; else `through` is what is
    known chosen here. `early`: the first slot of what is kept behind the gap; 0 if nothing is. `full`: the
    replica has a tree (rule M5).
    """

    ballot: Ballot
    asked_at: Microseconds
    adopted: bool
    through: int
    early: int
    commit: int
    wall: Microseconds
    full: bool
    used: int = 0
    """What was read here since the replica started, where reads are metered."""


class Behind(Peer, frozen=True, gc=False, tag="behind"):
    """The leader of `ballot` answers a voter that lacks slots that no accept can bring, known chosen through
    `commit`: fetch them, then say what you hold, as in answer to a heartbeat.
    """

    ballot: Ballot
    sent_at: Microseconds
    commit: int


class Release(Peer, frozen=True, gc=False, tag="release"):
    """The leader of `ballot` no longer uses its lease, and knows the slots through `commit` to be chosen.
    `successor` may campaign at once; None: nobody may, since the group is at its barrier (H6).
    """

    ballot: Ballot
    commit: int
    successor: Member | None


class Handover(Message, frozen=True, gc=False, tag="handover"):
    """An operator asks the leader to hand over its leadership."""


class WatchTimer(Timer, frozen=True, gc=False, tag="watch"):
    """Slots were proposed a while ago: does a voter not answer?"""


class HeartbeatTimer(Timer, frozen=True, gc=False, tag="heartbeat"):
    """The leader's next round."""

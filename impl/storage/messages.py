"""Messages and timers of a replica group and of its clients, in the order in which a leadership uses them.

Every message between replicas carries `source`, the incarnation that speaks, and `to`, the incarnation that
is spoken to: a message to an old incarnation is not read by a new one (replication rule 14).
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from dynaproof.impl.node import Message, Microseconds, NodeId, Timer
from dynaproof.impl.storage.cursor import Hold, LogCursor
from dynaproof.impl.storage.ids import Ballot, Member, RequestId
from dynaproof.impl.storage.pages import PageRef
from dynaproof.impl.storage.records import Config, Item, LogRecord, Remembered, StoredItem


class Peer(Message, frozen=True, gc=False):
    """Base of what replicas of a group say to each other."""

    source: Member
    to: int


# --- Election ---


class AskAlive(Peer, frozen=True, gc=False, tag="ask_alive"):
    """Does the leader still reach you? Asked before a campaign, so that a gray link deposes nobody."""

    asked_at: Microseconds


class Alive(Peer, frozen=True, gc=False, tag="alive"):
    """`alive`: a heartbeat with a renewed lease came within an election timeout. `commit` lets a laggard
    catch up.
    """

    asked_at: Microseconds
    alive: bool
    commit: int


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
    tail: tuple[LogRecord, ...]
    wall: Microseconds


class Refused(Peer, frozen=True, gc=False, tag="refused"):
    """The acceptor has promised a higher ballot."""

    ballot: Ballot
    promised: Ballot


class TooFarBehind(Peer, frozen=True, gc=False, tag="too_far_behind"):
    """The acceptor's log begins above what the candidate knows: the candidate must catch up first."""

    ballot: Ballot
    commit: int


# --- Leadership ---


class Adopt(Peer, frozen=True, gc=False, tag="adopt"):
    """The first accept of a ballot (rule 4): the whole adopted tail and the leader's own `NoOp`, from `known`
    + 1 on.
    """

    ballot: Ballot
    sent_at: Microseconds
    known: int
    records: tuple[LogRecord, ...]
    commit: int


class Accept(Peer, frozen=True, gc=False, tag="accept"):
    """Phase 2a for consecutive slots from `first` on, behind the leader's first batch, which ends at
    `tail_end`.
    """

    ballot: Ballot
    sent_at: Microseconds
    first: int
    records: tuple[LogRecord, ...]
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


class Heartbeat(Peer, frozen=True, gc=False, tag="heartbeat"):
    """Renews the lease and tells the commit index; `renewed`: a quorum renewed the lease within the
    last L.
    """

    ballot: Ballot
    sent_at: Microseconds
    commit: int
    renewed: bool


class Heard(Peer, frozen=True, gc=False, tag="heard"):
    """Answers a heartbeat. `adopted`: the ballot's first batch is here; `through` as in `Vote` if so."""

    ballot: Ballot
    asked_at: Microseconds
    adopted: bool
    through: int
    commit: int
    wall: Microseconds


class Release(Peer, frozen=True, gc=False, tag="release"):
    """Planned handover: the leader of `ballot` uses its lease no more. `successor` may campaign at once."""

    ballot: Ballot
    successor: Member


# --- Catch-up ---


class Fetch(Peer, frozen=True, gc=False, tag="fetch"):
    """Which chosen records follow slot `known`?"""

    known: int


class Chosen(Peer, frozen=True, gc=False, tag="chosen"):
    """Chosen records from `first` on, each with the ballot at which the sender's log holds it."""

    first: int
    records: tuple[LogRecord, ...]
    ballots: tuple[Ballot, ...]
    commit: int


class Snapshot(Struct, frozen=True, gc=False, array_like=True):
    """A partition's state at one slot: what a checkpoint and a copy carry beside the pages of the items."""

    slot: int
    identity: Ballot
    ballot: Ballot
    timestamp: Microseconds
    largest_delete: Microseconds
    config: Config
    config_slot: int
    remembered: tuple[Remembered, ...]
    holds: tuple[Hold, ...]
    root: PageRef
    """Of the items."""

    def first_held(self) -> int:
        """The first slot that a reader's hold protects; the one behind the snapshot if none is below it."""
        return min((hold.through for hold in self.holds), default=self.slot) + 1


class CopyPages(Peer, frozen=True, gc=False, tag="copy_pages"):
    """What do these pages below `root` hold?"""

    root: PageRef
    pages: tuple[int, ...]


class CopiedPages(Peer, frozen=True, gc=False, tag="copied_pages"):
    """Pages of the checkpoint described by `snapshot`, by number; a copy begins with the root's."""

    snapshot: Snapshot
    pages: tuple[tuple[int, bytes], ...]


class CopyLog(Peer, frozen=True, gc=False, tag="copy_log"):
    """Which records, from slot `first` on, does your log hold below the checkpoint at `slot`?"""

    slot: int
    first: int


class CopiedLog(Peer, frozen=True, gc=False, tag="copied_log"):
    """Chosen records from `first` on, through the checkpoint at `slot` at the most, with their ballots in the
    sender's log. That begins at `first` where it was `asked` for a lower slot.
    """

    slot: int
    asked: int
    first: int
    records: tuple[LogRecord, ...]
    ballots: tuple[Ballot, ...]


# --- Membership ---


class Vacant(Message, frozen=True, gc=False, tag="vacant"):
    """`node` should host a replica and has none; `retired` is the last incarnation that fell silent there.

    A follower passes it on to the leader, and the answer back, for the link between the two may be cut.
    """

    node: NodeId
    retired: int


class CreateReplica(Message, frozen=True, gc=False, tag="create_replica"):
    """Make the replica `member`; it votes once it knows the log through `config_slot`."""

    member: Member
    config: Config
    config_slot: int


# --- What a replica says to itself, to be told what is durable ---


class CheckpointWritten(Peer, frozen=True, gc=False, tag="checkpoint_written"):
    """The pages of the checkpoint at `slot` are durable."""

    slot: int


class CheckpointDurable(Peer, frozen=True, gc=False, tag="checkpoint_durable"):
    """The log record that names the checkpoint at `slot` is durable: what it covers may go."""

    slot: int


# --- Clients ---


class Get(Struct, frozen=True, gc=False, tag="get"):
    """Read an item; `strong` asks the leader, else any replica answers."""

    key: bytes
    strong: bool


class Put(Struct, frozen=True, gc=False, tag="put"):
    """Replace an item; with `conditional`, only if the stored item equals `expected` (None: absent)."""

    key: bytes
    item: Item
    conditional: bool = False
    expected: Item | None = None


class Delete(Struct, frozen=True, gc=False, tag="delete"):
    """Delete an item; with `conditional`, only if the stored item equals `expected`."""

    key: bytes
    conditional: bool = False
    expected: Item | None = None


Operation: TypeAlias = Get | Put | Delete


class Request(Message, frozen=True, gc=False, tag="request"):
    """One attempt at a request. A write is fenced by `ballot`: only the leader of that ballot may ever
    propose it, so a refusal is final for the attempt, repeated and late copies of it included.
    """

    request: RequestId
    attempt: int
    ballot: Ballot
    deadline: Microseconds
    operation: Operation


class Reply(Message, frozen=True, gc=False, tag="reply"):
    """The answer to a request: `status` is `ok` or `condition_failed`; `slot` is where it took place."""

    request: RequestId
    attempt: int
    status: str
    slot: int
    observed: StoredItem | None


class Rejected(Message, frozen=True, gc=False, tag="rejected"):
    """This copy of an attempt was not proposed: `not_leader` (with a hint), `throttled` or `expired`.

    `final`: no copy of this attempt ever was or will be proposed, so it has no effect.
    """

    request: RequestId
    attempt: int
    reason: str
    final: bool
    leader: NodeId | None
    ballot: Ballot


class Handover(Message, frozen=True, gc=False, tag="handover"):
    """An operator asks the leader to hand its leadership over."""


# --- Readers of the log ---


class ReadLog(Message, frozen=True, gc=False, tag="read_log"):
    """What is chosen from the cursor's place on? Any replica may answer `reader`."""

    reader: NodeId
    name: str
    cursor: LogCursor


class LogRead(Message, frozen=True, gc=False, tag="log_read"):
    """Consecutive chosen records from `first` on; none if there are no more so far."""

    name: str
    first: int
    records: tuple[LogRecord, ...]
    commit: int


class LogTrimmed(Message, frozen=True, gc=False, tag="log_trimmed"):
    """The log is gone from `place` on, and begins at `first`: no hold of this name protects the place."""

    name: str
    place: int
    first: int


class MoveCursor(Message, frozen=True, gc=False, tag="move_cursor"):
    """`name` has read the slots through `through`; a name that holds nothing yet gets a hold from now on."""

    reader: NodeId
    name: str
    through: int


class CursorPlaced(Message, frozen=True, gc=False, tag="cursor_placed"):
    """The hold of `name` is chosen: everything above `through` is held."""

    name: str
    through: int


class CursorRefused(Message, frozen=True, gc=False, tag="cursor_refused"):
    """Not now: the leader does not serve yet, is throttled, or holds for as many readers as it may."""

    name: str


# --- Timers ---


class ElectionTimer(Timer, frozen=True, gc=False, tag="election"):
    """Nothing was heard of a leader for too long."""


class HeartbeatTimer(Timer, frozen=True, gc=False, tag="heartbeat"):
    """The leader's next round."""


class FetchTimer(Timer, frozen=True, gc=False, tag="fetch"):
    """A fetch got no answer."""


class VacantTimer(Timer, frozen=True, gc=False, tag="vacant"):
    """This node still hosts no replica."""

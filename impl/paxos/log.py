"""The replication log of one replica: an acceptor's durable state, in memory and as a journal on disk.

Each record of the journal (`journal.py`) says what the acceptor did; recovery folds them. A segment begins
with a `Head`, which repeats all of the older segments that still matters, except for retained entries; so
older ones may go when all their slots are cut and the head is durable.

*Invariants.* Entries are contiguous, from `first` to `last`. Slots through `commit` are known to be chosen
and never change. Above `commit` all entries belong to one branch. `promised` >= `last_accepted`, and both
never go back (replication rule 1: the last accepted ballot is a scalar of its own, raised by accepting only,
never derived from the entries that happen to be retained).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import Struct, structs

from dynaproof.impl.journal.journal import NO_LINK, Journal, Link, RottenLogError
from dynaproof.impl.node import Disk
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member
from dynaproof.impl.paxos.records import Config, Record
from dynaproof.impl.paxos.sizes import Sizes
from dynaproof.impl.paxos.snapshot import Snapshot

R = TypeVar("R")
"""The records of the state machine's log, a tagged union,"""
S = TypeVar("S")
"""and its snapshot."""


class Head(Struct, Generic[R, S], frozen=True, gc=False, tag="head", array_like=True):
    """Begins a segment. Entries below `first` are cut; `snapshot` is the durable checkpoint, its pages
    in the file `pages`.
    """

    member: Member
    config: Config
    config_slot: int
    promised: Ballot
    last_accepted: Ballot
    first: int
    commit: int
    snapshot: S | None
    pages: str
    copied: bool = False
    """Whether `snapshot` is a peer's checkpoint."""
    records: tuple[R, ...] = ()
    """The chosen records that came with a peer's checkpoint, up to its slot, because readers hold them; in
    the same frame, so that no crash separates a copy from what is held below it.
    """
    held_at: tuple[Ballot, ...] = ()
    """The ballots at which the peer's log holds them."""
    link: Link = NO_LINK


class Promised(Struct, frozen=True, gc=False, tag="promised", array_like=True):
    """A promise, or a campaign's own ballot (rule 8)."""

    ballot: Ballot


class Accepted(Struct, Generic[R], frozen=True, gc=False, tag="accepted", array_like=True):
    """Consecutive entries accepted at a ballot; older entries above them are gone (rules 4 and 6). One frame:
    all or none.
    """

    ballot: Ballot
    first: int
    records: tuple[R, ...]
    commit: int
    """What is known chosen with it, of these entries too: a restart knows it again (rule W2)."""


class Learned(Struct, Generic[R], frozen=True, gc=False, tag="learned", array_like=True):
    """Consecutive chosen entries from a peer, with the ballots of its log; a promise of `promised`
    (rule 10).
    """

    promised: Ballot
    first: int
    records: tuple[R, ...]
    held_at: tuple[Ballot, ...]


AnyHead: TypeAlias = Head[Any, Any]
JournalRecord: TypeAlias = Head[Any, Any] | Promised | Accepted[Any] | Learned[Any]
Decode: TypeAlias = Callable[[bytes], JournalRecord]

encode = msgspec.msgpack.Encoder().encode


def decoder(record: Any, snapshot: Any) -> Decode:
    """The decoder of journal records whose log records are of the union `record`."""
    head, accepted, learned = Head[record, snapshot], Accepted[record], Learned[record]
    decode: Decode = msgspec.msgpack.Decoder(head | Promised | accepted | learned).decode
    return decode


class ReplicationLog:
    """Entries, promise and last accepted ballot of one incarnation; every change is journalled as it
    is made.
    """

    def __init__(self, journal: Journal, head: AnyHead) -> None:
        self.journal = journal
        self._ends: dict[int, int] = {}  # Segment to the last slot that it has an entry for.
        self._install(head)

    def _install(self, head: AnyHead) -> None:
        self.head = head
        self.promised = head.promised
        self.last_accepted = head.last_accepted
        self.first = head.first
        self.commit = head.commit
        self.records: list[Record] = []
        self.held_at: list[Ballot] = []
        self._sizes = Sizes()

    @classmethod
    def create(cls, disk: Disk, prefix: str, head: AnyHead) -> ReplicationLog:
        """The empty log of a new replica."""
        log = cls(Journal(disk, prefix), head)
        log.roll(head)
        return log

    @classmethod
    def recover(cls, disk: Disk, prefix: str, decode: Decode) -> tuple[ReplicationLog, bool] | None:
        """The log that the journal describes, and whether a torn tail was cut; None where there is no
        journal.

        Raises:
            RottenLogError: synced bytes are damaged or missing.
        """
        found = Journal.recover(disk, prefix, partial(link_of, decode))
        if found is None:
            return None
        journal, payloads, torn = found
        log: ReplicationLog | None = None
        for segment, payload in payloads:
            try:
                record = decode(payload)
            except msgspec.MsgspecError as error:
                raise RottenLogError(prefix) from error
            if log is None:
                assert isinstance(record, Head), "every segment has a link, which a head carries"
                log = cls(journal, record)
            log._fold(record, segment)
        assert log is not None, "a journal has a segment, and that a frame"
        covered = 0 if log.head.snapshot is None else log.head.snapshot.slot
        if log.first > covered + 1 or log.last < log.commit:
            raise RottenLogError(f"{prefix}: slots are missing")
        return log, torn

    # --- Reading ---

    @property
    def last(self) -> int:
        """The last slot with an entry (`first` - 1 where there is none)."""
        return self.first + len(self.records) - 1

    def record(self, slot: int) -> Record:
        """The entry of a retained slot."""
        return self.records[slot - self.first]

    def slot_held_at(self, slot: int) -> Ballot:
        """The ballot at which a retained slot was accepted, or at which a peer held it."""
        return self.held_at[slot - self.first]

    def agrees(self, records: tuple[Record, ...]) -> bool:
        """Whether these entries equal the retained ones in every slot that is known chosen."""
        return all(
            self.record(record.slot).identity == record.identity
            for record in records
            if self.first <= record.slot <= self.commit
        )

    def between(self, first: int, last: int) -> tuple[Record, ...]:
        """The retained entries of slots `first` to `last`, both included."""
        return tuple(self.records[first - self.first : last - self.first + 1])

    def size_of(self, record: Record) -> int:
        """The encoded size of a record in bytes: what it counts in a message, and in a leader's window."""
        return self._sizes.of(record)

    def size_between(self, first: int, last: int) -> int:
        """The same of the retained entries of slots `first` to `last`, both included."""
        return self._sizes.between(first - self.first, last - self.first + 1)

    def last_in(self, first: int, last: int, size: int, each: int) -> int:
        """The last slot up to which the retained entries from `first` on take at most `size` bytes, `each` of
        them so many more; `first` itself where that one is larger, and at most `last`.
        """
        if first > last:
            return first - 1
        return self.first + self._sizes.end_in(first - self.first, last - self.first + 1, size, each) - 1

    # --- Changing ---

    def promise(self, ballot: Ballot) -> None:
        """Raise the promise. Durable before the promise leaves: the outbox sees to it."""
        if ballot > self.promised:
            self._write(Promised(ballot))

    def accept(self, ballot: Ballot, first: int, records: tuple[Record, ...], told: int) -> None:
        """Accept consecutive entries at a ballot that is not below the promise; its leader has `told` that
        slots are chosen, and these entries among them.

        What is known chosen is not accepted again. What is known with the entries is kept with them (rule
        W2), so a restart finds a short tail of others above it.
        """
        assert ballot >= self.promised, "an acceptor keeps its promise"
        assert self.first <= first <= self.last + 1, "entries are contiguous"
        commit = max(self.commit, min(told, first + len(records) - 1))
        skip = min(max(0, self.commit + 1 - first), len(records))
        self._write(Accepted(ballot, first + skip, records[skip:], commit))

    def learn(self, first: int, records: tuple[Record, ...], held_at: tuple[Ballot, ...]) -> None:
        """Take chosen entries from a peer; the commit index moves over them. A promise too (rule 10)."""
        assert first <= self.last + 1, "entries are contiguous"
        self._write(Learned(max(self.promised, *held_at), first, records, held_at))

    def roll(self, head: AnyHead) -> None:
        """Begin a segment with `head`, and cut below its `first`."""
        keeps = next((segment for segment, end in self._ends.items() if end >= head.first), 0)
        begun = head

        def encoded(link: Link) -> bytes:
            nonlocal begun
            begun = structs.replace(head, link=link)
            return encode(begun)

        self.journal.roll(keeps, encoded)
        self._fold(begun, self.journal.segment)

    def drop_unneeded(self) -> None:
        """Remove the segments of which nothing is retained, if the newest head is known to be durable."""
        for segment in self.journal.drop_unneeded():
            del self._ends[segment]

    def _write(self, record: JournalRecord) -> None:
        self.journal.append(encode(record))
        self._fold(record, self.journal.segment)

    # --- Folding: the same for what is done now and for what recovery finds ---

    def _fold(self, record: JournalRecord, segment: int) -> None:
        if isinstance(record, Accepted):
            self._accept(record)
        elif isinstance(record, Promised):
            self.promised = record.ballot
        elif isinstance(record, Learned):
            self.promised = record.promised
            self._learn(record)
        else:
            self._begin(record)
        last = self.first + len(self.records) - 1
        if last > self._ends.get(segment, -1):
            self._ends[segment] = max(last, 0)

    def _put(self, first: int, records: Sequence[Record], held_at: Sequence[Ballot]) -> None:
        end = self.first + len(self.records)
        if first > end:
            # The fold of a journal whose first segments are gone: what is missing here, a later head has cut.
            self._begin_at(first)
        skip = max(0, self.first - first)  # Slots below are cut; the fold of an old segment may name some.
        if skip >= len(records):
            return
        at = first + skip - self.first
        self.records[at : at + len(records) - skip] = records[skip:]
        self.held_at[at : at + len(held_at) - skip] = held_at[skip:]
        self._sizes.replace(at, records[skip:])

    def _begin_at(self, first: int) -> None:
        """Hold nothing, and go on at `first`."""
        self.first, self.records, self.held_at, self._sizes = first, [], [], Sizes()

    def _keep(self, kept: int) -> None:
        """Keep so many entries, from the first on."""
        del self.records[kept:], self.held_at[kept:]
        self._sizes.keep(kept)

    def _accept(self, accepted: Accepted[Any]) -> None:
        """Install entries above what is known chosen; a new branch replaces all that is left of an older
        one (rule 6).

        The cut goes by the last accepted ballot: raising it removes every entry above that is not known
        chosen; at the same ballot nothing is removed, for a repeated or late message must not take newer
        votes with it. Cutting by the ballots of the entries is unsafe once learning exists
        (`docs/findings.md`).
        """
        records = accepted.records
        if records:
            self._put(accepted.first, records, [accepted.ballot] * len(records))
        self.commit = max(self.commit, accepted.commit)
        if accepted.ballot > self.last_accepted:
            end = max(self.commit, accepted.first + len(records) - 1)
            self._keep(max(0, end - self.first + 1))
        self.promised = self.last_accepted = accepted.ballot  # Raised by accepting only (rule 1).

    def _learn(self, learned: Learned[Any]) -> None:
        """Put chosen entries; where one differs from what is retained, all above belongs to a lost branch."""
        if learned.first > self.last + 1:
            self._begin_at(learned.first)
        for offset, (record, held_at) in enumerate(zip(learned.records, learned.held_at, strict=True)):
            slot = learned.first + offset
            if slot < self.first:
                continue
            if slot <= self.last:
                if self.record(slot).identity == record.identity:
                    continue
                self._keep(slot - self.first)
            self.records.append(record)
            self.held_at.append(held_at)
            self._sizes.replace(len(self.records) - 1, (record,))
        self.commit = max(self.commit, learned.first + len(learned.records) - 1)

    def _begin(self, head: AnyHead) -> None:
        """Take over what a segment's head says; entries below its first slot are cut."""
        self.head = head
        self.promised, self.last_accepted = head.promised, head.last_accepted
        off_branch = head.snapshot is not None and self._off_branch(head.snapshot)
        if off_branch or head.first > self.last + 1:
            self._begin_at(head.first)
        elif head.first > self.first:
            gone = head.first - self.first
            del self.records[:gone], self.held_at[:gone]
            self._sizes.cut(gone)
            self.first = head.first
        self.commit = max(self.commit, head.commit)
        if head.records:
            self._learn(Learned(self.promised, head.records[0].slot, head.records, head.held_at))

    def _off_branch(self, snapshot: Snapshot) -> bool:
        """Whether the retained entry at a copied checkpoint's slot is another one: what is above it is void
        (rule 3).
        """
        slot = snapshot.slot
        return self.first <= slot <= self.last and self.record(slot).proposed_at != snapshot.proposed_at


def fresh_head(member: Member, config: Config, config_slot: int) -> AnyHead:
    """The head of a replica that knows nothing yet."""
    return Head(member, config, config_slot, NO_BALLOT, NO_BALLOT, 1, 0, None, "")


def link_of(decode: Decode, payload: bytes) -> Link | None:
    """The link that a segment's first frame carries; None if it carries none."""
    try:
        record = decode(payload)
    except msgspec.MsgspecError:
        return None
    return record.link if isinstance(record, Head) else None

"""The replication log of one replica: an acceptor's durable state, in memory and as a journal on disk.

Each record of the journal (`journal.py`) says what the acceptor did; recovery folds them. A segment begins
with a `Head`, which repeats all that still matters of the older segments, except for retained entries; so
those may go when all their slots are cut and the head is durable. Old entries are in the journal only, and
are read back from there (`entries.py`). No record is larger than a message: what a copy brings of a peer's
log is written piece by piece (`Brought`), and becomes part of this log once a head names the copy.

*Invariants.* Entries are contiguous, from `first` to `last`. Slots through `commit` are known to be chosen
and never change. Above `commit` all entries belong to one branch. `promised` >= `last_accepted`, and neither
ever goes back (replication rule 1: the last accepted ballot is a scalar of its own, raised only by accepting,
never derived from the entries that happen to be retained).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import Struct, structs

from dynaproof.impl.journal.journal import NO_LINK, Frame, Journal, Link, RottenLogError
from dynaproof.impl.node import Disk
from dynaproof.impl.paxos.entries import CACHE_BYTES, Entries, Run, Staged
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member
from dynaproof.impl.paxos.records import Config, Record
from dynaproof.impl.paxos.snapshot import Snapshot
from dynaproof.impl.tree.page_file import Part

R = TypeVar("R", bound=Record)
"""The records of the state machine's log, a tagged union,"""
S = TypeVar("S")
"""and its snapshot."""

Carried: TypeAlias = tuple[Sequence[Record], Sequence[Ballot]]
"""The entries of a journal record: those of consecutive slots, and the ballots at which they are held."""


class Head(Struct, Generic[S], frozen=True, gc=False, tag="head", array_like=True):
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
    """Whether `snapshot` is a peer's checkpoint: then the entries from `first` to its slot are all those that
    were brought before this head.
    """
    link: Link = NO_LINK
    older: tuple[Part, ...] = ()
    """The files of the line of `pages` in which some of the checkpoint still lies,"""
    first_page: int = 0
    """and where the numbers of its own pages begin."""

    def carried(self) -> Carried:
        """No entry."""
        return (), ()


class Promised(Struct, frozen=True, gc=False, tag="promised", array_like=True):
    """A promise, or a campaign's own ballot (rule 8)."""

    ballot: Ballot

    def carried(self) -> Carried:
        """No entry."""
        return (), ()


class Accepted(Struct, Generic[R], frozen=True, gc=False, tag="accepted", array_like=True):
    """Consecutive entries accepted at a ballot; older entries above them are gone (rules 4 and 6). One frame:
    all or none.
    """

    ballot: Ballot
    first: int
    records: tuple[R, ...]
    commit: int
    """What is known chosen with it, these entries included: a restart still knows it (rule W2)."""

    def carried(self) -> Carried:
        """What was accepted, all at one ballot."""
        return self.records, (self.ballot,) * len(self.records)


class Learned(Struct, Generic[R], frozen=True, gc=False, tag="learned", array_like=True):
    """Consecutive chosen entries from a peer, with the ballots of its log; a promise of `promised`
    (rule 10).
    """

    promised: Ballot
    first: int
    records: tuple[R, ...]
    held_at: tuple[Ballot, ...]

    def carried(self) -> Carried:
        """What was learnt."""
        return self.records, self.held_at


class Brought(Struct, Generic[R], frozen=True, gc=False, tag="brought", array_like=True):
    """Consecutive chosen entries of a peer's log below the checkpoint that is being copied, with its ballots.
    They are not part of this log, and no promise, until a head names the copy (rule C6).
    """

    first: int
    records: tuple[R, ...]
    held_at: tuple[Ballot, ...]

    def carried(self) -> Carried:
        """What was brought."""
        return self.records, self.held_at


AnyHead: TypeAlias = Head[Any]
JournalRecord: TypeAlias = Head[Any] | Promised | Accepted[Any] | Learned[Any] | Brought[Any]
Decode: TypeAlias = Callable[[bytes], JournalRecord]

encode = msgspec.msgpack.Encoder().encode


def decoder(record: Any, snapshot: Any) -> Decode:
    """The decoder of journal records whose log records are of the union `record`."""
    head, accepted, learned, brought = Head[snapshot], Accepted[record], Learned[record], Brought[record]
    decode: Decode = msgspec.msgpack.Decoder(head | Promised | accepted | learned | brought).decode
    return decode


class ReplicationLog:
    """Entries, promise and last accepted ballot of one incarnation; every change is journalled as it
    is made.
    """

    def __init__(self, journal: Journal, decode: Decode, cache_bytes: int, head: AnyHead) -> None:
        self.journal = journal
        self.entries = Entries(journal, decode, cache_bytes)
        self._ends: dict[int, int] = {}  # Segment to the last slot that it has an entry for.
        self._staged = Staged(1)
        self.head = head
        self.promised = head.promised
        self.last_accepted = head.last_accepted
        self.commit = head.commit
        self.entries.restart(head.first)

    @classmethod
    def create(
        cls, disk: Disk, prefix: str, decode: Decode, head: AnyHead, cache_bytes: int = CACHE_BYTES
    ) -> ReplicationLog:
        """The empty log of a new replica."""
        log = cls(Journal(disk, prefix), decode, cache_bytes, head)
        log.roll(head)
        return log

    @classmethod
    def recover(
        cls, disk: Disk, prefix: str, decode: Decode, cache_bytes: int = CACHE_BYTES
    ) -> tuple[ReplicationLog, bool] | None:
        """The log that the journal describes, and whether a torn tail was cut; None where there is no
        journal.

        Raises:
            RottenLogError: synced bytes are damaged or missing.
        """
        found = Journal.recover(disk, prefix, partial(link_of, decode))
        if found is None:
            return None
        journal, torn = found
        log: ReplicationLog | None = None
        for frame, payload in journal.frames():
            try:
                record = decode(payload)
            except msgspec.MsgspecError as error:
                raise RottenLogError(prefix) from error
            if log is None:
                assert isinstance(record, Head), "every segment has a link, which a head carries"
                log = cls(journal, decode, cache_bytes, record)
            log._fold(record, frame)
        assert log is not None, "a journal has a segment, and that a frame"
        covered = 0 if log.head.snapshot is None else log.head.snapshot.slot
        if log.first > covered + 1 or log.last < log.commit:
            raise RottenLogError(f"{prefix}: slots are missing")
        return log, torn

    # --- Reading ---

    @property
    def first(self) -> int:
        """The first slot that is not cut."""
        return self.entries.first

    @property
    def last(self) -> int:
        """The last slot with an entry (`first` - 1 where there is none)."""
        return self.entries.recent.last

    def record(self, slot: int) -> Record:
        """The entry of a retained slot."""
        return self.entries.record(slot)

    def slot_held_at(self, slot: int) -> Ballot:
        """The ballot at which a slot was accepted, or at which a peer held it: a retained slot, or that of
        the checkpoint, behind which the log may begin.
        """
        snapshot: Snapshot | None = self.head.snapshot
        if slot < self.first and snapshot is not None and snapshot.slot == slot:
            return snapshot.held_at
        return self.entries.held_at(slot)

    def agrees(self, records: tuple[Record, ...]) -> bool:
        """Whether these entries equal the retained ones in every slot that is known chosen."""
        return all(
            self.record(record.slot).identity == record.identity
            for record in records
            if self.first <= record.slot <= self.commit
        )

    def between(self, first: int, last: int) -> tuple[Record, ...]:
        """The retained entries of slots `first` to `last`, both included: of few slots, or of recent ones."""
        return tuple(self.entries.chunk(first, last, sys.maxsize)[0])

    def chunk(self, first: int, last: int, limit_bytes: int) -> tuple[Record, ...]:
        """The same, as far as the records take at most `limit_bytes`, but at least one."""
        return tuple(self.entries.chunk(first, last, limit_bytes)[0])

    def cached_bytes(self) -> int:
        """About what those entries in memory take that are known to be chosen."""
        recent = self.entries.recent
        return self.entries.cached_through(max(min(self.commit, recent.last), recent.first - 1))

    def size_between(self, first: int, last: int) -> int:
        """The bytes of the records of slots `first` to `last`, both included, as they are encoded."""
        return self.entries.bytes_through(last) - self.entries.bytes_through(first - 1)

    def message(
        self, first: int, last: int, limit_bytes: int, each: int
    ) -> tuple[tuple[Record, ...], tuple[Ballot, ...]]:
        """The retained entries of slots `first` to `last`, as far as they take at most `limit_bytes` with
        `each` bytes more for every record, but at least one; and the ballots at which they are held.
        """
        records, held_at = self.entries.chunk(first, last, limit_bytes, each)
        return tuple(records), tuple(held_at)

    # --- Changing ---

    def promise(self, ballot: Ballot) -> None:
        """Raise the promise. Durable before the promise leaves: the outbox sees to it."""
        if ballot > self.promised:
            self._write(Promised(ballot))

    def accept(self, ballot: Ballot, first: int, records: tuple[Record, ...], told: int) -> None:
        """Accept consecutive entries at a ballot that is not below the promise; its leader has said that
        slots through `told` are chosen, these perhaps included.

        What is known chosen is not accepted again. What is known with the entries is kept with them (rule
        W2), so a restart finds only a short tail of others above it.
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

    def bring(self, first: int, records: tuple[Record, ...], held_at: tuple[Ballot, ...]) -> None:
        """Keep one message's chosen entries of a peer (rule W6) for the head that will name the copy with
        which they come. Entries that do not continue the ones before are of another copy, and replace them.
        """
        self._write(Brought(first, records, held_at))

    def roll(self, head: AnyHead) -> None:
        """Begin a segment with `head`, and cut below its `first`."""
        keeps = next((segment for segment, end in self._ends.items() if end >= head.first), 0)
        begun = head

        def encoded(link: Link) -> bytes:
            nonlocal begun
            begun = structs.replace(head, link=link)
            return encode(begun)

        frame = self.journal.roll(keeps, encoded)
        self._fold(begun, frame)

    def drop_unneeded(self) -> None:
        """Remove the segments of which nothing is retained, if the newest head is known to be durable."""
        for segment in self.journal.drop_unneeded():
            del self._ends[segment]

    def _write(self, record: JournalRecord) -> None:
        self._fold(record, self.journal.append(encode(record)))

    # --- Folding: the same for what is done now and for what recovery finds ---

    def _fold(self, record: JournalRecord, frame: Frame) -> None:
        if isinstance(record, Accepted):
            self._accept(record, frame)
        elif isinstance(record, Promised):
            self.promised = record.ballot
        elif isinstance(record, Learned):
            self.promised = record.promised
            self._learn(record, frame)
        elif isinstance(record, Brought):
            if record.first != self._staged.last + 1:
                self._staged = Staged(record.first)
            self._staged.add(record.records, Run(frame, record.first, len(record.records)))
        else:
            self._begin(record)
        last = self._staged.last if isinstance(record, Brought) else self.last
        if last > self._ends.get(frame.segment, -1):
            self._ends[frame.segment] = max(last, 0)
        self.entries.evict(self.commit)

    def _accept(self, accepted: Accepted[Any], frame: Frame) -> None:
        """Install entries above what is known chosen; a new branch replaces all that is left of an older
        one (rule 6).

        The cut goes by the last accepted ballot: raising it removes every entry above that is not known
        chosen; at the same ballot nothing is removed, since a repeated or late message must not take newer
        votes with it. Cutting by the ballots of the entries is unsafe once learning exists
        (`docs/findings.md`).
        """
        entries, run = self.entries, Run(frame, accepted.first, len(accepted.records))
        # What is known chosen is not replaced; the fold of an old segment may name slots that are cut.
        skip = max(0, max(self.commit + 1, self.first) - accepted.first)
        records = accepted.records[skip:]
        if records:
            first, held_at = accepted.first + skip, (accepted.ballot,) * len(records)
            if first > self.last + 1:
                # The fold of a journal whose first segments are gone: a later head has cut what is missing
                # here.
                entries.restart(first)
            if first == self.last + 1:
                entries.append(records, held_at, run)
            else:
                entries.replace(first, records, held_at, run)
        self.commit = max(self.commit, accepted.commit)
        if accepted.ballot > self.last_accepted:
            entries.cut_above(max(self.commit, accepted.first + len(accepted.records) - 1))
        self.promised = self.last_accepted = accepted.ballot  # Raised by accepting only (rule 1).

    def _learn(self, learned: Learned[Any], frame: Frame) -> None:
        """Add chosen entries; where one differs from what is retained, all above belongs to a lost branch."""
        entries, records, held_at, first = self.entries, learned.records, learned.held_at, learned.first
        if first > self.last + 1:
            entries.restart(first)
        known = max(0, self.first - first)
        through = max(self.commit, self.first - 1)
        while known < len(records) and first + known <= self.last:
            # What is known chosen is the same, and need not be read from the disk.
            slot = first + known
            if slot > through and self.record(slot).identity != records[known].identity:
                entries.cut_above(slot - 1)
                break
            known += 1
        if known < len(records):
            entries.append(records[known:], held_at[known:], Run(frame, first, len(records)))
        self.commit = max(self.commit, first + len(records) - 1)

    def _begin(self, head: AnyHead) -> None:
        """Take over what a segment's head says; entries below its first slot are cut."""
        self.head = head
        self.promised, self.last_accepted = head.promised, head.last_accepted
        if self._off_branch(head) or head.first > self.last + 1:
            self.entries.restart(head.first)
        elif head.first > self.first:
            self.entries.cut_below(head.first)
        if head.copied:
            self._take_over(head)
        self.commit = max(self.commit, head.commit)

    def _take_over(self, head: AnyHead) -> None:
        """Put the entries that were brought for a copied checkpoint in place of what was held through its
        slot. Where they are missing, the segments that held them are gone: a later head has cut them.
        """
        staged, self._staged = self._staged, Staged(1)
        snapshot: Snapshot | None = head.snapshot
        assert snapshot is not None, "a copied head names a checkpoint"
        if head.first <= snapshot.slot == staged.last and self.entries.first <= snapshot.slot + 1:
            self.entries.take_over(staged, max(head.first, staged.first))

    def _off_branch(self, head: AnyHead) -> bool:
        """Whether the retained entry at a copied checkpoint's slot is another one: then what is above it is
        void (rule 3).
        """
        snapshot: Snapshot | None = head.snapshot
        if snapshot is None or not head.copied or not self.first <= snapshot.slot <= self.last:
            return False
        return self.record(snapshot.slot).proposed_at != snapshot.proposed_at


def fresh_head(member: Member, config: Config, config_slot: int) -> AnyHead:
    """The head of a replica that knows nothing yet."""
    return Head(member, config, config_slot, NO_BALLOT, NO_BALLOT, 1, 0, None, "")


def log_replica_head(member: Member, snapshot: Snapshot) -> AnyHead:
    """The head of a log replica, whose log begins behind its config: it promises the ballot at which that was
    counted chosen (rules M5 and 10).
    """
    slot, promised = snapshot.slot, snapshot.held_at
    return Head(member, snapshot.config, slot, promised, NO_BALLOT, slot + 1, slot, snapshot, "")


def link_of(decode: Decode, payload: bytes) -> Link | None:
    """The link that a segment's first frame carries; None if it carries none."""
    try:
        record = decode(payload)
    except msgspec.MsgspecError:
        return None
    return record.link if isinstance(record, Head) else None

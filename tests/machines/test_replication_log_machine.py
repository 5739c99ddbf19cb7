"""The replication log against a plain model, under crashes, torn tails, rot, and crashes of recovery.

The model keeps the state after every journal frame. A recovered log must show one of those states whole, and
none from before the last completed sync; then it goes on from there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import structs

from dynaproof.checkers.world.disk import SimDisk
from dynaproof.impl.journal.frames import scan
from dynaproof.impl.journal.journal import Journal, Link, RottenLogError
from dynaproof.impl.node import NodeId
from dynaproof.impl.outbox import Outbox
from dynaproof.impl.partition.codec import decode
from dynaproof.impl.partition.records import LogRecord
from dynaproof.impl.partition.snapshot import PartitionSnapshot
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, Member
from dynaproof.impl.paxos.log import ReplicationLog, fresh_head
from dynaproof.impl.paxos.records import Config, NoOp
from dynaproof.impl.tree.pages import PageRef

PREFIX = "log/000001/"
MEMBER = Member(NodeId("region", "a", "sa"), 1)
GROUP = Config(0, (MEMBER,), 2)
ROOTS = PageRef(0, b""), PageRef(1, b"")


def no_op(slot: int, ballot: Ballot) -> LogRecord:
    return NoOp(slot, ballot, 0, slot)


class Plain:
    """What a log is to show, written down in the plainest way."""

    def __init__(self) -> None:
        self.promised = self.last_accepted = NO_BALLOT
        self.first, self.commit, self.durable_commit, self.checkpoint = 1, 0, 0, 0
        self.entries: dict[int, tuple[Ballot, Ballot]] = {}
        self.brought: dict[int, tuple[Ballot, Ballot]] = {}

    def copy(self) -> Plain:
        other = Plain()
        other.__dict__.update(self.__dict__, entries=dict(self.entries), brought=dict(self.brought))
        return other

    @property
    def last(self) -> int:
        return max(self.entries, default=self.first - 1)

    def cut_above(self, slot: int) -> None:
        self.entries = {s: e for s, e in self.entries.items() if s <= slot}

    def shows(self, log: ReplicationLog) -> bool:
        records, held_at = log.entries.chunk(log.first, log.last, sys.maxsize)
        entries = {r.slot: (r.proposed_at, b) for r, b in zip(records, held_at, strict=True)}
        scalars = (log.promised, log.last_accepted, log.first, entries)
        return scalars == (self.promised, self.last_accepted, self.first, self.entries)


class LogMachine(RuleBasedStateMachine):
    """Every rule is what a replica's handlers do with a log, or what its driver does with the disk."""

    @initialize(cache_bytes=st.sampled_from([0, 2_000, 1 << 20]))
    def begin(self, cache_bytes: int) -> None:
        self.cache_bytes = cache_bytes
        self.disk = SimDisk(Outbox())
        self.plain = Plain()
        self.states: dict[int, Plain] = {}
        self.log = ReplicationLog.create(
            self.disk, PREFIX, decode, fresh_head(MEMBER, GROUP, 0), self.cache_bytes
        )
        self.round = 0
        self.wrote()
        self.mark = 0
        self.syncing = -1
        self.synced = -1
        self.sync_start()
        self.sync_end()

    def wrote(self) -> None:
        self.states[self.log.journal.sequence] = self.plain.copy()

    # --- What a replica does ---

    @rule(higher=st.integers(0, 2))
    def promise(self, higher: int) -> None:
        self.round += higher
        ballot = Ballot(self.round, "a", 1)
        self.plain.promised = max(self.plain.promised, ballot)
        self.log.promise(ballot)
        self.wrote()

    @rule(back=st.integers(0, 3), size=st.integers(1, 4), higher=st.integers(0, 1), ahead=st.integers(-1, 5))
    def accept(self, back: int, size: int, higher: int, ahead: int) -> None:
        """A batch of a new ballot behind what is chosen, or more slots of the last accepted one; its leader
        knows some of them to be chosen, or some above them.
        """
        plain = self.plain
        told = plain.commit + ahead
        self.round = max(self.round, plain.promised.round) + higher
        ballot = Ballot(self.round, "a", 1)
        if ballot < plain.promised or not ballot.round:
            return
        first = max(plain.first, plain.last + 1 - back)
        records = tuple(no_op(slot, ballot) for slot in range(first, first + size))
        known = plain.commit
        plain.commit = max(known, min(told, first + size - 1))
        self.log.accept(ballot, first, records, told)
        if ballot > plain.last_accepted:
            plain.cut_above(max(plain.commit, first + size - 1))
        plain.entries.update({r.slot: (r.proposed_at, ballot) for r in records if r.slot > known})
        plain.promised = plain.last_accepted = ballot
        plain.durable_commit = plain.commit
        self.wrote()

    @rule(back=st.integers(0, 2), size=st.integers(1, 4), rival=st.booleans())
    def learn(self, back: int, size: int, rival: bool) -> None:
        """Chosen records from a peer; above the commit index they may be others than ours."""
        plain = self.plain
        first = max(plain.first, plain.commit + 1 - back)
        held_at = Ballot(max(plain.promised.round, 1), "b" if rival else "a", 2)
        records, ballots = [], []
        for slot in range(first, first + size):
            ours = plain.entries.get(slot)
            same = ours is not None and (slot <= plain.commit or not rival)
            identity = ours[0] if same and ours is not None else held_at
            records.append(no_op(slot, identity))
            ballots.append(ours[1] if same and ours is not None else held_at)
            if not same:
                plain.cut_above(slot - 1)
                plain.entries[slot] = (identity, held_at)
        self.log.learn(first, tuple(records), tuple(ballots))
        plain.promised = max(plain.promised, *ballots)
        plain.commit = plain.durable_commit = max(plain.commit, first + size - 1)
        self.wrote()

    @rule(ahead=st.integers(1, 4))
    def commit(self, ahead: int) -> None:
        """A leader's word; nothing is journalled."""
        self.plain.commit = self.log.commit = min(self.plain.commit + ahead, self.plain.last)

    @precondition(lambda self: self.plain.commit > self.plain.checkpoint)
    @rule(retained=st.integers(0, 5))
    def checkpoint(self, retained: int) -> None:
        """Begin a segment that names a checkpoint of all that is known chosen."""
        plain, slot = self.plain, self.plain.commit
        first = max(plain.first, slot + 1 - retained)
        identity, held_at = plain.entries[slot]
        snapshot = PartitionSnapshot(slot, identity, held_at, slot, 0, GROUP, 0, ROOTS, 0, 0, 0, ())
        head = structs.replace(
            fresh_head(MEMBER, GROUP, 0),
            promised=self.log.promised,
            last_accepted=self.log.last_accepted,
            first=first,
            commit=slot,
            snapshot=snapshot,
        )
        self.log.roll(head)
        plain.first, plain.checkpoint, plain.durable_commit = first, slot, slot
        plain.entries = {s: e for s, e in plain.entries.items() if s >= first}
        self.wrote()

    @precondition(lambda self: self.plain.checkpoint >= 0)
    @rule(ahead=st.integers(1, 5))
    def copy(self, ahead: int) -> None:
        """Take over a peer's checkpoint of a slot that was not known chosen here."""
        plain, slot = self.plain, self.plain.commit + ahead
        ballot = Ballot(max(plain.promised.round, 1), "c", 3)
        head = structs.replace(
            fresh_head(MEMBER, GROUP, 0),
            promised=max(plain.promised, ballot),
            last_accepted=plain.last_accepted,
            first=slot + 1,
            commit=slot,
            snapshot=PartitionSnapshot(slot, ballot, ballot, slot, 0, GROUP, 0, ROOTS, 0, 0, 0, ()),
            copied=True,
        )
        plain.entries = {s: e for s, e in plain.entries.items() if s > slot and slot not in plain.entries}
        self.log.roll(head)
        plain.promised, plain.first, plain.brought = head.promised, slot + 1, {}
        plain.commit = plain.durable_commit = plain.checkpoint = slot
        self.wrote()

    @rule(goes_on=st.booleans(), back=st.integers(-2, 4), size=st.integers(1, 3), rival=st.booleans())
    def bring(self, goes_on: bool, back: int, size: int, rival: bool) -> None:
        """A piece of the log of a peer that a copy comes from: the next one, or the first of another copy."""
        plain = self.plain
        before = max(plain.brought, default=0)
        first = before + 1 if goes_on and before else max(1, plain.commit + 1 - back)
        if first != before + 1:
            plain.brought = {}
        new = Ballot(max(plain.promised.round, 1), "c", 3)
        piece = {}
        for slot in range(first, first + size):
            ours = plain.entries.get(slot)
            same = ours is not None and (slot <= plain.commit or not rival)
            piece[slot] = ours if same and ours is not None else (new, new)
        plain.brought.update(piece)
        records = tuple(no_op(slot, identity) for slot, (identity, _) in piece.items())
        self.log.bring(first, records, tuple(held_at for _, held_at in piece.values()))
        self.wrote()

    @precondition(lambda self: max(self.plain.brought, default=0) > self.plain.commit)
    @rule(later=st.integers(0, 2))
    def copy_with_log(self, later: int) -> None:
        """Take over a peer's checkpoint with what was brought of its log, or with the end of that."""
        plain = self.plain
        slot, first = max(plain.brought), max(plain.first, min(plain.brought) + later)
        own = {s: e for s, e in plain.entries.items() if s <= plain.commit and s in plain.brought}
        if first > slot or any(plain.brought[s][0] != identity for s, (identity, _) in own.items()):
            return  # What is chosen is chosen for all.
        taken = {s: e for s, e in plain.brought.items() if s >= first}
        identity, held_at = taken[slot]
        there = plain.entries.get(slot)
        on_branch = there is not None and there[0] == identity
        rest = {s: e for s, e in plain.entries.items() if s > slot and on_branch}
        head = structs.replace(
            fresh_head(MEMBER, GROUP, 0),
            promised=max(plain.promised, *(ballot for _, ballot in taken.values())),
            last_accepted=plain.last_accepted,
            first=first,
            commit=slot,
            snapshot=PartitionSnapshot(slot, identity, held_at, slot, 0, GROUP, 0, ROOTS, 0, 0, 0, ()),
            copied=True,
        )
        self.log.roll(head)
        plain.entries, plain.brought = {**taken, **rest}, {}
        plain.promised, plain.first = head.promised, first
        plain.commit = plain.durable_commit = plain.checkpoint = slot
        self.wrote()

    @rule()
    def drop(self) -> None:
        self.log.drop_unneeded()

    # --- What the driver does ---

    @rule()
    def sync_start(self) -> None:
        if self.syncing < 0:
            self.syncing = self.log.journal.sequence
            self.disk.sync_started()

    @rule(tell=st.booleans())
    def sync_end(self, tell: bool = True) -> None:
        """The sync ends; the log may be told, by a message that had waited for it."""
        if self.syncing < 0:
            return
        self.disk.sync_done()
        self.synced, self.syncing = self.syncing, -1
        if tell:
            self.log.journal.confirm(self.synced)

    @rule(data=st.data(), again=st.integers(0, 2))
    def crash(self, data: st.DataObject, again: int) -> None:
        """Crash, recover, and perhaps crash again before the recovery's own writes are durable."""

        def pick(_name: str, choices: int) -> int:
            return data.draw(st.integers(0, choices - 1))

        self.disk.crash(pick)
        recovered = self.recover()
        for _ in range(again):
            before = self.disk.durable
            self.disk.crash(pick)
            assert before <= self.disk.durable
            repeated = self.recover()
            assert repeated.journal.sequence == recovered.journal.sequence
            recovered = repeated
        sequence = recovered.journal.sequence
        assert sequence >= self.synced, "synced frames are lost"
        self.plain = self.states[sequence].copy()
        self.plain.commit = self.plain.durable_commit
        assert self.plain.shows(recovered)
        assert recovered.commit == self.plain.durable_commit
        self.states = {s: state for s, state in self.states.items() if s <= sequence}
        self.log, self.syncing, self.synced = recovered, -1, sequence

    def recover(self) -> ReplicationLog:
        found = ReplicationLog.recover(self.disk, PREFIX, decode, self.cache_bytes)
        assert found is not None
        return found[0]

    @rule(data=st.data())
    def rot(self, data: st.DataObject) -> None:
        """One damaged bit of a durable frame is found, wherever it lies; then it is mended, to go on."""
        self.sync_start()
        self.sync_end(tell=False)
        self.sync_start()
        self.sync_end(tell=False)
        self.disk.crash(lambda _name, _choices: 0)
        name = data.draw(st.sampled_from(self.disk.durable_logs(PREFIX)))
        size = scan(bytes(self.disk.durable_log(name))).size
        if not size:
            return
        at, mask = data.draw(st.integers(0, size - 1)), 1 << data.draw(st.integers(0, 7))
        self.disk.rot(name, at, mask)
        with pytest.raises(RottenLogError):
            ReplicationLog.recover(self.disk, PREFIX, decode)
        self.disk.rot(name, at, mask)
        self.crash_clean()

    def crash_clean(self) -> None:
        """What was synced only; the state is unchanged but for the volatile commit index."""
        self.log = self.recover()
        self.plain.commit = self.plain.durable_commit
        self.synced, self.syncing = self.log.journal.sequence, -1

    @invariant()
    def shows_the_plain_state(self) -> None:
        if hasattr(self, "log"):
            assert self.plain.shows(self.log)
            assert self.log.commit == self.plain.commit
            assert self.log.promised >= self.log.last_accepted


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(stateful_step_count=40, max_examples=3 * settings().max_examples)


# --- The two defects that the journal once had, and what it must not take for a torn tail ---


def journal_of(disk: SimDisk, segments: int) -> Journal:
    """A journal of durable segments, each with two frames, and none needed but the last."""
    journal = Journal(disk, PREFIX)
    for _ in range(segments):
        journal.roll(0, payload_of)
        journal.append(b"entry")
    sync(disk, journal)
    return journal


def payload_of(link: Link) -> bytes:
    return b"%d %d %d" % (link.previous, link.keeps, link.synced)


def link_of(payload: bytes) -> Link | None:
    parts = payload.split(b" ")
    return Link(*map(int, parts)) if len(parts) == 3 else None


def sync(disk: SimDisk, journal: Journal) -> None:
    disk.sync_started()
    disk.sync_done()
    journal.confirm(journal.sequence)


def keeping(kept: dict[str, int]) -> Callable[[str, int], int]:
    return lambda name, _choices: kept.get(name, 0)


def recovered(disk: SimDisk) -> tuple[Journal, list[tuple[int, bytes]], bool]:
    found = Journal.recover(disk, PREFIX, link_of)
    assert found is not None
    journal, torn = found
    return journal, [(frame.segment, payload) for frame, payload in journal.frames()], torn


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_segments_dropped_at_once_may_vanish_in_any_order(kept: int) -> None:
    disk = SimDisk(Outbox())
    journal = journal_of(disk, 4)
    assert journal.drop_unneeded() == [1, 2, 3]
    disk.crash(keeping({f"{PREFIX}{kept:08d}": 1}))
    again, payloads, _ = recovered(disk)
    assert (again.sequence, payloads) == (8, [(4, b"3 4 0"), (4, b"entry")])


def test_no_segment_is_dropped_before_the_one_that_replaces_it_is_durable() -> None:
    disk = SimDisk(Outbox())
    journal = journal_of(disk, 2)
    journal.roll(0, payload_of)
    assert journal.drop_unneeded() == []
    disk.crash(keeping({}))
    assert recovered(disk)[0].sequence == 4


def test_a_segment_that_recovery_left_out_does_not_come_back() -> None:
    disk = SimDisk(Outbox())
    journal = journal_of(disk, 1)
    journal.append(b"lost")
    journal.roll(1, payload_of)
    disk.crash(keeping({f"{PREFIX}00000002": 1}))  # Segment 2 was kept, the end of segment 1 was not.
    journal, payloads, _ = recovered(disk)
    assert (journal.sequence, [number for number, _ in payloads]) == (2, [1, 1])
    journal.append(b"new")
    disk.crash(keeping({f"{PREFIX}00000001": 1}))  # The new frame was kept, the removal of segment 2 was not.
    journal, payloads, _ = recovered(disk)
    assert (journal.sequence, payloads[-1]) == (3, (1, b"new"))


def test_a_synced_segment_that_is_gone_is_rot_and_not_a_lost_end() -> None:
    disk = SimDisk(Outbox())
    journal = journal_of(disk, 2)
    journal.roll(2, payload_of)
    sync(disk, journal)
    disk.remove_log(f"{PREFIX}00000002")
    with pytest.raises(RottenLogError):
        recovered(disk)

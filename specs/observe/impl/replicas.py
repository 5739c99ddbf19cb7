"""Replicas seen through a `View`: from what leaves their nodes, what is on their disks, and what they say of
themselves.

What is chosen is computed from the platters, frame by frame, never from what a replica believes. The methods
are those of the simulator's `Observer`; slots are its places of nodes.
"""

from __future__ import annotations

from typing import Any

from dynaproof.impl.node import Message, NodeId, Note
from dynaproof.impl.router.notes import Ended, Invoked, LogTaken
from dynaproof.impl.storage.frames import scan
from dynaproof.impl.storage.ids import NO_BALLOT, Ballot, Member
from dynaproof.impl.storage.log import Accepted, Head, Learned, Promised, decode
from dynaproof.impl.storage.messages import (
    Accept,
    Adopt,
    Heard,
    LogTrimmed,
    Prepare,
    Promise,
    Reply,
    Request,
    Vote,
)
from dynaproof.impl.storage.notes import Deposed, Led, Outbid, Reached, Retried, Served
from dynaproof.impl.storage.pages import BranchPage, RottenPageError, decode_page
from dynaproof.impl.storage.records import (
    Config,
    ConfigChange,
    CursorMoved,
    LogRecord,
    Outcome,
    StoredItem,
    Write,
)
from dynaproof.specs.observe.impl.requests import WINDOW, KeyJudge, RequestObserver
from dynaproof.specs.view import ChosenSlot, Entry

VOUCHING = frozenset((Vote, Heard, Promise))
"""By what an acceptor lets a promise, a vote or a grant out."""

PROPOSING = frozenset((Accept, Adopt))


class ChosenRecord:
    """A chosen record with what the fold of the chosen records says of it."""

    __slots__ = ("record", "surprises", "timestamp")

    def __init__(self, record: LogRecord) -> None:
        self.record = record
        self.timestamp = record.timestamp
        self.surprises: list[tuple[bytes, StoredItem | None, StoredItem | None]] = []


class Seen:
    """What one place of a node last showed of its replica, so that only changes are filed."""

    __slots__ = ("ballot", "commit", "ends", "lengths", "member")

    def __init__(self, member: Member, commit: int) -> None:
        self.member = member
        self.commit = commit
        self.ballot: Ballot | None = None
        """That it leads, if any; `ends` is when its lease ends, by its node's clock."""
        self.ends = 0
        self.lengths = -1
        """All that it queues."""


class ImplObserver(RequestObserver):
    """Files facts about a group of storage nodes and its clients."""

    def __init__(self, config: Config, judges: dict[bytes, KeyJudge], make_judge: Any) -> None:
        super().__init__(config.voters, judges, make_judge)
        self.config = config
        """The newest that is chosen."""
        self.read_through: dict[tuple[str, str], int] = {}
        self.members: dict[str, Member] = {}
        self.firsts: dict[Member, int] = {}
        """Where the log begins that is on the platter."""
        self.seen: dict[str, Seen] = {}
        self.commits: dict[str, int] = {}
        """By place: how far its replica had committed when it last ran."""
        self.leader_changes = 0

    # --- What nodes say ---

    def note(self, slot: Any, note: Note) -> None:
        """Probes of replicas and clients."""
        view = self.view
        kind = type(note)
        if kind is Invoked:
            assert isinstance(note, Invoked)
            self.invoked(note, slot.node.deadline)
        elif kind is Ended:
            assert isinstance(note, Ended)
            self.ended(note)
        elif kind is LogTaken:
            assert isinstance(note, LogTaken)
            for record in note.records:
                view.file("committed", (slot.name, record.slot, record.ballot))
            self.reach("log read through a cursor")
        elif kind is Served:
            assert isinstance(note, Served)
            view.file("served", (note.member, note.ballot, note.applied))
            if note.left_us * 8 < slot.node.settings.usable_lease_us():
                self.reach("lease read just before its end")
        elif kind is Retried:
            assert isinstance(note, Retried)
            self.retried(note)
        elif kind is Led:
            assert isinstance(note, Led)
            view.lead(note.ballot, note.member)
            self.leader_changes += 1
            if self.leader_changes > 1 and self.open:
                self.reach("leader changed under load")
        elif kind is Reached:
            assert isinstance(note, Reached)
            if note.what == "gray link deposed nobody" and not self.leader_is_cut_off(slot):
                return  # It missed the heartbeats for another reason: they were lost or late.
            retired = self.members.get(slot.name) if note.what == "rot found" else None
            if retired is None:
                self.reach(note.what)
                return
            if self.has_durable_frames(slot.name, retired):  # Else a crash has torn its creation.
                self.reach(note.what)
                if retired not in view.forgetful:
                    view.file("silent", retired)
            view.forget(retired)  # It is silent from here on, whether or not it lost anything.
        elif kind is Deposed:
            assert isinstance(note, Deposed)
            if note.last_write > view.chosen_through:
                self.reach("old leader deposed holding unchosen writes")
        elif kind is Outbid:
            assert isinstance(note, Outbid)
            if campaigns(slot.world.places.get(note.promised.node), note.promised):
                self.reach("split vote")

    def leader_is_cut_off(self, slot: Any) -> bool:
        """Whether a link is cut on which this place would hear the newest leader."""
        view = self.view
        leader: Any = view.led[max(view.led)][-1] if view.led else None
        return leader is not None and f"{leader.node.name}>{slot.name}" in slot.world.cut_links

    # --- What leaves nodes ---

    def sent(self, slot: Any, to: NodeId, message: Message, covered: bool) -> None:
        """Promises, votes and grants that are let out; proposals; and whether the gate held."""
        view = self.view
        if not covered:
            view.file("uncovered", (slot.name, type(message).__name__))
        kind = type(message)
        if kind in VOUCHING:
            view.let_go(message.source, message.ballot)  # type: ignore[attr-defined]
        elif kind in PROPOSING:
            ballot = message.ballot  # type: ignore[attr-defined]
            for record in message.records:  # type: ignore[attr-defined]
                view.propose(ballot, record.slot, record)
        elif kind is Prepare:
            assert isinstance(message, Prepare)
            view.campaign(message.source, message.ballot)
        elif kind is Reply:
            assert isinstance(message, Reply)
            self.replied(message)
        elif kind is Request:
            assert isinstance(message, Request)
            self.attempts[message.request] = message.attempt
        elif kind is LogTrimmed:
            assert isinstance(message, LogTrimmed)
            held = view.holds.get(message.name)
            if held is not None and held[0] < message.place:
                view.file("given_up", (slot.name, message.name, message.place))

    # --- What disks hold ---

    def synced(self, slot: Any) -> None:
        """Read the frames that became durable."""
        member = self.members.get(slot.name)
        if member is None:
            return
        disk = slot.disk
        prefix = f"log/{member.incarnation:06d}/"
        for log in disk.grown:
            if not log.startswith(prefix):
                continue
            data = disk.durable_log(log)
            at = self.read_through.get((slot.name, log), 0)
            if at < len(data):
                found = scan(bytes(data[at:]))
                self.read_through[slot.name, log] = at + found.size
                for payload in found.payloads:
                    self.journalled(member, disk, payload)

    def has_durable_frames(self, name: str, member: Member) -> bool:
        """Whether anything of this incarnation's journal was ever on the platter."""
        prefix = f"log/{member.incarnation:06d}/"
        return any(
            through > 0 and node == name and log.startswith(prefix)
            for (node, log), through in self.read_through.items()
        )

    def journalled(self, member: Member, disk: Any, payload: bytes) -> None:
        """One journal record is on the platter."""
        view, record = self.view, decode(payload)
        if isinstance(record, Accepted):
            ballot = record.ballot
            view.cut_above(member, record.first + len(record.records) - 1)
            for entry in record.records:
                self.accepted(member, entry, ballot)
        elif isinstance(record, Learned):
            for entry, held_at in zip(record.records, record.ballots, strict=True):
                view.learn(member, entry.slot, Entry(held_at, entry.ballot))
        elif isinstance(record, Head):
            if record.snapshot is not None and pages_are_whole(record, disk):
                view.checkpoint(member, record.snapshot.slot)
            for entry, held_at in zip(record.records, record.ballots, strict=True):
                view.learn(member, entry.slot, Entry(held_at, entry.ballot))
            held = record.first > self.firsts.get(member, 1)
            view.cut(member, record.first, held)
            self.firsts[member] = record.first
        else:
            assert isinstance(record, Promised)

    def accepted(self, member: Member, record: LogRecord, ballot: Ballot) -> None:
        """One entry is durable; fold what became chosen."""
        view = self.view
        before, at = view.chosen_through, (record.slot, record.ballot)
        known = view.records.get(at)
        if known is None:
            known = ChosenRecord(record)
        elif known.record != record:
            view.file("altered", at)
        view.accept(member, record.slot, Entry(ballot, record.ballot), known)
        while before < view.chosen_through:
            before += 1
            self.fold(view.chosen[before])

    def fold(self, fact: ChosenSlot) -> None:
        """Apply a chosen record to the observer's own copy of the state."""
        view, record = self.view, fact.record.record
        if isinstance(record, Write):
            for mutation in record.mutations:
                there = self.items.get(mutation.key)
                if there != mutation.old:
                    fact.record.surprises.append((mutation.key, there, mutation.old))
                if mutation.new is None:
                    self.items.pop(mutation.key, None)
                else:
                    self.items[mutation.key] = mutation.new
                    self.written[mutation.key, record.slot] = mutation.new
            self.settle(record)
        elif isinstance(record, Outcome):
            self.settle(record)
        elif isinstance(record, ConfigChange):
            self.config = record.config
            view.reconfigure(record.slot, record.config.voters)
        elif isinstance(record, CursorMoved):
            held = view.holds.get(record.hold.name)
            through = record.slot if held is None else max(held[0], record.hold.through)
            view.holds[record.hold.name] = (through, record.hold.lapses_at)
        for name in [n for n, (_, lapses_at) in view.holds.items() if lapses_at <= record.slot]:
            del view.holds[name]

    # --- What happens to nodes ---

    def crashed(self, slot: Any, lost_disk: bool) -> None:
        """The volatile state is gone; what was kept of the unsynced bytes is on the platter from now on."""
        member = self.members.get(slot.name)
        if member is None:
            return
        self.view.holders.pop(member, None)
        self.seen.pop(slot.name, None)
        if lost_disk:
            self.view.forget(member)
            del self.members[slot.name]
        else:
            self.synced(slot)

    def damaged(self, slot: Any) -> None:
        """A synced byte rotted."""
        member = self.members.get(slot.name)
        if member is not None:
            self.view.forget(member)

    def restarted(self, slot: Any) -> None:
        """A replica came back from its disk."""
        replica = getattr(slot.node, "replica", None)
        if replica is not None:
            self.view.recover(replica.member, replica.log.promised)

    def handled(self, slot: Any) -> None:
        """What the stepped node's replica shows now."""
        replica = slot.node.replica
        if replica is None:
            return
        log = replica.log
        seen = self.seen.get(slot.name)
        if seen is None or seen.member is not replica.member:
            # All that came from the disk is looked at: what a restart makes of it may be another thing.
            seen = self.seen[slot.name] = Seen(replica.member, log.first - 1)
            self.members[slot.name] = replica.member
        if log.commit > seen.commit:
            for number in range(max(seen.commit + 1, log.first), log.commit + 1):
                self.view.file("committed", (seen.member, number, log.record(number).ballot))
            seen.commit = self.commits[slot.name] = log.commit
        ballot = replica.leading
        if ballot is not None:
            left = replica.lease_left() if replica.serving else -1
            ends = replica.env.now + left if left > 0 else 0
            if ends != seen.ends or ballot is not seen.ballot:
                seen.ends, seen.ballot = ends, ballot
                # Until the first tau at which the node's clock shows the lease's end.
                self.view.hold(seen.member, ballot, -(-(ends << 20) // slot.rate))
        elif seen.ballot is not None:
            seen.ballot, seen.ends = None, 0
            self.view.hold(seen.member, NO_BALLOT, 0)
        lengths = len(replica.in_flight_requests) + len(replica.state.remembered)
        lengths += len(replica.refused) + len(replica.state.holds) + len(replica.movers)
        if replica.flights:
            lengths += sum(map(len, replica.flights.values()))
        if lengths != seen.lengths:
            seen.lengths = lengths
            for queue, length, bound in replica.queues():
                if length > bound:
                    self.view.file("queue", (seen.member, queue, length, bound))

    def raised(self, slot: Any, payload: object, error: Exception) -> None:
        """A handler raised."""
        self.view.file("raised", (slot.name, type(payload).__name__, f"{type(error).__name__}: {error}"))

    def prune(self) -> None:
        """Forget what no spec can ask for any more, so that a run of any length needs bounded memory.

        A slot is kept until every replica of the group committed it `WINDOW` slots ago; an effect while its
        request is open; a refusal for the next `WINDOW` refusals.
        """
        view = self.view
        through = min(self.commits.values(), default=0) - WINDOW
        if through <= view.pruned_through:
            return
        newest = view.chosen.get(view.chosen_through)
        now = newest.record.timestamp if newest is not None else 0
        self.settle_lost(now)
        view.prune(through)
        self.forget_requests(through, now)
        for at in list(self.read_through)[: -4 * len(self.commits)]:  # A replica has few segments.
            del self.read_through[at]


def campaigns(slot: Any, ballot: Ballot) -> bool:
    """Whether a candidate at this place still asks for promises of the ballot."""
    replica = getattr(slot.node, "replica", None) if slot is not None and slot.up else None
    return replica is not None and replica.campaign == ballot


def pages_are_whole(head: Head, disk: Any) -> bool:
    """Whether every page of the checkpoint that a head names is sound on the platter."""
    assert head.snapshot is not None
    pages, missing = disk.durable_files().get(head.pages, {}), [head.snapshot.root]
    try:
        while missing:
            ref = missing.pop()
            page = decode_page(ref, pages.get(ref.page))
            missing.extend(page.children if isinstance(page, BranchPage) else ())
    except RottenPageError:
        return False
    return True

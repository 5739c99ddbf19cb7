"""What is on the disks of replicas, read into a `GroupView` frame by frame, as it becomes durable."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dynaproof.impl.journal.frames import scan
from dynaproof.impl.partition.codec import decode
from dynaproof.impl.partition.records import LogRecord, StoredItem
from dynaproof.impl.paxos.files import log_prefix
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.log import Accepted, AnyHead, Brought, Head, JournalRecord, Learned, Promised
from dynaproof.impl.paxos.sizes import HEAD_BYTES
from dynaproof.impl.tree.page_file import Part, file_of
from dynaproof.impl.tree.pages import PageRef, RottenPageError, decode_page
from dynaproof.specs.observe.impl.message_sizes import bounded_frame
from dynaproof.specs.observe.impl.place import Place, Platter, settings_of
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.group_facts import Chosen, Entry, FrameTooLarge, RecordAltered

NO_PAGE = -1
"""The page above a root."""

REMEMBERED = 64
"""The most journal records that are remembered, so as not to be decoded again,"""
REMEMBERED_PAGES = 256
"""and pages."""


class ChosenRecord:
    """A chosen record with what the fold of the chosen records says of it."""

    __slots__ = ("log_bytes", "record", "surprises", "timestamp")

    def __init__(self, record: LogRecord) -> None:
        self.record = record
        self.timestamp = record.timestamp
        self.log_bytes = 0
        """What it and all chosen records below it take; known once it is chosen."""
        self.surprises: list[tuple[bytes, StoredItem | None, StoredItem | None]] = []


class DurableLogs:
    """The journals of a group's replicas, as far as they are durable."""

    def __init__(self, view: GroupView, group: int, on_chosen: Callable[[Chosen], None]) -> None:
        self.view = view
        self.group = group
        self.on_chosen = on_chosen
        """Called with every chosen slot, in order, before any higher one is looked for."""
        self.read_through: dict[tuple[str, str], int] = {}
        """By place and log: how far its frames were read,"""
        self.read_before: dict[str, str] = {}
        """and by place, the newest log for which that was forgotten."""
        self.firsts: dict[Member, int] = {}
        """Where the log on the platter begins."""
        self.with_rot: dict[Member, bool] = {}
        """Replicas with a rotten page: one that has not read it goes on, and names it again."""
        self.pages: dict[Member, SoundPages] = {}
        """The pages of each replica's newest checkpoint."""
        self.brought: dict[Member, list[tuple[int, Entry]]] = {}
        """What copies have brought of a peer's log, which counts once a head names the copy."""
        self._decoded: dict[bytes, JournalRecord] = {}
        self._pages_read = PagesRead()
        self._prefixes: dict[int, str] = {}
        """By incarnation: the prefix of the names of its logs."""

    def synced(self, place: Place, member: Member) -> None:
        """Read the frames that became durable of an incarnation at a place."""
        disk = place.disk
        prefix = self._prefixes.get(member.incarnation)
        if prefix is None:
            prefix = self._prefixes[member.incarnation] = log_prefix(self.group, member.incarnation)
        if disk.paged and member in self.pages:
            self.pages[member].changed(disk.paged)
        for log in disk.grown:
            if log.startswith(prefix) and log > self.read_before.get(place.name, ""):
                self.read_on(place, member, log)

    def began(self, place: Place, member: Member) -> None:
        """Read what a replica had made durable before it was known to be there."""
        for log in place.disk.durable_logs(log_prefix(self.group, member.incarnation)):
            self.read_on(place, member, log)

    def read_on(self, place: Place, member: Member, log: str) -> None:
        """Read the frames of a log that have not been read yet."""
        data = place.disk.durable_log(log)
        at = self.read_through.pop((place.name, log), 0)
        self.read_through[place.name, log] = at  # The log that grew last comes last.
        if at >= len(data):
            return
        found, bound = scan(bytes(data[at:])), settings_of(place).records_bytes
        self.read_through[place.name, log] = at + found.size
        for payload in found.payloads:
            record = self.decoded(payload)
            if len(payload) > bound:
                self.sized(member, record, len(payload), bound)
            self.journalled(member, place.disk, record)

    def sized(self, member: Member, record: JournalRecord, size: int, bound: int) -> None:
        """File a journal record that exceeds the bound of a message's records, if that is a fault."""
        if isinstance(record, Head):
            bound = max(bound, HEAD_BYTES)
        else:
            size = bounded_frame(record)
        if size > bound:
            self.view.file(FrameTooLarge(member, type(record).__name__, size, bound))

    def journalled(self, member: Member, disk: Platter, record: JournalRecord) -> None:
        """One journal record is on the platter."""
        view = self.view
        if isinstance(record, Accepted):
            ballot = record.ballot
            # What is known chosen is never cut: a new voter has learnt more than the batch that it adopts.
            view.cut_above(member, max(record.commit, record.first + len(record.records) - 1))
            for entry in record.records:
                self.accepted(member, entry, ballot)
        elif isinstance(record, Learned):
            for entry, held_at in zip(record.records, record.held_at, strict=True):
                view.learn(member, entry.slot, Entry(held_at, entry.proposed_at))
        elif isinstance(record, Head):
            self.headed(member, disk, record)
        elif isinstance(record, Brought):
            before = self.brought.setdefault(member, [])
            if before and before[-1][0] + 1 != record.first:
                before.clear()
            for entry, held_at in zip(record.records, record.held_at, strict=True):
                before.append((entry.slot, Entry(held_at, entry.proposed_at)))
        else:
            assert isinstance(record, Promised)

    def headed(self, member: Member, disk: Platter, head: AnyHead) -> None:
        """A segment begins: with a checkpoint, or where a log replica's log begins."""
        view, snapshot = self.view, head.snapshot
        if snapshot is not None and not snapshot.roots:
            view.lack_tree(member, snapshot.slot)
            return
        if snapshot is not None:
            pages = self.pages.get(member)
            if pages is None:
                pages = self.pages[member] = SoundPages(self._pages_read)
            if member in self.with_rot or pages.whole(head, disk):
                view.checkpoint(member, snapshot.slot)
        # A replica that gets its tree has from then on what readers hold.
        held = head.first > self.firsts.get(member, 1) or member in view.bare
        view.has_tree(member)
        if head.copied:
            self.named(member, head)
        view.cut(member, head.first, held)
        self.firsts[member] = head.first

    def named(self, member: Member, head: AnyHead) -> None:
        """A head names a copy: the log that was brought with it counts from here on."""
        assert head.snapshot is not None
        for slot, entry in self.brought.pop(member, ()):
            if head.first <= slot <= head.snapshot.slot:
                self.view.learn(member, slot, entry)

    def decoded(self, payload: bytes) -> JournalRecord:
        """The decoded journal record; cached, for a group's voters write equal ones in quick succession."""
        record = self._decoded.get(payload)
        if record is None:
            record = decode(payload)
            if len(self._decoded) >= REMEMBERED:
                self._decoded.clear()
            self._decoded[payload] = record
        return record

    def accepted(self, member: Member, record: LogRecord, ballot: Ballot) -> None:
        """One entry is durable; what became chosen by it is passed on."""
        view = self.view
        before, at = view.chosen_through, (record.slot, record.proposed_at)
        known = view.records.get(at)
        if known is None:
            known = ChosenRecord(record)
        elif known.record is not record and known.record != record:
            view.file(RecordAltered(*at))
        view.accept(member, record.slot, Entry(ballot, record.proposed_at), known)
        while before < view.chosen_through:
            before += 1
            self.on_chosen(view.chosen[before])

    def config_in_doubt(self) -> bool:
        """Whether some disk has a config that is not chosen."""
        chosen, records = self.view.chosen_through, self.view.records
        return any(slot > chosen and one.record.config is not None for (slot, _), one in records.items())

    def forget(self, kept: int) -> None:
        """Keep only so many of the logs that were read at each place: old segments do not grow any more. Nor
        are they read again where a crash undoes their removal: what they say was cut since.
        """
        left: dict[str, int] = {}
        for place, log in reversed(list(self.read_through)):
            left[place] = left.get(place, kept) - 1
            if left[place] < 0:
                del self.read_through[place, log]
                self.read_before[place] = max(log, self.read_before.get(place, ""))
        for member in list(self.pages)[: -kept * len(left)]:
            del self.pages[member]
        self._prefixes.clear()


class PagesRead:
    """A cache of verified pages: the voters of a group write equal ones in quick succession."""

    def __init__(self) -> None:
        self._read: dict[bytes, tuple[PageRef, bytes, Sequence[PageRef]]] = {}
        """By digest: what named the page, its bytes, and the pages below it."""

    def below(self, ref: PageRef, data: bytes | None) -> Sequence[PageRef]:
        """The pages below the one that `ref` names, whose bytes these are.

        Raises:
            RottenPageError: these are not its bytes.
        """
        before = self._read.get(ref.digest)
        if before is not None and before[0] == ref and before[1] == data:
            return before[2]
        children = decode_page(ref, data).children
        assert data is not None, "a page that is missing is rotten"
        if len(self._read) >= REMEMBERED_PAGES:
            self._read.clear()
        self._read[ref.digest] = ref, data, children
        return children


class SoundPages:
    """The pages of checkpoints of one replica that were found sound on the platter.

    *Invariant.* Everything below a known page is sound until some page of it is written again; then that
    page is known no more, nor are those above it. So a checkpoint costs what it has changed.
    """

    def __init__(self, read: PagesRead) -> None:
        self._read = read
        self._line: tuple[Part, ...] = ()
        self._known: dict[int, tuple[PageRef, int]] = {}
        """By page: what names it, and the page above it."""

    def changed(self, pages: Sequence[tuple[str, int]]) -> None:
        """These pages of these files have changed on the platter, or are gone."""
        names = [part.name for part in self._line]
        for file, page in pages:
            known = self._known.pop(page, None) if file in names else None
            while known is not None:
                known = self._known.pop(known[1], None)

    def whole(self, head: AnyHead, disk: Platter) -> bool:
        """Whether every page of the checkpoint that a head names is sound on the platter."""
        assert head.snapshot is not None
        line = (*head.older, Part(head.pages, head.first_page))
        if line != self._line or head.older:  # Nothing says here which pages of others' files are rewritten.
            self._line, self._known = line, {}
        files, known = {part.name: disk.durable_pages(part.name) for part in line}, self._known
        missing = [(root, NO_PAGE) for root in head.snapshot.roots]
        while missing:
            ref, above = missing.pop()
            before = known.get(ref.page)
            if before is None or before[0] != ref:
                try:
                    below = self._read.below(ref, files.get(file_of(line, ref.page), {}).get(ref.page))
                except RottenPageError:
                    self._known = {}
                    return False
                missing += [(child, ref.page) for child in below]
            known[ref.page] = ref, above
        return True

"""The retained entries of a replication log: recent ones in memory, older ones where the journal holds them.

An entry stays in memory while it is not known to be chosen, and for as long after that as the cache has room.
What leaves the cache is found again by an index of *blocks*: consecutive slots whose records lie in
consecutive frames of one segment. A block has bounded size, unless a single frame is larger, so the index
takes a small share of the bytes that it covers, and a record is read back by reading one block.

*Invariants.* Slots are contiguous from `first` to `last`. What is not in memory is known to be chosen: no
accept and no learnt record ever replaces it; and a block no longer grows once it has been read. So what was
read stays true. In a block of several frames every record of every frame counts; a frame some of whose
records were replaced, or were known before, makes a block of its own, which names the slots that count.

Source: Ongaro and Ousterhout, *In Search of an Understandable Consensus Algorithm*, 7 (what a log may drop);
Rosenblum and Ousterhout, *The Design and Implementation of a Log-Structured File System*, SOSP 1991 (where
the log is the only copy, an index in memory finds what it holds).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from dynaproof.impl.journal.journal import Frame, Journal, RottenLogError
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.records import Record, size_bytes

BLOCK_BYTES = 16_384
"""The most bytes of frames in one block; more only where a single frame is larger."""

CACHE_BYTES = 1 << 22
"""What entries take in memory unless another size is given; see `GroupSettings.log_cache_bytes`."""

OBJECT_BYTES = 512
"""About what an entry takes in memory besides the bytes of its record."""


class Carrier(Protocol):
    """A journal record, as far as it carries entries."""

    def carried(self) -> tuple[Sequence[Record], Sequence[Ballot]]:
        """Its records, of consecutive slots, and the ballots at which they are held."""
        ...


class Run(Struct, frozen=True, gc=False):
    """The frame that an entry lies in, and the slots of all records in it."""

    frame: Frame
    first: int
    count: int


class Stretch:
    """Consecutive entries in memory; `ends[i]` is how many bytes of records the log has had through the i-th,
    and `before` how many it had before the first.
    """

    __slots__ = ("before", "ends", "first", "held_at", "last", "records")

    def __init__(self, first: int, before: int) -> None:
        self.first = first
        self.last = first - 1
        """The slot of the last entry; the one before `first` where there is none."""
        self.before = before
        self.records: list[Record] = []
        self.held_at: list[Ballot] = []
        self.ends: list[int] = []

    @property
    def end(self) -> int:
        """How many bytes of records the log has had through the last entry."""
        return self.ends[-1] if self.ends else self.before

    @property
    def cached_bytes(self) -> int:
        """About what the entries take in memory."""
        return self.end - self.before + OBJECT_BYTES * len(self.records)

    def cached_through(self, slot: int) -> int:
        """The same for the entries through this slot, or the one before `first`."""
        return self.bytes_through(slot) - self.before + OBJECT_BYTES * (slot + 1 - self.first)

    def bytes_through(self, slot: int) -> int:
        """How many bytes of records the log has had through this slot, or through the one before `first`."""
        return self.ends[slot - self.first] if slot >= self.first else self.before

    def fitting(self, begin: int, most: int, limit: int, each: int) -> int:
        """How many entries, from `begin` to `most`, keep the log within `limit` bytes of records, if each
        from `begin` on takes `each` more.
        """
        if not each:
            return bisect_right(self.ends, limit, begin, most)
        places = range(begin, most)
        return begin + bisect_right(places, limit, key=lambda at: self.ends[at] + each * (at - begin + 1))

    def add(self, records: Sequence[Record], held_at: Sequence[Ballot]) -> None:
        """Add the entries of the next slots."""
        end = self.end
        for record in records:
            end += size_bytes(record)
            self.ends.append(end)
        self.records += records
        self.held_at += held_at
        self.last += len(records)


class Index:
    """The blocks of the entries that are not in memory, in order, as columns of integers."""

    def __init__(self) -> None:
        self.slots = array("q")
        """The first slot of each block; it ends before that of the next,"""
        self.before = array("q")
        """how many bytes of records the log had had before it,"""
        self.segments, self.ats, self.sizes = array("q"), array("q"), array("q")
        """and where its frames lie."""
        self._open = False
        """Whether every record of every frame of the last block counts, so that it may grow."""

    def __len__(self) -> int:
        return len(self.slots)

    def add(self, slot: int, before: int, run: Run, whole: bool) -> None:
        """Add the slots from `slot` on that lie in the frame of `run`; `whole` if all its records count."""
        frame = run.frame
        if self._open and whole and frame.segment == self.segments[-1]:
            continues = frame.at == self.ats[-1] + self.sizes[-1]
            if continues and self.sizes[-1] + frame.size <= BLOCK_BYTES:
                self.sizes[-1] += frame.size
                return
        self.slots.append(slot)
        self.before.append(before)
        self.segments.append(frame.segment)
        self.ats.append(frame.at)
        self.sizes.append(frame.size)
        self._open = whole

    def block_of(self, slot: int) -> int:
        """The number of the block that holds a slot."""
        return bisect_right(self.slots, slot) - 1

    def frames_of(self, block: int) -> Frame:
        """Where the frames of a block lie."""
        return Frame(self.segments[block], self.ats[block], self.sizes[block])

    def close(self) -> None:
        """Stop the last block from growing: what is read of it now stays all of it."""
        self._open = False

    def begin_at(self, slot: int, before: int) -> None:
        """Forget what is below a slot, which one of the blocks holds; the log has had `before` bytes of
        records before it.
        """
        self.drop(self.block_of(slot))
        if self.slots[0] < slot:
            self.slots[0], self.before[0] = slot, before
            self._open = self._open and len(self) > 1

    def extend(self, other: Index, more: int) -> None:
        """Add the blocks of the slots that follow; the log has had `more` bytes more before them."""
        self.slots += other.slots
        self.before += array("q", [before + more for before in other.before])
        self.segments += other.segments
        self.ats += other.ats
        self.sizes += other.sizes
        self._open = other._open

    def drop(self, blocks: int) -> None:
        """Forget the first blocks."""
        for column in (self.slots, self.before, self.segments, self.ats, self.sizes):
            del column[:blocks]
        self._open = self._open and bool(self.slots)


class Staged:
    """Consecutive entries on the disk that a copy has brought, and that are not yet part of the log."""

    __slots__ = ("bytes", "first", "index", "last")

    def __init__(self, first: int) -> None:
        self.first = first
        self.last = first - 1
        self.index = Index()
        self.bytes = 0
        """What their records take."""

    def add(self, records: Sequence[Record], run: Run) -> None:
        """Add the entries of the next slots; the frame of `run` holds them."""
        self.index.add(self.last + 1, self.bytes, run, whole=True)
        self.last += len(records)
        self.bytes += sum(map(size_bytes, records))


class Entries:
    """The entries of consecutive slots, wherever they are."""

    def __init__(self, journal: Journal, decode: Callable[[bytes], Carrier], cache_bytes: int) -> None:
        self._journal = journal
        self._decode = decode
        self.read_bytes = cache_bytes // 4
        """Bound of what was read back and is kept: a quarter of the cache, but always one block."""
        self.recent_bytes = cache_bytes - self.read_bytes
        """Bound of the chosen entries that have not left memory yet."""
        self.restart(1)

    def restart(self, first: int) -> None:
        """Hold no entries; the next one is that of slot `first`."""
        self.first = first
        self.recent = Stretch(first, 0)
        self._runs: list[Run] = []
        """The frame of each recent entry; entries of one frame share the object."""
        self.index = Index()
        self._read: dict[int, Stretch] = {}
        """Blocks that were read back, by first slot, the last one used at the end."""
        self._read_bytes = 0

    # --- Reading ---

    @property
    def last(self) -> int:
        """The last slot with an entry (`first` - 1 where there is none)."""
        return self.recent.last

    def cached_through(self, slot: int) -> int:
        """About what the entries in memory take through this recent slot, or the one before these."""
        return self.recent.cached_through(slot) + self._read_bytes

    @property
    def retained_bytes(self) -> int:
        """The bytes of the records from `first` on; some that are cut may count until their block goes."""
        index, recent = self.index, self.recent
        return recent.end - (index.before[0] if index.slots else recent.before)

    def record(self, slot: int) -> Record:
        """The entry of a retained slot."""
        held = self._holding(slot)
        return held.records[slot - held.first]

    def held_at(self, slot: int) -> Ballot:
        """The ballot at which a retained slot is held."""
        held = self._holding(slot)
        return held.held_at[slot - held.first]

    def chunk(
        self, first: int, last: int, limit_bytes: int, each: int = 0
    ) -> tuple[list[Record], list[Ballot]]:
        """The entries from slot `first` through `last` and their ballots, as far as the records take at most
        `limit_bytes`, with `each` bytes more for every one, but at least one. No block is read twice for it.
        """
        records: list[Record] = []
        held_at: list[Ballot] = []
        slot, room = first, limit_bytes
        while slot <= last:
            held = self._holding(slot)
            begin, before = slot - held.first, held.bytes_through(slot - 1)
            most = min(last, held.last) - held.first + 1
            end = held.fitting(begin, most, before + room, each)
            if end == begin and not records:
                end += 1
            records += held.records[begin:end]
            held_at += held.held_at[begin:end]
            if end < most:
                break
            room -= held.ends[end - 1] - before + each * (end - begin)
            slot = held.first + end
        return records, held_at

    def bytes_through(self, slot: int) -> int:
        """How many bytes of records the log has had through this slot since it was opened; for slots from
        `first` - 1 to `last`.
        """
        if slot >= self.recent.first - 1:
            return self.recent.bytes_through(slot)
        return self._holding(slot + 1).bytes_through(slot)

    def first_within(self, last: int, limit_bytes: int) -> int:
        """The lowest slot from which the entries through `last` take at most `limit_bytes`, or the next one
        that begins a block, but none above `last` + 1.
        """
        goal = self.bytes_through(last) - limit_bytes
        if goal > self.recent.before:
            slot = self.recent.first + bisect_left(self.recent.ends, goal) + 1
        else:
            block = bisect_left(self.index.before, goal)
            slot = self.index.slots[block] if block < len(self.index) else self.recent.first
        return max(self.first, min(slot, last + 1))

    def _holding(self, slot: int) -> Stretch:
        """The entries around a retained slot, read back where they are not in memory.

        Raises:
            RottenLogError: what lies there is not what was written.
        """
        if slot >= self.recent.first:
            return self.recent
        block = self.index.block_of(slot)
        begin = self.index.slots[block]
        held = self._read.pop(begin, None)
        if held is None:
            if block == len(self.index) - 1:
                self.index.close()
            held = self._read_back(block)
            self._read_bytes += held.cached_bytes
        self._read[begin] = held
        while self._read_bytes > self.read_bytes and len(self._read) > 1:
            self._forget(next(iter(self._read)))
        if not begin <= slot <= held.last:
            raise RottenLogError(f"slot {slot} is in no block")
        return held

    def _read_back(self, block: int) -> Stretch:
        """Read a block.

        Raises:
            RottenLogError: what lies there is not what was written.
        """
        index = self.index
        begin = index.slots[block]
        end = index.slots[block + 1] if block + 1 < len(index) else self.recent.first
        held = Stretch(begin, index.before[block])
        for payload in self._journal.read(index.frames_of(block)):
            records, held_at = self._decode(payload).carried()
            offset = begin - records[0].slot if records and not held.records else 0
            count = end - begin - len(held.records)
            held.add(records[offset : offset + count], held_at[offset : offset + count])
        if [record.slot for record in held.records] != list(range(begin, end)):
            raise RottenLogError(f"slots {begin} to {end - 1} are not where they were written")
        return held

    def _forget(self, begin: int) -> None:
        self._read_bytes -= self._read.pop(begin).cached_bytes

    # --- Changing ---

    def append(self, records: Sequence[Record], held_at: Sequence[Ballot], run: Run) -> None:
        """Add the entries of the next slots; the frame of `run` holds them."""
        self.recent.add(records, held_at)
        self._runs += [run] * len(records)

    def replace(self, first: int, records: Sequence[Record], held_at: Sequence[Ballot], run: Run) -> None:
        """Put other entries from slot `first` on; those above them stay."""
        recent = self.recent
        above = first + len(records) - recent.first
        rest, rest_held_at, runs = recent.records[above:], recent.held_at[above:], self._runs[above:]
        self.cut_above(first - 1)
        self.append(records, held_at, run)
        recent.add(rest, rest_held_at)
        self._runs += runs

    def take_over(self, staged: Staged, first: int) -> None:
        """Put staged entries, from slot `first` on, in place of all through the last of them; all that is
        above that stays.
        """
        recent, own, last = self.recent, self.index, staged.last
        above = max(0, last + 1 - recent.first)
        rest, rest_held_at, runs = recent.records[above:], recent.held_at[above:], self._runs[above:]
        begin, size = max(last + 1, recent.first), staged.bytes
        if begin > last + 1:  # In a log replica, older ones above the copied state may have left memory.
            before = self.bytes_through(last)
            own.begin_at(last + 1, before)
            staged.index.extend(own, staged.bytes - before)
            size += recent.before - before
        self.restart(begin)
        self.index, self.recent.before = staged.index, size
        self.recent.add(rest, rest_held_at)
        self._runs = runs
        self.cut_below(first)

    def cut_above(self, slot: int) -> None:
        """Remove the entries above a slot; all of them are in memory."""
        recent = self.recent
        keep = max(0, slot + 1 - recent.first)
        assert slot + 1 >= recent.first, "what is known to be chosen is never replaced"
        del recent.records[keep:], recent.held_at[keep:], recent.ends[keep:], self._runs[keep:]
        recent.last = recent.first + len(recent.records) - 1

    def cut_below(self, first: int) -> None:
        """Remove the entries below a slot."""
        self.first = first
        index = self.index
        if first >= self.recent.first:
            self._drop_recent(first - self.recent.first)
            index.drop(len(index))
        else:
            index.drop(index.block_of(first))
        least = index.slots[0] if len(index) else first
        for begin in [begin for begin in self._read if begin < least]:
            self._forget(begin)

    def evict(self, through: int) -> None:
        """Let the oldest entries leave memory if they take more than their bound, but none above slot
        `through`, which is known to be chosen. An eighth more goes than must, so that not every new entry
        moves all others.
        """
        recent, runs = self.recent, self._runs
        excess = recent.cached_bytes - self.recent_bytes
        if excess <= 0:
            return
        excess += self.recent_bytes // 8
        gone = 0
        while gone < len(runs) and excess > 0:
            run, end = runs[gone], gone + 1
            while end < len(runs) and runs[end] is run:
                end += 1
            if recent.first + end - 1 > through:
                break
            slot = recent.first + gone
            before = recent.bytes_through(slot - 1)
            self.index.add(slot, before, run, run.first == slot and run.count == end - gone)
            excess -= recent.ends[end - 1] - before + OBJECT_BYTES * (end - gone)
            gone = end
        self._drop_recent(gone)

    def _drop_recent(self, count: int) -> None:
        recent = self.recent
        if count:
            recent.before = recent.ends[count - 1]
            recent.first += count
            del recent.records[:count], recent.held_at[:count], recent.ends[:count], self._runs[:count]

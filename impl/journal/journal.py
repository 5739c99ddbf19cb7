"""A journal: frames in segments on a `Disk`. Old segments are dropped; the journal survives any crash.

Each segment is one log of the disk and begins with a frame that carries a `Link` to those before it. Files
lose their unsynced ends independently, and removals may be undone independently, so after a crash any mixture
of segments may be there: some whose predecessor lost its end, some older than one that was already removed,
some that an earlier recovery removed. Recovery takes the newest segment whose *span* is whole: the segments
from the oldest that it keeps to itself, each beginning with the sequence number at which the one before it
ends, and no generation below an earlier one. All other segments are void.

*Why nothing durable is lost.* A sync covers all that was written before it, so a durable segment has a
durable span; and a segment is removed only once one that does not keep it is durable. *Why nothing comes
back.* What recovery leaves out had a hole below it; the frames that fill the hole later are of a higher
generation, and a new segment never takes the number of one that was found, and names its predecessor. *Why
rot is told apart.* Segments say how far the journal was known to be durable when they were begun; an end
below that is not a torn tail.

Sources: Alagappan et al., *Protocol-Aware Recovery for Consensus-Based Storage*, FAST 2018, 3.3; Pillai et
al., *All File Systems Are Not Created Equal*, OSDI 2014 (files persist in no order).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from dynaproof.impl.journal.frames import FRAME_BYTES, encode_frame, pieces, scan
from dynaproof.impl.node import Disk


class RottenLogError(Exception):
    """Synced state of this replica is lost: it must fall silent for ever (rule 13)."""


class Link(Struct, frozen=True, gc=False, array_like=True):
    """What a segment's first frame says of the others."""

    previous: int
    """The segment before this one; 0 for none."""
    keeps: int
    """The oldest segment that is needed once this one is durable."""
    synced: int
    """Every frame with a lower sequence number was known to be durable when this segment was begun."""


NO_LINK = Link(0, 0, 0)
"""The link of a head that begins no segment yet."""


class Frame(Struct, frozen=True, gc=False):
    """Where a frame lies: `size` bytes from `at` on, in a segment."""

    segment: int
    at: int
    size: int


class Segment(Struct, frozen=True):
    """One segment as recovery finds it."""

    link: Link
    size: int
    """The bytes of its whole frames."""
    began: int
    generation: int
    """Generations of the first frame and of the last."""
    first: int
    sequence: int
    """Sequence number of the first frame, and the one that the next frame must carry."""


class Journal:
    """Appends frames to the newest segment of `prefix`, and begins and drops segments."""

    def __init__(self, disk: Disk, prefix: str) -> None:
        self._disk = disk
        self._prefix = prefix
        self._generation = 1
        self._segments: list[int] = []
        self._next = 1
        self._begun_at = 0
        self._keeps = 0
        self.sequence = 0
        """The number of the next frame."""
        self.synced = 0
        """Every frame below it is known to be durable."""

    @property
    def segment(self) -> int:
        """The number of the newest segment; 0 where there is none."""
        return self._segments[-1] if self._segments else 0

    def append(self, payload: bytes) -> Frame:
        """Append one frame."""
        frame = encode_frame(self._generation, self.sequence, payload)
        segment = self._segments[-1]
        at = self._disk.append(self._name(segment), frame)
        self.sequence += 1
        return Frame(segment, at, len(frame))

    def read(self, frames: Frame) -> Sequence[bytes]:
        """The payloads of the whole frames that lie there.

        Raises:
            RottenLogError: some of it is damaged or missing.
        """
        name = self._name(frames.segment)
        found = scan(self._disk.read(name, frames.at, frames.size))
        if found.tail != "clean" or found.size != frames.size:
            raise RottenLogError(name)
        return found.payloads

    def roll(self, keeps: int, first: Callable[[Link], bytes]) -> Frame:
        """Begin a segment with the frame that `first` makes; segments older than `keeps` are no longer needed
        (0: only the new segment is).
        """
        number = self._next
        keeps = keeps or number
        link = Link(self.segment, keeps, self.synced)
        self._segments.append(number)
        self._next, self._begun_at, self._keeps = number + 1, self.sequence, keeps
        return self.append(first(link))

    def confirm(self, sequence: int) -> None:
        """Every frame below `sequence` is durable: a message to itself that was sent after them has come."""
        assert sequence <= self.sequence, "only what was written is durable"
        self.synced = max(self.synced, sequence)

    def drop_unneeded(self) -> list[int]:
        """Remove the segments that the newest one does not keep, in any order, once that one is durable."""
        if self.synced <= self._begun_at:
            return []  # The newest segment may still be lost, and what it does not keep be needed.
        dropped = [number for number in self._segments if number < self._keeps]
        for number in dropped:
            self._disk.remove_log(self._name(number))
        self._segments = self._segments[len(dropped) :]
        return dropped

    def names(self) -> Iterator[str]:
        """The logs of its segments, oldest first."""
        return map(self._name, self._segments)

    def _name(self, number: int) -> str:
        return segment_name(self._prefix, number)

    # --- Recovery ---

    @classmethod
    def recover(
        cls, disk: Disk, prefix: str, link_of: Callable[[bytes], Link | None]
    ) -> tuple[Journal, bool] | None:
        """The journal on the disk, and whether a torn tail was cut; None where no frame is whole.

        Raises:
            RottenLogError: synced bytes are damaged or missing.
        """
        found: dict[int, Segment] = {}
        numbers = [int(name[len(prefix) :]) for name in disk.logs(prefix)]
        journal = cls(disk, prefix)
        torn = False
        for number in numbers:
            segment, ends_early = journal._survey(number, link_of)
            torn = torn or ends_early
            if segment is not None:
                found[number] = segment
        if not found:
            return None
        span = next((whole for last in sorted(found, reverse=True) if (whole := _span(found, last))), None)
        end = found[span[-1]].sequence if span else 0
        if span is None or any(segment.link.synced > end for segment in found.values()):
            raise RottenLogError(f"{prefix}: frames that were durable are missing")
        for number in numbers:
            if number in span:
                disk.cut(journal._name(number), found[number].size)
            else:
                disk.remove_log(journal._name(number))
        newest = found[span[-1]]
        journal._segments = span
        journal._next = numbers[-1] + 1
        journal._generation = max(segment.generation for segment in found.values()) + 1
        journal._begun_at, journal._keeps = newest.first, newest.link.keeps
        journal.sequence = journal.synced = end
        return journal, torn

    def _survey(self, number: int, link_of: Callable[[bytes], Link | None]) -> tuple[Segment | None, bool]:
        """What recovery must know of a segment, None where it has no whole frame; and whether its end is
        torn.
        """
        name, link = self._name(number), None
        size = began = generation = first = sequence = 0
        tail = "clean"
        for at, piece in pieces(self._disk, name):
            tail = piece.tail
            if not piece.payloads:
                continue
            if at == 0:
                link, began, first = link_of(piece.payloads[0]), piece.began, piece.first
                if link is None:
                    raise RottenLogError(name)
            size, generation, sequence = at + piece.size, piece.generation, piece.sequence
        if tail == "rot":
            raise RottenLogError(name)
        if link is None:
            return None, tail == "torn"
        return Segment(link, size, began, generation, first, sequence), tail == "torn"

    def frames(self) -> Iterator[tuple[Frame, bytes]]:
        """All frames, in order, each with its payload; they are read in pieces."""
        for segment in self._segments:
            at = 0
            for _, piece in pieces(self._disk, self._name(segment)):
                for payload in piece.payloads:
                    size = len(payload) + FRAME_BYTES
                    yield Frame(segment, at, size), payload
                    at += size


def segment_name(prefix: str, number: int) -> str:
    """The log of a journal's segment."""
    return f"{prefix}{number:08d}"


def _span(found: dict[int, Segment], last: int) -> list[int] | None:
    """The segments from the oldest that `last` keeps to itself, if all are there and continue each
    other.
    """
    span, keeps = [last], found[last].link.keeps
    while span[0] > keeps:
        later = found[span[0]]
        earlier = found.get(later.link.previous)
        if earlier is None or earlier.sequence != later.first:
            return None
        if earlier.generation > later.began:
            return None  # Left over from before a recovery that went on without it.
        span.insert(0, later.link.previous)
    return span if span[0] == keeps else None

"""A journal: frames in segments on a `Disk`, of which old segments are dropped, and which survives any crash.

Each segment is one log of the disk and begins with a frame that carries a `Link` to those before it. Files
lose their unsynced ends independently, and removals may be undone independently, so after a crash any
mixture of segments may be there: some whose predecessor lost its end, some older than one that was removed
already, some that an earlier recovery removed. Recovery takes the newest segment whose *span* is whole: from
the oldest segment that it keeps to itself, each beginning with the sequence number at which the one before it
ends, and no generation below one before it. All other segments are void.

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

from collections.abc import Callable, Iterator

from msgspec import Struct

from dynaproof.impl.journal.frames import Scan, encode_frame, scan
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
"""Of a head that begins no segment yet."""


class Segment(Struct, frozen=True):
    """One segment as recovery finds it."""

    scan: Scan
    link: Link


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

    def append(self, payload: bytes) -> None:
        """Append one frame."""
        frame = encode_frame(self._generation, self.sequence, payload)
        self._disk.append(self._name(self._segments[-1]), frame)
        self.sequence += 1

    def roll(self, keeps: int, first: Callable[[Link], bytes]) -> None:
        """Begin a segment, whose first frame `first` makes; what is older than segment `keeps` is not needed
        any more (0: nothing but the new segment is needed).
        """
        number = self._next
        keeps = keeps or number
        link = Link(self.segment, keeps, self.synced)
        self._segments.append(number)
        self._next, self._begun_at, self._keeps = number + 1, self.sequence, keeps
        self.append(first(link))

    def confirm(self, sequence: int) -> None:
        """Every frame below `sequence` is durable: a message to itself that was sent after them has come."""
        assert sequence <= self.sequence, "only what was written is durable"
        self.synced = max(self.synced, sequence)

    def drop_unneeded(self) -> list[int]:
        """Remove the segments that the newest one does not keep, in any order, once that one is durable."""
        if self.synced <= self._begun_at:
            return []  # The newest segment may be lost yet, and what it does not keep be needed.
        dropped = [number for number in self._segments if number < self._keeps]
        for number in dropped:
            self._disk.remove_log(self._name(number))
        self._segments = self._segments[len(dropped) :]
        return dropped

    def names(self) -> Iterator[str]:
        """The logs of its segments, oldest first."""
        return map(self._name, self._segments)

    def _name(self, number: int) -> str:
        return f"{self._prefix}{number:08d}"

    # --- Recovery ---

    @classmethod
    def recover(
        cls, disk: Disk, prefix: str, link_of: Callable[[bytes], Link | None]
    ) -> tuple[Journal, list[tuple[int, bytes]], bool] | None:
        """The journal on the disk, its frames with their segments, and whether a torn tail was cut; None
        where no frame is whole.

        Raises:
            RottenLogError: synced bytes are damaged or missing.
        """
        found: dict[int, Segment] = {}
        numbers = [int(name[len(prefix) :]) for name in disk.logs(prefix)]
        journal = cls(disk, prefix)
        torn = False
        for number in numbers:
            scanned = scan(disk.read(journal._name(number)))
            if scanned.tail == "rot":
                raise RottenLogError(journal._name(number))
            torn = torn or scanned.tail == "torn"
            if scanned.payloads:
                link = link_of(scanned.payloads[0])
                if link is None:
                    raise RottenLogError(journal._name(number))
                found[number] = Segment(scanned, link)
        if not found:
            return None
        span = next((whole for last in sorted(found, reverse=True) if (whole := _span(found, last))), None)
        end = found[span[-1]].scan.sequence if span else 0
        if span is None or any(segment.link.synced > end for segment in found.values()):
            raise RottenLogError(f"{prefix}: frames that were durable are missing")
        for number in numbers:
            if number in span:
                disk.cut(journal._name(number), found[number].scan.size)
            else:
                disk.remove_log(journal._name(number))
        newest = found[span[-1]]
        journal._segments = span
        journal._next = numbers[-1] + 1
        journal._generation = max(segment.scan.generation for segment in found.values()) + 1
        journal._begun_at, journal._keeps = newest.scan.first, newest.link.keeps
        journal.sequence = journal.synced = end
        payloads = [(number, payload) for number in span for payload in found[number].scan.payloads]
        return journal, payloads, torn


def _span(found: dict[int, Segment], last: int) -> list[int] | None:
    """The segments from the oldest that `last` keeps to itself, if all are there and continue each
    other.
    """
    span, keeps = [last], found[last].link.keeps
    while span[0] > keeps:
        later = found[span[0]]
        earlier = found.get(later.link.previous)
        if earlier is None or earlier.scan.sequence != later.scan.first:
            return None
        if earlier.scan.generation > later.scan.began:
            return None  # Left over from before a recovery that went on without it.
        span.insert(0, later.link.previous)
    return span if span[0] == keeps else None

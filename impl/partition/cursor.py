"""A reader's place in the replication log, and its hold on what it has not read.

Streams, indexes and the archive read chosen records in slot order. A reader that must not miss any moves a
*hold*: a record of the log itself (`records.CursorMoved`), so all replicas know it, and it outlives leaders
and crashes. The log is cut only below the durable checkpoint and every hold. A hold is bounded by its
reader's own place: it lapses as soon as the log is further ahead of that place than the record of its last
move allows, in slots or in bytes of records. So neither a reader that is gone nor a slow one can make the log
grow for ever, and all replicas see the hold lapse at the same slot. When the reader comes back, the answer
says so (`messages.readers.LogTrimmed`). A copy brings the log from the slowest hold on, so a hold outlives
replacements too (`model/catch_up.py`, rule 3).

Source: `docs/replication.md`, *Readers of the log*; Kreps, Narkhede and Rao, *Kafka*, NetDB 2011 (the reader
keeps its place).
"""

from __future__ import annotations

from msgspec import Struct


class LogCursor(Struct, frozen=True, gc=False, array_like=True):
    """The next slot to read, and the most records to return."""

    committed_from: int
    limit: int


class Hold(Struct, frozen=True, gc=False, array_like=True):
    """A named reader has read the slots through `through`; what is above is held until the reader is further
    behind than the lag.
    """

    name: str
    through: int
    bytes_through: int
    """What the records of all slots through that one take (`Snapshot.log_bytes`)."""
    lag_slots: int
    lag_bytes: int

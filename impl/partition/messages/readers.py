"""What readers of the log ask: streams, indexes, the archive."""

from __future__ import annotations

from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.partition.cursor import LogCursor
from dynaproof.impl.partition.records import LogRecord


class ReadLog(Message, frozen=True, gc=False, tag="read_log"):
    """What is chosen from the cursor's place on? Any replica may answer, to `reader`."""

    reader: NodeId
    name: str
    cursor: LogCursor


class LogRead(Message, frozen=True, gc=False, tag="log_read"):
    """Consecutive chosen records from `first` on; none if there are no more so far, and fewer than were asked
    for if not all of them fit into an answer.
    """

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
    """Not now: the leader does not serve yet, throttles, or holds the log for as many readers as it may; or
    not there: the place is further behind than a hold may be.
    """

    name: str

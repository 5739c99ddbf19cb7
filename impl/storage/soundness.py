"""What a message of a peer must be in itself, whoever sent it: else it is not read (the boundary's rule 9).

The handlers look at what a message says about this replica's state. Here is what they take for granted of its
shape: slots that count on from where it says, as many ballots as records, a page for its root. A replica
whose code is sound sends nothing else; a peer of another version, or one that is broken, might.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dynaproof.impl.node import Message
from dynaproof.impl.storage.messages import (
    Accept,
    Adopt,
    Chosen,
    CopiedLog,
    CopiedPages,
    CopyLog,
    Fetch,
    Prepare,
    Promise,
    ReadLog,
)
from dynaproof.impl.storage.records import LogRecord


def consecutive(first: int, records: tuple[LogRecord, ...]) -> bool:
    """Whether these are the records of slots from `first` on."""
    if len(records) == 1:  # The usual case, without a generator.
        return first >= 1 and records[0].slot == first
    return first >= 1 and all(record.slot == first + offset for offset, record in enumerate(records))


def _adopt(m: Adopt) -> bool:
    return bool(m.records) and consecutive(m.known + 1, m.records)


def _accept(m: Accept) -> bool:
    return bool(m.records) and consecutive(m.first, m.records)


def _chosen(m: Chosen) -> bool:
    return bool(m.records) and consecutive(m.first, m.records) and len(m.records) == len(m.ballots)


def _promise(m: Promise) -> bool:
    return consecutive(m.known + 1, m.tail) and (not m.tail or m.tail[-1].slot == m.last_slot)


def _copied_pages(m: CopiedPages) -> bool:
    return bool(m.pages) and m.snapshot.slot >= 1


def _copied_log(m: CopiedLog) -> bool:
    through = m.first + len(m.records) - 1
    sound = consecutive(m.first, m.records) and len(m.records) == len(m.ballots)
    return sound and m.asked <= m.first and through <= m.slot


def _copy_log(m: CopyLog) -> bool:
    return m.first >= 1


def _asks_above(m: Prepare | Fetch) -> bool:
    return m.known >= 0


def _read_log(m: ReadLog) -> bool:
    return m.cursor.committed_from >= 1 and m.cursor.limit >= 1


SHAPES: dict[type[Message], Callable[[Any], bool]] = {
    Adopt: _adopt,
    Accept: _accept,
    Chosen: _chosen,
    Promise: _promise,
    CopiedPages: _copied_pages,
    CopyLog: _copy_log,
    CopiedLog: _copied_log,
    Prepare: _asks_above,
    Fetch: _asks_above,
    ReadLog: _read_log,
}
"""The messages that carry more than scalars which any value of their type will do for."""

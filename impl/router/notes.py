"""What clients and readers report of themselves to their observers; nothing depends on it."""

from __future__ import annotations

from dynaproof.impl.node import Microseconds, Note
from dynaproof.impl.partition.messages.requests import Operation
from dynaproof.impl.partition.records import LogRecord, StoredItem
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.call import Ending


class Invoked(Note, frozen=True, gc=False, tag="invoked"):
    """An operation begins; it takes effect by `deadline`, in commit timestamps, or never."""

    request: RequestId
    operation: Operation
    deadline: Microseconds


class Ended(Note, frozen=True, gc=False, tag="ended"):
    """An operation ends; `slot` and `observed` as in the reply."""

    request: RequestId
    ending: Ending
    slot: int
    observed: StoredItem | None


class LogTaken(Note, frozen=True, gc=False, tag="log_taken"):
    """A reader took consecutive records."""

    records: tuple[LogRecord, ...]

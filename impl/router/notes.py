"""What clients and readers say of themselves to whoever observes them; nothing depends on it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from dynaproof.impl.node import Note
from dynaproof.impl.storage.ids import RequestId
from dynaproof.impl.storage.messages import Operation
from dynaproof.impl.storage.records import LogRecord, StoredItem

Ending: TypeAlias = Literal["ok", "condition_failed", "definite", "indefinite"]


class Invoked(Note, frozen=True, gc=False, tag="invoked"):
    """An operation begins."""

    request: RequestId
    operation: Operation


class Ended(Note, frozen=True, gc=False, tag="ended"):
    """An operation ends; `slot` and `observed` as in the reply."""

    request: RequestId
    ending: Ending
    slot: int
    observed: StoredItem | None


class LogTaken(Note, frozen=True, gc=False, tag="log_taken"):
    """A reader took consecutive records."""

    records: tuple[LogRecord, ...]

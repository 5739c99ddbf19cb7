"""From a log of events (invoked, ok, failed, unknown) to operations: what Jepsen's formats share.

The rule for outcomes: `:ok` took effect. `:fail` certainly did not; what else a `:fail` of a cas says is up
to the format (`EventLog.add`). `:info`, and no completion at all, is an unknown outcome, after which the
process must not be used again (Jepsen gives its thread a new number).

The rule for values: those of `ANSWERS` are what the completion says. All others are what the invocation
says, whatever else a completion answers (a write "OK"); for functions that are not ours, they are what the
completion says if the invocation has nil. Knossos does the same (`knossos.history/complete`).
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from dynaproof.specs.history import (
    FUNCTIONS,
    LARGEST,
    UNRECORDED,
    Clock,
    History,
    HistoryBuilder,
    HistoryError,
    Value,
)
from dynaproof.specs.objects import OBJECTS

FUNCTION_NAMES = {"read": "read", "get": "read", "write": "write", "put": "write", "cas": "cas",
                  "delete": "delete", "append": "append"}  # fmt: skip
TYPES = ("invoke", "ok", "fail", "info")

ANSWERS: Final = frozenset({"read", "dequeue", "pop"})
"""The functions whose value is what came back."""

OURS: Final = frozenset(name for thing in OBJECTS.values() for name in thing.functions)


class Event(msgspec.Struct, gc=False):
    """An event; for a cas `value` and `expected` are the new and the old value.

    `key` None, in a completion: the invocation's key. `differed`, in a failed cas: whether its failure says
    that the value was not the expected one.
    """

    line: int
    process: int
    type: str
    function: str
    key: str | None
    value: Value
    expected: Value
    time: int
    seen: Value = UNRECORDED
    differed: bool = False


class _Pending(msgspec.Struct, gc=False):
    row: int
    function: str
    key: str
    value: Value
    line: int


class EventLog:
    """Collects events in their order and pairs them; raises `HistoryError` if they make no operations."""

    def __init__(self, file: str, clock: Clock, functions: Sequence[str] = FUNCTIONS) -> None:
        self._builder = HistoryBuilder(functions=functions, file=file, clock=clock)
        self._pending: dict[int, _Pending] = {}
        self._lost: dict[int, int] = {}
        self._file = file

    def add(self, event: Event) -> None:
        """Take in the next event."""
        if not (0 <= event.process <= LARGEST and abs(event.time) <= LARGEST):
            raise self._wrong(event.line, "a process or a time that does not fit in 62 bits")
        pending = self._pending.get(event.process)
        if event.type == "invoke":
            if event.process in self._lost:
                raise self._wrong(
                    event.line,
                    f"process {event.process} goes on after its operation of unknown outcome in line "
                    f"{self._lost[event.process]}",
                )
            if pending is not None:
                raise self._wrong(
                    event.line,
                    f"two operations of process {event.process} overlap: this one and that in line "
                    f"{pending.line}",
                )
            assert event.key is not None, "an invocation names its key"
            row = self._builder.call(
                event.process, event.function, event.key, event.value, event.time,
                expected=event.expected, line=event.line,
            )  # fmt: skip
            self._pending[event.process] = _Pending(row, event.function, event.key, event.value, event.line)
            return
        if pending is None:
            raise self._wrong(event.line, f"process {event.process} completes what it never invoked")
        if event.function != pending.function or event.key not in {None, pending.key}:
            raise self._wrong(
                event.line, f"completes another operation than the one invoked in line {pending.line}"
            )
        del self._pending[event.process]
        if event.type == "info":
            self._lost[event.process] = pending.line
        elif event.type == "fail":
            self._builder.failed(pending.row, event.time, seen=event.seen, differed=event.differed)
        elif event.function in ANSWERS or (event.function not in OURS and pending.value is None):
            self._builder.ok(pending.row, event.time, value=event.value)
        else:
            self._builder.ok(pending.row, event.time)

    def history(self) -> History:
        """What was collected."""
        return self._builder.build()

    def _wrong(self, line: int, message: str) -> HistoryError:
        return HistoryError(message, line, self._file)

"""Histories in EDN: Jepsen's `history.edn`, and the key-value format of Porcupine's test data.

Both are sequences of maps (or one vector of them), one per event, in order. `#jepsen.history.Op{...}` is a
map, too. Events of the nemesis are passed over.

- Jepsen: `{:type :invoke, :f :cas, :value [1 4], :process 0, :time 97}`, of a register; where every value is
  a tuple `[key value]` (`jepsen.independent`), of one register per key.
- Porcupine: `{:process 9, :type :invoke, :f :append, :key "0", :value "x"}`: `:get`, `:put` and `:append` of
  a string per key, empty at first.

A `:fail` of a cas may have `:seen`, what it observed; `writers` puts it there, Jepsen does not.

`:time` is used if it strictly increases; else the order of events is all there is.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from dynaproof.checkers.histories.edn import EdnError, Keyword, elements
from dynaproof.checkers.histories.events import FUNCTION_NAMES, TYPES, Event, EventLog
from dynaproof.specs.history import UNRECORDED, History, HistoryError

REGISTER_KEY = "register"

PROCESS, TYPE, F, VALUE, KEY, TIME, SEEN = (
    Keyword(name) for name in ("process", "type", "f", "value", "key", "time", "seen")
)
NEMESIS = Keyword("nemesis")

_Row = tuple[int, dict[Any, Any]]


def parse(data: bytes, file: str) -> History:
    """The history in `data`, of either format; raises `HistoryError` with the line that is wrong."""
    rows = _maps(data, file)
    keyed = any(KEY in row for _, row in rows)
    independent = not keyed and _is_independent(rows)
    times = [time for _, row in rows if isinstance(time := row.get(TIME), int)]
    timed = len(times) == len(rows) and all(one < other for one, other in pairwise(times))
    log = EventLog(file, "ns" if timed and rows else "position")
    for position, (line, row) in enumerate(rows):
        try:
            log.add(_event(row, line, times[position] if timed else position, keyed, independent))
        except _WrongError as error:
            raise HistoryError(str(error), line, file) from error
    return log.history()


class _WrongError(ValueError):
    """What is wrong with an event that is EDN."""


def _maps(data: bytes, file: str) -> list[_Row]:
    """The maps of client operations with their lines."""
    rows: list[_Row] = []
    line, at = 1, 0
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise HistoryError("not UTF-8", data.count(b"\n", 0, error.start) + 1, file) from error
    try:
        for offset, row in elements(text):
            line += text.count("\n", at, offset)
            at = offset
            if not isinstance(row, dict) or PROCESS not in row:
                raise HistoryError("not a map with a :process", line, file)
            if row[PROCESS] != NEMESIS:
                rows.append((line, row))
    except EdnError as error:
        line += text.count("\n", at, error.offset)
        raise HistoryError(
            "the last line is truncated" if error.truncated else str(error), line, file
        ) from error
    return rows


def _is_independent(rows: Sequence[_Row]) -> bool:
    """Whether every value is a tuple of key and value, that of a cas a tuple of key and pair."""
    invoked = [row for _, row in rows if row.get(TYPE) == Keyword("invoke")]
    return bool(invoked) and all(
        _is_pair(row.get(VALUE)) and (row.get(F) != Keyword("cas") or _is_pair(row[VALUE][1]))
        for row in invoked
    )


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2


def _pair(value: object, complaint: str) -> tuple[Any, Any]:
    if isinstance(value, tuple) and len(value) == 2:
        return value
    raise _WrongError(complaint)


def _event(row: dict[Any, Any], line: int, time: int, keyed: bool, independent: bool) -> Event:
    process, kind, name, value = row[PROCESS], row.get(TYPE), row.get(F), row.get(VALUE)
    if not isinstance(process, int) or isinstance(process, bool) or not 0 <= process < 2**62:
        raise _WrongError(f"not a process: {process!r}")
    if not isinstance(kind, Keyword) or str(kind) not in TYPES:
        raise _WrongError(f"unknown :type {kind!r}")
    function = FUNCTION_NAMES.get(str(name)) if isinstance(name, Keyword) else None
    if function is None:
        raise _WrongError(f"unknown function {name!r}")
    key: Any = REGISTER_KEY
    if keyed:
        key = row.get(KEY)
    elif independent:
        key, value = _pair(value, "not a tuple of key and value, as elsewhere in this file")
    expected = None
    if function == "cas" and str(kind) in {"invoke", "ok"}:
        expected, value = _pair(value, "the value of a cas is [old new]")
    elif function in {"cas", "delete"}:
        value = None
    seen = row[SEEN] if SEEN in row and function == "cas" and str(kind) == "fail" else UNRECORDED
    try:
        hash((value, expected, seen))
    except TypeError as error:
        raise _WrongError("a value that is or holds a map") from error
    return Event(line, process, str(kind), function, str(key), value, expected, time, seen)

"""Histories in EDN: Jepsen's `history.edn`, and the key-value format of Porcupine's test data.

Both are sequences of maps (or one vector of them), one per event, in order. `#jepsen.history.Op{...}` is a
map, too. Events of the nemesis are passed over.

- Jepsen: `{:type :invoke, :f :cas, :value [1 4], :process 0, :time 97}`, of a register, or of the object
  whose functions the reader is told; if every value is a tuple `[key value]` (`jepsen.independent`), of one
  per key. A completion whose value is no such tuple is for the key that was invoked. EDN prints such a tuple
  and a vector of two alike, so it takes an operation that has nothing to ask with, a read of `[key nil]` or
  `nil`, to tell; where there is none, the reader must be told (`independent`).
- Porcupine: `{:process 9, :type :invoke, :f :append, :key "0", :value "x"}`: `:get`, `:put` and `:append` of
  a string per key, empty at first.

`:fail` says that an operation did not happen, for whatever reason; so a failed cas says nothing of the
value, unless it has `:seen`, what it observed, or `:differed true`; `writers` puts them there, Jepsen does
not.

`:time` is used if it strictly increases; otherwise only the order of events counts.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeGuard

from dynaproof.checkers.histories.edn import EdnError, elements
from dynaproof.checkers.histories.edn_values import EdnMap, Keyword, Tagged, edn_text
from dynaproof.checkers.histories.events import ANSWERS, FUNCTION_NAMES, TYPES, Event, EventLog
from dynaproof.specs.booleans import TRUE
from dynaproof.specs.history import FUNCTIONS, UNRECORDED, History, HistoryError, UnknownFunctionError

REGISTER_KEY = "register"

WITHOUT_ARGUMENT = ANSWERS | {"delete", "acquire", "release"}
"""The functions that are invoked with nil, or, of one key of many, with `[key nil]`."""

PROCESS, TYPE, F, VALUE, KEY, TIME, SEEN, DIFFERED = (
    Keyword(name) for name in ("process", "type", "f", "value", "key", "time", "seen", "differed")
)
NEMESIS = Keyword("nemesis")

_Row = tuple[int, EdnMap]


class AmbiguousTuplesError(HistoryError):
    """Every value is a vector of two, and nothing tells whether its first is a key."""


def parse(
    data: bytes, file: str, functions: Sequence[str] = FUNCTIONS, independent: bool | None = None
) -> History:
    """The history in `data`, of either format; raises `HistoryError` with the line that is wrong.

    `independent`: whether its values are tuples `[key value]`; None: as they look, or `AmbiguousTuplesError`.
    """
    names = {name: name for name in functions} | {
        name: function for name, function in FUNCTION_NAMES.items() if function in functions
    }
    rows = _maps(data, file)
    keyed = any(KEY in row for _, row in rows)
    if keyed and independent:
        raise HistoryError("its keys stand in :key, so its values are no tuples of key and value", file=file)
    if independent is None:
        independent = not keyed and _is_independent(rows, names, file)
    times = [time for _, row in rows if isinstance(time := row.get(TIME), int)]
    timed = len(times) == len(rows) and all(one < other for one, other in pairwise(times))
    log = EventLog(file, "ns" if timed and rows else "position", functions)
    key_names = _KeyNames()
    for position, (line, row) in enumerate(rows):
        name = row.get(F)
        if name is None:
            raise HistoryError("an event without :f: of which function is it?", line, file)
        function = names.get(str(name)) if isinstance(name, Keyword) else None
        if function is None:
            known = ", ".join(sorted(names))
            raise UnknownFunctionError(f"unknown function {name!r}; known: {known}", str(name), line, file)
        try:
            time = times[position] if timed else position
            log.add(_event(row, function, line, time, keyed, independent, key_names))
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
        for offset, found in elements(text):
            line += text.count("\n", at, offset)
            at = offset
            row = found.content if isinstance(found, Tagged) else found
            if not isinstance(row, EdnMap) or PROCESS not in row:
                raise HistoryError("not a map with a :process", line, file)
            if row[PROCESS] != NEMESIS:
                rows.append((line, row))
    except EdnError as error:
        line += text.count("\n", at, error.offset)
        raise HistoryError(
            "the last line is truncated" if error.truncated else str(error), line, file
        ) from error
    return rows


def _is_independent(rows: Sequence[_Row], names: Mapping[str, str], file: str) -> bool:
    """Whether every value is a tuple of key and value, that of a cas a tuple of key and pair."""
    invoked = [(line, row) for line, row in rows if row.get(TYPE) == Keyword("invoke")]
    looks_so = bool(invoked) and all(
        _is_pair(row.get(VALUE)) and (row.get(F) != Keyword("cas") or _is_pair(row[VALUE][1]))
        for _, row in invoked
    )
    if looks_so and not any(
        row[VALUE][1] is None and names.get(str(row.get(F))) in WITHOUT_ARGUMENT for _, row in invoked
    ):
        reason = "every value is a vector of two: a key and its value, or one value?"
        raise AmbiguousTuplesError(reason, invoked[0][0], file)
    return looks_so


def _is_pair(value: object) -> TypeGuard[tuple[Any, Any]]:
    return isinstance(value, tuple) and len(value) == 2


def _event(
    row: Mapping[Any, Any],
    function: str,
    line: int,
    time: int,
    keyed: bool,
    independent: bool,
    key_names: "_KeyNames",
) -> Event:
    process, kind, value = row[PROCESS], row.get(TYPE), row.get(VALUE)
    if not isinstance(process, int) or not 0 <= process < 2**62:
        raise _WrongError(f"not a process: {process!r}")
    if not isinstance(kind, Keyword) or str(kind) not in TYPES:
        raise _WrongError(f"unknown :type {kind!r}")
    invoked, failed_cas = str(kind) == "invoke", function == "cas" and str(kind) == "fail"
    key: str | None = REGISTER_KEY
    if keyed:
        key = key_names.of(row.get(KEY))
    elif independent and _is_pair(value):
        own, value = value
        key = key_names.of(own)
    elif independent:
        if invoked or (value is not None and str(kind) == "ok" and function in ANSWERS):
            raise _WrongError("not a tuple of key and value, as elsewhere in this file")
        key = None
    expected = None
    if function == "cas" and invoked:
        if not _is_pair(value):
            raise _WrongError("the value of a cas is [old new]")
        expected, value = value
    elif function in {"cas", "delete"}:
        value = None
    seen = row[SEEN] if failed_cas and SEEN in row else UNRECORDED
    differed = failed_cas and row.get(DIFFERED) == TRUE
    return Event(line, process, str(kind), function, key, value, expected, time, seen, differed)


class _KeyNames:
    """The names of keys: their letters, or as EDN has it a key without letters, or whose letters are taken.

    So different keys (`:a` and `"a"`, `1` and `"1"`) have different names.
    """

    def __init__(self) -> None:
        self._names: dict[object, str] = {}
        self._taken: set[str] = set()

    def of(self, key: object) -> str:
        name = self._names.get(key)
        if name is None:
            name = str(key) if isinstance(key, str) else edn_text(key)
            if name in self._taken:
                name = edn_text(key)
            while name in self._taken:
                name += "'"
            self._names[key] = name
            self._taken.add(name)
        return name

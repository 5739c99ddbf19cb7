"""Writing histories: as JSON lines, ours, and as EDN, Jepsen's or (if anything is appended) Porcupine's.

What is written reads back as the same operations in the same order:

- JSON lines keep everything but what a name is made of: EDN's keywords, sets, maps, tagged elements and
  vectors become JSON values of their own, so that different values stay different.
- EDN keeps the order of events, calls before returns at equal times, and the times if no two events share
  one. A process that is called at the very instant at which it returned goes on under a new number, because
  otherwise Jepsen's order of events could not say that neither operation precedes the other. What a failed
  cas saw stands in `:seen`; if it is only known that it differed, `:differed` says so; Jepsen's own tools
  pass over both. Keys are tuples `[key value]`, unless nothing in the history would show that they are: then
  they stand in `:key`.
- The times of a log without a clock are its positions in JSON lines (`"clock":"position"`), and none in EDN.
"""

import math
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from dynaproof.checkers.histories.edn_histories import REGISTER_KEY, WITHOUT_ARGUMENT
from dynaproof.checkers.histories.edn_values import Character, EdnMap, Keyword, Symbol, Tagged, edn_text
from dynaproof.checkers.histories.events import ANSWERS
from dynaproof.checkers.histories.values import Json, thaw
from dynaproof.checkers.whole_file import write_whole
from dynaproof.specs.history import UNRECORDED, Completion, History, HistoryError, Operation, Value

_ENCODER = msgspec.json.Encoder(order="deterministic")
_JEPSEN_NAMES: Final = {"read": "read", "write": "write", "cas": "cas", "delete": "delete"}
_PORCUPINE_NAMES: Final = {"read": "get", "write": "put", "append": "append"}


def write(history: History, path: Path) -> None:
    """Write a history to a file, whole: EDN if its name ends in `.edn`, else JSON lines; raises OSError."""
    encode = edn if _is_edn(path) else json_lines
    write_whole(path, encode(history))


def value_text(value: Value, path: Path) -> str:
    """A value as `write` writes it to a file of that name; raises `HistoryError` if EDN has no such value."""
    return _edn_value(value) if _is_edn(path) else _ENCODER.encode(_json_value(value)).decode()


def _is_edn(path: Path) -> bool:
    return path.name.endswith(".edn")


def json_lines(history: History) -> bytes:
    """The history in our format, one line per operation."""
    without_clock = {"clock": "position"} if history.clock == "position" else {}
    return b"".join(_ENCODER.encode(_json_of(op) | without_clock) + b"\n" for op in history)


def _json_of(op: Operation) -> dict[str, Any]:
    returned = op.outcome is not Completion.UNKNOWN
    line: dict[str, Any] = {"process": op.process, "f": op.function, "key": op.key}
    if op.function == "cas":
        line["value"] = [_json_value(op.expected), _json_value(op.value)]
    elif op.function != "delete" and (returned or op.function not in ANSWERS):
        line["value"] = _json_value(op.value)
    line["call"] = op.call
    line["return"] = op.ret if returned else None
    if op.outcome is Completion.NO_EFFECT:
        line["happened"] = False
    elif op.outcome is Completion.FAILED or (returned and op.function == "cas"):
        line["ok"] = op.outcome is Completion.OK
    if op.seen is not UNRECORDED:
        line["seen"] = _json_value(op.seen)
    return line


def _json_value(value: Value) -> Any:
    if isinstance(value, Keyword | Symbol | Character):
        return {type(value).__name__.lower(): str(value)}
    if isinstance(value, EdnMap | Tagged | Fraction | Decimal):
        return {"edn": edn_text(value)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"edn": edn_text(value)}
    if isinstance(value, tuple):
        return [_json_value(item) for item in value]
    if isinstance(value, frozenset):
        return {"set": sorted((_json_value(item) for item in value), key=_ENCODER.encode)}
    return thaw(value)


class _Event(NamedTuple):
    time: int
    phase: int
    row: int
    kind: str


_CALL, _RETURN = 0, 1


def edn(history: History) -> bytes:
    """The history in EDN; raises `HistoryError` if EDN histories know no such function or value."""
    appended = any(op.function == "append" for op in history)
    names = _PORCUPINE_NAMES if appended else _JEPSEN_NAMES
    if appended:
        for op in history:
            if op.function not in names:
                reason = f"histories in EDN have no {op.function} beside {', '.join(names)}"
                raise HistoryError(reason, op.line)
    several = not appended and not _is_one_register(history)
    independent = several and any(
        op.function in ANSWERS or (op.function in WITHOUT_ARGUMENT and op.value is None) for op in history
    )
    keyed = appended or (several and not independent)
    processes = _processes(history)
    events = sorted(_events(history))
    timed = history.clock == "ns" and all(one.time < other.time for one, other in pairwise(events))
    lines = []
    for event in events:
        op = history[event.row]
        failed = event.kind == "fail"
        value = _edn_value(None if op.function in ANSWERS and event.kind != "ok" else op.value)
        if op.function == "cas":
            value = f"[{_edn_value(op.expected)} {value}]"
        if independent:
            value = f"[{_edn_value(op.key)} {value}]"
        fields = [f":type :{event.kind}", f":f :{names.get(op.function, op.function)}"]
        if keyed:
            fields.append(f":key {_edn_value(op.key)}")
        fields += [f":value {value}", f":process {processes[event.row]}"]
        if failed and op.seen is not UNRECORDED:
            fields.append(f":seen {_edn_value(op.seen)}")
        elif failed and op.function == "cas" and op.outcome is Completion.FAILED:
            fields.append(":differed true")
        if timed:
            fields.append(f":time {event.time}")
        lines.append("{" + ", ".join(fields) + "}\n")
    return "".join(lines).encode()


def _events(history: History) -> Iterator[_Event]:
    for row, op in enumerate(history):
        yield _Event(op.call, _CALL, row, "invoke")
        if op.outcome is not Completion.UNKNOWN:
            yield _Event(op.ret, _RETURN, row, "ok" if op.outcome is Completion.OK else "fail")


def _is_one_register(history: History) -> bool:
    """Whether the history can go without keys, and not be taken for tuples of keys and values."""
    return set(history.keys) <= {REGISTER_KEY} and not any(
        isinstance(value, tuple | Json) for value in history.values
    )


def _processes(history: History) -> list[int]:
    """The number under which each operation's process goes in a log of events."""
    c = history.columns
    numbers: list[int] = c.process.tolist()
    fresh = max(numbers, default=-1) + 1
    now: dict[int, int] = {}
    returned: dict[int, int] = {}
    for row in sorted(range(len(numbers)), key=lambda row: (c.call[row], c.ret[row])):
        process = numbers[row]
        if returned.get(process) == c.call[row]:
            now[process] = fresh
            fresh += 1
        numbers[row] = now.get(process, process)
        returned[process] = int(c.ret[row])
    return numbers


def _edn_value(value: Value) -> str:
    try:
        return edn_text(_edn_of(value))
    except TypeError as error:
        raise HistoryError(f"histories in EDN have no value like {value!r}") from error


def _edn_of(value: Value) -> Value:
    """A JSON value as an EDN value, in a tuple or a set too; others as they are."""
    if isinstance(value, Json):
        return _frozen(msgspec.json.decode(value.text))
    if isinstance(value, tuple):
        return tuple(map(_edn_of, value))
    return frozenset(map(_edn_of, value)) if isinstance(value, frozenset) else value


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return EdnMap({key: _frozen(one) for key, one in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list) else value

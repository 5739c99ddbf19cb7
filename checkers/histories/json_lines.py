r"""Our own format: one operation per line, lines in any order.

`{"process":int,"f":"read|write|cas|delete","key":str,"value":X,"call":ns,"return":ns|null,"ok":bool,"seen":X,
"happened":false}`

- `null` is absent; every key starts absent. For `read` value is what was read; for `cas` it is `[old, new]`,
  either may be `null`, so a put-if-absent is `[null, v]` and a conditional delete `[v, null]`.
- `return` null: the outcome is unknown, and that process issues nothing more; a `read` needs no value then.
- `ok` (of a cas that returned, which must have it): whether it applied; if not, its condition did not hold,
  so the value differed from the old one. `seen`: what a failed one observed; `null` saw absent, missing was
  not recorded.
- `"happened":false` (of what returned): it certainly did not happen, for whatever reason. It stands instead
  of `ok` if a cas failed in a way that says nothing of the value: the connection was refused, say.
- `"clock":"position"`, on every line or none: `call` and `return` are positions in a log that has no clock.
- Also read: `append` (of the object `string`) and the functions of other objects, whose value is taken as it
  is (`acquire`, `release`, and a `dequeue` or `pop` of unknown outcome need none); `"ok":true` on what
  returned, which says nothing new; `"ok":false` on anything but a cas, which means the same as
  `"happened":false`.

Anything else is an error with its line: other fields, a cas without a pair, `seen` if nothing failed.

Files are read in blocks. A block whose lines are all regular is read column by column, which is several
times as fast; any other is read line by line, which also shows what is wrong and where.
"""

import io
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, BinaryIO, Final, Literal

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from dynaproof.checkers.histories.events import ANSWERS
from dynaproof.checkers.histories.values import freeze
from dynaproof.specs.history import (
    ABSENT,
    CAS,
    DELETE,
    DTYPES,
    FUNCTIONS,
    NEVER,
    NOT_RECORDED,
    READ,
    Clock,
    Column,
    Columns,
    Completion,
    History,
    HistoryError,
    UnknownFunctionError,
    ValueTable,
    check_columns,
)

LARGEST: Final = 2**63 - 2
BLOCK_BYTES: Final = 4_000_000

WITHOUT_VALUE: Final = frozenset({"acquire", "release"})


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    process: int
    f: str
    key: str
    call: int
    ret: int | None = msgspec.field(name="return")
    value: Any = UNSET
    ok: bool | UnsetType | None = UNSET
    seen: Any = UNSET
    happened: bool | UnsetType = UNSET
    clock: Literal["ns", "position"] = "ns"


_DECODER = msgspec.json.Decoder(_Line)
_SCALARS: Final = {int, str, float, bool, type(None)}


def parse(data: bytes, file: str, functions: Sequence[str] = FUNCTIONS) -> History:
    """The history in `data`; raises `HistoryError` with the line that is wrong."""
    return parse_stream(io.BytesIO(data), file, functions)


def parse_stream(stream: BinaryIO, file: str, functions: Sequence[str] = FUNCTIONS) -> History:
    """As `parse`, for the history that a stream gives, without holding its text."""
    reader = _Reader(functions, file)
    block = stream.read(BLOCK_BYTES)
    while block:
        following = stream.read(BLOCK_BYTES)
        end = block.rfind(b"\n") + 1 if following else len(block)
        if end:
            reader.add(block[:end], last=not following)
        block = block[end:] + following
    return reader.history()


class _WrongError(ValueError):
    """What is wrong with a line that is JSON of the right types."""


class _Reader:
    """Takes blocks of whole lines and makes columns of them."""

    def __init__(self, functions: Sequence[str], file: str) -> None:
        self.functions = (*FUNCTIONS, *(name for name in functions if name not in FUNCTIONS))
        self.codes = {name: code for code, name in enumerate(self.functions) if name in functions}
        self.file = file
        self.keys: dict[str, int] = {}
        self.values = ValueTable()
        self.blocks: list[Columns] = []
        self.line = 0
        self.clock: Clock | None = None

    def add(self, block: bytes, *, last: bool) -> None:
        """Take the next lines; raises HistoryError."""
        count = block.count(b"\n") + (not block.endswith(b"\n"))
        columns = None
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            lines = _DECODER.decode_lines(block)
            columns = self._columns(lines) if len(lines) == count else None
        if columns is None:
            columns = self._line_by_line(block, last)
        self.line += count
        if columns is not None:
            self.blocks.append(columns)

    def history(self) -> History:
        """What was read; raises HistoryError if the operations make no history."""
        parts = [[block[i] for block in self.blocks] for i in range(len(DTYPES))]
        self.blocks.clear()
        whole = []
        for i, kind in enumerate(DTYPES):
            whole.append(np.concatenate([np.zeros(0, dtype=kind), *parts[i]]))
            parts[i] = []
        columns = Columns(*whole)
        check_columns(columns, self.file)
        return History(
            columns,
            list(self.keys),
            self.values.values(),
            functions=self.functions,
            clock=self.clock or "ns",
            file=self.file,
        )

    # ---- regular blocks

    def _columns(self, lines: Sequence[_Line]) -> Columns | None:
        """Lines as columns; None if one is not regular, or wrong."""
        if {line.clock for line in lines} != {self.clock or lines[0].clock}:
            return None
        self.clock = lines[0].clock
        rets = [line.ret for line in lines]
        pending = None in set(rets)
        try:
            process = np.array([line.process for line in lines], dtype=np.int64)
            function = np.array([self.codes[line.f] for line in lines], dtype=np.uint8)
            call = np.array([line.call for line in lines], dtype=np.int64)
            ret = np.array([NEVER if r is None else r for r in rets] if pending else rets, dtype=np.int64)
        except (KeyError, OverflowError):
            return None
        if min(process.min(), call.min(), ret.min()) < -LARGEST or max(process.max(), call.max()) > LARGEST:
            return None
        unknown = np.array([r is None for r in rets]) if pending else np.zeros(len(lines), dtype=bool)
        if (ret[~unknown] > LARGEST).any():
            return None
        values: list[Any] = [line.value for line in lines]
        expected = np.full(len(lines), ABSENT, dtype=np.int32)
        seen = np.full(len(lines), NOT_RECORDED, dtype=np.int32)
        outcome = np.where(unknown, Completion.UNKNOWN.value, Completion.OK.value).astype(np.uint8)
        conditional = function == CAS
        where = np.flatnonzero(conditional)
        if len(where) and not self._conditions(lines, where, values, expected, seen, outcome):
            return None
        told = any(line.ok is not UNSET or line.seen is not UNSET for line in lines)
        if told and not _plain(lines, conditional):
            return None
        if any(line.happened is not UNSET for line in lines):
            return None
        if not self._fill_absent(function, unknown, values):
            return None
        keys = self.keys
        key = np.array([keys.setdefault(line.key, len(keys)) for line in lines], dtype=np.int32)
        value = np.array(self.values.codes(values), dtype=np.int32)
        number = np.arange(self.line + 1, self.line + 1 + len(lines), dtype=np.int32)
        return Columns(process, function, key, value, expected, seen, call, ret, outcome, number)

    def _conditions(
        self,
        lines: Sequence[_Line],
        where: Column,
        values: list[Any],
        expected: Column,
        seen: Column,
        outcome: Column,
    ) -> bool:
        """Take the conditional writes apart; returns whether all are regular."""
        code = self.values.code
        for i in where.tolist():
            line = lines[i]
            pair, ok = line.value, line.ok
            if pair.__class__ is not list or len(pair) != 2:
                return False
            if (line.ret is None) == isinstance(ok, bool):
                return False
            if line.seen is not UNSET:
                if ok is not False:
                    return False
                seen[i] = code(freeze(line.seen))
            if ok is False:
                outcome[i] = Completion.FAILED.value
            if pair[0] is not None:
                expected[i] = code(freeze(pair[0]))
            values[i] = pair[1]
        return True

    def _fill_absent(self, function: Column, unknown: Column, values: list[Any]) -> bool:
        """Make missing values absent, and all values hashable; returns whether all is as it must be."""
        kinds = set(map(type, values))
        if UnsetType in kinds:
            for i, value in enumerate(values):
                if value is UNSET:
                    if function[i] != DELETE and not (function[i] == READ and unknown[i]):
                        return False
                    values[i] = None
        if (function == DELETE).any() and any(
            values[i] is not None for i in np.flatnonzero(function == DELETE)
        ):
            return False
        if not kinds - {UnsetType} <= _SCALARS:
            values[:] = map(freeze, values)
        return True

    # ---- line by line

    def _line_by_line(self, block: bytes, last: bool) -> Columns | None:
        rows = []
        end = self.line + block.count(b"\n", 0, len(block.rstrip())) + 1 if last else 0
        for number, text in enumerate(block.split(b"\n"), self.line + 1):
            if not text or text.isspace():
                continue
            try:
                rows.append(self._row(_DECODER.decode(text), number))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, _WrongError) as error:
                reason = _reason(error, text, number == end)
                raise HistoryError(reason, number, self.file) from error
        if not rows:
            return None
        table = np.array(rows, dtype=np.int64)
        return Columns(*(table[:, i].astype(kind) for i, kind in enumerate(DTYPES)))

    def _row(self, line: _Line, number: int) -> tuple[int, ...]:
        if line.f not in self.codes:
            reason = f"unknown function {line.f!r}; known: {', '.join(sorted(self.codes))}"
            raise UnknownFunctionError(reason, line.f, number, self.file)
        if not all(-LARGEST <= n <= LARGEST for n in (line.process, line.call, line.ret or 0)):
            raise _WrongError("a process or a time that does not fit in 63 bits")
        if line.clock != (self.clock or line.clock):
            raise _WrongError("either all lines have the clock position, or none")
        self.clock = line.clock
        ok = line.ok if isinstance(line.ok, bool) else None
        if line.happened is not UNSET:
            if line.happened or line.ret is None or ok is not None or line.seen is not UNSET:
                raise _WrongError("happened is false, of what returned, and stands without ok and seen")
            ok = False
        if line.ret is None and ok is not None:
            raise _WrongError("ok without a return: either the outcome is known, and when, or it is not")
        failed_cas = line.f == "cas" and ok is False
        if not failed_cas and line.seen is not UNSET and line.seen is not None:
            raise _WrongError("seen is for a failed cas only")
        value, expected = line.value, None
        if line.f == "cas":
            if not isinstance(value, list) or len(value) != 2:
                raise _WrongError("the value of a cas is [old, new]")
            expected, value = value
            if line.ret is not None and ok is None:
                raise _WrongError("a cas that returned needs ok: whether it applied")
        elif line.f == "delete":
            if value is not UNSET and value is not None:
                raise _WrongError("a delete has no value")
            value = None
        elif value is UNSET:
            answered = line.f not in ANSWERS or (line.ret is not None and ok is not False)
            if answered and line.f not in WITHOUT_VALUE:
                raise _WrongError(f"a {line.f} needs a value")
            value = None
        outcome = Completion.OK if ok is not False else Completion.FAILED
        if line.f == "cas" and line.happened is not UNSET:
            outcome = Completion.NO_EFFECT
        code = self.values.code
        return (
            line.process,
            self.codes[line.f],
            self.keys.setdefault(line.key, len(self.keys)),
            code(freeze(value)),
            code(freeze(expected)),
            code(freeze(line.seen)) if failed_cas and line.seen is not UNSET else NOT_RECORDED,
            line.call,
            NEVER if line.ret is None else line.ret,
            (Completion.UNKNOWN if line.ret is None else outcome).value,
            number,
        )


def _plain(lines: Sequence[_Line], conditional: Column) -> bool:
    """Whether nothing but a cas has `ok` or `seen`."""
    return all(lines[i].ok is UNSET and lines[i].seen is UNSET for i in np.flatnonzero(~conditional).tolist())


def _reason(error: Exception, text: bytes, last: bool) -> str:
    if isinstance(error, msgspec.ValidationError | _WrongError):
        return " ".join(str(error).split())
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if last and not text.rstrip().endswith(b"}"):
        return "the last line is truncated"
    return f"not JSON ({error})"

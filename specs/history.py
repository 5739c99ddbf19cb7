"""A history: what the clients of a store saw, as columns.

One row per operation: who issued it, what it asked for, when it was called, when it returned (never, if its
outcome is unknown), and what came back. Columns are numpy arrays, keys and values are codes into tables, so
that ten million operations fit in memory and can be checked by machine code; `Operation` is a view of one
row. Every key starts absent, and absent is `None`, code 0.

Invariants (checked by `HistoryBuilder.build`, never afterwards): no operation returns before its call; two
operations of one process do not overlap (one may be called at the very instant at which the previous one
returned); after an operation of unknown outcome its process issues nothing more.

Times are integers: nanoseconds, or positions in a log that has no clock (`clock` says which).
Intervals are closed: x is before y exactly if `x.ret < y.call`.

Sources: Herlihy and Wing, *Linearizability* (1990), for histories with pending operations.
"""

import enum
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from dynaproof.specs.booleans import distinct

NEVER: Final = 2**63 - 1
"""The return time of an operation whose outcome is unknown."""

NOT_RECORDED: Final = -1
"""The code of an observed value that nobody recorded (code 0 is an observed absence)."""

ABSENT: Final = 0
"""The code of `None`, the value of an absent key."""

READ: Final = 0
WRITE: Final = 1
CAS: Final = 2
DELETE: Final = 3
APPEND: Final = 4

FUNCTIONS: Final = ("read", "write", "cas", "delete", "append")
"""The functions that every history knows, by code; those of a user's own objects follow them."""

UNRECORDED: Final = msgspec.UNSET
"""The observed value of an operation that recorded none."""

Clock = Literal["ns", "position"]
Column = NDArray[Any]
Value = Any
"""Any hashable value; equal values are one value (but `True` is not 1: see `specs.booleans`)."""


class Completion(enum.IntEnum):
    """What is known of an operation: it took effect, it certainly did not, or nobody knows.

    A cas that is `FAILED` was told that its condition did not hold, which says something about the value.
    One that is `NO_EFFECT` certainly did not happen, for whatever reason, and says nothing; only a cas has
    that outcome.
    """

    OK = 0
    FAILED = 1
    UNKNOWN = 2
    NO_EFFECT = 3


COMPLETIONS: Final = tuple(Completion)
"""By code: a look-up here takes a tenth of the time of `Completion(code)`."""


LARGEST: Final = 2**62 - 1
"""The largest process number, and the largest time, that a reader accepts."""


class HistoryError(ValueError):
    """An invalid history: `line` (from 1; None: the whole file) of `file` is at fault."""

    def __init__(self, message: str, line: int | None = None, file: str | None = None) -> None:
        super().__init__(message, line, file)
        self.message = message
        self.line = line
        self.file = file

    def __str__(self) -> str:
        place = self.file or "history"
        return f"{place}:{self.line}: {self.message}" if self.line is not None else f"{place}: {self.message}"


class UnknownFunctionError(HistoryError):
    """An operation whose `function` is not one that the reader was given."""

    def __init__(self, message: str, function: str, line: int, file: str) -> None:
        super().__init__(message, line, file)
        self.function = function


class Operation(msgspec.Struct, frozen=True, gc=False):
    """One operation.

    `value` is what a read returned, or what a write, an append or a successful cas leaves; `expected` is what
    a cas compares with. `seen` is what a failed condition observed (`UNRECORDED`: nobody wrote it down).
    `call` and `ret` are in the clock of the history; `ret` is `NEVER` if the outcome is unknown. `line` is
    the line of the file that has its call, or its number from 1 if it comes from no file.
    """

    index: int
    line: int
    process: int
    function: str
    key: str
    value: Value
    expected: Value
    seen: Value
    call: int
    ret: int
    outcome: Completion


class Columns(NamedTuple):
    """The columns of a history, each with one entry per operation, of the types in `DTYPES`.

    `function` and `outcome` are codes, `key` a code into the keys, `value`, `expected` and `seen` into the
    values; the rest is as in `Operation`.
    """

    process: Column
    function: Column
    key: Column
    value: Column
    expected: Column
    seen: Column
    call: Column
    ret: Column
    outcome: Column
    line: Column


MADE_AT_ONCE: Final = 4_096
"""Operations that an iteration makes at a time: enough to be quick, few enough to need little memory."""

DTYPES: Final = tuple(np.dtype(name) for name in ["i8", "u1", "i4", "i4", "i4", "i4", "i8", "i8", "u1", "i4"])


class History(Sequence[Operation]):
    """An immutable sequence of operations over columns; made by `HistoryBuilder` or a reader.

    `keys` and `values` are the tables behind the codes (`values[0]` is None), `functions` the names behind
    the codes of functions. `read_as` is the format in which a reader found it (None: it was not read).
    """

    __slots__ = ("clock", "columns", "file", "functions", "keys", "read_as", "values")

    def __init__(
        self,
        columns: Columns,
        keys: Sequence[str],
        values: Sequence[Value],
        *,
        functions: Sequence[str] = FUNCTIONS,
        clock: Clock = "ns",
        file: str | None = None,
    ) -> None:
        self.columns = columns
        self.keys = keys
        self.values = values
        self.functions = tuple(functions)
        self.clock: Clock = clock
        self.file = file
        self.read_as: str | None = None

    def __len__(self) -> int:
        return len(self.columns.call)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self.operations(range(*index.indices(len(self))))
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        at = int(index) % len(self)
        return self._operation(at, *(int(column[at]) for column in self.columns))

    def __iter__(self) -> Iterator[Operation]:
        for first in range(0, len(self), MADE_AT_ONCE):
            yield from self.operations(range(first, min(first + MADE_AT_ONCE, len(self))))

    def __repr__(self) -> str:
        return f"<History of {len(self)} operations on {len(self.keys)} keys>"

    def operations(self, rows: Sequence[int] | NDArray[np.integer]) -> list[Operation]:
        """The operations of these rows, several times faster than one by one."""
        places = np.asarray(rows, dtype=np.int64)
        columns = (column[places].tolist() for column in self.columns)
        return list(map(self._operation, places.tolist(), *columns))

    def _operation(
        self, index: int, process: int, function: int, key: int, value: int, expected: int, seen: int,
        call: int, ret: int, outcome: int, line: int,
    ) -> Operation:  # fmt: skip
        """One row, by what stands in the columns."""
        values = self.values
        return Operation(
            index,
            line,
            process,
            self.functions[function],
            self.keys[key],
            values[value],
            values[expected],
            UNRECORDED if seen == NOT_RECORDED else values[seen],
            call,
            ret,
            COMPLETIONS[outcome],
        )

    def select(self, indices: Sequence[int] | NDArray[np.integer]) -> "History":
        """The sub-history of the given rows, in that order; lines stay those of the original."""
        rows = np.asarray(indices, dtype=np.int64)
        columns = Columns(*(column[rows] for column in self.columns))
        return History(
            columns, self.keys, self.values, functions=self.functions, clock=self.clock, file=self.file
        )

    def rows_of_keys(self) -> list[NDArray[np.int64]]:
        """For each key code, the rows of its operations, in the order of the history."""
        order = np.argsort(self.columns.key, kind="stable")
        bounds = np.searchsorted(self.columns.key[order], np.arange(len(self.keys) + 1))
        return [order[bounds[k] : bounds[k + 1]] for k in range(len(self.keys))]


_MAY_HOLD_BOOLEANS: Final = frozenset({bool, tuple, frozenset})


class ValueTable:
    """Interns values: equal ones share a code; code 0 is None. Booleans are interned as `Boolean`s."""

    __slots__ = ("_codes",)

    def __init__(self) -> None:
        self._codes: defaultdict[Value, int] = defaultdict(count(1).__next__, {None: ABSENT})

    def code(self, value: Value) -> int:
        """The code of a hashable value, assigned when it is first seen."""
        return self._codes[distinct(value) if value.__class__ in _MAY_HOLD_BOOLEANS else value]

    def codes(self, values: Sequence[Value]) -> Sequence[int]:
        """The codes of many hashable values."""
        if not _MAY_HOLD_BOOLEANS.isdisjoint(map(type, values)):
            return [self.code(value) for value in values]
        return list(map(self._codes.__getitem__, values))

    def values(self) -> list[Value]:
        """The values by code."""
        return list(self._codes)


class HistoryBuilder:
    """Collects operations, cheaply, one append each; `build` makes and checks the history.

    Operations are added whole (`add`), or in two steps as they happen (`call`, then `ok` or `failed`, or
    nothing if the outcome stays unknown).
    """

    __slots__ = ("_function_codes", "_keys", "_rows", "_values", "clock", "file", "functions")

    def __init__(
        self, *, functions: Iterable[str] = FUNCTIONS, clock: Clock = "ns", file: str | None = None
    ) -> None:
        self.functions = (*FUNCTIONS, *(name for name in functions if name not in FUNCTIONS))
        self.clock: Clock = clock
        self.file = file
        self._function_codes = {name: code for code, name in enumerate(self.functions)}
        self._keys: dict[str, int] = {}
        self._values = ValueTable()
        self._rows: list[list[int]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def call(
        self,
        process: int,
        function: str,
        key: str,
        value: Value,
        time: int,
        *,
        expected: Value = None,
        line: int = 0,
    ) -> int:
        """Note a call and return its row; until its outcome is noted, that is unknown. Raises KeyError."""
        keys = self._keys
        code = self._values.code
        row = len(self._rows)
        self._rows.append(
            [
                process,
                self._function_codes[function],
                keys.setdefault(key, len(keys)),
                code(value),
                code(expected),
                NOT_RECORDED,
                time,
                NEVER,
                Completion.UNKNOWN.value,
                line or row + 1,
            ]
        )
        return row

    def ok(self, row: int, time: int, *, value: Value = UNRECORDED) -> None:
        """The operation took effect; `value` replaces its value (what a read returned)."""
        record = self._rows[row]
        record[7] = time
        record[8] = Completion.OK.value
        if value is not UNRECORDED:
            record[3] = self._values.code(value)

    def failed(self, row: int, time: int, *, seen: Value = UNRECORDED, differed: bool = True) -> None:
        """The operation certainly did not take effect; `seen` is what its condition observed, if known.

        `differed` false: it is not even known that a condition was the reason.
        """
        record = self._rows[row]
        record[7] = time
        silent = record[1] == CAS and seen is UNRECORDED and not differed
        record[8] = (Completion.NO_EFFECT if silent else Completion.FAILED).value
        if seen is not UNRECORDED:
            record[5] = self._values.code(seen)

    def becomes(self, row: int, function: str, value: Value, *, expected: Value = None) -> None:
        """The operation turned out to be another: a conditional put, say, a read of what it saw."""
        record = self._rows[row]
        record[1] = self._function_codes[function]
        record[3] = self._values.code(value)
        record[4] = self._values.code(expected)

    def add(
        self,
        process: int,
        function: str,
        key: str,
        value: Value,
        call: int,
        ret: int | None,
        *,
        expected: Value = None,
        ok: bool = True,
        seen: Value = UNRECORDED,
        differed: bool = True,
        line: int = 0,
    ) -> int:
        """Add a whole operation and return its row; `ret` None: its outcome is unknown."""
        row = self.call(process, function, key, value, call, expected=expected, line=line)
        if ret is None:
            return row
        if ok:
            self.ok(row, ret)
        else:
            self.failed(row, ret, seen=seen, differed=differed)
        return row

    def build(self) -> History:
        """The history of what was added so far; raises `HistoryError` where the invariants do not hold."""
        table = np.array(self._rows, dtype=np.int64).reshape(len(self._rows), len(DTYPES))
        columns = Columns(*(np.ascontiguousarray(table[:, i], dtype=kind) for i, kind in enumerate(DTYPES)))
        check_columns(columns, self.file)
        return History(
            columns,
            list(self._keys),
            self._values.values(),
            functions=self.functions,
            clock=self.clock,
            file=self.file,
        )


def check_columns(columns: Columns, file: str | None = None) -> None:
    """Raise `HistoryError` unless the invariants of the module's docstring hold; O(n log n)."""
    call, ret, line = columns.call, columns.ret, columns.line
    backwards = np.flatnonzero(ret < call)
    if len(backwards):
        row = backwards[np.argmin(line[backwards])]
        raise HistoryError(f"returns at {ret[row]}, before its call at {call[row]}", int(line[row]), file)
    # Files are mostly in order of time; only where they are not, each process has to be sorted by time.
    overlaps = _overlaps(columns, np.argsort(columns.process, kind="stable"))
    if overlaps is not None:
        overlaps = _overlaps(columns, np.lexsort((ret, call, columns.process)))
    if overlaps is not None:
        first, second = overlaps
        at = np.argmin(line[second])
        one, other = first[at], second[at]
        process = f"process {columns.process[other]}"
        if ret[one] == NEVER:
            reason = f"{process} goes on after its operation of unknown outcome in line {line[one]}"
        else:
            reason = f"two operations of {process} overlap: this one and that in line {line[one]}"
        raise HistoryError(reason, int(line[other]), file)


def _overlaps(columns: Columns, order: Column) -> tuple[Column, Column] | None:
    """Neighbours in `order`, of one process, the second of which is called before the first returns."""
    first, second = order[:-1], order[1:]
    wrong = columns.ret[first] > columns.call[second]
    wrong &= columns.process[first] == columns.process[second]
    return (first[wrong], second[wrong]) if wrong.any() else None

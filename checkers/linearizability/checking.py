"""`check`: which algorithm decides which key, and what the answer says."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from dynaproof.checkers.linearizability import depth_first, frontier, patterns, register, wing_gong
from dynaproof.checkers.linearizability.beginning import with_beginning
from dynaproof.checkers.linearizability.by_zones import MACHINE_CODE, PYTHON, decide, engine_of
from dynaproof.checkers.linearizability.explain import bad_pattern, impossible_condition, stuck
from dynaproof.checkers.linearizability.explain_objects import excluded, stuck_object
from dynaproof.checkers.linearizability.frontier import Searched
from dynaproof.checkers.linearizability.in_turns import Turn, in_turns
from dynaproof.checkers.linearizability.register import Ask, Asks
from dynaproof.checkers.linearizability.result import (
    LINEARIZABLE,
    NOT_LINEARIZABLE,
    UNKNOWN,
    Budget,
    Failure,
    Meter,
    Result,
)
from dynaproof.specs.history import Column, Completion, History, HistoryBuilder, Operation
from dynaproof.specs.objects import REGISTER, STRING, SequentialObject, is_register

ZONES = "zones and sweep"
PATTERNS = "bad patterns"
DEPTH_FIRST = "depth-first search"
FRONTIER = "frontier search"
WING_GONG = "Wing-Gong search"
MANY, MANY_TIMES = 200, 100
"""A plain search that has had so many configurations so many times continues as machine code."""

COMPILED_FROM = 200
"""Keys of fewer operations are decided before their tables would be made."""

DEPTH_FIRST_AT_LEAST, DEPTH_FIRST_EACH = 1_000, 2
"""Depth first, so many configurations are tried, and so many more for each operation."""

SURE = "every value is written once, and every failed condition recorded what it saw"


class UnknownOperationError(ValueError):
    """A history with an operation that the object does not have; `row` is the first."""

    def __init__(self, thing: SequentialObject, operation: Operation) -> None:
        super().__init__(f"the object {thing.name} has no {operation.function}")
        self.operation = operation


class UnfitOperationError(ValueError):
    """An operation whose values the object can make nothing of; `operation` is the first."""

    def __init__(self, operation: Operation, complaint: str) -> None:
        super().__init__(f"{operation.function}: {complaint}")
        self.operation = operation


def check(
    history: History,
    object: SequentialObject | None = None,  # noqa: A002
    budget: Budget | None = None,
    *,
    machine_code: bool | None = None,
) -> Result:
    """Decide whether each key of `history` is linearizable as `object`, within `budget`.

    `object` None: a string if anything is appended, else a register. `machine_code`: whether registers are
    decided by compiled kernels or by the plain reference; None: by what suits the history (`engine_of`), by
    how long the plain search takes, and by whether the kernel of the walk is loaded anyway, which makes no
    difference to the answer. Raises `UnknownOperationError` and `UnfitOperationError`.
    """
    thing = object if object is not None else fitting_object(history)
    _know_all(history, thing)
    meter = Meter(budget)
    if is_register(thing):
        result = _check_register(with_beginning(history, thing.initial), meter, machine_code)
        return _without_beginning(result, len(history))
    return _check_by_search(history, thing, meter)


def get_ready(history: History, object: SequentialObject | None = None) -> None:  # noqa: A002
    """Load the machine code, if `check` is going to use it, so that the time of a check is without that."""
    thing = object if object is not None else fitting_object(history)
    if is_register(thing) and engine_of(history) == MACHINE_CODE:
        load_machine_code()


def load_machine_code() -> None:
    """Load what decides registers in machine code, compiled if this is its first use."""
    builder = HistoryBuilder()
    builder.add(0, "write", "by zones", 1, 0, 1)
    for process in (1, 2):
        builder.add(process, "write", "depth first", 1, 0, 1)
    check(builder.build(), machine_code=True)


def fitting_object(history: History) -> SequentialObject:
    """The object by which a history is judged unless another is given."""
    appends = history.columns.function == history.functions.index("append")
    return STRING if appends.any() else REGISTER


def _without_beginning(result: Result, operations: int) -> Result:
    """The answer on the history itself, without the rows that stand for the beginning."""
    if result.operations == operations:
        return result
    certificate = result.certificate
    return replace(
        result,
        operations=operations,
        prefix=tuple(row for row in result.prefix if row < operations),
        witness=tuple(row for row in result.witness if row < operations),
        certificate=None if certificate is None else certificate[certificate < operations],
    )


def _know_all(history: History, thing: SequentialObject) -> None:
    known = np.array([name in thing.functions for name in history.functions])
    strangers = np.flatnonzero(~known[history.columns.function])
    if len(strangers):
        raise UnknownOperationError(thing, history[int(strangers[0])])


def _fit_all(keys: Sequence[Sequence[Operation]], thing: SequentialObject) -> None:
    unfit: Callable[[Operation], str | None] | None = getattr(thing, "unfit", None)
    if unfit is None:
        return
    wrong = [(op.index, op, complaint) for key in keys for op in key if (complaint := unfit(op)) is not None]
    if wrong:
        _, first, complaint = min(wrong)
        raise UnfitOperationError(first, complaint)


def _check_register(history: History, meter: Meter, machine_code: bool | None) -> Result:
    engine = engine_of(history) if machine_code is None else MACHINE_CODE if machine_code else PYTHON
    asks = register.reduce(history, machine_code=engine == MACHINE_CODE)
    if len(asks.impossible):
        return _no(
            history, impossible_condition(history, int(asks.impossible[0])), ZONES, SURE, engine=engine
        )
    by_zones = decide(history, asks, engine)
    if by_zones.failure is not None:
        return _no(history, by_zones.failure, ZONES, SURE, engine=engine)
    keys = [
        _Key(history.keys[key], why, asks, key, by_zones.operations.get(key), machine_code)
        for key, why in by_zones.outside.items()
    ]
    keys.sort(key=lambda key: (key.size, key.name))
    for key in keys:
        pattern = key.pattern()
        if pattern is not None:
            return _no(history, bad_pattern(history, key.asks, pattern), PATTERNS, key.why)
    orders = [by_zones.order]
    undecided: list[str] = []
    reached: _Reached | None = None
    done = len(by_zones.order)
    engines = dict.fromkeys([engine] if len(keys) < len(history.keys) else [])
    algorithms = dict.fromkeys([ZONES] if len(keys) < len(history.keys) else [])
    for key, found in in_turns(keys, _Key.search, meter):
        engines[key.engine] = None
        algorithms[key.algorithm] = None
        done += found.done
        if found.failed_at is not None:
            failure = stuck(history, key.asks, found.failed_at)
            at = key.asks[found.failed_at].row
            return _no(history, failure, key.algorithm, key.why, at, key.engine)
        if found.order is None:
            undecided.append(key.name)
            reached = reached or _reached(key.rows.tolist(), found)
        else:
            orders.append(key.rows[found.order])
    algorithm = ", ".join(name for name in (ZONES, DEPTH_FIRST, FRONTIER) if name in algorithms)
    why = _why(Counter(key.why for key in keys))
    return _yes_or_unknown(
        history, orders, undecided, done, meter, algorithm, why, reached, ", ".join(engines)
    )


class _Key:
    """A key of a register that algorithm A cannot decide, and how far its searches have come.

    `engine` and `algorithm` are those of the last search. `why` says why the key takes one. `operations` are
    those that `table` has of its code, if they are already made.
    """

    def __init__(
        self,
        name: str,
        why: str,
        table: Asks,
        code: int,
        operations: list[Ask] | None,
        machine_code: bool | None,
    ) -> None:
        self.name = name
        self.why = why
        self.rows = table.row[table.bounds[code] : table.bounds[code + 1]]
        self.size = len(self.rows)
        self.engine = PYTHON
        self.algorithm = DEPTH_FIRST
        self._table = table
        self._code = code
        self._operations = operations
        self._machine_code = machine_code
        self._plain_is_slow = False

    @property
    def asks(self) -> list[Ask]:
        """The operations, made when they are first asked for: that takes longer than a short search."""
        if self._operations is None:
            self._operations = register.of_key(self._table, self._code)
        return self._operations

    def pattern(self) -> patterns.Pattern | None:
        """The bad pattern whose excluded operation returned first, if there is one."""
        if self._starts_compiled():
            from dynaproof.checkers.linearizability import pattern_kernel  # noqa: PLC0415

            if not pattern_kernel.is_excluded(register.columns_of_key(self._table, self._code)):
                return None
        return patterns.find(self.asks)

    def search(self, turn: Turn) -> Searched:
        """Depth first for a while, in the first turn, then algorithm B."""
        if self.algorithm == DEPTH_FIRST:
            found = self._depth_first(turn)
            if found.order is not None or found.failed_at is not None or turn.ended:
                return found
            self.algorithm = FRONTIER
        if self._machine_code is None and not self._plain_is_slow:
            self.engine = PYTHON
            patience = _Patience(turn)
            found = frontier.search(self.asks, exhausted=patience.exhausted)
            if turn.ended or not patience.ended:
                return found
            self._plain_is_slow = True
        if self._machine_code is not False:
            # Loading the compiler takes longer than most searches, so it is done only where that pays off.
            from dynaproof.checkers.linearizability import by_frontier  # noqa: PLC0415

            compiled = by_frontier.search(self.asks, exhausted=turn.exhausted)
            if compiled is not None:
                self.engine = MACHINE_CODE
                return compiled
        self.engine = PYTHON
        return frontier.search(self.asks, exhausted=turn.exhausted)

    def _depth_first(self, turn: Turn) -> Searched:
        most = depth_first_limit(self.size)

        def exhausted(visited: int) -> bool:
            return visited > most or turn.exhausted_in_all(visited)

        if not self._starts_compiled():
            return depth_first.search(self.asks, exhausted=exhausted)
        from dynaproof.checkers.linearizability import by_depth_first  # noqa: PLC0415

        self.engine = MACHINE_CODE
        columns = register.columns_of_key(self._table, self._code)
        return by_depth_first.search(columns, exhausted=exhausted)

    def _starts_compiled(self) -> bool:
        """Whether patterns and depth first run as machine code: the answer is the same as without."""
        if self._machine_code is not None:
            return self._machine_code
        return self.size >= COMPILED_FROM and _is_loaded()


def _is_loaded() -> bool:
    """Whether the machine code that a key starts with is there: loading takes longer than most searches."""
    walk = sys.modules.get("dynaproof.checkers.linearizability.depth_first_kernels")
    excluding = sys.modules.get("dynaproof.checkers.linearizability.pattern_kernel")
    if walk is None or excluding is None:
        return False
    return bool(walk.go_on.signatures and excluding.excludes.signatures)


def depth_first_limit(operations: int) -> int:
    """How many configurations of so many operations are tried depth first, before all are taken along."""
    return DEPTH_FIRST_AT_LEAST + DEPTH_FIRST_EACH * operations


class _Patience:
    """Ends a plain search with its turn, or when it has asked often enough with many configurations.

    Counted, not timed, so that the same history is always decided by the same search.
    """

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._left = MANY_TIMES
        self.ended = False

    def exhausted(self, configurations: int) -> bool:
        self._left -= configurations > MANY
        self.ended = self._left < 0
        return self.ended or self._turn.exhausted(configurations)


def _why(outside: Counter[str]) -> str:
    """Why those algorithms decided."""
    if not outside:
        return SURE
    return "; ".join(f"{reason} ({count} keys)" for reason, count in sorted(outside.items()))


def _check_by_search(history: History, thing: SequentialObject, meter: Meter) -> Result:
    # Each operation is made once: making one takes about as long as searching one.
    everything = [history.operations(rows) for rows in history.rows_of_keys() if len(rows)]
    _fit_all(everything, thing)
    # What certainly did not happen says nothing, except a failed condition.
    keys = [[op for op in key if tells(op)] for key in everything]
    keys.sort(key=lambda key: (len(key), key[0].key if key else ""))
    why = f"the object {thing.name} is not a register"
    for key in keys:
        failure = excluded(history, key, thing)
        if failure is not None:
            return _no(history, failure, PATTERNS, why)
    orders: list[Column] = []
    undecided: list[str] = []
    reached: _Reached | None = None
    done = 0

    def search(key: list[Operation], turn: Turn) -> wing_gong.Found:
        return wing_gong.search(key, thing, turn.exhausted_in_all)

    for key, found in in_turns(keys, search, meter):
        done += found.done
        rows = [op.index for op in key]
        if found.stuck_at is not None:
            failure = stuck_object(history, rows, rows[found.stuck_at], thing)
            return _no(history, failure, WING_GONG, why)
        if found.order is None:
            undecided.append(key[0].key)
            reached = reached or _reached(rows, found)
        else:
            orders.append(np.array(rows, dtype=np.int64)[found.order])
    return _yes_or_unknown(history, orders, undecided, done, meter, WING_GONG, why, reached)


class _Reached(NamedTuple):
    """How far the first undecided key came: the rows of an order, and the row that had to come next."""

    prefix: tuple[int, ...]
    stuck_at: int | None


def _reached(rows: Sequence[int], found: Searched | wing_gong.Found) -> _Reached:
    """How far a search of these rows came until the budget ended."""
    return _Reached(tuple(rows[i] for i in found.prefix or ()), None if found.at is None else rows[found.at])


def tells(operation: Operation) -> bool:
    """Whether an operation says something about the state: all but what certainly did not happen."""
    if operation.function == "cas":
        return operation.outcome is not Completion.NO_EFFECT
    return operation.outcome is not Completion.FAILED


def _no(
    history: History,
    failure: Failure,
    algorithm: str,
    why: str,
    stuck_at: int | None = None,
    engine: str = PYTHON,
) -> Result:
    return Result(
        NOT_LINEARIZABLE,
        len(history),
        len(history.keys),
        algorithm,
        why,
        failure.sentence,
        failure.cause,
        failure.witness,
        history[failure.witness[0]].key,
        stuck_at,
        engine=engine,
    )


def _yes_or_unknown(
    history: History,
    orders: Sequence[Column],
    undecided: list[str],
    done: int,
    meter: Meter,
    algorithm: str,
    why: str,
    reached: "_Reached | None",
    engine: str = PYTHON,
) -> Result:
    size = len(history), len(history.keys)
    if undecided:
        progress = f"{done} of {len(history)} operations explained when the budget ended ({meter.ended_by})"
        return Result(
            UNKNOWN, *size, algorithm, why, progress,
            progress=progress, undecided=tuple(undecided), engine=engine, key=undecided[0],
            prefix=reached.prefix if reached else (), stuck_at=reached.stuck_at if reached else None,
        )  # fmt: skip
    certificate = np.concatenate([np.zeros(0, dtype=np.int64), *orders])
    sentence = "every operation can be put at one moment between its call and its return"
    return Result(LINEARIZABLE, *size, algorithm, why, sentence, certificate=certificate, engine=engine)

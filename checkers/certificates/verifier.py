"""Certificates: an order of the operations of each key, and a verifier that replays it.

The verifier trusts no decider: it imports nothing of what decides, reads the history itself, and takes time
in proportion to it. An order is accepted if, for each key, it has every operation that took effect and every
condition that failed exactly once, nothing that certainly did not happen, and each operation of unknown
outcome at most once; no operation stands behind one that was called after it had returned; and the sequential
object, from its initial state, could answer each operation as it was answered.

Source: Herlihy and Wing, *Linearizability* (1990), section 2.3.
"""

from collections.abc import Sequence

import numpy as np

from dynaproof.specs.history import NOT_RECORDED, Column, Completion, History, Value
from dynaproof.specs.objects import REGISTER, SequentialObject, is_register

NOWHERE = -2
"""The state of a register that begins with a value that its history does not have."""


class CertificateError(ValueError):
    """An order that does not show what it should; `row` is the operation at fault (None: the whole)."""

    def __init__(self, message: str, row: int | None = None) -> None:
        super().__init__(message)
        self.row = row


def verify(history: History, order: Sequence[int] | Column, thing: SequentialObject = REGISTER) -> None:
    """Raise `CertificateError` unless `order`, rows of the history, shows that it is linearizable.

    The rows of different keys may be mixed: only the order within a key counts.
    """
    rows = np.asarray(order, dtype=np.int64)
    _verify_rows(history, rows)
    by_key = rows[np.argsort(history.columns.key[rows], kind="stable")]
    _verify_time(history, by_key)
    _verify_answers(history, by_key, thing)


def _verify_rows(history: History, rows: Column) -> None:
    c = history.columns
    if len(rows) and not (rows.min() >= 0 and rows.max() < len(history)):
        raise CertificateError("it names an operation that the history does not have")
    times = np.bincount(rows, minlength=len(history))
    repeated = np.flatnonzero(times > 1)
    if len(repeated):
        raise CertificateError("an operation stands in it twice", int(repeated[0]))
    missing = np.flatnonzero((times == 0) & (c.outcome == Completion.OK.value))
    if len(missing):
        raise CertificateError("an operation that took effect is missing", int(missing[0]))
    condition = c.function == history.functions.index("cas")
    missing = np.flatnonzero((times == 0) & (c.outcome == Completion.FAILED.value) & condition)
    if len(missing):
        raise CertificateError("a condition that failed is missing", int(missing[0]))
    nothing = (c.outcome == Completion.FAILED.value) & ~condition | (c.outcome == Completion.NO_EFFECT.value)
    undone = np.flatnonzero((times == 1) & nothing)
    if len(undone):
        raise CertificateError("an operation that certainly did not happen stands in it", int(undone[0]))


def _verify_time(history: History, rows: Column) -> None:
    """No operation may stand behind one of its key that was called after it had returned."""
    c = history.columns
    keys, calls, rets = c.key[rows].tolist(), c.call[rows].tolist(), c.ret[rows].tolist()
    key, latest = -1, 0
    for row, now, call, ret in zip(rows.tolist(), keys, calls, rets, strict=True):
        if now != key:
            key, latest = now, call
        latest = max(latest, call)
        if ret < latest:
            raise CertificateError("it had returned before an operation in front of it was called", row)


def _verify_answers(history: History, rows: Column, thing: SequentialObject) -> None:
    """Each operation must be possible, as it was answered, in the state in which the order puts it."""
    if is_register(thing):
        _verify_register(history, rows, thing.initial)
        return
    key, states = "", frozenset([thing.initial])
    for row in rows.tolist():
        operation = history[row]
        if operation.key != key:
            key, states = operation.key, frozenset([thing.initial])
        states = frozenset(after for state in states for after in thing.step(state, operation))
        if not states:
            raise CertificateError("it cannot have been answered so at its place", row)


def _verify_register(history: History, rows: Column, initial: Value) -> None:
    """As `Register.step`, over codes: the same result in a twentieth of the time."""
    beginning = history.values.index(initial) if initial in history.values else NOWHERE
    c = history.columns
    names = [history.functions[code] for code in range(len(history.functions))]
    columns = (c.key, c.function, c.outcome, c.value, c.expected, c.seen)
    key, state = -1, beginning
    for row, *entry in zip(rows.tolist(), *(column[rows].tolist() for column in columns), strict=True):
        now, function, outcome, value, expected, seen = entry
        if now != key:
            key, state = now, beginning
        match names[function]:
            case "read":
                possible = outcome == Completion.UNKNOWN or value == state
            case "write":
                possible, state = True, value
            case "delete":
                possible, state = True, 0
            case "cas" if outcome == Completion.FAILED:
                possible = state != expected and seen in {NOT_RECORDED, state}
            case "cas":
                possible, state = state == expected, value
            case _:
                possible = False
        if not possible:
            raise CertificateError("it cannot have been answered so at its place", row)

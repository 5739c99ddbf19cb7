"""The picture of a history: one HTML file that needs nothing else, neither network nor libraries.

A lane per client, a bar per operation from its call to its return, the witness highlighted, and the order in
which a single copy could have taken the operations, as numbered points on the bars. Of a history that is not
linearizable that is an order of the first bad prefix without the return that ends it, which is marked: up to
there everything can be explained. It can be zoomed and moved, and shown in true times or in even steps.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from typing import Any, Final

import msgspec

from dynaproof.checkers.linearizability.checking import check
from dynaproof.checkers.linearizability.core import Core
from dynaproof.checkers.linearizability.explain import name, time_text, value_text
from dynaproof.checkers.linearizability.result import Budget, Result
from dynaproof.specs.history import NEVER, NOT_RECORDED, UNRECORDED, History, Operation, Outcome
from dynaproof.specs.objects import SequentialObject

DRAWN_AT_MOST: Final = 1_000
"""Operations of a picture; of a larger history there is none."""

EVEN_BELOW: Final = 0.012
"""Even steps are shown first if some operation takes less than this part of the whole time."""

WITNESS_ONLY: Final = "the witness; the time ended before a minimal sub-history was found"

ORDER_BUDGET: Final = Budget(seconds=10.0)


class TooLargeError(ValueError):
    """A history with more operations than can be looked at."""


def of_core(core: Core, result: Result, thing: SequentialObject | None = None) -> str:
    """The picture of a core, or of the witness in its stead; `result` is of the whole history."""
    if not core.minimal:
        told = replace(result, witness=tuple(range(len(core.rows))))
        size = f"{len(core.rows)} of {result.operations} operations"
        details = f"{core.history.file or 'history'}, key {result.key}: {size}, {WITNESS_ONLY}"
        return _page(core.history, told, [], None, details)
    told = check(core.history, thing)
    bad = core.rows.index(core.bad_return) if core.bad_return in core.rows else None
    order = _order_before(core.history, bad, thing)
    size = f"{len(core.rows)} of {result.operations} operations"
    details = f"{core.history.file or 'history'}, key {result.key}: {size}, a minimal sub-history"
    return _page(core.history, told, order, bad, details)


def of_history(history: History, result: Result) -> str:
    """The picture of a whole history with its certificate; raises TooLargeError."""
    order = [] if result.certificate is None else result.certificate.tolist()
    details = f"{history.file or 'history'}: {result.operations} operations, {result.keys} keys"
    return _page(history, result, order, None, details)


def _order_before(history: History, bad: int | None, thing: SequentialObject | None) -> list[int]:
    """An order that explains all but the return of `bad`."""
    if bad is None:
        return []
    part = history.select(range(len(history)))
    c = part.columns
    c.ret[bad], c.outcome[bad], c.seen[bad] = NEVER, Outcome.UNKNOWN.value, NOT_RECORDED
    certificate = check(part, thing, ORDER_BUDGET).certificate
    return [] if certificate is None else [row for row in certificate.tolist() if row != bad]


def _page(history: History, told: Result, order: Sequence[int], bad: int | None, details: str) -> str:
    if len(history) > DRAWN_AT_MOST:
        raise TooLargeError(f"{len(history)} operations are too many for a picture (at most {DRAWN_AT_MOST})")
    operations: list[Operation] = list(history)
    verdict = html.escape(told.verdict)
    headline = (
        verdict if told.cause is None else f'<span class="no">{verdict}</span>: {html.escape(told.cause)}'
    )
    fields = {
        "TITLE": html.escape(f"{told.verdict}: {history.file or 'history'}"),
        "HEADLINE": headline,
        "SENTENCE": html.escape(told.sentence),
        "DETAILS": html.escape(details),
        "ORDER": "order of linearization"
        if bad is None
        else "order of all that can be explained, ✗ what cannot",
        "ROWS": "\n".join(_row(op, history, told, order) for op in operations),
        # Nothing in the data may end the script that holds it.
        "DATA": msgspec.json.encode(_data(history, told, order, bad)).decode().replace("<", "\\u003c"),
    }
    page = (
        resources.files("dynaproof.checkers.linearizability")
        .joinpath("picture.html")
        .read_text(encoding="utf-8")
    )
    return re.sub(r"@([A-Z]+)@", lambda found: fields[found[1]], page)


def _data(history: History, told: Result, order: Sequence[int], bad: int | None) -> dict[str, Any]:
    operations: list[Operation] = list(history)
    lanes = sorted({op.process for op in operations})
    times = sorted({time for op in operations for time in (op.call, op.ret) if time != NEVER})
    shortest = min((op.ret - op.call for op in operations if op.ret != NEVER), default=0)
    drawn = [
        {
            "lane": lanes.index(op.process),
            "call": str(op.call),
            "ret": None if op.ret == NEVER else str(op.ret),
            "text": _text(op),
            "title": f"{name(op)}: {_text(op)}, {_span(op, history, times[0])}",
            "witness": op.index in told.witness,
        }
        for op in operations
    ]
    return {
        "lanes": [f"client {process}" for process in lanes],
        "times": [str(time) for time in times],
        "labels": [time_text(history, time - times[0]) for time in times],
        "operations": drawn,
        "order": _points(operations, order),
        "bad": bad,
        "pending": any(op.ret == NEVER for op in operations),
        "even": shortest < EVEN_BELOW * (times[-1] - times[0]),
    }


def _points(operations: Sequence[Operation], order: Sequence[int]) -> list[dict[str, Any]]:
    """A moment for each operation of the order, within its bar; those of one moment side by side."""
    points: list[dict[str, Any]] = []
    now: dict[str, tuple[int, int]] = {}
    for row in order:
        op = operations[row]
        before, nudge = now.get(op.key, (-NEVER, 0))
        nudge = nudge + 1 if before >= op.call else 0
        moment = max(before, op.call)
        now[op.key] = moment, nudge
        points.append({"operation": row, "time": str(moment), "nudge": nudge})
    return points


def _row(op: Operation, history: History, told: Result, order: Sequence[int]) -> str:
    first = int(history.columns.call.min())
    cells = [
        str(op.line),
        str(op.process),
        op.key,
        _text(op),
        time_text(history, op.call - first),
        "never" if op.ret == NEVER else time_text(history, op.ret - first),
        str(order.index(op.index) + 1) if op.index in order else "",
    ]
    kind = ' class="witness"' if op.index in told.witness else ""
    return f"<tr{kind}>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"


def _span(op: Operation, history: History, first: int) -> str:
    end = "never" if op.ret == NEVER else time_text(history, op.ret - first)
    return f"called {time_text(history, op.call - first)}, returned {end}"


def _text(op: Operation) -> str:
    """What stands on a bar."""
    if op.function == "delete":
        text = "delete"
    elif op.function == "cas":
        text = f"cas {value_text(op.expected)} → {value_text(op.value)}"
    elif op.function in {"read", "dequeue"}:
        text = op.function if op.outcome is Outcome.UNKNOWN else f"{op.function} {value_text(op.value)}"
    else:
        text = f"{op.function} {value_text(op.value)}"
    if op.outcome is Outcome.NO_EFFECT:
        text += ", without effect"
    elif op.outcome is Outcome.FAILED:
        text += " failed" if op.seen is UNRECORDED else f" failed, saw {value_text(op.seen)}"
    return text

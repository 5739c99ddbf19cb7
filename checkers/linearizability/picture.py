"""The picture of a history: one HTML file that needs nothing else, neither network nor libraries.

A lane per client, a bar per operation from its call to its return, the witness highlighted, and the order in
which a single copy could have taken the operations, as numbered points on the bars. A history that is not
linearizable has two views: the core, with an order of the first bad prefix without the return that ends it,
which is marked (up to there everything can be explained), and the operations of its key around that return.
An unknown one shows the longest order that was found, and the return on which it got stuck.

Any history can be drawn. For a long one the page holds the operations around the first mark, and shows a
window of them that can be moved, zoomed, and stepped from mark to mark by keys.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib import resources
from typing import Any, Final

import msgspec
import numpy as np

from dynaproof.checkers.linearizability.checking import check
from dynaproof.checkers.linearizability.core import Core
from dynaproof.checkers.linearizability.explain import how_far, name, time_text, value_text
from dynaproof.checkers.linearizability.result import UNKNOWN, Budget, Result
from dynaproof.specs.history import NEVER, NOT_RECORDED, UNRECORDED, Column, Completion, History, Operation
from dynaproof.specs.objects import SequentialObject

HELD_AT_MOST: Final = 4_000
"""How many operations a page holds of a view; of a larger one, those around its first mark."""

EVEN_BELOW: Final = 0.012
"""Even steps are shown first if some operation takes less than this part of the whole time."""

EXPLAINED: Final = "order of all that can be explained, ✗ what cannot"
CANNOT: Final = "(no order), ✗ what cannot be explained"
LONGEST: Final = "the longest order that was found, ? where it got stuck"
WITNESS_ONLY: Final = "the witness; the time ended before a minimal sub-history was found"

ORDER_BUDGET: Final = Budget(seconds=10.0)


def of_core(core: Core, result: Result, history: History, thing: SequentialObject | None = None) -> str:
    """The picture of a core, or of the witness instead; `result` is of `history`, the whole."""
    # The witness need not be illegal by itself, so the picture explains the whole.
    told = check(core.history, thing) if core.minimal else replace(result, witness=(*range(len(core.rows)),))
    bad = core.rows.index(core.bad_return) if core.bad_return in core.rows else None
    order = _order_before(core.history, bad, thing) if core.minimal else []
    kind = "a minimal sub-history" if core.minimal else WITNESS_ONLY
    size = f"{len(core.rows)} of {result.operations} operations"
    details = f"{core.history.file or 'history'}, key {result.key}: {size}, {kind}"
    small = _view(
        core.history,
        range(len(core.rows)),
        told.witness,
        order,
        bad,
        "core" if core.minimal else "witness",
        details,
        told=EXPLAINED if core.minimal else CANNOT,
    )
    rows = np.flatnonzero(history.columns.key == list(history.keys).index(str(result.key)))
    details = f"{history.file or 'history'}: all operations of key {result.key}"
    whole = _view(history, rows, result.witness, [], core.bad_return, "whole key", details, told=CANNOT)
    return _page(history, told, [small, whole])


def of_history(history: History, result: Result) -> str:
    """The picture of a history with its certificate, or of an unknown one with how far it came."""
    order = [] if result.certificate is None else result.certificate.tolist()
    rows = np.arange(len(history))
    details = f"{history.file or 'history'}: {result.operations} operations, {result.keys} keys"
    if result.verdict == UNKNOWN and result.key is not None:
        rows = np.flatnonzero(history.columns.key == list(history.keys).index(result.key))
        order = list(result.prefix)
        details += f"; {how_far(history, result.key, result.prefix, result.stuck_at)}"
        told, sign, at = LONGEST, "?", result.stuck_at
    else:
        told, sign, at = "order of linearization", "✗", None
    view = _view(history, rows, (), order, at, "history", details, told=told, sign=sign)
    return _page(history, result, [view])


def _order_before(history: History, bad: int | None, thing: SequentialObject | None) -> list[int]:
    """An order that explains all but the return of `bad`."""
    if bad is None:
        return []
    part = history.select(range(len(history)))
    c = part.columns
    c.ret[bad], c.outcome[bad], c.seen[bad] = NEVER, Completion.UNKNOWN.value, NOT_RECORDED
    certificate = check(part, thing, ORDER_BUDGET).certificate
    return [] if certificate is None else [row for row in certificate.tolist() if row != bad]


def _page(history: History, told: Result, views: Sequence[dict[str, Any]]) -> str:
    verdict = html.escape(told.verdict)
    headline = (
        verdict if told.cause is None else f'<span class="no">{verdict}</span>: {html.escape(told.cause)}'
    )
    fields = {
        "TITLE": html.escape(f"{told.verdict}: {history.file or 'history'}"),
        "HEADLINE": headline,
        "SENTENCE": html.escape(told.sentence),
        # Nothing in the data may end the script that holds it.
        "DATA": msgspec.json.encode(list(views)).decode().replace("<", "\\u003c"),
    }
    page = (
        resources.files("dynaproof.checkers.linearizability")
        .joinpath("picture.html")
        .read_text(encoding="utf-8")
    )
    return re.sub(r"@([A-Z]+)@", lambda found: fields[found[1]], page)


def held_rows(history: History, rows: Column, marks: Iterable[int]) -> Column:
    """The rows that a page holds: all, or else all marks and as many as it can hold around the first mark."""
    if len(rows) <= HELD_AT_MOST:
        return rows
    marked = np.array(list(marks), dtype=np.int64)
    by_call = rows[np.lexsort((rows, history.columns.call[rows]))]
    centre = int(np.flatnonzero(by_call == marked[0])[0]) if len(marked) else 0
    first = max(0, min(centre - HELD_AT_MOST // 2, len(rows) - HELD_AT_MOST))
    around: Column = np.union1d(by_call[first : first + HELD_AT_MOST], marked)
    return around


def _view(
    history: History,
    among: Sequence[int] | Column,
    witness: Sequence[int],
    order: Sequence[int],
    bad: int | None,
    title: str,
    details: str,
    *,
    told: str,
    sign: str = "✗",
) -> dict[str, Any]:
    """What the page holds of some rows; `bad` is the row whose return cannot be, or is not yet, explained."""
    marks = list(dict.fromkeys([*([] if bad is None else [bad]), *witness]))
    rows = held_rows(history, np.asarray(among, dtype=np.int64), marks)
    if len(rows) < len(among):
        details += f"; {len(rows)} of its {len(among)} operations are here, those around the first mark"
    operations: list[Operation] = [history[int(row)] for row in rows]
    at = {op.index: i for i, op in enumerate(operations)}
    steps = {row: number for number, row in enumerate(order, 1)}
    first = min((op.call for op in operations), default=0)
    last = max((op.call if op.ret == NEVER else op.ret for op in operations), default=0)
    shortest = min((op.ret - op.call for op in operations if op.ret != NEVER), default=0)
    shown = set(witness)
    return {
        "title": title,
        "details": details,
        "clock": history.clock,
        "order_told": told,
        "sign": sign,
        "marks": [at[row] for row in marks if row in at],
        "operations": [
            {
                "process": op.process,
                "line": op.line,
                "key": op.key,
                "call": op.call - first,
                "ret": None if op.ret == NEVER else op.ret - first,
                "text": _text(op),
                "title": f"{name(op)}: {_text(op)}, {_span(op, history, first)}",
                "witness": op.index in shown,
                "step": steps.get(op.index),
            }
            for op in operations
        ],
        "order": _points(operations, [(at[row], steps[row]) for row in order if row in at], first),
        "bad": None if bad is None else at.get(bad),
        "pending": any(op.ret == NEVER for op in operations),
        "even": shortest < EVEN_BELOW * (last - first),
    }


def _points(
    operations: Sequence[Operation], order: Sequence[tuple[int, int]], first: int
) -> list[dict[str, Any]]:
    """A moment for each operation of the order, within its bar; equal moments are spread side by side."""
    points: list[dict[str, Any]] = []
    now: dict[str, tuple[int, int]] = {}
    for i, step in order:
        op = operations[i]
        before, nudge = now.get(op.key, (-NEVER, 0))
        nudge = nudge + 1 if before >= op.call else 0
        moment = max(before, op.call)
        now[op.key] = moment, nudge
        points.append({"operation": i, "step": step, "time": moment - first, "nudge": nudge})
    return points


def _span(op: Operation, history: History, first: int) -> str:
    end = "never" if op.ret == NEVER else time_text(history, op.ret - first)
    return f"called {time_text(history, op.call - first)}, returned {end}"


def _text(op: Operation) -> str:
    """The text on a bar."""
    if op.function == "delete":
        text = "delete"
    elif op.function == "cas":
        text = f"cas {value_text(op.expected)} → {value_text(op.value)}"
    elif op.function in {"read", "dequeue"}:
        text = op.function if op.outcome is Completion.UNKNOWN else f"{op.function} {value_text(op.value)}"
    else:
        text = f"{op.function} {value_text(op.value)}"
    if op.outcome is Completion.NO_EFFECT:
        text += ", without effect"
    elif op.outcome is Completion.FAILED:
        text += " failed" if op.seen is UNRECORDED else f" failed, saw {value_text(op.seen)}"
    return text

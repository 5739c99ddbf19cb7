"""A card: a result as a piece of HTML that needs nothing else, neither network nor scripts.

All text is escaped, all style stands in the elements, and equal results give equal cards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Literal

Colour = Literal["good", "bad", "open"]

COLOURS: dict[str, str] = {"good": "#2e7d32", "bad": "#c62828", "open": "#b26a00"}
"""The colours of a kept promise, of a broken one, and of what is not known."""

FRAME = (
    "border-left:4px solid {colour};padding:4px 12px;margin:4px 0;max-width:60em;"
    "font:13px/1.45 system-ui,sans-serif"
)
LINES = "margin:6px 0;font:12px/1.4 ui-monospace,monospace;white-space:pre-wrap;text-align:left"
CELL = "text-align:left;padding:1px 12px 1px 0;border:0"
NUMBER = "text-align:right;padding:1px 0;border:0;font-variant-numeric:tabular-nums"

BAR_WIDTH, BAR_HEIGHT = 160, 9
"""The size of a group's longest bar, in pixels."""

BAR_LEFT, SPAN_STEP, ROW_HEIGHT = 260, 48, 18
"""Where the bars of operations begin, beside their names; how far two moments are apart; a row's height."""


def card(title: str, verdict: str, colour: Colour, parts: Iterable[str] = ()) -> str:
    """A card with its title, its verdict, and what else belongs on it (`table`, `bars`, `spans`, `lines`)."""
    head = f'<b>{escape(title)}</b>: <b style="color:{COLOURS[colour]}">{escape(verdict)}</b>'
    return f'<div style="{FRAME.format(colour=COLOURS[colour])}">{head}{"".join(parts)}</div>'


def sentence(text: str) -> str:
    """A sentence below the head."""
    return f'<div style="margin:4px 0">{escape(text)}</div>' if text else ""


def lines(told: Sequence[str]) -> str:
    """Lines as a command prints them."""
    return f'<pre style="{LINES}">{escape(chr(10).join(told))}</pre>' if told else ""


def table(rows: Mapping[str, object]) -> str:
    """What and how much; whole numbers have their thousands set apart."""
    if not rows:
        return ""
    cells = "".join(
        f'<tr style="background:none"><td style="{CELL}">{escape(name)}</td>'
        f'<td style="{NUMBER}">{escape(_shown(value))}</td></tr>'
        for name, value in rows.items()
    )
    return f'<table style="border-collapse:collapse;margin:6px 0;border:0;font:inherit">{cells}</table>'


def bars(title: str, counts: Mapping[str, int]) -> str:
    """Counts with a bar each, the longest for the greatest; "never" where nothing was counted."""
    if not counts:
        return ""
    most = max(counts.values()) or 1
    rows = []
    for name, count in counts.items():
        width = -(-BAR_WIDTH * count // most)
        bar = (
            f'<svg width="{BAR_WIDTH}" height="{BAR_HEIGHT}" role="img">'
            f'<rect width="{width}" height="{BAR_HEIGHT}" fill="#5b7fa6"/></svg>'
        )
        rows.append(
            f'<tr style="background:none"><td style="{CELL}">{escape(name)}</td>'
            f'<td style="{CELL}">{bar}</td>'
            f'<td style="{NUMBER}">{_shown(count) if count else "never"}</td></tr>'
        )
    body = f'<table style="border-collapse:collapse;border:0;font:inherit">{"".join(rows)}</table>'
    return f'<details style="margin:4px 0"><summary>{escape(title)}</summary>{body}</details>'


def spans(rows: Sequence[tuple[str, int, int | None]]) -> str:
    """Operations as bars from call to return (None: it never returned), in even steps of time, a row each."""
    if not rows:
        return ""
    times = sorted({time for _, start, end in rows for time in (start, end) if time is not None})
    at = {time: BAR_LEFT + SPAN_STEP * number for number, time in enumerate(times)}
    end_of_all = BAR_LEFT + SPAN_STEP * len(times)
    drawn = []
    for number, (label, start, end) in enumerate(rows):
        top, left, right = ROW_HEIGHT * number, at[start], end_of_all if end is None else at[end]
        drawn.append(
            f'<rect x="{left}" y="{top + 3}" width="{max(right - left, 2)}" height="{ROW_HEIGHT - 6}" '
            f'rx="2" fill="#5b7fa6"/>'
            f'<text x="0" y="{top + 13}" font-size="12" fill="currentColor">{escape(label)}</text>'
        )
    size = f'width="{end_of_all}" height="{ROW_HEIGHT * len(rows)}"'
    return f'<svg {size} role="img" style="display:block;margin:6px 0">{"".join(drawn)}</svg>'


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)

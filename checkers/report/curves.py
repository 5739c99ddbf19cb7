"""Curves over numbers as an SVG picture, panel beside panel; equal values give equal text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from msgspec import Struct

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 500, 340, 70, 130, 34, 50
"""A panel in pixels: its size, and the room beside the axes."""

COLOURS = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377")
DASHES = ((), (6, 2), (2, 2), (9, 2, 2, 2), (12, 4), (1, 3))
"""How the lines of a panel are dashed, in pixels drawn and left out: they differ in greyscale, too."""
SAMPLE = 24
"""The length of line beside each name."""
TICKS = 5
FONT = 'font-family="sans-serif" font-size="11"'

Points = Sequence[tuple[float, float]]


class Panel(Struct, frozen=True, kw_only=True):
    """Lines over one axis."""

    title: str
    x: str
    y: str
    lines: Mapping[str, Points]
    """The lines by name, each as its points by x."""
    logarithmic: bool = False
    """Whether y is logarithmic; then all values are above 0."""
    dashed: tuple[str, ...] = ()
    """The lines to compare the others with: thin and grey."""
    dots: bool = True
    """Whether each point is marked."""


def made(by: str) -> str:
    """What drew a picture, as an element of it; empty if it is not said."""
    return f"<metadata>made by {escape(by)}</metadata>" if by else ""


def dashed_as(number: int) -> str:
    """The attributes of the line of this number, apart from its colour."""
    dash = " ".join(map(str, DASHES[number % len(DASHES)]))
    return f'stroke-width="1.5" stroke-dasharray="{dash}"' if dash else 'stroke-width="1.5"'


def picture(panels: Sequence[Panel], made_by: str = "") -> str:
    """The picture of these panels, which names the version that drew it."""
    size = f'viewBox="0 0 {WIDTH * len(panels)} {HEIGHT}" width="{WIDTH * len(panels)}" height="{HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {FONT}>',
        f'<rect width="{WIDTH * len(panels)}" height="{HEIGHT}" fill="white"/>',
    ]
    parts += filter(None, [made(made_by)])
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate({WIDTH * number},0)">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>\n"])


class _Scale:
    """From values to pixels, between the least and the greatest tick."""

    def __init__(self, values: Sequence[float], length: int, logarithmic: bool) -> None:
        self.length = length
        self.logarithmic = logarithmic
        self.ticks = _decades(values) if logarithmic else _even(max(values, default=1.0))

    def __call__(self, value: float) -> float:
        low, high, at = self.ticks[0], self.ticks[-1], value
        if self.logarithmic:
            low, high, at = math.log10(low), math.log10(high), math.log10(value)
        return self.length * (at - low) / (high - low)


def _round_numbers(least: float, greatest: float) -> list[float]:
    """1, 2, 5, 10, ... times a power of 10: from at most the least value to at least the greatest."""
    powers = range(math.floor(math.log10(least)), math.ceil(math.log10(greatest)) + 1)
    return [mantissa * 10.0**power for power in powers for mantissa in (1, 2, 5)]


def _even(greatest: float) -> list[float]:
    """Round numbers at even distances, from 0 to the greatest value or a little above."""
    if greatest <= 0:
        return [0.0, 1.0]
    step = next(one for one in _round_numbers(greatest / TICKS, greatest) if one * TICKS >= greatest)
    return [step * number for number in range(math.ceil(greatest / step) + 1)]


def _decades(values: Sequence[float]) -> list[float]:
    """Round numbers from below the least value to above the greatest."""
    least, greatest = min(values, default=1.0), max(values, default=10.0)
    ticks = _round_numbers(least, greatest * 10)
    low = max(tick for tick in ticks if tick <= least)
    high = min(tick for tick in ticks if tick >= greatest and tick > low)
    return [tick for tick in ticks if low <= tick <= high]


def _panel(panel: Panel) -> list[str]:
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    points = [point for line in panel.lines.values() for point in line]
    across = _Scale([x for x, _ in points], wide, logarithmic=False)
    up = _Scale([y for _, y in points], high, panel.logarithmic)
    base = TOP + high
    parts = [
        f'<text x="{LEFT}" y="18" font-size="13">{escape(panel.title)} ({escape(panel.y)})</text>',
        f'<path d="M{LEFT},{TOP} L{LEFT},{base} L{LEFT + wide},{base}" fill="none" stroke="black"/>',
        f'<text x="{LEFT + wide / 2:.1f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(panel.x)}</text>',
    ]
    for tick in across.ticks:
        x = LEFT + across(tick)
        parts.append(f'<text x="{x:.1f}" y="{base + 16}" text-anchor="middle">{tick:,g}</text>')
        parts.append(f'<path d="M{x:.1f},{base} v4" stroke="black"/>')
    for tick in up.ticks:
        y = base - up(tick)
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:,g}</text>')
        parts.append(f'<path d="M{LEFT},{y:.1f} h{wide}" stroke="#dddddd"/>')
    for number, (name, line) in enumerate(panel.lines.items()):
        parts += _line(
            name,
            [(LEFT + across(x), base - up(y)) for x, y in line],
            "#888888" if name in panel.dashed else COLOURS[number % len(COLOURS)],
            number,
            dashed=name in panel.dashed,
            dots=panel.dots,
        )
    return parts


def _line(name: str, at: Points, colour: str, number: int, *, dashed: bool, dots: bool) -> list[str]:
    """A line with its points and, at the right, a piece of it with its name."""
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    style = 'stroke-dasharray="5 4"' if dashed else dashed_as(number)
    parts = [f'<polyline points="{way}" fill="none" stroke="{colour}" {style}/>']
    if dots and not dashed:
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in at]
    x, y = WIDTH - RIGHT + 10, TOP + 12 + 14 * number
    parts.append(f'<path d="M{x},{y - 4} h{SAMPLE}" fill="none" stroke="{colour}" {style}/>')
    parts.append(f'<text x="{x + SAMPLE + 6}" y="{y}">{escape(name)}</text>')
    return parts

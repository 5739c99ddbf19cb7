"""The curves of coverage as an SVG picture: states seen over schedules, a line for each strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dynaproof.checkers.report.curves import SAMPLE, dashed_as, made

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 680, 360, 110, 150, 30, 50
COLOURS = ("#4477aa", "#ee6677", "#228833", "#aa3377", "#ccbb44", "#66ccee")
TICKS = 4
FONT = 'font-family="sans-serif" font-size="11"'


def picture(curves: Mapping[str, Sequence[int]], reachable: int, title: str, made_by: str = "") -> str:
    """The picture; the left axis counts states, and its labels give the share of the reachable ones too. It
    names the version that drew it.
    """
    longest = max((len(curve) for curve in curves.values()), default=1)
    highest = max((curve[-1] for curve in curves.values() if curve), default=1)
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(schedules: int, states: int) -> str:
        return f"{LEFT + wide * schedules / longest:.1f},{TOP + high - high * states / highest:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="18" font-size="13">{title}</text>',
        f'<path d="M{at(0, highest)} L{at(0, 0)} L{at(longest, 0)}" fill="none" stroke="black"/>',
    ]
    parts += filter(None, [made(made_by)])
    for tick in range(TICKS + 1):
        states, schedules = highest * tick // TICKS, longest * tick // TICKS
        y, x = TOP + high - high * tick / TICKS, LEFT + wide * tick / TICKS
        share = f"{100 * states / reachable:.3f} %"
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{states} ({share})</text>')
        parts.append(f'<text x="{x:.1f}" y="{TOP + high + 16}" text-anchor="middle">{schedules}</text>')
    parts.append(f'<text x="{LEFT + wide / 2}" y="{HEIGHT - 12}" text-anchor="middle">schedules</text>')
    for number, (name, curve) in enumerate(sorted(curves.items())):
        colour = COLOURS[number % len(COLOURS)]
        line = " ".join([at(0, 0), *(at(run + 1, states) for run, states in enumerate(curve))])
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" {dashed_as(number)}/>')
        y = TOP + 14 * (number + 1)
        label = f"{name}: {curve[-1] if curve else 0}"
        x = LEFT + wide + 8
        parts.append(f'<path d="M{x},{y - 4} h{SAMPLE}" stroke="{colour}" {dashed_as(number)}/>')
        parts.append(f'<text x="{x + SAMPLE + 6}" y="{y}">{label}</text>')
    return "\n".join([*parts, "</svg>\n"])

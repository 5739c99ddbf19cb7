"""A simulation, or the same one under several policies, as curves over time."""

from __future__ import annotations

from collections.abc import Sequence

from dynaproof.checkers.capacity.result import GRAINS, Result
from dynaproof.checkers.report.curves import Panel, Points, picture
from dynaproof.checkers.report.plots import plotted

MILLION = 1_000_000
MINUTE = 60
HOUR = 3_600


def picture_of(results: Sequence[Result], suffix: str, made_by: str) -> bytes:
    """The picture in the format of a suffix: for one result, all that was sampled; for several, what differs,
    with a line for each. It names the version that drew it.
    """
    panels = _of_one(results[0]) if len(results) == 1 else _of_several(results)
    if suffix == ".svg":
        return picture(panels, made_by).encode()
    return plotted(panels, "pdf" if suffix == ".pdf" else "png", made_by)


def _axis(result: Result) -> tuple[str, int]:
    long = result.samples[-1].second > 4 * HOUR
    return ("hours", HOUR) if long else ("minutes", MINUTE)


def _of_one(result: Result) -> list[Panel]:
    x, scale = _axis(result)
    at = [one.second / scale for one in result.samples]

    def line(values: Sequence[float]) -> Points:
        return list(zip(at, values, strict=True))

    samples = result.samples
    rates: dict[str, Points] = {
        "demand": line([float(one.demand) for one in samples]),
        "provisioned": line([one.provisioned for one in samples]),
        "consumed": line([float(one.consumed) for one in samples]),
        "throttled": line([float(one.throttled) for one in samples]),
    }
    panels = [
        Panel(
            title=f"{result.scenario}, {result.policy}",
            x=x,
            y="units/s",
            lines=rates,
            dashed=("provisioned",),
            dots=False,
        ),
        Panel(
            title="tokens",
            x=x,
            y="thousands of units",
            lines={"tokens": line([max(0, one.tokens) / GRAINS / 1_000 for one in samples])},
            dots=False,
        ),
        Panel(
            title="multiplier",
            x=x,
            y="of the shares",
            lines={"multiplier": line([one.multiplier / MILLION for one in samples])},
            dots=False,
        ),
    ]
    if any(one.alarm for one in samples):
        alarms: dict[str, Points] = {
            name: line([float(one.alarm == name) for one in samples]) for name in ("high", "low")
        }
        panels.append(Panel(title="alarms", x=x, y="1: on", lines=alarms, dots=False))
    return panels


def _of_several(results: Sequence[Result]) -> list[Panel]:
    x, scale = _axis(results[0])

    def panel(title: str, y: str, field: str, unit: int) -> Panel:
        lines: dict[str, Points] = {
            result.policy: [(one.second / scale, float(getattr(one, field)) / unit) for one in result.samples]
            for result in results
        }
        return Panel(title=f"{results[0].scenario}: {title}", x=x, y=y, lines=lines, dots=False)

    return [
        panel("consumed", "units/s", "consumed", 1),
        panel("throttled", "units/s", "throttled", 1),
        panel("multiplier", "of the shares", "multiplier", MILLION),
    ]

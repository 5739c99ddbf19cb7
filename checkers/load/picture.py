"""A load as a picture: latency over the offered rate, and throughput over it."""

from __future__ import annotations

from dynaproof.checkers.load.measuring import PER_MILLE, Latency
from dynaproof.checkers.load.sweep import Report
from dynaproof.checkers.report.curves import Panel, Points, picture

MILLISECOND_US = 1_000


def picture_of(report: Report, made_by: str) -> str:
    """The SVG picture of all rates, which names the version that drew it."""
    measured: list[tuple[int, Latency]] = [
        (row.rate, row.latency) for row in report.rows if row.latency is not None
    ]
    fields = dict(zip(PER_MILLE, Latency.__struct_fields__, strict=True))
    latencies: dict[str, Points] = {
        name: [(rate, max(1, getattr(latency, field)) / MILLISECOND_US) for rate, latency in measured]
        for name, field in reversed(fields.items())
    }
    throughput: dict[str, Points] = {
        "answered": [(row.rate, row.answered_per_s) for row in report.rows],
        "offered": [(row.rate, row.rate) for row in report.rows],
    }
    return picture(
        [
            Panel(
                title=f"{report.scenario.rpartition('/')[2]}: latency from when due",
                x="requests/s offered",
                y="ms",
                lines=latencies,
                logarithmic=True,
            ),
            Panel(
                title="throughput",
                x="requests/s offered",
                y="requests/s",
                lines=throughput,
                dashed=("offered",),
            ),
        ],
        made_by,
    )

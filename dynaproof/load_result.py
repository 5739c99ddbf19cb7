"""What `load` returns: a row for each rate, as data, as text, and as a card in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from dynaproof.checkers.load.arrivals import SECOND_US
from dynaproof.checkers.load.measuring import ANSWERED_PERCENT, Latency, Row, mean_round_trip_us
from dynaproof.checkers.load.picture import picture_of
from dynaproof.checkers.load.saturation import Saturation
from dynaproof.checkers.load.sweep import Report
from dynaproof.checkers.report import card
from dynaproof.provenance import maker
from dynaproof.rerunning import command_line


class Load(Struct, frozen=True):
    """What a load has measured: a row for each rate, and where the system is saturated."""

    report: Report

    @property
    def rows(self) -> tuple[Row, ...]:
        """What was measured, by rate."""
        return self.report.rows

    @property
    def saturation(self) -> Saturation:
        """The highest rate that the system kept up with, and the lowest with which it did not."""
        return self.report.saturation

    @property
    def failure(self) -> Row | None:
        """The rate at which a promise was broken."""
        return next((row for row in self.rows if row.failure is not None), None)

    @property
    def unmeasured(self) -> tuple[int, ...]:
        """The rates at which no request was due while it was measured, so that nothing is known of them."""
        return tuple(row.rate for row in self.rows if not row.due)

    def summary(self) -> dict[str, Any]:
        """All of it as plain data, for JSON."""
        report, plan = self.report, self.report.plan
        return {
            "scenario": report.scenario,
            "arrivals": plan.process,
            "seed": plan.seed,
            "seconds": plan.window_us / SECOND_US,
            "warm_up_seconds": plan.warm_up_us / SECOND_US,
            "keys": plan.keys,
            "item_bytes": plan.item_bytes,
            "reads_percent": plan.reads_percent,
            "most_sessions": plan.most_sessions,
            "mean_round_trip_us": mean_round_trip_us(plan.latencies),
            "most_round_trips": plan.most_round_trips,
            "rows": msgspec.to_builtins(report.rows),
            "saturation": msgspec.to_builtins(report.saturation),
            "ended": report.ended,
        }

    def svg(self) -> str:
        """Latency and throughput over the offered rate, as a picture."""
        return picture_of(self.report, maker())

    def lines(self) -> list[str]:
        """All of it for people."""
        report, plan = self.report, self.report.plan
        lines = [head(report)]
        if self.rows:
            trip = mean_round_trip_us(plan.latencies) / 1_000
            lines += [
                f"latency in ms, from when a request was due (a mean round trip takes {trip:g} ms)",
                *aligned([LATENCY_HEAD, *(cells for row in self.rows for cells in latency_cells(row))]),
                "requests and costs",
                *aligned([COST_HEAD, *(cost_cells(row) for row in self.rows)]),
            ]
        if self.unmeasured:
            rates = ", ".join(f"{rate:,}" for rate in self.unmeasured)
            lines.append(f"nothing was measured at the rate of {rates}: no request was due in this time")
        lines.append(saturation_line(report))
        row = self.failure
        if row is not None and row.failure is not None:
            lines.append(f"FAILED {row.failure.spec} at step {row.failure.step}: {row.failure.sentence}")
            lines.append(f"run it again: {again(report, row)}")
        return lines

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        row = self.failure
        told = "no promise is broken" if row is None else f"a promise is broken at {row.rate} requests/s"
        picture = [self.svg()] if self.rows else []
        title = f"load of {self.report.scenario}"
        return card.card(title, told, "good" if row is None else "bad", [card.lines(self.lines()), *picture])


def head(report: Report) -> str:
    """What was asked for, in one line."""
    plan = report.plan
    return (
        f"{report.scenario}, {plan.process} arrivals, seed {plan.seed}: {plan.window_us / SECOND_US:g} s of "
        f"simulated time after {plan.warm_up_us / SECOND_US:g} s, {plan.reads_percent} % reads, "
        f"{plan.item_bytes} bytes a write"
    )


LATENCY_HEAD = ("rate", "", "answered/s", "p50", "p90", "p99", "p99.9", "max", "p99 in round trips")
COST_HEAD = (
    *("rate", "due", "answered", "refused", "unanswered", "waited", "sessions"),
    *("messages/write", "syncs/write", "bytes/write", "bytes/byte put", "saturated"),
)


def latency_cells(row: Row) -> list[tuple[str, ...]]:
    """The latencies at a rate; if there are reads and writes, also those of each."""
    kinds = [("", row.latency)]
    if row.reads is not None and row.writes is not None:
        kinds += [("reads", row.reads), ("writes", row.writes)]
    return [
        (
            f"{row.rate:,}" if not what else "",
            what,
            f"{row.answered_per_s:,.1f}" if not what else "",
            *_milliseconds(latency),
            _shown(row.p99_round_trips) if not what else "",
        )
        for what, latency in kinds
    ]


def _milliseconds(latency: Latency | None) -> tuple[str, ...]:
    if latency is None:
        return ("-",) * len(Latency.__struct_fields__)
    return tuple(f"{getattr(latency, field) / 1_000:,.3f}" for field in Latency.__struct_fields__)


def _shown(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:,.2f}"


def cost_cells(row: Row) -> tuple[str, ...]:
    """The outcomes of the requests at a rate, and what they cost."""
    counts = (row.rate, row.due, row.answered, row.refused, row.unanswered, row.waited, row.sessions)
    costs = (row.messages_per_write, row.syncs_per_write, row.bytes_per_write, row.bytes_per_byte_put)
    verdict = row.saturated or ("no" if row.due else "-")
    return *(f"{count:,}" for count in counts), *map(_shown, costs), verdict


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, each column flush right; a column without any text is left out."""
    used = [column for column in zip(*rows, strict=True) if any(column)]
    widths = [max(map(len, column)) for column in used]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in zip(*used, strict=True)
    ]


def saturation_line(report: Report) -> str:
    """Where the system is saturated, in a sentence."""
    found, plan = report.saturation, report.plan
    means = (
        f"saturated means that less than {ANSWERED_PERCENT} % of what is due is answered, or p99 above "
        f"{plan.most_round_trips} round trips"
    )
    if found.sustained is None and found.saturated is None:
        return f"saturation is not known; {means}"
    if found.saturated is None:
        return f"not saturated at {found.sustained:,} requests/s; {means}"
    if found.sustained is None:
        return f"saturated at {found.saturated:,} requests/s, the least that was measured; {means}"
    return f"keeps up with {found.sustained:,} requests/s, saturated at {found.saturated:,}; {means}"


def again(report: Report, row: Row) -> str:
    """The command that runs one rate again, exactly."""
    plan = report.plan
    return command_line(
        *("load", report.scenario, "--rate", row.rate, "--seed", plan.seed, "--arrivals", plan.process),
        *("--seconds", plan.window_us / SECOND_US, "--warm-up", plan.warm_up_us / SECOND_US),
        *("--keys", plan.keys, "--item-bytes", plan.item_bytes, "--reads", plan.reads_percent),
        *("--sessions", plan.most_sessions),
    )

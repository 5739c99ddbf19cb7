"""One rate after the other: those that were asked for, then those that lead to the saturation point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal, Protocol

from msgspec import Struct

from dynaproof.checkers.load.measuring import Plan, Row
from dynaproof.checkers.load.open_loop import measure
from dynaproof.checkers.load.saturation import Saturation, next_rate, saturation_of
from dynaproof.checkers.runs.requests import Requests
from dynaproof.checkers.runs.scenario import Scenario

How = Literal["all", "failure", "interrupted"]


class Report(Struct, frozen=True, kw_only=True):
    """The outcome of a load."""

    scenario: str
    plan: Plan
    rows: tuple[Row, ...]
    """By rate."""
    saturation: Saturation
    ended: How
    """Whether all rates were measured, or a promise was broken at the last one, or the user interrupted it:
    then the rate under way is left out.
    """


class Listener(Protocol):
    """Hears how far a load is."""

    def begins(self, rate: int) -> None:
        """A rate begins to be measured."""
        ...

    def went_on(self, rate: int, simulated_us: int, events: int) -> None:
        """So much time has passed since the load was on."""
        ...

    def measured(self, row: Row) -> None:
        """A rate is measured."""
        ...


class Nobody:
    """Hears nothing."""

    def begins(self, rate: int) -> None:
        """A rate begins to be measured."""

    def went_on(self, rate: int, simulated_us: int, events: int) -> None:
        """So much time has passed since the load was on."""

    def measured(self, row: Row) -> None:
        """A rate is measured."""


def sweep(
    scenario: Scenario,
    requests: Requests,
    plan: Plan,
    rates: Sequence[int],
    *,
    until_saturated: bool,
    listener: Listener,
) -> Report:
    """Measure each rate, up to the first at which a promise is broken.

    Raises:
        SpecError: a spec of the scenario would never be judged.
    """
    rows: dict[int, Row] = {}
    ended: How = "all"
    try:
        for rate in _rates(rates, rows, until_saturated):
            listener.begins(rate)
            row = rows[rate] = measure(scenario, requests, plan, rate, partial(listener.went_on, rate))
            listener.measured(row)
            if row.failure is not None:
                ended = "failure"
                break
    except KeyboardInterrupt:
        ended = "interrupted"
    return Report(
        scenario=scenario.name,
        plan=plan,
        rows=tuple(rows[rate] for rate in sorted(rows)),
        saturation=saturation_of(_saturated(rows)),
        ended=ended,
    )


def _rates(given: Sequence[int], rows: dict[int, Row], until_saturated: bool) -> Iterator[int]:
    yield from dict.fromkeys(given)
    while until_saturated and (known := _saturated(rows)):
        rate = next_rate(known)
        if rate is None or rate in rows:  # Where nothing was due, nothing is known the second time either.
            return
        yield rate


def _saturated(rows: dict[int, Row]) -> dict[int, bool]:
    """Whether each rate is saturated about which something is known."""
    return {rate: bool(row.saturated) for rate, row in rows.items() if row.failure is None and row.due}

"""A campaign that follows every run through a model, and how much of the model it has seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, Protocol

from msgspec import Struct, field

from dynaproof.checkers.campaign import MOST_FAILURES, numbers
from dynaproof.checkers.refinement.covering import Coverage
from dynaproof.checkers.refinement.running import RefinedRun, RefinedTotals, refined_runs


class Difference(Struct, frozen=True):
    """A failing run: a difference from the model (its sentence in `difference`), or a broken promise."""

    schedule: int
    strategy: str
    spec: str
    step: int
    sentence: str
    difference: object


class Followed(Struct):
    """A campaign beside a model, so far; `ended` is as in `checkers.campaign.Campaign`."""

    totals: RefinedTotals = field(default_factory=RefinedTotals)
    covered: Coverage | None = None
    failures: list[Difference] = field(default_factory=list)
    seconds: float = 0.0
    ended: Literal["limit", "failures", "interrupted"] = "limit"


class Listener(Protocol):
    """Listens to the progress of the campaign."""

    def went_on(self, campaign: Followed) -> None:
        """Another run is counted."""

    def found(self, one: Difference) -> None:
        """A run fails."""


def follow(
    strategy: str,
    seed: int,
    *,
    listener: Listener,
    schedules: int | None = None,
    seconds: float | None = None,
    covers: bool = False,
    jobs: int = 1,
    most_failures: int = MOST_FAILURES,
    clock: Callable[[], float] = time.monotonic,
) -> Followed:
    """Run schedules of the scenario `partition` beside the model; with `covers`, small ones from boot on.

    It ends with its limits (`checkers.campaign.explore` has the same), with the failure number
    `most_failures`, or with Ctrl-C.
    """
    campaign = Followed(covered=Coverage() if covers else None)
    began = clock()
    try:
        for number, used, one in refined_runs(
            strategy, seed, numbers(0, schedules, seconds, clock), jobs, covers=covers
        ):
            campaign.totals.add(one)
            if campaign.covered is not None:
                campaign.covered.add(used, one.seen)
            if one.result.failure is not None:
                campaign.failures.append(difference(number, used, one))
                listener.found(campaign.failures[-1])
            listener.went_on(campaign)
            if len(campaign.failures) >= most_failures:
                campaign.ended = "failures"
                break
    except KeyboardInterrupt:
        campaign.ended = "interrupted"
    campaign.seconds = clock() - began
    return campaign


def difference(schedule: int, strategy: str, one: RefinedRun) -> Difference:
    """What is reported of a failing run."""
    failure = one.result.failure
    assert failure is not None
    return Difference(
        schedule, strategy, failure.spec, failure.step, failure.sentence, one.refined.difference
    )

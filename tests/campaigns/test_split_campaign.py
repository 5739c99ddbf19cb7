"""Short campaigns of the scenarios of splits: clean, and reaching what they should; and bugs that break the
promises about how long a split stops writes, and about scans over it.
"""

from collections.abc import Callable
from typing import Any

import pytest

from dynaproof.checkers.campaign import outcomes
from dynaproof.checkers.scenarios.catalogue import config_of, execute
from dynaproof.checkers.scenarios.split import OF_SPLITS, SPLIT_UNDER_LOAD
from dynaproof.checkers.scenarios.under_load import is_calm
from dynaproof.specs.observe.impl.load import LoadObserver
from dynaproof.specs.sometimes_of_regions import PARTITION_SPLIT

NAMES = [scenario.name for scenario in OF_SPLITS]
STRATEGIES = 4
SCHEDULES = 3_000
"""After which every situation of a scenario was reached: a late command to split finds its epoch raised in
about one of 600.
"""


@pytest.mark.parametrize("name", NAMES)
def test_every_promise_holds_in_a_schedule_of_each_strategy_and_most_split(name: str) -> None:
    split = 0
    for number, outcome in outcomes(name, "portfolio", 5, iter(range(STRATEGIES)), 1):
        assert outcome.failure is None, (number, outcome.failure)
        split += PARTITION_SPLIT.name in outcome.reached
    assert 2 * split >= STRATEGIES


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_promise_holds_in_a_campaign_of_splits_that_reaches_every_situation(
    name: str, reach_every_situation: Callable[[str, int], None]
) -> None:
    reach_every_situation(name, SCHEDULES)


def test_answers_are_judged_before_at_and_after_a_split_where_nothing_goes_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended, crossed = 0, 0

    class Counting(LoadObserver):
        def ended(self, note: object, tau: int) -> None:
            nonlocal ended
            ended += self.pace is not None and note.request in self.asked  # type: ignore[attr-defined]
            super().ended(note, tau)  # type: ignore[arg-type]

        def goes_on(self, request: object, child: LoadObserver) -> None:
            nonlocal crossed
            crossed += request in self.asked and child.pace is not None
            super().goes_on(request, child)  # type: ignore[arg-type]

    monkeypatch.setattr("dynaproof.specs.observe.impl.replicas.LoadObserver", Counting)
    drawn = (config_of(SPLIT_UNDER_LOAD.name, "timed", 9602, number) for number in range(20))
    calm = [config for config in drawn if is_calm(config) and not config.faults]
    for config in calm[:4]:
        assert execute(config).failure is None
    assert ended > 1_000
    assert crossed > 4


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("segments_leave_one_out", "scan_returns_each_once"),
        ("who_is_ready_is_not_asked", "splits_stop_briefly"),
    ],
)
def test_a_seeded_bug_of_splits_is_killed_by_its_promise(
    name: str, spec: str, killed: Callable[[str, str, int, int], Any]
) -> None:
    assert execute(killed(name, spec, 30, 3)).failure is None

"""Short campaigns of tables that are given less than they are asked for: clean, and throttling; and bugs that
break the promises about capacity.
"""

from collections.abc import Callable
from typing import Any

import pytest

from dynaproof.checkers.campaign import outcomes
from dynaproof.checkers.scenarios.scaled import OF_SCALING
from dynaproof.checkers.scenarios.throttled import OF_CAPACITY
from dynaproof.specs.sometimes_of_capacity import READ_THROTTLED, WRITE_THROTTLED

NAMES = [scenario.name for scenario in OF_CAPACITY]
STRATEGIES = 4
SCHEDULES = 400
SHARE = 100


@pytest.mark.parametrize("name", NAMES)
def test_every_promise_holds_in_a_schedule_of_each_strategy_and_most_throttle(name: str) -> None:
    throttled = 0
    for number, outcome in outcomes(name, "portfolio", 5, iter(range(2 * STRATEGIES)), 1):
        assert outcome.failure is None, (number, outcome.failure)
        throttled += bool({WRITE_THROTTLED.name, READ_THROTTLED.name} & set(outcome.reached))
    assert throttled >= STRATEGIES


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, *(scenario.name for scenario in OF_SCALING)])
def test_at_least_half_of_the_schedules_of_a_campaign_throttle(name: str) -> None:
    reached = [outcome.reached for _, outcome in outcomes(name, "portfolio", 9501, iter(range(SHARE)), 1)]
    throttled = sum(bool({WRITE_THROTTLED.name, READ_THROTTLED.name} & set(one)) for one in reached)
    print(f"{name}: {throttled} of {SHARE} schedules throttle")
    assert 2 * throttled >= SHARE


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_promise_holds_in_a_campaign_that_reaches_every_situation(
    name: str, reach_every_situation: Callable[[str, int], None]
) -> None:
    reach_every_situation(name, SCHEDULES)


@pytest.mark.parametrize(
    ("name", "spec", "seed"),
    [
        ("admitted_in_debt", "admitted_within_bound", 1),
        ("large_items_never_fit", "never_throttled_under_rate", 1),
        ("refused_is_charged", "throttled_request_has_no_effect", 1),
        ("level_not_kept", "tokens_conserved", 1),
        ("successor_begins_full", "tokens_conserved", 1),
        ("failed_condition_is_free", "writes_cost_what_they_should", 1),
        ("active_before_it_is_rated", "writes_cost_what_they_should", 1),
        ("children_begin_with_all", "tokens_conserved", 1),
        ("reads_not_divided", "tokens_conserved", 1),
        ("shares_stay_at_a_split", "admitted_within_bound", 3),
    ],
)
def test_a_bug_breaks_the_promise(
    name: str, spec: str, seed: int, killed: Callable[[str, str, int, int], Any]
) -> None:
    killed(name, spec, 30 if name == "active_before_it_is_rated" else 12, seed)

"""Short campaigns of tables that are scaled: clean, and throttling; and bugs that break the promises about
metrics, alarms and scaling.
"""

from collections.abc import Callable
from typing import Any

import pytest

from dynaproof.checkers.campaign import outcomes
from dynaproof.checkers.scenarios.scaled import OF_SCALING
from dynaproof.specs.sometimes_of_capacity import READ_THROTTLED, WRITE_THROTTLED

NAMES = [scenario.name for scenario in OF_SCALING]
STRATEGIES = 4
SCHEDULES = 400


@pytest.mark.parametrize("name", NAMES)
def test_every_promise_holds_in_a_schedule_of_each_strategy_and_most_throttle_while_scaled(name: str) -> None:
    throttled = 0
    for number, outcome in outcomes(name, "portfolio", 5, iter(range(STRATEGIES)), 1):
        assert outcome.failure is None, (number, outcome.failure)
        throttled += bool({WRITE_THROTTLED.name, READ_THROTTLED.name} & set(outcome.reached))
    assert 2 * throttled >= STRATEGIES


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_promise_holds_in_a_campaign_of_scaling_that_reaches_every_situation(
    name: str, reach_every_situation: Callable[[str, int], None]
) -> None:
    reach_every_situation(name, SCHEDULES)


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("scales_beyond_its_bounds", "provisioned_stays_within_bounds"),
        ("desired_rounds_down", "changes_follow_alarms"),
        ("emitted_since_the_start", "emissions_say_what_was_counted"),
        ("copies_counted", "metrics_conserve_what_was_emitted"),
        ("missing_is_nothing", "alarms_follow_their_metrics"),
        ("changes_restart_no_cooldown", "cooldowns_hold"),
        ("lowered_halfway", "direction_turns_with_the_load"),
        ("split_beyond_need", "partitions_are_split_where_needed"),
        ("never_split_for_capacity", "shares_come_to_fit_their_caps"),
        ("orders_whatever_it_has_become", "orders_change_what_they_have_seen"),
    ],
)
def test_a_bug_of_auto_scaling_breaks_the_promise(
    name: str, spec: str, killed: Callable[[str, str, int, int], Any]
) -> None:
    killed(name, spec, 12, 3)

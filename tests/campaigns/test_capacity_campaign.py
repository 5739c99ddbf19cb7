"""Short campaigns of tables under global admission and on demand: clean, and throttling; and bugs that break
the promises about tokens, nodes, followers and peaks.
"""

from collections.abc import Callable
from typing import Any

import pytest

from dynaproof.checkers.campaign import outcomes
from dynaproof.checkers.scenarios.global_admission import GLOBAL_ADMISSION
from dynaproof.checkers.scenarios.on_demand import ON_DEMAND
from dynaproof.specs.sometimes_of_capacity import READ_THROTTLED, TOKENS_SHORT, WRITE_THROTTLED

NAMES = [GLOBAL_ADMISSION.name, ON_DEMAND.name]
STRATEGIES = 4
SCHEDULES = 200


@pytest.mark.parametrize("name", NAMES)
def test_every_promise_holds_in_a_schedule_of_each_strategy_and_all_throttle(name: str) -> None:
    throttled = 0
    for number, outcome in outcomes(name, "portfolio", 5, iter(range(2 * STRATEGIES)), 1):
        assert outcome.failure is None, (number, outcome.failure)
        reached = set(outcome.reached)
        throttled += bool({WRITE_THROTTLED.name, READ_THROTTLED.name, TOKENS_SHORT.name} & reached)
    assert throttled >= STRATEGIES


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_promise_holds_in_a_campaign_that_reaches_every_situation(
    name: str, reach_every_situation: Callable[[str, int], None]
) -> None:
    reach_every_situation(name, SCHEDULES)


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("node_not_charged", "node_admits_within_its_bound"),
        ("refused_by_the_node_is_charged", "throttled_request_has_no_effect"),
        ("refused_is_charged_to_the_node", "node_throttles_by_what_it_admitted"),
        ("draws_granted_again", "tokens_are_granted_once"),
        ("bucket_begins_full", "tokens_are_granted_once"),
        ("throttles_before_it_hears", "never_short_of_tokens_under_rate"),
        ("used_and_kept", "routers_hold_what_they_were_granted"),
        ("goes_on_without_tokens", "routers_hold_what_they_were_granted"),
        ("writes_need_no_tokens", "requests_are_paid_for"),
        ("estimate_is_final", "requests_are_paid_for"),
        ("level_of_the_leader_not_taken", "admitted_within_bound"),
        ("use_of_followers_not_charged", "admitted_within_bound"),
        ("takes_twice_the_last_window", "on_demand_never_takes_less"),
    ],
)
def test_a_bug_breaks_the_promise(name: str, spec: str, killed: Callable[[str, str, int, int], Any]) -> None:
    killed(name, spec, 40, 3)

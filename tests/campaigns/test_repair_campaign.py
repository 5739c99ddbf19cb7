"""Short campaigns of the scenarios of repair: clean, and reaching what they should; and bugs that break the
promises about who is repaired, when, and how many at a time.
"""

from collections.abc import Callable
from typing import Any

import pytest

from dynaproof.checkers.campaign import outcomes
from dynaproof.checkers.scenarios.catalogue import execute
from dynaproof.checkers.scenarios.repair import OF_REPAIR

NAMES = [scenario.name for scenario in OF_REPAIR]
STRATEGIES = 4
SCHEDULES = 3_000


@pytest.mark.parametrize("name", NAMES)
def test_every_promise_holds_in_a_schedule_of_each_strategy_with_repairs(name: str) -> None:
    for number, outcome in outcomes(name, "portfolio", 5, iter(range(STRATEGIES)), 1):
        assert outcome.failure is None, (number, outcome.failure)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_promise_holds_in_a_campaign_of_repairs_that_reaches_every_situation(
    name: str, reach_every_situation: Callable[[str, int], None]
) -> None:
    reach_every_situation(name, SCHEDULES)


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("taken_for_dead_too_soon", "nodes_die_of_silence"),
        ("overdue_nodes_die", "nodes_die_of_silence"),
        ("dead_for_a_walk", "nodes_die_of_silence"),
        ("replaced_when_it_lives", "repairs_replace_the_lost"),
        ("zones_not_looked_at_again", "no_two_replicas_in_a_zone"),
        ("two_replicas_on_a_node", "no_two_replicas_in_a_zone"),
        ("nodes_recorded_anew", "drain_orders_last"),
        ("marks_forget_drains", "drain_orders_last"),
        ("drains_obeyed_unwritten", "drain_orders_last"),
        ("one_report_is_enough", "repairs_replace_the_lost"),
        ("all_moves_at_once", "routers_and_admins_stay_bounded"),
        ("repair_waits_for_the_walk", "repairs_come_soon"),
        ("repairs_copy_first", "repairs_replace_the_lost"),
        ("metadata_taken_for_a_parent", "nothing_leaks"),
    ],
)
def test_a_seeded_bug_of_repairs_is_killed_by_its_promise(
    name: str, spec: str, killed: Callable[[str, str, int, int], Any]
) -> None:
    assert execute(killed(name, spec, 30, 3)).failure is None

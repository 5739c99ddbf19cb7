"""What is judged when the faults of a region's run have stopped can fail; and a setup that does not end is a
failure.
"""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from dynaproof.checkers.runs import exploring
from dynaproof.checkers.runs.scenario import SETUP
from dynaproof.checkers.scenarios.catalogue import config_of
from dynaproof.checkers.scenarios.partition import PARTITION
from dynaproof.checkers.scenarios.table import TABLE


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("active_tables_not_kept", "active_tables_are_found"),
        ("every_put_is_one_too_many", "progress_after_faults_stop"),
        ("every_page_is_one_too_many", "what_was_begun_ends"),
        ("records_of_partitions_stay", "nothing_leaks"),
        ("new_replica_not_recorded", "replicas_are_recorded_first"),
        ("metadata_in_two_zones", "no_two_replicas_in_a_zone"),
        ("deaf_leader_hands_over", "no_idle_elections"),
        ("tables_write_no_checkpoints", "logs_get_cut"),
    ],
)
def test_what_is_judged_of_a_region_can_fail(
    name: str, spec: str, killed: Callable[[str, str, int, int], Any]
) -> None:
    killed(name, spec, 30, 1)


def never(_run: Any) -> bool:
    """The system does not become ready."""
    return False


def test_a_region_that_does_not_become_ready_has_not_ended_its_setup() -> None:
    found = exploring.execute(structs.replace(TABLE, ready=never), config_of("table", "portfolio", 1, 0))
    assert found.failure is not None
    assert found.failure.in_setup
    assert found.failure.spec == "what_was_begun_ends"
    assert found.failure.sentence.startswith("the setup, in which it is waited until it is ready, has not")


def test_a_stage_of_a_setup_that_is_not_reached_is_a_failure_of_any_scenario() -> None:
    scenario = structs.replace(PARTITION, stages=((never, "campaign"),))
    found = exploring.execute(scenario, config_of("partition", "portfolio", 1, 0))
    assert found.failure is not None
    assert (found.failure.spec, found.failure.in_setup) == (SETUP, True)
    assert '"campaign" can be performed' in found.failure.sentence

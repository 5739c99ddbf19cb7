"""Every checker can fail: seeded bugs are killed by the violation of a named spec."""

import pytest

from checkers.mutation.catalogue import MUTANTS
from checkers.mutation.hunt import difference, hunt, overridden, shrunk
from checkers.simulator.partition import execute
from checkers.simulator.run import draw

QUICK = {
    "quorum_of_one": "logs_agree_up_to_commit",
    "ignores_accepted": "chosen_entries_agree",
    "timestamp_from_wall": "commit_timestamps_increase",
    "requests_forgotten": "retries_apply_once",
    "acknowledged_before_peers": "acknowledged_writes_survive",
    "conditions_ignore_flights": "chosen_entries_follow",
    "serves_before_own_noop": "leader_applied_before_serving",
    "lease_not_granted": "one_lease_holder",
    "campaign_not_journalled": "promises_never_go_back",
}


@pytest.mark.parametrize(("name", "spec"), QUICK.items())
def test_seeded_bug_is_killed_by_its_spec_where_the_original_survives(name: str, spec: str) -> None:
    kill, config, _ = hunt(MUTANTS[name], "portfolio", 150, 3)
    assert kill.spec == spec
    assert config is not None
    assert execute(config).failure is None


def test_a_shrunk_run_breaks_the_same_spec_and_is_smaller() -> None:
    mutant = MUTANTS["ignores_accepted"]
    _, config, outcome = hunt(mutant, "portfolio", 20, 3)
    assert config is not None
    assert outcome is not None
    assert outcome.failure is not None
    run = shrunk(mutant, config, outcome)
    assert run.outcome.failure is not None
    assert run.outcome.failure.spec == outcome.failure.spec
    assert run.outcome.failure.step <= outcome.failure.step
    assert len(run.config.faults) <= len(config.faults)
    assert execute(run.config, mutant.node_class) == run.outcome


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_overrides_something_and_shows_it(name: str) -> None:
    assert overridden(MUTANTS[name])
    assert "seeded" in difference(MUTANTS[name])


def test_a_promise_from_before_a_catch_up_does_not_count() -> None:
    config = draw("partition", 21007721, "pct")
    failure = execute(config, MUTANTS["outdated_promises_counted"].node_class).failure
    assert failure is not None
    assert failure.spec == "chosen_entries_agree"
    assert execute(config).failure is None

"""Short campaigns of the scenarios of a region: clean, reproducible, and reaching what they should."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dynaproof.checkers.campaign import Totals, outcomes
from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.mutation.hunt import explore, shrunk
from dynaproof.checkers.mutation.seeded import answers
from dynaproof.checkers.patches import seeded
from dynaproof.checkers.runs.run_file import rerun
from dynaproof.checkers.scenarios.catalogue import config_of, execute, find
from dynaproof.checkers.scenarios.metadata_moves import METADATA_MOVES
from dynaproof.checkers.scenarios.table import TABLE
from dynaproof.checkers.scenarios.table_faults import OF_TABLES

NAMES = [scenario.name for scenario in (TABLE, *OF_TABLES, METADATA_MOVES)]
STRATEGIES = 4
"""How many the portfolio takes in turn: as many schedules are one of each."""
SCHEDULES = 400
"""After which every situation of a scenario was reached."""


@pytest.mark.parametrize("name", NAMES)
def test_every_promise_holds_in_a_schedule_of_each_strategy(name: str) -> None:
    totals = Totals()
    for number, outcome in outcomes(name, "portfolio", 5, iter(range(STRATEGIES)), 1):
        assert outcome.failure is None, (number, outcome.failure)
        totals.add(outcome)
    assert min(totals.operations) >= 20


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_promise_holds_in_a_campaign_that_reaches_every_situation(
    name: str, reach_every_situation: Callable[[str, int], None]
) -> None:
    reach_every_situation(name, SCHEDULES)


@pytest.mark.parametrize("name", ["table", "create-delete-create"])
def test_digests_of_equal_seeds_are_equal_in_processes_that_hash_differently(name: str, root: Path) -> None:
    digests = []
    for hash_seed in ("1", "2"):
        command = [sys.executable, "-c", "import sys; from dynaproof.cli import main; sys.exit(main())"]
        command += ["explore", name, "--schedules", "2", "--seed", "7", "--jobs", "1", "--json"]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=root, check=False)
        assert done.returncode == 0, done.stderr
        digests.append(json.loads(done.stdout.splitlines()[-1])["digest"])
    assert len(set(digests)) == 1


def test_a_run_that_breaks_a_promise_of_tables_is_shrunk_and_replayed() -> None:
    mutant = MUTANTS["zones_not_looked_at"]
    found = explore(mutant, "portfolio", 10, 3)
    assert found is not None
    _, config, outcome = found
    assert outcome.failure is not None
    assert outcome.failure.spec == "no_two_replicas_in_a_zone"
    assert execute(config).failure is None
    run = shrunk(mutant, config, outcome)
    assert run.result.failure is not None
    assert run.result.failure.spec == outcome.failure.spec
    assert len(run.config.faults) <= len(config.faults)
    with seeded(mutant):
        assert rerun(run, find(config.scenario)) == run.result


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("removed_when_told", "removed_tables_take_no_writes"),
        ("generations_given_twice", "workflow_steps_happen_once"),
        ("one_answer_kept", "copies_of_orders_are_answered"),
        ("first_route_kept", "errors_stop_after_faults"),
        ("look_up_not_repeated", "errors_stop_after_faults"),
        *((bug.name, bug.breaks[0]) for bug in answers.BUGS if len(bug.breaks) == 1),
    ],
)
def test_a_seeded_bug_of_admins_or_routers_is_killed_by_its_promise(
    name: str, spec: str, killed: Callable[[str, str, int, int], Any]
) -> None:
    assert execute(killed(name, spec, 40, 3)).failure is None


def test_equal_configurations_give_equal_digests_and_others_do_not() -> None:
    digests = [execute(config_of("table", "portfolio", 7, number)).digest for number in (0, 0, 1)]
    assert digests[0] == digests[1] != digests[2]


def test_half_of_the_schedules_have_tables_with_sort_keys() -> None:
    drawn = [config_of("table", "portfolio", 5, number).user.sort_keys for number in range(200)]
    assert {*drawn} == {0, 2, 3}
    assert 80 < drawn.count(0) < 120

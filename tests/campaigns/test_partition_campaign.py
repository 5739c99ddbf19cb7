"""Short campaigns of the scenario `partition`: clean, reproducible, and reaching what they should."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dynaproof.checkers.campaign import Totals, outcomes
from dynaproof.checkers.processes import CHUNK
from dynaproof.checkers.runs.run_file import RUN_FORMAT, RunFile, RunFileError, load, save
from dynaproof.checkers.scenarios.catalogue import config_of, execute, find
from dynaproof.checkers.scenarios.partition import draw
from dynaproof.checkers.strategies.catalogue import STRATEGIES
from dynaproof.specs.sometimes import SOMETIMES

SHORT = 53
"""A seed whose first schedules have few clients and end soon."""
SCHEDULES = 200
AT_LEAST = 24
"""Schedules that are run by default, though they may have reached every situation before."""


def clean_totals(at_least: int) -> Totals:
    """What `SCHEDULES` schedules have seen, or as many of them, above `at_least`, as it takes to see all."""
    totals = Totals()
    for number, outcome in outcomes("partition", "portfolio", 5, iter(range(SCHEDULES)), 1):
        assert outcome.failure is None, (number, outcome.failure)
        totals.add(outcome)
        if totals.schedules >= at_least and set(SOMETIMES) <= set(totals.sometimes):
            break
    return totals


@pytest.mark.parametrize("at_least", [AT_LEAST, pytest.param(SCHEDULES, marks=pytest.mark.slow)])
def test_every_promise_holds_in_a_short_campaign_that_reaches_every_situation(at_least: int) -> None:
    totals = clean_totals(at_least)
    assert totals.schedules >= at_least
    assert min(totals.operations) >= 20
    missing = [name for name in SOMETIMES if name not in totals.sometimes]
    assert missing == []


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_same_configuration_gives_the_same_digest(strategy: str) -> None:
    config = draw("partition", 11, strategy)
    assert execute(config).digest == execute(config).digest


def test_digests_do_not_depend_on_the_hash_seed_or_on_the_number_of_jobs(root: Path) -> None:
    digests = []
    for hash_seed, jobs in (("1", "1"), ("2", "2")):
        command = [sys.executable, "-c", "import sys; from dynaproof.cli import main; sys.exit(main())"]
        command += ["explore", "--schedules", str(CHUNK + 1), "--seed", str(SHORT), "--jobs", jobs, "--json"]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=root, check=False)
        assert done.returncode == 0, done.stderr
        digests.append(json.loads(done.stdout.splitlines()[-1])["digest"])
    assert len(set(digests)) == 1


def test_campaign_digest_depends_on_every_run() -> None:
    one, other = Totals(), Totals()
    for schedule in (0, 1):
        one.add(execute(config_of("partition", "portfolio", SHORT, schedule)))
    for schedule in (0, 2):
        other.add(execute(config_of("partition", "portfolio", SHORT, schedule)))
    assert one.digest() != other.digest()


def test_a_run_file_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    config = draw("partition", 3, "timed")
    path = tmp_path / "run.json"
    save(path, RunFile(RUN_FORMAT, None, config, execute(config)))
    assert load(path, find).config == config
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunFileError, match="truncated"):
        load(path, find)
    path.write_bytes(whole.replace(b'"format": %d' % RUN_FORMAT, b'"format": 99'))
    with pytest.raises(RunFileError, match="format 99"):
        load(path, find)

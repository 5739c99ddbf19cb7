"""`explore --refine` and `--coverage` from the command line."""

import json

import pytest

from dynaproof.checkers.processes import CHUNK
from dynaproof.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    return code, *capsys.readouterr()


def test_refine_reports_steps_share_and_runs_that_left(capsys: pytest.CaptureFixture[str]) -> None:
    schedules = CHUNK + 1  # Some for each of two processes.
    arguments = ("--refine", "multi_paxos", "--schedules", str(schedules), "--jobs", "2", "--json")
    code, out, _ = run(capsys, "explore", *arguments)
    found = json.loads(out)
    refinement = found["refinement"]
    assert (code, found["schedules"], found["failures"]) == (0, schedules, [])
    assert refinement["model"] == "multi_paxos"
    assert refinement["whole_runs"] + sum(refinement["left_the_model"].values()) == schedules
    assert refinement["differences"] == 0
    assert 0 < refinement["share"] < 1


def test_refine_in_two_processes_ends_when_its_time_is_up(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--refine", "multi_paxos", "--seconds", "0.001", "--jobs", "2", "--json")
    code, out, _ = run(capsys, "explore", *arguments)
    found = json.loads(out)
    assert (code, found["failures"]) == (0, [])
    assert found["schedules"] > 0
    assert found["seconds"] < 60


def test_unknown_model_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "explore", "--refine", "multi_paxo", "--schedules", "1")
    assert code == 2
    assert "multi_paxos" in err

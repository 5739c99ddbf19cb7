"""`trace RUN --step N` of a region: its state at that step as tables."""

import json
from pathlib import Path
from typing import Any

import pytest

from dynaproof import cli
from dynaproof.checkers.runs.exploring import execute
from dynaproof.checkers.runs.run_file import load
from dynaproof.checkers.scenarios.catalogue import find

RUN = Path(__file__).resolve().parents[2] / "examples" / "runs" / "listed_before_chosen.json"
TABLES = ["nodes", "admins", "partitions", "members", "leaders", "workflows", "holds"]


def traced(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is printed of the step at which the run fails."""
    failure = load(RUN, find).result.failure
    assert failure is not None
    assert cli.main(["trace", str(RUN), "--step", str(failure.step), *arguments]) == 0
    return capsys.readouterr().out


def rows_of(found: Any, table: str, **wanted: object) -> list[Any]:
    """The rows of a table that have these values."""
    rows = found["overview"][table]
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_trace_of_a_step_prints_the_tables_of_a_region(capsys: pytest.CaptureFixture[str]) -> None:
    lines = traced(capsys).splitlines()
    heads = [line.partition(":")[0] for line in lines if line.partition(":")[0] in TABLES]
    assert heads == TABLES
    assert "holds: none" in lines
    assert not any(line.endswith(" knew") for line in lines)
    assert lines[-1].startswith("what one node knew: --node NAME, one of sa, sb, sc")


def test_what_the_metadata_lists_stands_beside_what_is_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    """The bug of this run lists a config before it is chosen: the copy's epoch is above the one in force."""
    found = json.loads(traced(capsys, "--json"))
    assert list(found["overview"]) == TABLES
    (work,) = rows_of(found, "workflows")
    assert (work["kind"], work["step"], work["role"]) == ("repair", "make", "log")
    assert work["driven_by"] in {admin["admin"] for admin in found["overview"]["admins"]}
    number, epoch = int(work["partitions"]), work["expected_epoch"]
    (apart,) = (row for row in found["overview"]["partitions"] if row["listed_epoch"] is not None)
    assert (apart["partition"], apart["table"], apart["workflow"]) == (
        number,
        work["table"],
        work["workflow"],
    )
    assert (apart["epoch"], apart["listed_epoch"]) == (epoch, epoch + 1)
    assert apart["listed_voters"] == apart["voters"].replace(work["out"], work["new"])
    (lost,) = rows_of(found, "members", partition=number, member=work["out"])
    assert (lost["role"], lost["listed_as"]) == ("voter", "pending")
    (new,) = rows_of(found, "members", partition=number, member=work["new"])
    assert (new["state"], new["role"], new["listed_as"]) == ("absent", "learner", "voter")
    others = [row for row in rows_of(found, "members", partition=number) if row not in (lost, new)]
    assert {(row["state"], row["role"], row["listed_as"]) for row in others} == {("up", "voter", None)}
    assert {"sa", "admin-b", "u0"} <= set(found["known"])


def test_trace_of_one_node_shows_what_it_knew_and_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    told = traced(capsys, "--node", "admin-b")
    assert "admin-b knew" in told
    assert "partitions" not in told
    found = json.loads(traced(capsys, "--node", "admin-b", "--json"))
    assert (list(found["known"]), found["overview"]) == (["admin-b"], {})


def test_the_system_without_the_bug_keeps_its_promises_in_the_same_run() -> None:
    run = load(RUN, find)
    assert execute(find(run.config.scenario), run.config).failure is None

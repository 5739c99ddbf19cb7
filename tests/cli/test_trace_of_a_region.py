"""`trace RUN --step N` of a region: its state at that step as tables."""

import json
from pathlib import Path
from typing import Any

import pytest

from dynaproof import cli

RUN = Path(__file__).resolve().parents[2] / "examples" / "runs" / "listed_before_chosen.json"
STEP = "1286"
"""The last one."""

TABLES = ["nodes", "admins", "partitions", "members", "leaders", "workflows", "holds"]


def traced(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(["trace", str(RUN), "--step", STEP, *arguments]) == 0
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
    (one,) = rows_of(found, "partitions", partition=1)
    assert (one["epoch"], one["listed_epoch"]) == (0, 1)
    assert (one["voters"], one["listed_voters"]) == ("sa/1 sb/2 sc/3", "sa2/4 sb/2 sc/3")
    (agrees,) = rows_of(found, "partitions", partition=2)
    assert (agrees["listed_epoch"], agrees["listed_voters"]) == (None, None)
    (lost,) = rows_of(found, "members", partition=1, member="sa/1")
    assert (lost["state"], lost["role"], lost["listed_as"]) == ("up", "voter", "pending")
    (new,) = rows_of(found, "members", partition=1, member="sa2/4")
    assert (new["state"], new["role"], new["listed_as"]) == ("absent", "learner", "voter")
    (work,) = rows_of(found, "workflows")
    assert (work["kind"], work["step"], work["role"]) == ("repair", "make", "log")
    assert (work["out"], work["new"], work["expected_epoch"]) == ("sa/1", "sa2/4", 0)
    assert (work["table"], work["partitions"], work["driven_by"]) == ("table-0", "1", "admin-a")
    assert {"sa", "admin-b", "u0"} <= set(found["known"])


def test_trace_of_one_node_shows_what_it_knew_and_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    told = traced(capsys, "--node", "admin-b")
    assert "admin-b knew" in told
    assert "partitions" not in told
    found = json.loads(traced(capsys, "--node", "admin-b", "--json"))
    assert (list(found["known"]), found["overview"]) == (["admin-b"], {})

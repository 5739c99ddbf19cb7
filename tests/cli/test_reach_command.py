"""`reach`: which branches schedules take, in one go or in several."""

import json
from pathlib import Path
from typing import Any

import pytest

from dynaproof.checkers.reach.branches import FOLDERS, ROOT, function_at
from dynaproof.checkers.reach.reasons import REASONS
from dynaproof.checkers.scenarios.catalogue import SCENARIOS
from dynaproof.cli import main

MARKS = "# Bugs\n\n<!-- reach begin -->\n<!-- reach end -->\n"


def reach(state: Path, schedules: int, *more: str) -> int:
    return main(["reach", "partition", "--schedules", str(schedules), "--state", str(state), *more])


def reached(capsys: pytest.CaptureFixture[str], state: Path, schedules: int) -> dict[str, Any]:
    assert reach(state, schedules, "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_campaign_that_goes_on_reaches_what_one_in_one_go_reaches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = reached(capsys, tmp_path / "parts.json", 1)
    parts = reached(capsys, tmp_path / "parts.json", 2)
    whole = reached(capsys, tmp_path / "whole.json", 2)
    assert (parts["folders"], parts["unreached"]) == (whole["folders"], whole["unreached"])
    assert (parts["events"], parts["schedules"], parts["failed"]) == (whole["events"], 2, 0)
    assert [one["name"] for one in whole["folders"]] == [f"impl/{name}" for name in FOLDERS]
    assert first["folders"][0]["reached"] <= whole["folders"][0]["reached"] < whole["folders"][0]["branches"]
    assert first["folders"][0]["reached"] > 100
    admin = whole["folders"][FOLDERS.index("admin")]
    assert (admin["reached"], admin["branches"] > 100) == (0, True)  # There is none, and that is said.


def test_the_table_names_each_branch_that_was_not_reached(tmp_path: Path) -> None:
    table, state = tmp_path / "bugs.md", tmp_path / "reach.json"
    table.write_text(MARKS)
    assert reach(state, 1, "--table", str(table)) == 0
    text = table.read_text()
    assert "| `impl/paxos` | " in text
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `impl/") and ".py:" in line]
    assert len(rows) > 100
    for place, function, *_ in rows:
        file, line = place.strip("| `").split(":")
        assert function_at(ROOT.parent / file, int(line)) == function.strip("`")
    assert reach(state, 1, "--table", str(table), "--only-write") == 0
    assert table.read_text() == text


def test_what_was_taken_by_another_campaign_is_not_continued(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "reach.json"
    assert reach(state, 1) == 0
    assert reach(state, 2, "--seed", "2") == 2
    assert "of another campaign" in capsys.readouterr().err
    assert main(["reach", "nowhere"]) == 2
    kept = json.loads(state.read_text())
    state.write_text(json.dumps(kept | {"source": "another"}))
    assert reach(state, 1, "--only-write") == 2
    assert "the code has changed" in capsys.readouterr().err
    state.write_text("a user's own notes")
    assert reach(state, 1) == 2
    assert capsys.readouterr().err.endswith("hint: take another --state\n")


def test_every_reason_is_of_a_line_that_stands_there() -> None:
    for file, reasons in REASONS.items():
        path = ROOT.parent / file
        lines = path.read_text(encoding="utf-8").split("\n")
        there = [(function_at(path, number), line.strip()) for number, line in enumerate(lines, start=1)]
        for function, begins in reasons:
            assert any(function == name and line.startswith(begins) for name, line in there), (
                file,
                function,
                begins,
            )


def test_without_names_all_scenarios_take_turns_but_the_one_that_takes_hours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "reach.json"
    assert main(["reach", "--schedules", "1", "--jobs", "1", "--state", str(state), "--json"]) == 0
    named = json.loads(capsys.readouterr().out)["scenarios"]
    assert set(SCENARIOS) - set(named) == {"endurance"}

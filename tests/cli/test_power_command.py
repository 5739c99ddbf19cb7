"""`power`: trials that can be interrupted and go on, and the table that they make."""

import json
import signal
from pathlib import Path

import pytest

from dynaproof.checkers.mutation import hunt as hunting
from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.mutation.hunt import explore
from dynaproof.checkers.mutation.trial_table import Cell, Plan, cell
from dynaproof.checkers.mutation.trials import Row, Trial, rows_in, tried
from dynaproof.checkers.runs.config import Failure
from dynaproof.checkers.runs.exploring import execute
from dynaproof.cli import main
from dynaproof.provenance import maker

EASY, HARD = "quorum_of_one", "restart_waits_for_no_lease"
MARKS = "# Bugs\n\n<!-- power begin -->\nold\n<!-- power end -->\nbelow\n"


def row(bug: str, seed: int, schedules: int, spec: str | None) -> Row:
    return Row(bug, "pos", seed, schedules, spec, "pos", schedules / 10, None, 0, "somebody")


def power(state: Path, *more: str) -> int:
    return main(["power", EASY, HARD, "--strategy", "random", "--seeds", "1", "--state", str(state), *more])


def test_trials_are_kept_and_those_alive_go_on_where_they_stopped(tmp_path: Path) -> None:
    state = tmp_path / "power.jsonl"
    assert power(state, "--schedules", "1") == 0
    first = rows_in(state)
    easy, hard = first[EASY, "random", 3], first[HARD, "random", 3]
    assert (easy.spec, easy.schedules, easy.unsound) == ("logs_agree_up_to_commit", 1, 0)
    assert easy.shrunk_events is not None
    assert (hard.spec, hard.schedules) == (None, 1)
    assert power(state, "--schedules", "1") == 0
    assert len(state.read_text().splitlines()) == 2  # Nothing was left to be measured.
    assert power(state, "--schedules", "2") == 0
    assert len(state.read_text().splitlines()) == 3
    assert rows_in(state)[HARD, "random", 3].schedules == 2
    assert rows_in(state)[EASY, "random", 3] == easy


def test_kills_are_left_as_they_are_found_and_can_be_shrunk_later(tmp_path: Path) -> None:
    state = tmp_path / "power.jsonl"
    assert power(state, "--schedules", "1", "--no-shrink") == 0
    easy = rows_in(state)[EASY, "random", 3]
    assert (easy.spec, easy.shrunk_events) == ("logs_agree_up_to_commit", None)
    assert power(state, "--schedules", "1") == 0  # They can be shrunk later.
    assert rows_in(state)[EASY, "random", 3].shrunk_events is not None


def test_trials_are_run_a_few_schedules_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dynaproof.commands.power.STEP", 1)
    state = tmp_path / "power.jsonl"
    assert power(state, "--schedules", "3", "--no-shrink") == 0
    kept = [json.loads(line) for line in state.read_text().splitlines()]
    found = [(one["bug"], one["schedules"]) for one in kept]
    assert found == [(EASY, 1), (HARD, 1), (HARD, 2), (HARD, 3)]


def test_a_trial_that_goes_on_comes_to_what_it_would_have_come_to() -> None:
    whole = tried("x", Trial("condition_ignored", "pos", 4, 12, False, None))
    part = tried("x", Trial("condition_ignored", "pos", 4, 1, False, None))
    rest = tried("x", Trial("condition_ignored", "pos", 4, 12, False, part)) if part.spec is None else part
    assert (whole.schedules, whole.spec, whole.by) == (rest.schedules, rest.spec, rest.by)


def test_a_schedule_that_fails_without_the_bug_too_kills_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system itself is taken to break a promise in the first schedule in which the bug does."""
    found = explore(MUTANTS[EASY], "random", 5, 3)
    assert found is not None
    broken, _, outcome = found
    controls: list[int] = []

    def failing_once(scenario: object, config: object) -> object:
        controls.append(1)
        return outcome if len(controls) == 1 else execute(scenario, config)  # type: ignore[arg-type]

    assert isinstance(outcome.failure, Failure)
    monkeypatch.setattr("dynaproof.checkers.mutation.trials.execute", failing_once)
    result = tried("x", Trial(EASY, "random", 3, 5, False, None))
    assert result.unsound == 1
    assert result.schedules > broken
    assert result.spec is not None


def test_a_bug_that_makes_a_run_endless_or_unreadable_is_alive_and_the_hunt_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def circles(_scenario: object, _config: object) -> object:
        while True:
            pass

    def raises(_scenario: object, _config: object) -> object:
        raise IndexError("a block that is not there")

    monkeypatch.setattr(hunting, "RUN_SECONDS", 0.05)
    for run in (circles, raises):
        monkeypatch.setattr(hunting, "execute", run)
        assert explore(MUTANTS[EASY], "random", 2, 3) is None
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_a_line_that_an_interruption_left_counts_for_nothing(tmp_path: Path) -> None:
    state = tmp_path / "power.jsonl"
    assert power(state, "--schedules", "1") == 0
    whole = state.read_bytes()
    state.write_bytes(whole[:-20])
    assert len(rows_in(state)) == 1
    assert power(state, "--schedules", "1") == 0
    assert len(rows_in(state)) == 2


@pytest.mark.parametrize("command", [["power", EASY], ["mutants", EASY, "--schedules", "1"]])
@pytest.mark.parametrize("text", ["my precious notes", "{}", '{"other":1'])
def test_a_file_of_somebody_else_is_refused_and_left_alone(
    command: list[str], text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text(text)
    assert main([*command, "--state", str(file)]) == 2
    assert f"{file}:1: not " in capsys.readouterr().err
    assert file.read_text() == text


def test_trials_of_another_version_are_not_continued(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "power.jsonl"
    assert power(state, "--schedules", "1") == 0
    state.write_text(state.read_text().replace(maker(), "dynaproof 0.0.1"))
    assert power(state, "--schedules", "2") == 2
    assert "measured by dynaproof 0.0.1" in capsys.readouterr().err


def test_the_table_says_of_each_bug_what_was_measured_and_what_was_not(tmp_path: Path) -> None:
    state, table = tmp_path / "power.jsonl", tmp_path / "bugs.md"
    table.write_text(MARKS)
    assert power(state, "--schedules", "1", "--table", str(table)) == 0
    text = table.read_text()
    lines = {line.split(" | ")[0]: line for line in text.splitlines() if line.startswith("| `")}
    assert lines[f"| `{EASY}`"].startswith(f"| `{EASY}` | `logs_agree_up_to_commit`, ")
    assert "| 1 (0.0 s) | 1 of 1 | " in lines[f"| `{EASY}`"]
    assert "| > 1 |" in lines[f"| `{HARD}`"]
    assert "| not measured |" in lines["| `ignores_accepted`"]
    assert "\nand seed 3; 2 of the bugs have been tried at all." in text
    assert "The next table counts only the 2 bugs of which all trials are done. " in text
    assert text.startswith("# Bugs\n\n<!-- power begin -->\n")
    assert text.endswith("<!-- power end -->\nbelow\n")
    assert "old\n" not in text
    before = text
    assert power(state, "--schedules", "1", "--table", str(table), "--only-write") == 0
    assert table.read_text() == before


def test_a_file_without_the_marks_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "bugs.md"
    table.write_text("# Bugs\n")
    assert power(tmp_path / "power.jsonl", "--table", str(table)) == 2
    assert "has no lines <!-- power begin -->" in capsys.readouterr().err


def test_power_prints_one_object_per_bug_and_strategy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert power(tmp_path / "power.jsonl", "--schedules", "1", "--json") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["bug"], one["strategy"]) for one in found] == [(EASY, "random"), (HARD, "random")]
    assert [(one["trials"], one["kills"], one["own"]) for one in found] == [(1, 1, 1), (1, 0, 0)]
    assert set(found[0]) == {*Cell.__struct_fields__, "provenance"}


def test_a_median_counts_trials_that_kill_nothing_as_later_than_all_kills() -> None:
    plan = Plan([EASY], ["pos"], [1, 2, 3], 150)
    spec = MUTANTS[EASY].breaks[0]
    two = cell(EASY, "pos", [row(EASY, 1, 7, spec), row(EASY, 2, 150, None), row(EASY, 3, 9, "another")])
    assert (two.schedules, two.kills, two.own) == (9, 2, 1)
    assert two.text(plan) == "9 (0.9 s), 2 of 3"
    one = cell(EASY, "pos", [row(EASY, 1, 7, spec), row(EASY, 2, 150, None), row(EASY, 3, 150, None)])
    assert one.text(plan) == "> 150, 1 of 3"
    assert cell(EASY, "pos", []).text(plan) == "not measured"
    assert cell(EASY, "pos", [row(EASY, 1, 7, spec)]).text(plan) == "7 (0.7 s), 1 of 1"

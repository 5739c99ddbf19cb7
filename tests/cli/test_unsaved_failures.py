"""A failure that a campaign has found outlives a disk that is full and a folder that goes away."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dynaproof import cli, explore
from dynaproof.checkers import campaign
from dynaproof.checkers.campaign import exploring, schedules
from dynaproof.checkers.mutation.catalogue import MUTANTS
from dynaproof.checkers.patches import seeded

SHORT = "93"
"""A seed whose first schedules have few clients and end soon."""


@pytest.fixture
def broken() -> Iterator[None]:
    """Explores the system with a seeded bug."""
    with seeded(MUTANTS["ignores_accepted"]):
        yield


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a campaign, in whose place a file stands as soon as something is to be written."""
    folder = tmp_path / "runs"
    folder.mkdir()
    smallest = exploring.smallest

    def in_its_place(*arguments: object) -> object:
        shutil.rmtree(folder, ignore_errors=True)
        folder.write_text("a file")
        return smallest(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(exploring, "smallest", in_its_place)
    return folder


def test_a_failure_whose_run_cannot_be_saved_is_reported_with_its_run(
    broken: None, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["explore", "--schedules", "2", "--seed", SHORT, "--out", str(folder)]
    assert cli.main([*arguments, "--json"]) == 1
    told = capsys.readouterr()
    (failure,) = json.loads(told.out)["failures"]
    assert failure["run"] is None
    assert failure["unsaved"].startswith(f"{folder}/chosen_entries_agree-")
    assert f"the run of schedule 1 could not be saved: {failure['unsaved']}" in told.err
    contents = tmp_path / "contents.json"
    contents.write_text(json.dumps(failure["contents"]))
    assert cli.main(["replay", str(contents)]) == 1
    assert "the same run" in capsys.readouterr().out
    folder.unlink()
    assert cli.main(arguments) == 1
    told = capsys.readouterr()
    assert f"find it again: {failure['replay']}" in told.out
    assert failure["replay"] == "./run explore partition --strategy portfolio --seed 93 --schedules 2"
    (line,) = [line for line in told.out.splitlines() if line.startswith("{")]
    assert json.loads(line) == failure["contents"]


def test_a_function_returns_a_failure_whose_run_cannot_be_saved(broken: None, folder: Path) -> None:
    found = explore("partition", schedules=2, seed=int(SHORT), folder=folder)
    assert [failure.run for failure in found.failures] == [None]
    assert found.runs[0].result.failure is not None
    assert f"not saved: {found.failures[0].unsaved}" in str(found)
    assert "not saved: " in found._repr_html_()


def test_a_campaign_goes_on_when_its_state_cannot_be_kept_and_says_so_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    run_one = schedules.run_one

    def interrupted(scenario: str, strategy: str, base: int, number: int) -> object:
        shutil.rmtree(folder, ignore_errors=True)
        folder.write_text("a file")
        if number == 3:
            raise KeyboardInterrupt
        return run_one(scenario, strategy, base, number)

    monkeypatch.setattr(exploring, "SAVED_EVERY_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(schedules, "run_one", interrupted)
        arguments = ["explore", "--schedules", "4", "--seed", SHORT, "--json", "--out", str(folder)]
        assert cli.main(arguments) == 130
    told = capsys.readouterr()
    assert json.loads(told.out)["schedules"] == 3
    assert told.err.count("could not be resumed") == 1
    assert "it is not kept" in told.err
    whole = campaign.explore("partition", seed=int(SHORT), schedules=2, folder=folder)
    assert (whole.ended, whole.other) == ("limit", None)


@pytest.mark.parametrize("command", ["explore", "mutants --diff"])
def test_a_folder_that_takes_no_file_is_refused_at_once(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_where: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dynaproof.arguments.TemporaryFile", full)
    assert cli.main([*command.split(), "--out", str(tmp_path)]) == 2
    assert f"{tmp_path} cannot be written to: no space left on device" in capsys.readouterr().err


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)


def test_a_kill_whose_run_cannot_be_saved_is_reported(
    full_disk: None, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ring = f"{root}/examples/protocols/ring.py:RING"
    arguments = ["mutants", ring, "passes-every-number", "--schedules", "20", "--out", str(tmp_path)]
    assert cli.main([*arguments, "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["name"] == "passes-every-number"
    file = tmp_path / "passes-every-number.json"
    assert f"the run of passes-every-number could not be saved: {file}: no space left on device" in told.err


def test_what_was_reached_is_reported_though_it_cannot_be_kept(
    full_disk: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "reach.json"
    assert cli.main(["reach", "partition", "--schedules", "1", "--state", str(state), "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["schedules"] == 1
    assert f"{state}: no space left on device: this cannot go on later" in told.err

"""`new` and `examples` write all of their files, or leave nothing behind."""

import os
from pathlib import Path

import pytest

from dynaproof import cli


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that has room for one file."""
    fsync, synced = os.fsync, []

    def full(descriptor: int) -> None:
        if synced:
            raise OSError(28, "No space left on device")
        synced.append(descriptor)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)


@pytest.mark.parametrize("command", ["new", "examples"])
@pytest.mark.parametrize("place", ["empty", "below/a/new/one"])
def test_a_full_disk_leaves_nothing_behind_and_names_the_file(
    command: str, place: str, full_disk: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert cli.main([command, str(tmp_path / place)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"dynaproof: {tmp_path / place}/")
    assert told.err.endswith(": no space left on device\n")
    assert list(tmp_path.rglob("*")) == [tmp_path / "empty"]


def test_what_is_begun_stands_whole_in_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["new", str(tmp_path)]) == 0
    assert sorted(map(str, tmp_path.iterdir())) == capsys.readouterr().out.splitlines()
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["bank.py", "test_bank.py"]

"""An output is never one of the inputs, whatever the path is called: refused before anything is written."""

import shutil
from pathlib import Path

import pytest

from dynaproof import cli

ROOT = Path(__file__).resolve().parents[2]
STALE = (
    '{"process":0,"f":"write","key":"k","value":1,"call":0,"return":10}\n'
    '{"process":1,"f":"read","key":"k","value":null,"call":20,"return":30}\n'
)
OBJECT = "from dynaproof.specs.objects import Register as Mine\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a file of each kind that a command reads."""
    (tmp_path / "input").write_text(STALE)
    (tmp_path / "second").write_text(STALE)
    (tmp_path / "own.py").write_text(OBJECT)
    shutil.copy(ROOT / "examples" / "runs" / "ignores_accepted.json", tmp_path / "run.json")
    shutil.copy(ROOT / "examples" / "models" / "voting.py", tmp_path / "voting.py")
    monkeypatch.chdir(tmp_path)
    return tmp_path


SPELLINGS = ("as it is", "with dots", "absolute", "a symbolic link", "a hard link")


def spelled(file: Path, how: str, suffix: str) -> str:
    """Another path of the same file."""
    link = file.with_name(f"link{suffix}")
    match how:
        case "as it is":
            return file.name
        case "with dots":
            return f"../{file.parent.name}/./{file.name}"
        case "absolute":
            return str(file)
        case "a symbolic link":
            link.symlink_to(file.name)
        case _:
            link.hardlink_to(file)
    return link.name


@pytest.mark.parametrize("how", SPELLINGS)
@pytest.mark.parametrize(
    ("command", "option", "name"),
    [
        ("check input", "--core", "input"),
        ("check input", "--certificate", "input"),
        ("check input", "--html", "input"),
        ("check input --object own.py:Mine", "--core", "own.py"),
        ("shrink run.json", "--out", "run.json"),
    ],
)
def test_an_output_that_is_an_input_is_refused(
    command: str, option: str, name: str, how: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = spelled(folder / name, how, "")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert cli.main([*command.split(), option, written]) == 2
    told = capsys.readouterr()
    assert f"{option} {Path(written)}: that is an input" in told.err
    assert told.out == ""
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_graph_is_not_written_over_its_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = spelled(folder / "voting.py", "a symbolic link", ".svg")
    assert cli.main(["model", "voting.py:Voting", "--graph", written]) == 2
    assert f"--graph {written}: that is an input" in capsys.readouterr().err


def test_two_outputs_are_not_one_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "input", "--core", "out", "--html", "./out"]) == 2
    assert "--core and --html are the same file, out" in capsys.readouterr().err
    assert not (folder / "out").exists()
    assert cli.main(["check", "input", "--core", "core", "--html", "page"]) == 1
    assert (folder / "core").read_text() != ""
    assert (folder / "page").read_text().startswith("<!doctype html>")

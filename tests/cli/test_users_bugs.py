"""Seeded bugs in a file of a user's own: refused where they cannot be hunted."""

from pathlib import Path

import pytest

from dynaproof import cli

COUNT = (Path(__file__).parent / "counting.py").read_text(encoding="utf-8")

BUGS = "bugs = (SUBTRACTS,)"


def mutants(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, *arguments: str
) -> tuple[int, str, str]:
    """What the command says of a file with this text, after the file's name."""
    file = folder / "count.py"
    file.write_text(text, encoding="utf-8")
    capsys.readouterr()
    code = cli.main(["mutants", f"{file}:COUNT", "--schedules", "4", "--jobs", "1", *arguments])
    out, said = capsys.readouterr()
    return code, out, said.replace(str(file), "count.py")


def changed(old: str, new: str) -> str:
    assert COUNT.count(old) == 1, old
    return COUNT.replace(old, new)


REFUSED = {
    "a bug without edits": (
        'bugs = (bug("harmless", "It changes nothing."),)',
        "count.py has the bug 'harmless' without edits, which breaks nothing: ",
    ),
    "an edit that is none": (
        'bugs = (bug("wrong", "It is no edit.", "self.sum"),)',
        "count.py has the bug 'wrong' with something among its edits that is no Edit",
    ),
    "two bugs of one name": (
        "bugs = (SUBTRACTS, SUBTRACTS)",
        "count.py has two bugs named 'subtracts'; a bug is hunted by its name",
    ),
    "one bug that is in no tuple": (
        "bugs = SUBTRACTS",
        "count.py has one bug as its bugs, which is a tuple: bugs = (bug(...),)",
    ),
}


@pytest.mark.parametrize("refused", REFUSED)
def test_bugs_that_cannot_be_hunted_are_one_sentence_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], refused: str
) -> None:
    bugs, expected = REFUSED[refused]
    code, _, said = mutants(tmp_path, capsys, changed(BUGS, bugs))
    assert code == 2, said
    assert expected in said
    assert said.count("\n") == 1

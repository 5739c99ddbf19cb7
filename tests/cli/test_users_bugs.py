"""Seeded bugs in a file of a user's own: refused where they cannot be hunted, seeded in every loaded copy of
the file, and killed by nothing but a broken promise.
"""

import subprocess
import sys
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
    code = cli.main(["mutants", f"{file}:COUNT", "--schedules", "4", *arguments])
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
    "a module that is not there": (
        'bugs = (bug("far", "It is elsewhere.", Edit("no_such_file", "one", "two")),)',
        (
            "far: its edit names the module 'no_such_file', which cannot be imported (ModuleNotFoundError: "
            "No module named 'no_such_file'); a bug beside its nodes takes Edit(__name__, ...)"
        ),
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


def test_an_edit_may_name_the_file_by_any_name_under_which_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "count", raising=False)
    code, out, said = mutants(tmp_path, capsys, changed("Edit(__name__, ", 'Edit("count", '))
    assert code == 0, said
    assert "no_sum_is_negative" in out


def test_a_file_that_runs_itself_is_patched_in_the_copy_that_runs(tmp_path: Path) -> None:
    script = tmp_path / "count.py"
    script.write_text(
        COUNT + "\n\nif __name__ == '__main__':\n"
        "    import dynaproof\n"
        "    from dynaproof.checkers.patches import seeded\n"
        "    with seeded(SUBTRACTS):\n"
        "        found = dynaproof.explore(COUNT, schedules=2, most_failures=1)\n"
        "    print(*(one.spec for one in found.failures))\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "no_sum_is_negative\n", done.stderr


RAISES = """
@spec("always")
def sums_are_known(view: Nodes) -> bool:
    return all([0, 1, 2, 3, 4, 5, 6, 7, 8, 9][min(node.sum, 9)] < 10 for node in view.nodes.values())


COUNT = """


def test_a_spec_that_raises_kills_no_bug_and_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = changed("COUNT = ", RAISES)
    text = text.replace("-= message", "-= 20 * message").replace("(no_sum_is_negative,)", "(sums_are_known,)")
    code, out, said = mutants(tmp_path, capsys, text)
    assert code == 1
    assert "0 of 1 killed" in said
    assert "SURVIVED (no kill, for it is an error and no broken promise: specs_never_raise: " in out
    assert "the spec sums_are_known itself raised IndexError: list index out of range (count.py, line " in out


def test_a_promise_that_is_broken_kills_though_a_spec_raises_in_the_same_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = changed("COUNT = ", RAISES).replace(
        "(no_sum_is_negative,)", "(sums_are_known, no_sum_is_negative)"
    )
    code, out, _ = mutants(tmp_path, capsys, text.replace("-= message", "-= 20 * message"))
    assert code == 0
    assert "no_sum_is_negative, explored" in out


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_observer_that_raises_is_told_with_its_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], jobs: str
) -> None:
    observer = (
        "def heard(observation, place):\n    observation.stepped(place)\n    [][place.node.sum]\n\n\nCOUNT = "
    )
    text = changed("COUNT = ", observer).replace('names=("a", "b")', 'names=("a", "b"), handled=heard')
    code, _, said = mutants(tmp_path, capsys, text, "--jobs", jobs)
    line = text[: text.index("[][")].count("\n") + 1
    assert code == 2
    assert f"count.py, line {line}: IndexError: list index out of range\n" in said
    assert "Traceback" not in said


def test_a_hunt_goes_on_from_its_state_file_and_is_refused_when_a_file_has_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twice = 'Edit(__name__, "self.sum +=", "self.sum += 2 *", within="Counter.on_add")'
    two = changed(BUGS, f'bugs = (SUBTRACTS, bug("adds_twice", "It adds twice.", {twice}))')
    state = ("--state", str(tmp_path / "hunt.jsonl"))
    code, first, _ = mutants(tmp_path, capsys, two, "subtracts", *state)
    assert code == 0
    rows = Path(state[1]).read_text(encoding="utf-8").splitlines()
    code, both, _ = mutants(tmp_path, capsys, two, *state)
    assert code == 1, "what nobody forbids survives"
    assert first.splitlines()[0] in both.splitlines()
    assert Path(state[1]).read_text(encoding="utf-8").splitlines()[: len(rows)] == rows
    for arguments, why in [
        ((), "count.py has changed since that hunt began"),
        (("--seed", "4"), "hunted with "),
    ]:
        text = f"{two}\n" if not arguments else two
        code, out, said = mutants(tmp_path, capsys, text, *arguments, *state)
        assert (code, out) == (2, "")
        assert why in said
        assert "take another --state" in said

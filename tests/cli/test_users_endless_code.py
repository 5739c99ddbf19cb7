"""A user's code that never returns is ended and named, in every command that runs it."""

import sys
from pathlib import Path

import pytest

from dynaproof import cli
from dynaproof.checkers.runs import endless
from dynaproof.checkers.user_file import PREFIX

COUNT = (Path(__file__).parent / "counting.py").read_text(encoding="utf-8")
HANDLER = "        self.sum += message.number\n"
FAILS = COUNT.replace("self.sum += message.number", "self.sum -= message.number")
ENDLESS = "        while self.sum >= 0:\n            self.sum = self.sum + 1 - 1\n"
SPEC = "def no_sum_is_negative(view: Nodes) -> bool:\n"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(endless, "SECONDS", 0.2)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command says that ends with status 2."""
    assert cli.main(arguments) == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    return told


def explore(schedules: int = 3) -> list[str]:
    return ["explore", "count.py:COUNT", "--schedules", str(schedules), "--out", "runs", "--jobs", "1"]


@pytest.mark.parametrize("where", ["handler", "spec", "swallows"])
def test_a_campaign_names_the_line_that_never_returns_and_what_happened_last(
    where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tries = "        try:\n            while True:\n                pass\n"
    swallows = f"{tries}        except Exception:\n            pass\n"
    changes = {
        "handler": (HANDLER, ENDLESS),
        "spec": (SPEC, f"{SPEC}    while True:\n        pass\n"),
        "swallows": (HANDLER, swallows),
    }
    old, new = changes[where]
    assert COUNT.count(old) == 1
    text = COUNT.replace(old, new)
    Path("count.py").write_text(text)
    told = refused(capsys, *explore())
    loop = next(number for number, line in enumerate(text.splitlines(), 1) if "while" in line)
    assert any(f"count.py, line {loop + more}, in " in told for more in (0, 1)), told
    since = "the beginning of the run" if where == "spec" else "event "
    assert f"nothing has happened for 0.2 s of processor time since {since}" in told


def test_a_run_that_goes_on_for_longer_than_the_limit_is_not_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(endless, "SECONDS", 0.1)  # Of about a second.
    assert cli.main(["explore", "busy", "--schedules", "1", "--jobs", "1"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", ["replay", "shrink", "trace"])
def test_a_run_file_whose_code_no_longer_returns_is_refused_with_its_line(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("count.py").write_text(FAILS)
    assert cli.main(explore()) == 1
    capsys.readouterr()
    (run,) = list(Path("runs").glob("*.json"))[:1]
    Path("count.py").write_text(COUNT.replace(HANDLER, ENDLESS))
    for module in [name for name in sys.modules if name.startswith(PREFIX)]:
        del sys.modules[module]  # As in a process of its own.
    told = refused(capsys, command, str(run))
    assert "count.py, line " in told
    assert "what a run calls must return" in told


def test_a_users_bug_that_makes_a_handler_endless_ends_the_hunt_with_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    new = '"self.sum += message.number\\nwhile True:\\n    pass"'
    edit = f'Edit(__name__, "self.sum += message.number", {new}, within="Counter.on_add")'
    loops = f'bug("loops", "It never returns.", {edit})'
    Path("count.py").write_text(COUNT.replace("bugs = (SUBTRACTS,)", f"bugs = ({loops},)"))
    told = refused(capsys, "mutants", "count.py:COUNT", "--schedules", "3", "--jobs", "1")
    assert "in on_add" in told
    assert "what a run calls must return" in told

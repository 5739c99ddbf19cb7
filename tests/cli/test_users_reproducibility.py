"""Runs of a user's file that do not come again: told as such, with the promise that was broken and what they
depend on; and a campaign goes on with the file with which it began.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import dynaproof
from dynaproof import cli
from dynaproof.checkers import campaign
from dynaproof.checkers.campaign.state import StateFile, begun
from dynaproof.checkers.scenarios.catalogue import find
from dynaproof.provenance import maker

COUNT = (Path(__file__).parent / "counting.py").read_text(encoding="utf-8")

EXPLORES = (
    "\n\nif __name__ == '__main__':\n"
    "    import dynaproof\n"
    "    found = dynaproof.explore(COUNT, schedules=12, seed=2, most_failures=1)\n"
    "    print(*(run.result.failure.spec + ': ' + run.result.failure.sentence for run in found.runs))\n"
)

ONCE = "no_sum_is_negative was broken once (it does not hold: No sum is negative.), but the same "

UNSTEADY = {
    "the order of a set": (
        "Add(1)",
        'Add(-int("".join({*"123456789"})))',
        "under other PYTHONHASHSEEDs: it depends on the order of a set, on hash() or on id()",
    ),
    "what earlier runs left behind": (
        "        self.sum += message.number\n",
        (
            "        Counter.told = getattr(Counter, 'told', 0) + message.number\n"
            "        self.sum += message.number if Counter.told < 100 else -5\n"
        ),
        "in fresh processes: it depends on what earlier runs left behind, in a global or a class attribute",
    ),
}


def explored(folder: Path, text: str, **environment: str) -> str:
    """What is found in a file with this text that explores itself, in a process of its own."""
    script = folder / "count.py"
    script.write_text(text + EXPLORES, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("unsteady", UNSTEADY)
@pytest.mark.parametrize("hashes", ["1", "4"])
def test_a_failure_that_does_not_come_again_is_told_with_its_promise_and_its_cause(
    tmp_path: Path, unsteady: str, hashes: str
) -> None:
    old, new, cause = UNSTEADY[unsteady]
    assert COUNT.count(old) >= 1
    told = explored(tmp_path, COUNT.replace(old, new, 1), PYTHONHASHSEED=hashes)
    assert told.startswith(f"{campaign.REPRODUCIBLE}: {ONCE}"), told
    assert told.endswith(f"{cause}\n"), told


def test_a_failure_that_comes_again_keeps_its_promise_in_one_process_and_in_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sentence names a set in some order, which is no part of the run."""
    monkeypatch.chdir(tmp_path)
    text = COUNT.replace("self.sum += message.number", "self.sum -= message.number").replace(
        "def no_sum_is_negative(view: Nodes) -> bool:\n",
        "def no_sum_is_negative(view: Nodes) -> Iterator[Violation]:\n",
    )
    text = (
        text.replace(
            "    return all(node.sum >= 0 for node in view.nodes.values())\n",
            "    if any(node.sum < 0 for node in view.nodes.values()):\n"
            "        yield Violation(' '.join({*'abcdefghij'}))\n",
        )
        .replace("import Edit", "import Violation, Edit")
        .replace("from dyna", "from collections.abc import Iterator\nfrom dyna")
    )
    (tmp_path / "worded.py").write_text(text, encoding="utf-8")
    for jobs in (1, 2):
        found = dynaproof.explore("worded.py:COUNT", schedules=2, jobs=jobs, most_failures=1)
        assert [one.spec for one in found.failures] == ["no_sum_is_negative"]


def test_a_campaign_over_a_file_that_has_changed_is_not_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = '@spec("always")\ndef added(view: Nodes) -> bool:\n    return True\n'
    files = {
        "changing.py": f"import near_it\nfrom below_it.deep import far\n{COUNT}",
        "near_it.py": "near = 1\n",
        "below_it/deep.py": "far = 1\n",
        "added.py": f"from dynaproof import Nodes, spec\n\n\n{spec}",
        "own.py": "from dynaproof import RandomWalk\n\n\nclass Mine(RandomWalk):\n    pass\n",
    }
    Path("below_it").mkdir()
    for name, text in files.items():
        Path(name).write_text(text, encoding="utf-8")
    scenario, strategy = "changing.py:COUNT with added.py:added", "own.py:Mine"
    find(scenario)  # It is imported, and its neighbours with it, before its campaign begins.
    state = begun(scenario, strategy, 1, maker())
    Path("runs").mkdir()
    assert StateFile(Path("runs"), state).save(state)
    resumes = ("explore", "changing.py:COUNT", "--spec", "added.py:added", "--strategy", strategy, "--resume")
    for name, text in files.items():
        Path(name).write_text(f"{text}\n", encoding="utf-8")
        capsys.readouterr()
        assert cli.main([*resumes, "--schedules", "2"]) == 2
        assert f"{name} has changed since that campaign began" in capsys.readouterr().err
        Path(name).write_text(text, encoding="utf-8")
    assert cli.main([*resumes, "--schedules", "2"]) == 0

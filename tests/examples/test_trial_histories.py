"""Small histories and objects that once showed a fault get the verdict that is right for them."""

import json
import time
from pathlib import Path

import pytest

from dynaproof.cli import main

TRIALS = {
    "fail_is_no_effect.edn": ([], 0, None),
    "initial_zero.edn": (["--initial", "0"], 0, None),
    "crashdup_ok.jsonl": ([], 0, None),
    "crashdup_bad.jsonl": ([], 1, "garbage read"),
    "mapval.edn": ([], 0, None),
    "mapval.jsonl": ([], 0, None),
    "okdiff.edn": ([], 0, None),
    "k27.edn": ([], 0, None),
}
"""File, options, exit status and cause."""

HARD = {
    "queuecrash_12.jsonl": (["--object", "queue"], 0, None),
    "queuecrash_12_bad.jsonl": (["--object", "queue"], 1, "value dequeued twice"),
    "counter_18.jsonl": (["--object", "counter"], 1, "lost add"),
}
"""A search alone gives up on these; it must then say how far it came."""


@pytest.fixture
def trials(shared_data: Path) -> Path:
    return shared_data / "histories" / "trials"


@pytest.mark.parametrize("name", TRIALS)
def test_trial_gets_its_verdict(name: str, trials: Path, capsys) -> None:
    options, code, cause = TRIALS[name]
    assert main(["check", str(trials / name), *options, "--json"]) == code
    answer = json.loads(capsys.readouterr().out)
    assert answer["cause"] == cause
    if code == 0:
        assert answer["progress"] is None


@pytest.mark.parametrize("name", HARD)
def test_hard_trial_gets_its_verdict_or_says_how_far_it_got(name: str, trials: Path, capsys) -> None:
    options, code, cause = HARD[name]
    found = main(["check", str(trials / name), *options, "--budget-seconds", "2", "--json"])
    answer = json.loads(capsys.readouterr().out)
    if answer["verdict"] != "unknown":
        assert (found, answer["cause"]) == (code, cause)
    else:
        assert found == 3
        progress = answer["progress"]
        assert 0 < len(progress["prefix"]) < progress["operations"] == answer["operations"]
        assert progress["stuck_on"] not in progress["prefix"]


@pytest.mark.parametrize(
    ("history", "name", "complaint"),
    [
        ("flip.jsonl", "Bad", "slow.py:14: step of bad raised ZeroDivisionError"),
        ("flip.jsonl", "Unh", "slow.py:16: the initial state of unh cannot be hashed"),
        ("flip.jsonl", "NotIter", "slow.py:20: step of ni gave 0, which is no sequence of states"),
        ("slow.jsonl", "Slow", "slow.py:5: step of slow is slow"),
    ],
)
def test_fault_of_a_trials_object_is_the_users(
    history: str, name: str, complaint: str, trials: Path, capsys
) -> None:
    began = time.monotonic()
    thing = f"{trials / 'slow.py'}:{name}"
    assert main(["check", str(trials / history), "--object", thing, "--budget-seconds", "1"]) == 2
    assert time.monotonic() - began < 2.5
    assert complaint in capsys.readouterr().err
    assert main(["check", str(trials / "flip.jsonl"), "--object", f"{trials / 'slow.py'}:Coin"]) == 1

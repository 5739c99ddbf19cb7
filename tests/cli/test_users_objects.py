"""What a user's object does wrong is the user's, with its file and line; slow code obeys the budget."""

import json
import re
import signal
import time
from pathlib import Path

import pytest

from dynaproof.cli import main

OBJECTS = """
import time

class Base:
    name = "mine"
    functions = ("flip", "read")
    initial = 0

class Raises(Base):
    def step(self, state, operation):
        return helper(state)

def helper(state):
    return 1 / state

class RaisesLater(Base):
    def step(self, state, operation):
        yield state
        raise KeyError("later")

class Unhashable(Base):
    initial = []
    def step(self, state, operation):
        return (state,)

class UnhashableLater(Base):
    def step(self, state, operation):
        return ([state],)

class NoSequence(Base):
    def step(self, state, operation):
        return state

class BadAnswer(Base):
    def step(self, state, operation):
        return (state,) if operation.function == "flip" or operation.value == state else ()
    def answer(self, state, operation):
        return state["x"]

class Sleeps(Base):
    def step(self, state, operation):
        try:
            time.sleep(3)
        except Exception:
            pass
        return (state,)

class Spins(Base):
    def step(self, state, operation):
        while True:
            state += 1

class Endless(Base):
    def step(self, state, operation):
        while True:
            yield (state, operation.index)

class Swallows(Base):
    def step(self, state, operation):
        try:
            while True:
                pass
        except BaseException:
            state = 0
        while True:
            state += 1

class BadNames(Base):
    functions = "flip"
    def step(self, state, operation):
        return (state,)

class BadToMake(Base):
    def __init__(self):
        raise OSError("not made")
    def step(self, state, operation):
        return (state,)

class Many(Base):
    def step(self, state, operation):
        time.sleep(0.001)
        return ((*(state or ()), operation.index),) if operation.function == "flip" else ()
"""


def line_of(text: str, after: str = "") -> int:
    """The number of the first line with that text, behind `after`."""
    start = OBJECTS.index(after)
    return OBJECTS[: OBJECTS.index(text, start)].count("\n") + 1


WRONG = {
    "Raises": (line_of("return 1 / state"), "step of mine raised ZeroDivisionError: division by zero"),
    "RaisesLater": (line_of("raise KeyError"), "step of mine raised KeyError: 'later'"),
    "Unhashable": (line_of("initial = []"), "the initial state of mine cannot be hashed"),
    "UnhashableLater": (
        line_of("def step", "UnhashableLater"),
        "step of mine gave a state that cannot be hashed",
    ),
    "NoSequence": (line_of("def step", "NoSequence"), "step of mine gave 0, which is no sequence of states"),
    "BadAnswer": (line_of('return state["x"]'), "answer of mine raised TypeError"),
    "Sleeps": (line_of("time.sleep(3)"), "step of mine is slow"),
    "Spins": (line_of("while True", "Spins"), "step of mine is slow"),
    "Endless": (line_of("while True", "Endless"), "step of mine is slow"),
    "Swallows": (line_of("while True", "state = 0"), "step of mine is slow"),
    "BadNames": (line_of('functions = "flip"'), "functions of mine are no names"),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(OBJECTS)
    rows = [("flip", 1), ("flip", 1), ("read", 5)]
    (tmp_path / "history").write_text(
        "".join(
            json.dumps({"process": i, "f": f, "key": "x", "value": value, "call": 1, "return": 9}) + "\n"
            for i, (f, value) in enumerate(rows)
        )
    )
    return tmp_path


# An interruption may fall into a callback of the garbage collector, which swallows it; another one follows.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", WRONG)
def test_fault_of_the_users_code_is_told_with_its_line_within_the_budget(
    name: str, place: Path, capsys
) -> None:
    line, complaint = WRONG[name]
    began = time.monotonic()
    mine = f"{place / 'mine.py'}:{name}"
    assert main(["check", str(place / "history"), "--object", mine, "--budget-seconds", "0.5"]) == 2
    assert time.monotonic() - began < 2
    told = capsys.readouterr().err
    assert f"mine.py:{line}: {complaint}" in told or (
        name in {"Spins", "Endless", "Swallows"}
        and re.search(rf"mine\.py:({line - 1}|{line}|{line + 1}): {complaint}", told)
    ), told


def test_object_that_cannot_be_made_is_refused(place: Path, capsys) -> None:
    assert main(["check", str(place / "history"), "--object", f"{place / 'mine.py'}:BadToMake"]) == 2
    told = capsys.readouterr().err
    assert "mine.py:BadToMake cannot be made: OSError: not made (mine.py, line 75, in __init__: " in told


def test_budget_ends_a_long_search_of_quick_steps_as_unknown(place: Path, capsys) -> None:
    """Not one of them is slow, so nobody is to blame."""
    with (place / "history").open("a") as file:
        for i in range(3, 9):
            line = {"process": i, "f": "flip", "key": "x", "value": 1, "call": 1, "return": 9}
            file.write(json.dumps(line) + "\n")
    began = time.monotonic()
    options = ["--object", f"{place / 'mine.py'}:Many", "--budget-seconds", "0.5", "--json"]
    assert main(["check", str(place / "history"), *options]) == 3
    assert time.monotonic() - began < 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["progress"]["stuck_on"] is not None
    assert 0 < len(answer["progress"]["prefix"]) < 9


@pytest.mark.parametrize("seconds", ["1e10", "1e300"])
def test_budget_that_no_timer_can_count_is_none(seconds: str, place: Path, capsys) -> None:
    options = ["--object", f"{place / 'mine.py'}:BadAnswer", "--budget-seconds", seconds]
    assert main(["check", str(place / "history"), *options]) == 2
    assert "answer of mine raised TypeError" in capsys.readouterr().err


def test_alarm_is_gone_after_a_check(place: Path, capsys) -> None:
    before, timer = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    mine = f"{place / 'mine.py'}:Sleeps"
    main(["check", str(place / "history"), "--object", mine, "--budget-seconds", "0.2"])
    assert signal.getsignal(signal.SIGALRM) is before
    left, again = signal.getitimer(signal.ITIMER_REAL)
    assert (left > 1, again) == (timer[0] > 1, timer[1])

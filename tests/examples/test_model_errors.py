"""A mistake in a model's text is named: the action, the line and the value; by both engines alike."""

import re
import textwrap
from pathlib import Path

import pytest

from dynaproof.checkers.state_space.explore import Limits, explore
from dynaproof.checkers.state_space.interpreter import Interpreter
from dynaproof.checkers.user_file import UserFileError, imported
from dynaproof.model.language import ModelError

HEADER = """
from dynaproof.model.language import *

class Wrong(Model):
    Site = Scalar(2)
    n = Int(0, 3)
    mode = Enum("idle", "busy")
    who = Option(Site)
    group = Set(Site)
    queue = Seq(Int(0, 2), 2)
    level = Array(Site, Int(0, 1))

    @action(v=Site)
    def act(self, v):
"""
FIRST_LINE = HEADER.count("\n") + 1


def model_of(body: str, folder: Path):
    file = folder / "wrong.py"
    file.write_text(HEADER + textwrap.indent(textwrap.dedent(body).strip("\n"), "        ") + "\n")
    return imported(file).Wrong()


@pytest.mark.parametrize(
    ("body", "where", "line", "problem"),
    [
        ("self.n = self.n + 1", "act(0)", 0, "n: 4 is not in 0..3"),
        ("pass\nself.level[v] = 2", "act(0)", 1, "level[0]: 2 is not in 0..1"),
        ('self.mode = "sleepy"', "act(0)", 0, "mode: 'sleepy' is not in Enum('idle', 'busy')"),
        ("self.n = None", "act(0)", 0, "n: None is not in 0..3"),
        ("self.n = True", "act(0)", 0, "n: True is not in 0..3"),
        ("self.group.add(7)", "act(0)", 0, "group: 7 cannot be a member of set of Site"),
        ("self.queue.append(v)", "act(0)", 0, "queue: (0, 0, 0) is longer than 2"),
        ("self.n = self.queue[0]", "act(0)", 0, "IndexError: tuple index out of range"),
        ("self.level[v + 5] = 0", "act(0)", 0, "level: 5 is not an index of array over Site of 0..1"),
        ("if v == 1:\n    self.n = 0 - v", "act(1)", 1, "n: -1 is not in 0..3"),
    ],
)
def test_value_outside_its_type_names_action_line_and_value(tmp_path, body, where, line, problem):
    made = model_of(body, tmp_path)
    told = []
    for run in (lambda: Interpreter(made).explore(), lambda: explore(made)):
        with pytest.raises(ModelError) as caught:
            run()
        told.append((caught.value.where, caught.value.line, caught.value.problem))
    assert told == [(where, FIRST_LINE + line, problem)] * 2
    assert str(caught.value) == f"{where}: {problem} (line {FIRST_LINE + line})"


@pytest.mark.parametrize(
    ("body", "line", "problem"),
    [
        ("while self.n < 3:\n    self.n = 3", 0, "a `while` loop has no bound: use `for` over a range"),
        ("pass\nself.m = 1", 1, "`self.m` is not a variable of the model"),
        ("self.n = self.m", 0, "the model has no `m`"),
        ("self.n = unheard_of", 0, "the name `unheard_of` is not defined"),
        ("with self.n:\n    pass", 0, "`with self.n:\n    pass` is outside the vocabulary of models"),
        ("self.n = 3 // self.n", 0, "`3 // self.n`: division is by positive constants only"),
    ],
)
def test_text_outside_the_vocabulary_is_refused_with_its_line(tmp_path, body, line, problem):
    made = model_of(body, tmp_path)
    with pytest.raises(ModelError) as caught:
        explore(made)
    assert caught.value.where is not None
    assert caught.value.where.startswith("act")
    assert (caught.value.line, caught.value.problem) == (FIRST_LINE + line, problem)


@pytest.mark.parametrize(
    ("declaration", "problem"),
    [
        ("n = Int(3, 1)", "no integer from 3 to 1"),
        ("n = Int(0, 3, init=7)", "the initial state: n: 7 is not in 0..3"),
        ("n = Array(Int(0, 3))", "an Array needs an index type and an element type"),
        ("k = Constant(3)", "Wrong declares no variables"),
        ("types = Int(0, 3)", "a model cannot have a 'types' of its own"),
    ],
)
def test_wrong_declaration_is_refused(tmp_path, declaration, problem):
    file = tmp_path / "wrong.py"
    file.write_text(f"from dynaproof.model.language import *\n\nclass Wrong(Model):\n    {declaration}\n")
    with pytest.raises((ModelError, UserFileError), match=re.escape(problem)):
        explore(imported(file).Wrong())


def test_unbounded_recursion_of_a_helper_is_refused(tmp_path):
    file = tmp_path / "recursive.py"
    file.write_text(
        HEADER
        + "        self.n = self.forever(v)\n\n    def forever(self, v):\n        return self.forever(v)\n"
    )
    with pytest.raises(ModelError, match="`forever` calls itself without a bound"):
        explore(imported(file).Wrong())


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        (Limits(states=1_000), "states"),
        (Limits(megabytes=2), "memory"),
        (Limits(seconds=0.0), "seconds"),
    ],
)
def test_limit_leaves_the_model_not_exhausted_and_says_what_was_covered(limits, named):
    from dynaproof.model.paxos import Paxos

    result = explore(Paxos(), limits=limits)
    assert (result.exhausted, result.limit, result.violation) == (False, named, None)
    assert 0 < result.distinct < 185_369
    assert 0 < result.depth < 25


def test_item_that_only_machine_code_looks_at_is_named(tmp_path):
    file = tmp_path / "hidden.py"
    file.write_text(
        HEADER
        + "        self.n = 1\n\n"
        + "    @sometimes\n    def all_high(self):\n        return all(self.level[v] == 1 for v in (0, 2))\n"
    )
    with pytest.raises(ModelError, match=r"all\(\) or any\(\)") as caught:
        explore(imported(file).Wrong())
    assert (caught.value.where, caught.value.line) == ("all_high", FIRST_LINE + 4)


def test_one_slot_is_enough_for_multi_paxos():
    from dynaproof.model.multi_paxos import MultiPaxos

    result = explore(MultiPaxos(slots=1, ballots=2), symmetry=True)
    assert result.exhausted
    assert "tail_of_two_adopted" in result.not_reached

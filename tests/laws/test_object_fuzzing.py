"""Every object is judged as all orders judge it; every cause that is told of one occurs, and is a proof."""

import json

import pytest

from dynaproof.checkers.linearizability import explain_containers as told
from dynaproof.checkers.linearizability.object_fuzzing import ObjectTally, fuzz_object
from dynaproof.checkers.linearizability.object_histories import KINDS, LARGEST, SMALLEST, object_history
from dynaproof.cli import main
from dynaproof.specs.objects import BEGIN_WITH, OBJECTS

SEED, HISTORIES, MANY_HISTORIES = 20261128, 100, 300
RARE = {"mutex": 197}
"""A history behind the first `HISTORIES` that is the first to show a cause of its object."""

CAUSES = {
    "stack": {told.GARBAGE_POP, told.POPPED_TWICE, told.STACK_EMPTY_WHILE_FULL},
    "set": {told.GARBAGE_ELEMENT, told.LOST_ELEMENT},
    "mutex": {told.HELD_TWICE, told.RELEASED_TWICE, told.RELEASED_UNHELD},
}


@pytest.mark.parametrize("histories", [HISTORIES, pytest.param(MANY_HISTORIES, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", KINDS)
def test_object_is_judged_as_all_orders_judge_it(name: str, histories: int) -> None:
    tally = ObjectTally()
    parts = [(0, histories)]
    if RARE.get(name, 0) >= histories:
        parts.append((RARE[name], 1))
    for first, count in parts:
        disagreement = next(fuzz_object(name, SEED, count, first, tally), None)
        assert disagreement is None, str(disagreement)
    assert tally.histories == sum(count for _, count in parts)
    assert tally.crashed > histories // 4
    assert tally.verdicts["not linearizable"] > histories // 6
    assert tally.verdicts["linearizable"] > histories // 3
    assert set(tally.causes) >= CAUSES.get(name, set())


@pytest.mark.parametrize("number", [14856, 36976, 41768, 64908, 66524])
def test_core_of_a_register_that_begins_with_a_value_is_judged_from_there(number: int) -> None:
    """A core without what overwrote the beginning was once a legal history: 15 of 200,000."""
    disagreement = next(fuzz_object("register", 2026, 1, first=number), None)
    assert disagreement is None, str(disagreement)


def test_every_object_is_fuzzed_with_all_its_functions_and_beginnings() -> None:
    assert set(KINDS) == set(OBJECTS)
    for name, kind in KINDS.items():
        assert set(kind.functions) == set(OBJECTS[name].functions)
        assert bool(kind.begins) == (name in BEGIN_WITH)
        made = [object_history(name, SEED, number) for number in range(60)]
        assert all(SMALLEST <= len(one.history) <= LARGEST for one in made)
        assert {one.thing.initial for one in made} > {OBJECTS[name].initial} or not kind.begins
        assert [list(one.history) for one in made[30:31]] == [list(object_history(name, SEED, 30).history)]


def test_fuzz_of_one_object_says_what_it_was(capsys) -> None:
    assert main(["fuzz", "--object", "set", "--count", "20", "--seed", "4", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["object"], answer["histories"], answer["disagreements"]) == ("set", 20, 0)
    assert main(["fuzz", "--object", "sett"]) == 2
    assert "did you mean set?" in capsys.readouterr().err

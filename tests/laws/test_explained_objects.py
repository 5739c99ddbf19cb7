"""Why a queue, a counter or a string is not linearizable: what is said is a proof, and never said wrongly."""

from collections import Counter
from random import Random
from typing import Any

import msgspec
import pytest

from dynaproof.checkers.linearizability import check
from dynaproof.checkers.linearizability.brute_force import is_linearizable
from dynaproof.checkers.linearizability.explain_objects import (
    APPENDS_INVERTED,
    DEQUEUED_TWICE,
    EMPTY_WHILE_FULL,
    GARBAGE_DEQUEUE,
    GARBAGE_SUM,
    LOST_ADD,
    LOST_APPEND,
    QUEUE_INVERSION,
    SHRUNKEN,
    UNEXPLAINED_ANSWER,
    causes,
    possible_answers,
)
from dynaproof.specs.history import Completion, History, HistoryBuilder, Operation
from dynaproof.specs.objects import OBJECTS, SequentialObject

CAUSES = {
    "queue": {DEQUEUED_TWICE, EMPTY_WHILE_FULL, GARBAGE_DEQUEUE, QUEUE_INVERSION},
    "counter": {GARBAGE_SUM, LOST_ADD},
    "string": {APPENDS_INVERTED, LOST_APPEND, SHRUNKEN},
}
HISTORIES = 900
LINEARIZABLE_AT_LEAST = 100


def random_history(chance: Random, thing: SequentialObject) -> History:
    """Up to six operations answered as a run of the object would, of which one answer is changed, mostly."""
    builder = HistoryBuilder(functions=thing.functions)
    rows: list[Any] = []
    state = thing.initial
    values = ["a", "b", "ab", "c"] if thing.name == "string" else [1, 2, 3, 4]
    for process in range(3 + chance.getrandbits(2) % 4):
        function = thing.functions[chance.getrandbits(8) % len(thing.functions)]
        value = values[process % 4 if chance.random() < 0.8 else chance.getrandbits(1)]
        call = 4 * process
        row: Any = [process, function, "k", value, call, call + chance.getrandbits(3)]
        probe = HistoryBuilder(functions=thing.functions)
        probe.add(0, function, "k", value, 0, 1)
        row[3] = thing.answer(state, probe.build()[0])
        rows.append(row)
        if chance.random() < 0.1:
            row[5] = None
            if chance.random() < 0.5:
                continue
        probe = HistoryBuilder(functions=thing.functions)
        probe.add(*row[:4], 0, 1)
        (state,) = thing.step(state, probe.build()[0])
    observers = [row for row in rows if row[1] in {"read", "dequeue"}]
    if observers and chance.random() < 0.7:
        row = observers[chance.getrandbits(8) % len(observers)]
        other = rows[chance.getrandbits(8) % len(rows)]
        row[3] = None if chance.random() < 0.2 and thing.name == "queue" else other[3]
        if thing.name == "string" and chance.random() < 0.6:
            row[3] = row[3][::-1] + values[chance.getrandbits(2)]
    for row in rows:
        builder.add(*row)
    return builder.build()


@pytest.mark.parametrize("name", CAUSES)
def test_cause_of_an_object_is_a_proof_and_is_never_found_where_there_is_an_order(name: str) -> None:
    thing, chance = OBJECTS[name], Random(f"causes of a {name}")
    found: Counter[str] = Counter()
    linearizable = 0
    for _ in range(HISTORIES):
        history = random_history(chance, thing)
        operations: list[Operation] = list(history)
        if is_linearizable(operations, thing):
            linearizable += 1
            for op in operations:
                others = [one for one in operations if one is not op and one.call <= op.ret]
                assert next(causes(history, op, others, thing), None) is None, operations
            continue
        result = check(history, thing)
        found[result.cause or ""] += 1
        witness = [history[row] for row in result.witness]
        assert result.sentence
        assert len(witness) <= 4 or result.cause in {GARBAGE_SUM, DEQUEUED_TWICE}
        if result.cause != UNEXPLAINED_ANSWER:
            assert not is_linearizable(witness, thing), (result.sentence, operations)
    assert linearizable > LINEARIZABLE_AT_LEAST
    assert set(found) == CAUSES[name] | {UNEXPLAINED_ANSWER}, found


@pytest.mark.parametrize("name", CAUSES)
def test_possible_answers_are_those_with_which_there_is_an_order(name: str) -> None:
    thing, chance, asked = OBJECTS[name], Random(f"answers of a {name}"), 0
    for _ in range(HISTORIES // 3):
        operations: list[Operation] = list(random_history(chance, thing))
        observers = [
            op for op in operations
            if op.function in {"read", "dequeue"} and op.outcome is Completion.OK
            and all(one.ret <= op.ret for one in operations if one.outcome is Completion.OK)
        ]  # fmt: skip
        for op in observers:
            others = [one for one in operations if one is not op]
            asked += 1
            answers = possible_answers(op, others, thing)
            for value in {*answers, *(one.value for one in operations), None, 0}:
                changed = msgspec.structs.replace(op, value=value)
                told = value in answers or (name == "string" and not value and "" in answers)
                assert told == is_linearizable([*others, changed], thing), (operations, answers, value)
    assert asked > HISTORIES // 10


def test_sentence_names_the_answers_that_were_possible() -> None:
    builder = HistoryBuilder(functions=("add", "read"))
    builder.add(0, "add", "visits", 1, 0, 10)
    builder.add(1, "add", "visits", 2, 5, 20)
    builder.add(2, "read", "visits", 2, 6, 12)
    builder.add(2, "read", "visits", 1, 13, 18)
    result = check(builder.build(), OBJECTS["counter"])
    assert (result.cause, result.witness) == (UNEXPLAINED_ANSWER, (3, 2))
    assert result.sentence == (
        "read #4 returned 1, but in every order of the others it would have returned 3; "
        "the last to end before it began was read #3 of 2"
    )


def test_sentence_on_a_queue_names_who_came_first() -> None:
    builder = HistoryBuilder(functions=("enqueue", "dequeue"))
    builder.add(0, "enqueue", "jobs", "a", 0, 10)
    builder.add(1, "enqueue", "jobs", "b", 1_000_010, 1_000_020)
    builder.add(2, "dequeue", "jobs", "b", 1_000_030, 1_000_040)
    builder.add(2, "dequeue", "jobs", "a", 1_000_050, 1_000_060)
    result = check(builder.build(), OBJECTS["queue"])
    assert (result.cause, result.witness) == (QUEUE_INVERSION, (2, 1, 0))
    assert result.sentence == (
        "dequeue #3 returned b, but enqueue #1 of a had ended 1 ms before enqueue #2 of b began, "
        "and nobody who had begun when dequeue #3 ended took a out"
    )

"""Keys side by side: one bad key settles a file, in whatever order keys come; the budget is the file's."""

from collections.abc import Sequence

import pytest

from dynaproof.checkers.linearizability import Budget, check
from dynaproof.checkers.linearizability.in_turns import FIRST_QUANTUM, Turn, in_turns
from dynaproof.checkers.linearizability.result import Meter
from dynaproof.checkers.linearizability.wing_gong import Found
from dynaproof.specs.history import History, HistoryBuilder
from dynaproof.specs.objects import OBJECTS

QUEUE = OBJECTS["queue"]
HARD = 11


def hard(builder: HistoryBuilder, key: str, process: int) -> None:
    """A queue that only a long search refutes: 99 went in before all others, and once more beside them."""
    builder.add(process, "enqueue", key, 99, -20, -10)
    for i in range(HARD):
        builder.add(process + i, "enqueue", key, i or 99, 0, 100)
    for i in range(1, HARD):
        builder.add(process + HARD + i, "dequeue", key, i, 200, 300)
    builder.add(process + HARD, "dequeue", key, 99, 400, 500)


def bad(builder: HistoryBuilder, key: str, process: int) -> None:
    """A queue that a short search refutes, and no pattern: of two equal values one must come out first."""
    builder.add(process, "enqueue", key, 7, 0, 1)
    builder.add(process, "enqueue", key, 7, 2, 3)
    builder.add(process, "enqueue", key, 8, 4, 5)
    builder.add(process, "dequeue", key, 7, 6, 7)
    builder.add(process, "dequeue", key, 8, 8, 9)


def queues(kinds: Sequence[str]) -> History:
    builder = HistoryBuilder(functions=QUEUE.functions)
    for place, kind in enumerate(kinds):
        {"hard": hard, "bad": bad}[kind.split()[0]](builder, kind, 100 * place)
    return builder.build()


@pytest.mark.parametrize("kinds", [("hard 1", "bad 1", "hard 2"), ("bad 1", "hard 2", "hard 1")])
def test_one_bad_key_settles_a_file_wherever_it_stands(kinds: Sequence[str]) -> None:
    result = check(queues(kinds), QUEUE)
    assert (result.verdict, result.key, result.algorithm) == ("not linearizable", "bad 1", "Wing-Gong search")


def test_of_several_bad_keys_the_same_is_reported_in_every_order() -> None:
    kinds = ["bad 2", "bad 1", "bad 3"]
    told = {check(queues(order), QUEUE).key for order in (kinds, kinds[::-1], sorted(kinds))}
    assert told == {"bad 1"}


def test_a_key_that_remembers_too_much_is_given_up_and_others_are_decided() -> None:
    few = Budget(configurations=1_000)
    assert check(queues(["hard 1", "bad 1"]), QUEUE, few).verdict == "not linearizable"
    unknown = check(queues(["hard 2", "hard 1"]), QUEUE, few)
    assert (unknown.verdict, sorted(unknown.undecided)) == ("unknown", ["hard 1", "hard 2"])


def test_quanta_double_and_the_last_key_gets_what_the_budget_has() -> None:
    needs = {"small": 10, "middle": 3 * FIRST_QUANTUM, "large": 100 * FIRST_QUANTUM}
    asked: list[tuple[str, int]] = []

    def search(key: str, turn: Turn) -> Found:
        used = 0
        while used < needs[key] and not turn.exhausted(1_000):
            used += 1_000
        asked.append((key, used))
        return Found([0] if used >= needs[key] else None, None, used, used)

    found = dict(in_turns(list(needs), search, Meter(None)))
    assert all(one.order is not None for one in found.values())
    assert [key for key, _ in asked] == ["small", *["middle", "large"] * 3, "large"]
    quanta = [used for key, used in asked if key == "large"]
    assert quanta == [FIRST_QUANTUM, 2 * FIRST_QUANTUM, 4 * FIRST_QUANTUM, needs["large"]]

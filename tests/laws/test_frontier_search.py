"""Algorithm B in its two forms: what neither the oracle nor the seeded bugs ask of it."""

import pytest

from dynaproof.checkers.certificates import verify
from dynaproof.checkers.linearizability import Budget, by_frontier, check, checking, frontier, online
from dynaproof.checkers.linearizability.configurations import CAS, DELETE, PUT, READ
from dynaproof.checkers.linearizability.random_histories import LARGE, random_histories
from dynaproof.checkers.linearizability.register import ASK_PUT, ASK_READ, Ask, of_key, reduce
from dynaproof.specs.history import History, HistoryBuilder


def at_once(count: int) -> list[Ask]:
    """So many writes of values of their own and a read of each, all at the same time."""
    writes = [Ask(ASK_PUT, value, value, 0, 1_000 + value, value) for value in range(1, count + 1)]
    return writes + [Ask(ASK_READ, ask.value, ask.value, 0, 2_000, count + ask.row) for ask in writes]


def test_both_forms_come_equally_far_on_large_histories() -> None:
    for history in random_histories(8, 300, tastes=LARGE):
        asks = of_key(reduce(history), 0)
        plain, compiled = frontier.search(asks), by_frontier.search(asks)
        assert compiled is not None
        assert (plain.order is None, plain.failed_at, plain.done) == (
            compiled.order is None, compiled.failed_at, compiled.done,
        )  # fmt: skip


@pytest.mark.parametrize("search", [frontier.search, by_frontier.search])
def test_the_budget_ends_a_search_within_one_return(search) -> None:
    asked: list[int] = []

    def exhausted(configurations: int) -> bool:
        asked.append(configurations)
        return configurations > 500

    found = search(at_once(30), exhausted=exhausted)
    assert (found.order, found.failed_at, found.done) == (None, None, 0)
    assert asked[-1] < 40_000


def test_more_open_operations_than_bits_are_left_to_the_plain_form() -> None:
    builder = HistoryBuilder()
    for process in range(by_frontier.OPEN_AT_MOST + 1):
        builder.add(process, "write", "k", 1, 0, 10)
    history = builder.build()
    assert by_frontier.search(of_key(reduce(history), 0)) is None
    result = check(history, machine_code=True)
    assert result.certificate is not None
    verify(history, result.certificate)


def test_a_plain_search_that_has_become_large_goes_on_as_machine_code(monkeypatch) -> None:
    used: list[int] = []

    def noticed(asks, **options):
        used.append(len(asks))
        return compiled(asks, **options)

    compiled = by_frontier.search
    monkeypatch.setattr(by_frontier, "search", noticed)
    monkeypatch.setattr(checking, "DEPTH_FIRST_AT_LEAST", 0)
    monkeypatch.setattr(checking, "DEPTH_FIRST_EACH", 0)
    monkeypatch.setattr(checking, "MANY", 0)
    monkeypatch.setattr(checking, "MANY_TIMES", 0)
    for history in random_histories(9, 60, tastes=LARGE):
        assert check(history).verdict == check(history, machine_code=False).verdict
    assert used


def test_a_lost_delete_of_what_is_absent_may_hide_a_write_that_is_still_open() -> None:
    # Found by the fuzzer, seed 41126, history 9903: the write, then the delete, then the put-if-absent.
    key = online.KeyFrontier()
    key.call("write", PUT, 1)
    key.call("delete", DELETE)
    key.unknown("delete")
    key.call("put if absent", CAS, 2, expected=None)
    key.call("early read", READ)
    assert key.returned("early read", 2)
    assert key.returned("write")
    assert key.returned("put if absent")
    key.call("late read", READ)
    assert key.returned("late read", 2)


def test_one_key_of_fifty_clients_and_five_values_is_decided() -> None:
    history = five_values(clients=50, operations=2_500)
    compiled = by_frontier.search(
        of_key(reduce(history), 0), exhausted=lambda configurations: configurations > 50_000
    )
    assert compiled is not None
    assert compiled.order is not None
    result = check(history, budget=Budget(configurations=50_000))
    assert result.algorithm == "depth-first search"
    assert result.certificate is not None
    verify(history, result.certificate)


def five_values(clients: int, operations: int) -> History:
    """A run of a register of five values, by clients that are all busy all the time."""
    state, chance = None, 1
    builder = HistoryBuilder()

    def below(n: int) -> int:
        nonlocal chance
        chance = chance * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        return (chance >> 33) % n

    for number in range(operations):
        process, call, ret = number % clients, number * 10, (number + clients) * 10 - 1
        kind, expected, value = below(10), below(5), below(5)
        if kind < 4:
            builder.add(process, "read", "k", state, call, ret)
        elif kind < 7:
            builder.add(process, "write", "k", value, call, ret)
            state = value
        else:
            value = (expected + 1 + below(4)) % 5
            builder.add(process, "cas", "k", value, call, ret, expected=expected, ok=expected == state)
            state = value if expected == state else state
    return builder.build()

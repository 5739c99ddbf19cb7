"""The core accuses the whole: sound removals invent no violation, and a minimal core allows no other."""

from dataclasses import replace
from random import Random

import pytest

from dynaproof.checkers.histories import parse
from dynaproof.checkers.histories.writers import edn, json_lines
from dynaproof.checkers.linearizability import check, minimal_core, register
from dynaproof.checkers.linearizability.brute_force import is_linearizable
from dynaproof.checkers.linearizability.core import remove
from dynaproof.checkers.linearizability.picture import WITNESS_ONLY, of_core
from dynaproof.checkers.linearizability.random_histories import SMALL, random_histories, random_history
from dynaproof.checkers.linearizability.register import Ask, of_key
from dynaproof.specs.history import History, HistoryBuilder, Operation
from dynaproof.specs.objects import OBJECTS

HISTORIES = 2_000


def sound_removals(history: History) -> list[list[Operation]]:
    """What is left of a history of one key by each removal of a single operation that is called sound."""
    asks: list[Ask] = of_key(register.reduce(history), 0)
    lefts = []
    for i in range(len(asks)):
        rest = {ask.row for ask in remove(asks, [j != i for j in range(len(asks))])}
        if len(rest) < len(asks):
            gone = {ask.row for ask in asks} - rest
            assert gone == {asks[i].row}
            lefts.append([op for op in history if op.index not in gone])
    return lefts


def test_sound_removal_of_one_operation_invents_no_violation() -> None:
    removals = 0
    for history in random_histories(1, HISTORIES):
        if is_linearizable(history):
            for left in sound_removals(history):
                removals += 1
                assert is_linearizable(left), (list(history), left)
    assert removals > 2 * HISTORIES


def test_removal_of_many_at_once_invents_no_violation() -> None:
    chance, shrunk = Random(2), 0
    for history in random_histories(2, HISTORIES):
        if not is_linearizable(history):
            continue
        asks = of_key(register.reduce(history), 0)
        rest = {ask.row for ask in remove(asks, [chance.random() < 0.3 for _ in asks])}
        gone = {ask.row for ask in asks} - rest
        shrunk += len(gone) > 1
        left = [op for op in history if op.index not in gone]
        assert is_linearizable(left), (list(history), left)
    assert shrunk > HISTORIES // 4


def test_core_is_illegal_and_legal_without_any_one_sound_unit() -> None:
    sizes = set()
    for history in random_histories(3, HISTORIES):
        result = check(history)
        if result.linearizable:
            continue
        core = minimal_core(history, result)
        sizes.add(len(core.rows))
        assert core.minimal
        assert not is_linearizable(core.history), list(core.history)
        assert not check(core.history).linearizable
        if len(core.rows) > 1:
            for left in sound_removals(core.history):
                assert is_linearizable(left), (list(core.history), left)
    assert {1, 2, 3, 4, 5} <= sizes


def test_first_bad_prefix_is_the_shortest() -> None:
    for history in random_histories(4, HISTORIES):
        result = check(history)
        if result.linearizable:
            continue
        bad = history[minimal_core(history, result).bad_return]
        assert not is_linearizable(prefix(history, bad, whole=True))
        assert is_linearizable(prefix(history, bad, whole=False))


def prefix(history: History, end: Operation, whole: bool) -> History:
    """The history up to the return of `end`, with it or without it; what had not returned is pending."""
    returned = [op for op in history if (op.ret, op.index) < (end.ret, end.index + whole)]
    kept = [op for op in history if op.call <= end.ret]
    part = history.select([op.index for op in kept])
    names = {op.index for op in returned}
    for at, op in enumerate(kept):
        if op.index not in names:
            part.columns.ret[at], part.columns.outcome[at], part.columns.seen[at] = 2**63 - 1, 2, -1
    return part


def test_core_of_a_long_history_keeps_what_is_stale_and_what_overwrote_it() -> None:
    chance = Random(5)
    small = 0
    for taste in SMALL:
        long = replace(taste, operations=120, changes=1, crashes=0.02)
        for _ in range(10):
            history = random_history(chance, long)
            result = check(history)
            if not result.linearizable:
                core = minimal_core(history, result)
                small += 1
                assert core.minimal
                again = check(core.history)
                assert not again.linearizable
                assert len(minimal_core(core.history, again).rows) == len(core.rows)
    assert small > len(SMALL)


def test_core_of_a_queue_keeps_all_that_changes_it() -> None:
    builder = HistoryBuilder(functions=("enqueue", "dequeue"))
    for n in range(5):
        builder.add(0, "enqueue", "q", n, 10 * n, 10 * n + 1)
    builder.add(0, "dequeue", "q", 1, 100, 101)
    builder.add(0, "dequeue", "q", 0, 110, 111)
    history = builder.build()
    result = check(history, OBJECTS["queue"])
    assert result.cause == "queue order inversion"
    core = minimal_core(history, result, OBJECTS["queue"])
    assert core.rows == (0, 1, 2, 3, 4, 5)
    assert core.bad_return == 5


@pytest.mark.parametrize("second", [(2, 2), (2, 12), (2, None)])
def test_core_that_ends_while_a_process_goes_on_is_read_back(second: tuple[int, int | None]) -> None:
    """The dequeue ends the first bad prefix just when process 1 goes from one enqueue to another."""
    thing = OBJECTS["queue"]
    builder = HistoryBuilder(functions=thing.functions)
    builder.add(0, "dequeue", "k", "of nobody", 1, 2)
    builder.add(1, "enqueue", "k", "b", *second)
    builder.add(1, "enqueue", "k", "a", 2, 2)
    history = builder.build()
    core = minimal_core(history, check(history, thing), thing)
    assert len(core.rows) == 3
    for written in (json_lines(core.history), edn(core.history)):
        again = parse(written, "core", functions=thing.functions)
        assert not check(again, thing).linearizable


def test_where_the_time_ends_first_the_witness_stands_in_and_the_page_says_so() -> None:
    for history in random_histories(11, 60):
        result = check(history)
        if result.linearizable:
            continue
        core = minimal_core(history, result, seconds=0)
        assert core.rows == tuple(sorted(result.witness))
        assert not core.minimal
        page = of_core(core, result, history)
        assert WITNESS_ONLY in page
        assert "operations, a minimal sub-history" not in page
        break
    else:
        pytest.fail("all of them are linearizable")

"""All that decides linearizability agrees, on random histories and on those that once told them apart.

The slow suite has five times as many. In CI there are as many again, of a fresh seed; a failure prints the
seed and the number that repeat it.
"""

import os
import secrets
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from dynaproof.checkers.certificates import verify
from dynaproof.checkers.histories import parse
from dynaproof.checkers.linearizability import check
from dynaproof.checkers.linearizability.brute_force import explains, is_linearizable
from dynaproof.checkers.linearizability.configurations import CAS, DELETE, PUT, READ
from dynaproof.checkers.linearizability.fuzzing import Tally, fuzz
from dynaproof.checkers.linearizability.online import KeyFrontier
from dynaproof.checkers.linearizability.random_histories import LARGE, SMALL, Taste, random_histories
from dynaproof.checkers.linearizability.register import reduce
from dynaproof.specs.history import Completion, History, HistoryBuilder

FIXED_SEED, FIXED_HISTORIES, MANY_HISTORIES = 20261124, 1_000, 5_000
RARE = (1_895, 2_876, 3_252)
"""Histories of the fixed seed behind the first `FIXED_HISTORIES`, each the first that shows its cause."""
FRESH_HISTORIES = 1_000

EVERY_CAUSE = {
    "garbage read",
    "stale read",
    "lost update",
    "new-old inversion",
    "order inversion inside a chain",
    "absent observed while present",
    "unexplained absence",
    "unexplained put-if-absent",
    "cyclic conditional writes",
    "failed condition that saw what it expected",
    "unexplained read",
    "unexplained cas",
    "unexplained failed condition",
}


def fresh_seed() -> int:
    given = os.environ.get("DYNAPROOF_FUZZ_SEED")
    return int(given) if given else secrets.randbelow(2**31)


def test_everything_agrees_on_random_histories_and_every_cause_occurs() -> None:
    tally = Tally()
    for first, count in ((0, FIXED_HISTORIES), *((number, 1) for number in RARE)):
        disagreement = next(fuzz(FIXED_SEED, count, first, tally), None)
        assert disagreement is None, str(disagreement)
    assert tally.histories == FIXED_HISTORIES + len(RARE)
    assert set(tally.causes) >= EVERY_CAUSE
    assert min(tally.verdicts.values()) > FIXED_HISTORIES // 5
    assert set(tally.algorithms) == {"zones and sweep", "bad patterns", "depth-first search"}


@pytest.mark.slow
def test_everything_agrees_on_many_random_histories() -> None:
    tally = Tally()
    disagreement = next(fuzz(FIXED_SEED, MANY_HISTORIES, tally=tally), None)
    assert disagreement is None, str(disagreement)
    assert tally.histories == MANY_HISTORIES
    assert set(tally.causes) >= EVERY_CAUSE


@pytest.mark.skipif(
    not {"CI", "DYNAPROOF_FUZZ_SEED"} & set(os.environ), reason="a fresh seed is for CI: CI is not set"
)
def test_everything_agrees_on_random_histories_of_a_fresh_seed() -> None:
    disagreement = next(fuzz(fresh_seed(), FRESH_HISTORIES), None)
    assert disagreement is None, str(disagreement)


def test_a_history_is_the_same_for_the_same_seed_and_number() -> None:
    whole = [list(history) for history in random_histories(5, 40)]
    assert [list(history) for history in random_histories(5, 10, first=30)] == whole[30:]
    assert all(SMALL[n % len(SMALL)].at_least <= len(ops) <= 7 for n, ops in enumerate(whole))
    assert any(len(history) > 12 for history in random_histories(5, 40, tastes=LARGE))


def test_machine_code_groups_operations_by_key_as_sorting_does() -> None:
    for first in range(0, 300, 6):
        builder = HistoryBuilder()
        for key, one in enumerate(random_histories(6, 6, first=first)):
            for op in one:
                ret = None if op.outcome is Completion.UNKNOWN else op.ret
                builder.add(
                    10 * key + op.process, op.function, f"k{key}", op.value, op.call, ret,
                    expected=op.expected, ok=op.outcome is Completion.OK, seen=op.seen,
                )  # fmt: skip
        many = builder.build()
        rows = np.random.default_rng(first).permutation(len(many))  # As if recorded in turns.
        mixed = History(type(many.columns)(*(c[rows] for c in many.columns)), many.keys, many.values)
        for sorted_column, grouped_column in zip(
            reduce(mixed), reduce(mixed, machine_code=True), strict=True
        ):
            assert sorted_column.tolist() == grouped_column.tolist()
            assert sorted_column.dtype == grouped_column.dtype


def test_plain_histories_are_decided_in_numpy_as_by_the_reference() -> None:
    plain = Taste(
        operations=80, at_least=60, reads=5, puts=4, deletes=0, cases=0, puts_if_absent=0,
        conditional_deletes=0, changes=0.6, overlap=3, crashes=0.01, failures=0.01,
    )  # fmt: skip
    engines = Counter[str]()
    verdicts = Counter[str]()
    for one in random_histories(8, 400, tastes=(plain, replace(plain, ties=True), replace(plain, overlap=8))):
        result, reference, machine = (check(one, machine_code=how) for how in (None, False, True))
        engines[result.engine] += 1
        verdicts[result.verdict] += 1
        assert result.verdict == reference.verdict == machine.verdict
        assert (result.cause is None) == (reference.cause is None)
        if result.certificate is not None:
            verify(one, result.certificate)
        assert (reference.engine, machine.engine) == ("Python", "machine code")
    assert engines["numpy"] > 150
    assert min(verdicts.values()) > 20


# ---- the oracle itself, on histories that a reader can decide


def history(*lines: str) -> History:
    return parse("\n".join(lines).encode(), "here")


def write(process: int, value: object, call: int, ret: int | str) -> str:
    return f'{{"process":{process},"f":"write","key":"k","value":{value},"call":{call},"return":{ret}}}'


def read(process: int, value: object, call: int, ret: int | str) -> str:
    return f'{{"process":{process},"f":"read","key":"k","value":{value},"call":{call},"return":{ret}}}'


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        ([write(0, 1, 0, 1), read(0, 1, 2, 3)], True),
        ([write(0, 1, 0, 1), read(0, "null", 2, 3)], False),
        ([write(0, 1, 0, 2), read(1, "null", 2, 3)], True),  # Closed intervals: they overlap at 2.
        ([write(0, 1, 0, "null"), read(1, "null", 2, 3), read(1, 1, 4, 5)], True),
        ([write(0, 1, 0, "null"), read(1, 1, 2, 3), read(1, "null", 4, 5)], False),
        ([read(1, 1, 2, 3), write(0, 1, 4, "null")], False),
        ([write(0, 1, 0, 9), write(1, 2, 0, 9), read(2, 1, 3, 4), read(2, 2, 5, 6)], True),
        ([write(0, 1, 0, 1), write(1, 2, 2, 3), read(2, 2, 4, 5), read(2, 1, 6, 7)], False),
    ],
)
def test_the_oracle_knows_the_textbook_histories(lines: list[str], verdict: bool) -> None:
    operations = list(history(*lines))
    assert is_linearizable(operations) is verdict


def test_the_definition_refuses_each_kind_of_wrong_order() -> None:
    ops = list(history(write(0, 1, 0, 1), read(0, 1, 2, 3), write(1, 2, 4, "null")))
    assert explains(ops, ops[:2])
    assert explains(ops, ops)
    assert not explains(ops, ops[:1])  # Missing,
    assert not explains(ops, [ops[0], ops[1], ops[1]])  # twice,
    assert not explains(ops, [ops[1], ops[0]])  # against time and values,
    assert not explains(ops, [ops[0], ops[2], ops[1]])  # against time.


# ---- a cas that failed says nothing in EDN; in the text logs, or by an option, that the value differed


def jepsen(*events: str) -> bytes:
    return "\n".join(f"{{:process {e.split()[0]}, :type :{e.split()[1]}, :f :{e.split()[2]}, "
                     f":value {' '.join(e.split()[3:])}}}" for e in events).encode()  # fmt: skip


FAIL_DECIDES = (
    (
        "the only value that was ever there",
        ["0 invoke write 1", "0 ok write 1", "1 invoke cas [1 2]", "1 fail cas [1 2]"],
    ),
    (
        "the value before and after it, with no write beside it",
        ["0 invoke write 3", "0 ok write 3", "2 invoke read nil", "1 invoke cas [3 4]", "1 fail cas [3 4]",
         "2 ok read 3"],
    ),
    (
        "absent, at the very beginning",
        ["1 invoke cas [nil 4]", "1 fail cas [nil 4]", "0 invoke write 3", "0 ok write 3"],
    ),
)  # fmt: skip


@pytest.mark.parametrize(("why", "events"), FAIL_DECIDES)
def test_a_failed_cas_of_unknown_cause_counts_where_it_says_that_the_value_differed(
    why: str, events: list[str]
) -> None:
    with_rule = parse(jepsen(*events), "here", failed_cas="differed")
    without = parse(jepsen(*events), "here")
    dropped = parse(jepsen(*(event for event in events if " cas " not in event)), "here")
    assert check(with_rule).verdict == "not linearizable", why
    assert check(with_rule).cause == "unexplained failed condition"
    assert check(dropped).verdict == "linearizable"
    assert check(without).verdict == "linearizable"
    assert len(without) == len(with_rule) > len(dropped)


def test_the_same_failed_cas_is_explained_by_a_write_beside_it_or_of_unknown_outcome() -> None:
    events = list(FAIL_DECIDES[0][1])
    beside = [*events[:2], "2 invoke write 5", *events[2:], "2 ok write 5"]
    pending = [*events[:2], "2 invoke write 5", "2 info write 5", *events[2:]]
    too_late = [*events, "2 invoke write 5", "2 ok write 5"]
    assert check(parse(jepsen(*beside), "here", failed_cas="differed")).linearizable
    assert check(parse(jepsen(*pending), "here", failed_cas="differed")).linearizable
    assert not check(parse(jepsen(*too_late), "here", failed_cas="differed")).linearizable


def test_in_the_text_log_the_value_differed() -> None:
    lines = [
        f"INFO  jepsen.util - {e.split()[0]}\t:{e.split()[1]}\t:{e.split()[2]}\t{' '.join(e.split()[3:])}"
        for e in FAIL_DECIDES[0][1]
    ]
    assert not check(parse("\n".join([*lines, ""]).encode(), "here")).linearizable
    assert check(parse("\n".join([*lines[:2], ""]).encode(), "here")).linearizable


# ---- what fuzzing found


def test_a_condition_that_saw_what_it_expected_is_not_forgotten_by_an_open_read() -> None:
    key = KeyFrontier()
    key.call("put", PUT, 1)
    key.call("read", READ)
    key.call("cas", CAS, 2, 1)
    key.returned("put")
    assert not key.returned("cas", 1, applied=False)
    assert not key.returned("read", 1)


def test_a_bit_given_again_means_nothing_in_older_snapshots() -> None:
    key = KeyFrontier()
    key.call("early", READ)
    key.call("other", READ)
    assert key.returned("other", None)
    key.call("create", CAS, 103, None)
    key.call("late", CAS, 105, None)
    assert key.returned("early", None)
    key.call("refused", DELETE)
    assert key.abandon("refused")
    assert key.returned("create")
    assert key.returned("late", 103, applied=False)

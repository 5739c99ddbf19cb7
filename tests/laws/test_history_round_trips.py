"""What the writers write reads back as the same operations, in our format and in EDN."""

from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaproof.checkers.histories import json_lines as reader
from dynaproof.checkers.histories import parse
from dynaproof.checkers.histories.edn_values import Character, EdnMap, Keyword, Symbol, Tagged
from dynaproof.checkers.histories.values import freeze
from dynaproof.checkers.histories.writers import edn, json_lines
from dynaproof.checkers.linearizability import check
from dynaproof.checkers.linearizability.random_histories import Taste, random_histories, random_history
from dynaproof.specs.history import UNRECORDED, Completion, History, HistoryBuilder
from dynaproof.specs.objects import Register

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
EDN = st.recursive(
    SCALARS
    | st.sampled_from([Keyword("a"), Keyword("b-c"), 1.5, -2e30, 'quote " and \\ and \n', Fraction(1, 3)])
    | st.sampled_from(
        [Symbol("a"), Character("\n"), Tagged("inst", "2026"), Symbol("##NaN"), Decimal("1.5")]
    ),
    lambda inner: (
        st.tuples(inner, inner)
        | st.tuples(inner)
        | st.frozensets(inner, max_size=2)
        | st.dictionaries(inner, inner, max_size=2).map(EdnMap)
    ),
    max_leaves=4,
)


@st.composite
def histories(draw: st.DrawFn, values: st.SearchStrategy[Any], ties: bool) -> History:
    """Histories of some processes, some keys, every function and every outcome."""
    builder = HistoryBuilder()
    keys = draw(st.sampled_from([["register"], ["a"], ["a", "register", 'odd "key"\n']]))
    pool = [freeze(value) for value in draw(st.lists(values, min_size=1, max_size=4))]
    functions = ["read", "write", "cas", "delete"]
    if draw(st.booleans()):
        functions = ["read", "write", "append"]
    clock = 0
    for process in range(draw(st.integers(1, 3))):
        clock = draw(st.integers(0, 3)) if ties else clock + 1
        for _ in range(draw(st.integers(0, 4))):
            call = clock
            clock += draw(st.integers(0, 2)) if ties else 1
            function = draw(st.sampled_from(functions))
            outcome = draw(st.sampled_from(Completion))
            unknown = outcome is Completion.UNKNOWN
            nothing = function == "delete" or (function == "read" and outcome is not Completion.OK)
            value = None if nothing else draw(st.sampled_from(pool))
            seen = UNRECORDED
            if function == "cas" and outcome is Completion.FAILED and draw(st.booleans()):
                seen = draw(st.sampled_from(pool))
            builder.add(
                process, function, draw(st.sampled_from(keys)), value, call, None if unknown else clock,
                expected=draw(st.sampled_from(pool)) if function == "cas" else None,
                ok=outcome is Completion.OK, seen=seen, differed=outcome is not Completion.NO_EFFECT,
            )  # fmt: skip
            if unknown:
                break
            clock += 0 if ties else 1
        clock += 1
    return builder.build()


def rows(history: History, *without: str) -> list[dict[str, Any]]:
    """The operations, each by its fields, values by the order of their first appearance."""
    names: dict[Any, int] = {}

    def name(value: Any) -> Any:
        if value is None or value is UNRECORDED:
            return value
        return names.setdefault((type(value) is bool, value), len(names))

    told = []
    for op in history:
        fields = {field: getattr(op, field) for field in op.__struct_fields__}
        fields |= {"value": name(op.value), "expected": name(op.expected), "seen": name(op.seen)}
        told.append({field: value for field, value in fields.items() if field not in without})
    return told


@given(histories(JSON, ties=True))
def test_json_lines_read_back_as_they_were(history: History) -> None:
    if len(history):
        again = parse(json_lines(history), "f", functions=history.functions)
        assert rows(again) == rows(history)
        assert json_lines(again) == json_lines(history)


@given(histories(EDN, ties=False))
def test_edn_keeps_operations_and_times(history: History) -> None:
    if len(history):
        again = parse(edn(history), "f")
        by_call = history.select(sorted(range(len(history)), key=lambda row: history.columns.call[row]))
        # Without a time of its own for each event there is only their order.
        without = ("line", "process") if again.clock == "ns" else ("line", "process", "call", "ret")
        assert rows(again, *without) == rows(by_call, *without)


@given(histories(EDN, ties=True))
def test_edn_values_become_json_values_of_their_own(history: History) -> None:
    if len(history):
        again = parse(json_lines(history), "f", functions=history.functions)
        assert rows(again) == rows(history)


@pytest.mark.parametrize("function", ["write", "cas", "read", "delete"])
def test_keys_written_to_edn_are_keys_again(function: str) -> None:
    """Of writes and conditions alone, `[key value]` would not show that it is a tuple."""
    builder = HistoryBuilder()
    for process, key in enumerate(["a", "b"]):
        value = None if function == "delete" else ("b", (1, 2))
        builder.add(process, function, key, value, 0, 1, expected=(1, 2) if function == "cas" else None)
    assert [op.key for op in parse(edn(builder.build()), "f")] == ["a", "b"]


@pytest.mark.parametrize("clock", ["ns", "position"])
def test_times_of_a_log_without_a_clock_stay_positions(clock: Any) -> None:
    builder = HistoryBuilder(clock=clock)
    builder.add(0, "write", "k", 1, 1, 2)
    builder.add(0, "read", "k", 0, 12, 13)
    history = builder.build()
    for written in (json_lines(history), edn(history)):
        again = parse(written, "f")
        assert again.clock == clock
        assert ("10 ns before" in check(again, Register(0)).sentence) == (clock == "ns")


def test_verdicts_survive_being_written() -> None:
    for history in random_histories(11, 600):
        verdict = check(history).verdict
        assert check(parse(json_lines(history), "f")).verdict == verdict
        assert check(parse(edn(history), "f")).verdict == verdict, list(history)


@given(histories(JSON, ties=True), st.sampled_from([1, 40, 200]))
def test_blocks_and_single_lines_are_read_alike(history: History, block_bytes: int) -> None:
    if len(history):
        data = json_lines(history)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reader, "BLOCK_BYTES", block_bytes)
            by_blocks = parse(data, "f", functions=history.functions)
            patch.setattr(reader._Reader, "_columns", lambda _self, _lines: None)
            by_lines = parse(data, "f", functions=history.functions)
        assert rows(by_blocks) == rows(by_lines) == rows(history)


def test_regular_blocks_go_by_columns(monkeypatch) -> None:
    monkeypatch.setattr(
        reader._Reader, "_line_by_line", lambda _self, block, _last: pytest.fail(block.decode())
    )
    chance = Random(12)
    for _ in range(200):
        history = random_history(chance, Taste(failures=0))
        assert check(parse(json_lines(history), "f")).verdict == check(history).verdict

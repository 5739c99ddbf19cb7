"""The objects and commands of docs/linearizability.md do what it says; other objects are searched."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from dynaproof.checkers.certificates import CertificateError, verify
from dynaproof.checkers.linearizability import Budget, check, minimal_core
from dynaproof.checkers.linearizability.brute_force import is_linearizable
from dynaproof.cli import main
from dynaproof.specs.history import History, HistoryBuilder, Operation
from dynaproof.specs.objects import OBJECTS, Register, SequentialObject, State


def test_every_documented_command_runs_as_documented(root: Path, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(root)
    text = (root / "docs/linearizability.md").read_text()
    commands = re.findall(r"^\./run (check examples.*?)(?:\s+# (.*))?$", text, re.MULTILINE)
    assert len(commands) == 4
    for command, told in commands:
        arguments = command.replace("counterexample.html", str(tmp_path / "page.html")).split()
        assert main(arguments) == (1 if told or "--html" in command else 0), command


def random_history(chance: Random, thing: SequentialObject) -> History:
    """Up to six operations, mostly answered as a run of the object would, mostly overlapping."""
    functions = thing.functions
    builder = HistoryBuilder(functions=functions)
    state = thing.initial
    for process in range(3 + chance.getrandbits(2) % 4):
        function = functions[chance.getrandbits(8) % len(functions)]
        value = 1 + chance.getrandbits(1)
        if thing.name == "string":
            value = "ab"[value - 1]
        call = 3 * process
        returned = None if chance.random() < 0.15 else call + chance.getrandbits(4)
        if function in {"read", "dequeue"} and chance.random() < 0.85:
            value = (state[0] if state else None) if function == "dequeue" else state
        failed = function not in {"read", "dequeue"} and chance.random() < 0.1
        row = builder.add(process, function, "k", value, call, returned, ok=not failed)
        probe = HistoryBuilder(functions=functions)
        probe.add(0, function, "k", value, 0, 1, ok=not failed)
        assert row >= 0
        state = next(iter(thing.step(state, probe.build()[0])), state)
    return builder.build()


@pytest.mark.parametrize("name", ["string", "queue", "counter"])
def test_search_agrees_with_all_orders(name: str) -> None:
    thing, chance, verdicts = OBJECTS[name], Random(name), [0, 0]
    for _ in range(700):
        history = random_history(chance, thing)
        told = [op for op in history if op.outcome.name != "FAILED"]
        expected = is_linearizable(told, thing)
        result = check(history, thing)
        assert result.linearizable == expected, list(history)
        verdicts[expected] += 1
    assert min(verdicts) > 50


class Die:
    """A die: each roll leaves any of its faces, and a look sees the one."""

    name = "die"
    functions = ("roll", "look")
    reads = ("look",)
    initial = 1

    def step(self, state, operation):
        return range(1, 7) if operation.function == "roll" else (state,) if operation.value == state else ()


def die_history(*looks: int) -> History:
    builder = HistoryBuilder(functions=Die.functions)
    builder.add(0, "roll", "d", None, 0, 10)
    for i, face in enumerate(looks):
        builder.add(1, "look", "d", face, 20 + 2 * i, 21 + 2 * i)
    return builder.build()


def test_nondeterministic_object_may_step_to_any_of_its_states() -> None:
    assert check(die_history(6, 6), Die()).linearizable
    assert not check(die_history(6, 5), Die()).linearizable
    assert not check(die_history(7), Die()).linearizable


def test_search_gives_up_within_its_budgets_and_says_how_far_it_came() -> None:
    builder = HistoryBuilder(functions=("enqueue", "dequeue"))
    # The first 99 must come out first, but no pattern says so, for there are two.
    builder.add(0, "enqueue", "q", 99, -20, -10)
    for i in range(12):
        builder.add(i, "enqueue", "q", i or 99, 0, 100)
    for i in range(1, 12):
        builder.add(20 + i, "dequeue", "q", i, 200, 300)
    builder.add(20, "dequeue", "q", 99, 400, 500)
    history = builder.build()
    for budget, reason in [
        (Budget(configurations=1_000), "more than 1000 configurations"),
        (Budget(megabytes=1), "more than 2500 configurations"),
        (Budget(seconds=0.05), "time"),
    ]:
        result = check(history, OBJECTS["queue"], budget)
        assert result.verdict == "unknown"
        assert result.undecided == ("q",)
        found = re.fullmatch(
            r"(\d+) of 25 operations explained when the budget ended \((.*)\)", result.sentence
        )
        assert found is not None
        assert found[2] == reason
        assert 0 < int(found[1]) < 24


def test_examples_hold_what_the_document_shows(root: Path, capsys) -> None:
    assert main(["check", str(root / "examples/histories/stale_read.jsonl"), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    text = " ".join((root / "docs/linearizability.md").read_text().split())
    assert answer["sentence"] in text
    assert f"lines {', '.join(map(str, answer['witness']))}" in text


class WrittenOnce(Register):
    """A register that keeps the first value written to it."""

    def step(self, state: State, operation: Operation) -> Iterable[State]:
        return (
            (state,)
            if operation.function == "write" and state is not None
            else super().step(state, operation)
        )


def test_object_derived_from_a_register_is_judged_by_its_own_steps() -> None:
    builder = HistoryBuilder()
    builder.add(0, "write", "k", 1, 1, 2)
    builder.add(0, "write", "k", 2, 3, 4)
    builder.add(0, "read", "k", 2, 5, 6)
    last = builder.build()
    builder.becomes(2, "read", 1)
    first = builder.build()
    assert check(last).linearizable
    assert not check(last, WrittenOnce()).linearizable
    assert len(minimal_core(last, check(last, WrittenOnce()), WrittenOnce()).rows) == 3
    with pytest.raises(CertificateError):
        verify(last, [0, 1, 2], WrittenOnce())
    result = check(first, WrittenOnce())
    assert result.certificate is not None
    verify(first, result.certificate, WrittenOnce())

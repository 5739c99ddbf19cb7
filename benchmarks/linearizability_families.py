"""Histories to measure with: one register used in many ways, and many registers; valid and invalid.

Each is a run of a real register by clients that wait for their answers: lengths of operations are uniform,
pauses short, and each operation happens at a moment between its call and its return. An invalid one has one
read, late in the run, that returns a value long overwritten (or, where no read would tell, never written).
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from dynaproof.specs.history import History, HistoryBuilder

LENGTH, PAUSE = 1_000_000, 200_000  # nanoseconds
KINDS = ("read", "write", "cas", "create", "delete")
RECENT = 5
SPOILED_BACK = 200
"""An invalid history's read returns the value that was so many values ago,"""
SPOILED_AFTER = 0.7
"""after this much of the history."""


@dataclass(slots=True)
class _Slot:
    process: int
    call: int
    point: int
    ret: int


def _slots(chance: Random, clients: int, operations: int, first_process: int = 0) -> list[_Slot]:
    slots = []
    each, more = divmod(operations, clients)
    for client in range(clients):
        clock = int(chance.random() * LENGTH)
        for _ in range(each + (client < more)):
            length = 1 + int(chance.random() * 2 * LENGTH)
            point = clock + int(chance.random() * length)
            slots.append(_Slot(first_process + client, clock, point, clock + length))
            clock += length + 1 + int(chance.random() * 2 * PAUSE)
    slots.sort(key=lambda slot: slot.point)
    return slots


@dataclass(frozen=True)
class Mix:
    """What clients do, by weight; `values` 0: each value is written once."""

    reads: float = 5
    writes: float = 5
    cases: float = 0
    creates: float = 0
    deletes: float = 0
    values: int = 0
    crashed: float = 0
    seen: bool = True


def one_key(mix: Mix, clients: int, operations: int, seed: int = 1) -> Callable[[bool], History]:
    """How to make a history of one register."""

    def make(valid: bool) -> History:
        builder = HistoryBuilder()
        _fill(builder, "k", Random(seed), mix, clients, operations, valid, 0)
        return builder.build()

    return make


def many_keys(mix: Mix, keys: int, clients: int, operations: int) -> Callable[[bool], History]:
    """How to make a history of many registers, of so many operations each; only the last may be invalid."""

    def make(valid: bool) -> History:
        builder = HistoryBuilder()
        for key in range(keys):
            fine = valid or key < keys - 1
            _fill(builder, f"key{key}", Random(key), mix, clients, operations, fine, key * clients)
        return builder.build()

    return make


def windows(width: int, rounds: int) -> Callable[[bool], History]:
    """How to make a history of rounds: `width` writes and half as many reads at once, then one read alone."""

    def make(valid: bool) -> History:
        builder = HistoryBuilder()
        chance = Random(width)
        clock, value, state = 0, 0, None
        for number in range(rounds):
            begin, end, clock = clock, clock + LENGTH, clock + 2 * LENGTH
            kinds = sorted((chance.random(), process, process < width) for process in range(width * 3 // 2))
            for _, process, writes in kinds:  # In the order in which they happen.
                times = begin + int(chance.random() * 1_000), end - int(chance.random() * 1_000)
                if writes:
                    value += 1
                    state = value
                builder.add(process, "write" if writes else "read", "k", state, *times)
            stale = not valid and number == rounds - 1
            builder.add(0, "read", "k", value - width if stale else state, end + 1, end + 1 + PAUSE)
        return builder.build()

    return make


class _Run:
    """A register while its clients use it."""

    def __init__(self, chance: Random, mix: Mix) -> None:
        self.chance = chance
        self.mix = mix
        self.state: Any = None
        self.history: list[Any] = [None]

    def below(self, n: int) -> int:
        return int(self.chance.random() * n)

    def kind(self) -> str:
        mix = self.mix
        weights = (mix.reads, mix.writes, mix.cases, mix.creates, mix.deletes)
        draw = self.chance.random() * sum(weights)
        for kind, weight in zip(KINDS, weights, strict=True):
            if draw < weight:
                return kind
            draw -= weight
        return "read"

    def expected(self, kind: str) -> Any:
        """What a condition compares with: mostly what is there, else something of late."""
        if kind == "create":
            return None
        if self.mix.values:
            return self.below(self.mix.values)
        if self.chance.random() < 0.7:
            return self.state
        return self.history[-1 - self.below(min(RECENT, len(self.history)))]

    def leave(self, value: Any) -> None:
        if value is not None and value != self.state:
            self.history.append(value)
        self.state = value


def _fill(
    builder: HistoryBuilder,
    key: str,
    chance: Random,
    mix: Mix,
    clients: int,
    operations: int,
    valid: bool,
    first_process: int,
) -> None:
    run = _Run(chance, mix)
    spoiled, crashes = valid, 0
    for number, slot in enumerate(_slots(chance, clients, operations, first_process)):
        times = slot.call, slot.ret
        if not spoiled and number > operations * SPOILED_AFTER and len(run.history) > SPOILED_BACK:
            spoiled = True
            builder.add(
                slot.process, "read", key, "never" if mix.values else run.history[-SPOILED_BACK], *times
            )
            continue
        kind = run.kind()
        value = run.below(mix.values) if mix.values else number + 1
        process, ret, happens = slot.process, slot.ret, True
        if kind != "read" and chance.random() < mix.crashed:
            crashes += 1  # It gets a process of its own, so that its client may go on.
            process, ret, happens = -crashes, None, chance.random() < 0.5
        if kind == "read":
            builder.add(process, "read", key, run.state, *times)
        elif kind in {"write", "delete"}:
            value = value if kind == "write" else None
            builder.add(process, kind, key, value, slot.call, ret)
            if happens:
                run.leave(value)
        else:
            expected = run.expected(kind)
            if expected == value:
                value = (value + 1) % mix.values
            applies = expected == run.state
            told = {"seen": run.state} if mix.seen and not applies and ret is not None else {}
            builder.add(
                process,
                "cas",
                key,
                value,
                slot.call,
                ret,
                expected=expected,
                ok=applies or ret is None,
                **told,
            )
            if applies and happens:
                run.leave(value)


REGISTER = Mix()
UNIQUE_CAS = Mix(reads=5, writes=1, cases=5)
FIVE_VALUES = Mix(reads=4, writes=3, cases=3, values=5, seen=False)
FEW_CRASHED = Mix(reads=4, writes=3, cases=3, values=5, crashed=0.1, seen=False)
FEWER_CRASHED = Mix(reads=4, writes=3, cases=3, values=2, crashed=0.02, seen=False)
CRASHED = Mix(reads=5, writes=4, cases=2, crashed=0.02)
DELETES = Mix(reads=5, writes=3, creates=2, deletes=3)

ONE_KEY: dict[str, Callable[[bool], History]] = {
    "one register, 5 clients, 1k": one_key(REGISTER, 5, 1_000),
    "one register, 5 clients, 10k": one_key(REGISTER, 5, 10_000),
    "one register, 5 clients, 100k": one_key(REGISTER, 5, 100_000),
    "one register, 20 clients, 1k": one_key(REGISTER, 20, 1_000),
    "one register, 50 clients, 1k": one_key(REGISTER, 50, 1_000),
    "one register, 100 clients, 100k": one_key(REGISTER, 100, 100_000),
    "unique cas, 20 clients, 1k": one_key(UNIQUE_CAS, 20, 1_000),
    "unique cas, 20 clients, 100k": one_key(UNIQUE_CAS, 20, 100_000),
    "cas over 5 values, 20 clients, 1k": one_key(FIVE_VALUES, 20, 1_000),
    "cas over 5 values, 50 clients, 10k": one_key(FIVE_VALUES, 50, 10_000),
    "1 % crashed, 20 clients, 1k": one_key(CRASHED, 20, 1_000),
    "1 % crashed, 20 clients, 10k": one_key(CRASHED, 20, 10_000),
    "2 values, 1 % crashed, 5 clients, 1k": one_key(FEWER_CRASHED, 5, 1_000),
    "2 values, 1 % crashed, 10 clients, 1k": one_key(FEWER_CRASHED, 10, 1_000),
    "5 values, 6 % crashed, 5 clients, 1k": one_key(FEW_CRASHED, 5, 1_000),
    "5 values, 6 % crashed, 8 clients, 1k": one_key(FEW_CRASHED, 8, 1_000),
    "5 values, 6 % crashed, 10 clients, 1k": one_key(FEW_CRASHED, 10, 1_000),
    "deletes, 20 clients, 1k": one_key(DELETES, 20, 1_000),
    "deletes, 20 clients, 100k": one_key(DELETES, 20, 100_000),
    "windows of 16 writes, 100 rounds": windows(16, 100),
    "windows of 24 writes, 100 rounds": windows(24, 100),
    "windows of 30 writes, 100 rounds": windows(30, 100),
}
MANY_KEYS = "1000 keys, 5 clients each, 1M"
FAMILIES: dict[str, Callable[[bool], History]] = {**ONE_KEY, MANY_KEYS: many_keys(REGISTER, 1_000, 5, 1_000)}
"""How the histories are made, by name: the argument says whether it is to be valid."""

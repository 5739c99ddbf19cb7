"""The simulator's judge says at every event what the checker says of the whole history up to there."""

from itertools import combinations
from random import Random
from typing import Any

from dynaproof.checkers.linearizability import check
from dynaproof.checkers.scenarios.catalogue import config_of, execute
from dynaproof.checkers.workloads.judge import MOST, Judge
from dynaproof.impl.partition.messages.requests import Delete, Get, Put
from dynaproof.impl.partition.records import StoredItem
from dynaproof.specs.history import UNRECORDED, HistoryBuilder

SEEDS = 4_000
VALUES: list[bytes | None] = [None, b"0", b"1", b"2"]


class Recorded:
    """A random run of one key, told to the judge and kept for the checker."""

    endings: tuple[str, ...] = ("ok", "ok", "indefinite", "definite")

    def __init__(self, seed: int, most: int = MOST) -> None:
        self.seed, self.rng = seed, Random(seed)
        self.judge = Judge(most)
        self.operations: dict[int, Any] = {}
        self.called: dict[int, int] = {}
        self.returned: dict[int, tuple[int, str, Any]] = {}
        self.running: list[int] = []
        self.lost: list[int] = []
        self.settled: list[int] = []
        self.clock = 0

    def pick(self, some: list[Any]) -> Any:
        return some[self.rng.getrandbits(16) % len(some)]

    def step(self) -> str | None:
        self.clock += 1
        what = self.rng.getrandbits(3)
        if what == 0 and self.lost:
            return self.settle()
        if what < 5 and self.running:
            return self.end()
        if len(self.running) < 4:
            self.begin()
        return None

    def begin(self) -> None:
        number = len(self.operations)
        conditional = bool(self.rng.getrandbits(1))
        expected = self.pick(VALUES) if conditional else None
        operation = self.operation(conditional, expected, number)
        self.operations[number], self.called[number] = operation, self.clock
        self.running.append(number)
        self.judge.invoked(number, operation)

    def operation(self, conditional: bool, expected: bytes | None, number: int) -> Any:
        return self.pick(
            [
                Get(b"k", strong=True),
                Delete(b"k", conditional, expected),
                Put(b"k", self.pick([*VALUES[1:], b"%d" % number]), conditional, expected),
            ]
        )

    def end(self) -> str | None:
        number = self.pick(self.running)
        self.running.remove(number)
        operation = self.operations[number]
        reads = isinstance(operation, Get)
        endings = list(self.endings)
        if not reads and operation.conditional:
            endings += ["condition_failed"]
        ending = self.pick(endings)
        seen = self.pick(VALUES) if reads or ending == "condition_failed" else None
        if ending == "indefinite":
            if not reads:
                self.lost.append(number)
        else:
            self.returned[number] = self.clock, ending, seen
        return self.judge.ended(number, ending, None if seen is None else StoredItem(seen, 1, 1))

    def settle(self) -> str | None:
        number = self.pick(self.lost)
        self.lost.remove(number)
        self.settled.append(number)
        took_effect = bool(self.rng.getrandbits(1))
        self.returned[number] = self.clock, "ok" if took_effect else "definite", None
        return self.judge.settle(number, took_effect)

    def legal(self, *, bounded: bool) -> bool:
        """What the checker says of all that has happened so far.

        A write that was settled to have taken effect either did by then, or (nobody having seen it) never;
        without `bounded` it may also still come.
        """
        settled = [number for number in self.settled if self.returned[number][1] == "ok"]
        if not bounded:
            return self.legal_if(never=[], open_still=settled)
        return any(
            self.legal_if(never=list(never), open_still=[])
            for size in range(len(settled) + 1)
            for never in combinations(settled, size)
        )

    def legal_if(self, never: list[int], open_still: list[int]) -> bool:
        builder = HistoryBuilder()
        for number, operation in self.operations.items():
            time, ending, seen = self.returned.get(number, (None, "indefinite", None))
            if number in open_still:
                time, ending = None, "indefinite"
            if ending == "definite" or number in never:
                continue
            common = {"call": self.called[number], "ret": time}
            if isinstance(operation, Get):
                builder.add(number, "read", "k", seen, **common)
                continue
            new = operation.item if isinstance(operation, Put) else None
            if not operation.conditional:
                builder.add(number, "write", "k", new, **common)
                continue
            failed = ending == "condition_failed"
            builder.add(
                number, "cas", "k", new, **common, expected=operation.expected, ok=not failed,
                seen=seen if failed else UNRECORDED,
            )  # fmt: skip
        return check(builder.build()).linearizable


class Twins(Recorded):
    """Most writes are lost, and many of them do the same."""

    endings = ("ok", "indefinite", "indefinite", "indefinite")

    def operation(self, conditional: bool, expected: bytes | None, number: int) -> Any:
        if self.rng.getrandbits(16) % 5 < 2:
            return Get(b"k", strong=True)
        conditional, expected = number % 3 == 0, self.pick(VALUES[:2])
        return self.pick(
            [Delete(b"k", conditional, expected), Put(b"k", self.pick(VALUES[1:3]), conditional, expected)]
        )


def compared(run: Recorded, steps: int, every_step: bool = False) -> tuple[str | None, bool]:
    """What the judge says of this many steps, held against the checker: up to the first no, or at the end.

    And whether only a write that was settled, and may still come, makes it a yes.
    """
    for _ in range(steps):
        told = run.step()
        if told is not None:
            assert not run.legal(bounded=True), (run.seed, told)
            break
        assert not every_step or run.legal(bounded=False), run.seed
    else:
        assert run.legal(bounded=False), run.seed
    assert not run.judge.overflowed
    return told, told is None and not run.legal(bounded=True)


def test_lost_writes_that_do_the_same_are_told_apart_by_when_they_were_called_and_settled() -> None:
    found = [compared(Twins(seed), 26) for seed in range(SEEDS)]
    yes = sum(told is None for told, _ in found)
    assert min(yes, SEEDS - yes) > SEEDS // 10
    assert sum(between for _, between in found) < SEEDS // 50


def test_judge_and_checker_agree_after_every_event() -> None:
    found = [compared(Recorded(seed), 18, every_step=seed % 10 == 0) for seed in range(SEEDS)]
    yes = sum(told is None for told, _ in found)
    assert min(yes, SEEDS - yes) > SEEDS // 10
    # Only where a read was running when it was settled.
    assert sum(between for _, between in found) < SEEDS // 100


def test_a_judge_that_may_do_little_gives_up_and_is_never_wrong_about_a_no() -> None:
    gave_up = refused = 0
    for seed in range(SEEDS // 4):
        run = Recorded(seed, most=3)
        for _ in range(18):
            if run.step() is not None:
                refused += 1
                assert not run.legal(bounded=True), seed
                break
        gave_up += run.judge.overflowed
    assert gave_up > SEEDS // 100
    assert refused > SEEDS // 40


def test_writes_of_unknown_outcome_that_explain_nothing_cost_nothing() -> None:
    judge = Judge(most=200)
    for number in range(200):
        operation = (
            Delete(b"k"),
            Delete(b"k", True, None),
            Put(b"k", b"%d" % number, True, None),
            Put(b"k", b"%d" % number),
        )[number % 4]
        judge.invoked(number, operation)
        judge.ended(number, "indefinite", None)
    judge.invoked("delete", Delete(b"k"))
    judge.invoked("beside", Delete(b"k"))
    assert judge.ended("delete", "ok", None) is None
    judge.invoked("read", Get(b"k", strong=True))
    assert judge.ended("read", "ok", StoredItem(b"7", 1, 1)) is None
    assert not judge.overflowed
    judge.invoked("read", Get(b"k", strong=True))
    assert judge.ended("read", "ok", StoredItem(b"never written", 1, 1)) is not None


def test_a_schedule_of_three_keys_that_lost_a_hundred_writes_is_judged_to_its_end() -> None:
    outcome = execute(config_of("partition", "portfolio", 21, 94))
    assert outcome.endings["indefinite"] > 100
    assert outcome.failure is None
    assert (outcome.keys, outcome.unjudged) == (3, 0)


def test_a_schedule_that_lost_a_hundred_writes_in_a_row_is_judged_by_their_order() -> None:
    outcome = execute(config_of("partition", "portfolio", 21, 798))
    assert outcome.endings["indefinite"] > 100
    assert (outcome.keys, outcome.unjudged) == (2, 0)

"""The weaker promises, each held against its definition: is there any order of the writes that keeps it?"""

from collections.abc import Callable, Sequence
from itertools import permutations
from random import Random

import pytest

from dynaproof.checkers.histories.writers import json_lines
from dynaproof.checkers.linearizability.beginning import with_beginning
from dynaproof.checkers.linearizability.promises import (
    NOT_COMMITTED,
    NotARegisterError,
    eventual,
    monotonic_reads,
    read_your_writes,
)
from dynaproof.cli import main
from dynaproof.specs.history import NEVER, UNRECORDED, Completion, History, HistoryBuilder, Operation

HISTORIES = 1_500

START = Operation(-1, 0, -1, "delete", "k", None, None, UNRECORDED, -NEVER, -NEVER, Completion.OK)


def random_history(chance: Random, values: int) -> History:
    """Three processes on one key: writes, deletes, conditional writes and reads of any version."""
    builder = HistoryBuilder()
    number = 0
    for process in range(3):
        clock = int(chance.random() * 8)
        for _ in range(3):
            call = clock + int(chance.random() * 4)
            clock = call + int(chance.random() * 6)
            pick = chance.random()
            number += 1
            value = 1 + (number if values == 0 else int(chance.random() * values))
            ret = None if chance.random() < 0.1 else clock
            if pick < 0.5:
                guess = 1 + int(chance.random() * (values or number + 1))
                builder.add(process, "read", "k", guess if chance.random() < 0.8 else None, call, ret)
            elif pick < 0.85:
                builder.add(process, "write", "k", value, call, ret, ok=chance.random() < 0.9)
            elif pick < 0.93:
                builder.add(process, "delete", "k", None, call, ret)
            else:
                builder.add(process, "cas", "k", value, call, ret, expected=None, ok=chance.random() < 0.7)
            if ret is None:
                break
            clock += 1
    return builder.build()


def orders(history: History) -> list[tuple[Operation, ...]]:
    """All orders of the writes that may have happened which agree with real time, absence in front."""
    writes = [op for op in history if op.function != "read" and op.outcome is not Completion.FAILED]
    return [
        (START, *order)
        for order in permutations(writes)
        if not any(later.ret < one.call for i, one in enumerate(order) for later in order[i + 1 :])
    ]


def left(op: Operation) -> object:
    return None if op.function == "delete" else op.value


def sources(order: Sequence[Operation], read: Operation) -> list[int]:
    return [i for i, op in enumerate(order) if left(op) == read.value and op.call <= read.ret]


def own_write_is_not_newer(order: Sequence[Operation], earlier: Operation, read: Operation) -> bool:
    return max(sources(order, read)) >= order.index(earlier)


def earlier_read_is_not_newer(order: Sequence[Operation], earlier: Operation, read: Operation) -> bool:
    return max(sources(order, read)) >= min(sources(order, earlier))


def broken_pairs(
    history: History,
    of: Callable[[Operation], bool],
    keeps: Callable[[Sequence[Operation], Operation, Operation], bool],
) -> set[int]:
    """The reads that no order of the writes lets follow some earlier operation of their process."""
    everything = orders(history)
    reads = [op for op in history if op.function == "read" and op.outcome is Completion.OK]
    reads = [op for op in reads if sources(everything[0], op)]
    return {
        read.index
        for read in reads
        for earlier in history
        if earlier.process == read.process and earlier.index < read.index and earlier.outcome is Completion.OK
        if of(earlier) and (earlier.function != "read" or sources(everything[0], earlier))
        if not any(keeps(order, earlier, read) for order in everything)
    }


@pytest.mark.parametrize("values", [0, 2])
def test_sessions_are_judged_as_by_all_orders_of_the_writes(values: int) -> None:
    chance = Random(values)
    found = [0, 0]
    for _ in range(HISTORIES // 3):
        history = random_history(chance, values)
        if sum(op.function != "read" for op in history) > 5:
            continue
        wanted = broken_pairs(history, lambda op: op.function != "read", own_write_is_not_newer)
        assert {failure.witness[0] for failure in read_your_writes(history).told} == wanted, list(history)
        found[0] += len(wanted)
        wanted = broken_pairs(history, lambda op: op.function == "read", earlier_read_is_not_newer)
        assert {failure.witness[0] for failure in monotonic_reads(history).told} == wanted, list(history)
        found[1] += len(wanted)
    assert min(found) > 5


@pytest.mark.parametrize("values", [0, 2])
def test_eventual_reads_and_their_staleness_are_as_by_definition(values: int) -> None:
    chance = Random(10 + values)
    uncommitted = stale = 0
    for _ in range(HISTORIES):
        history = random_history(chance, values)
        writes = [
            START,
            *(op for op in history if op.function != "read" and op.outcome is not Completion.FAILED),
        ]
        told = eventual(history)
        wrong = set()
        by_row = {row: (time, missed) for row, time, missed in told.by_read}
        for read in history:
            if read.function != "read" or read.outcome is not Completion.OK:
                continue
            possible = [writes[i] for i in sources(writes, read)]
            if not possible:
                wrong.add(read.index)
                continue
            committed = [op for op in writes if op.outcome is Completion.OK]
            ages, numbers = [], []
            for source in possible:
                newer = [op for op in committed if op.call > source.ret and op.ret < read.call]
                ages.append(max((read.call - op.ret for op in newer), default=0))
                numbers.append(len(newer))
            time, missed = by_row[read.index]
            assert time == min(ages), (read, list(history))
            assert min(1, time) <= missed <= min(numbers)
            stale += time > 0
        assert {failure.witness[0] for failure in told.told} == wrong
        uncommitted += len(wrong)
    assert min(uncommitted, stale) > 100


def test_answers_name_the_violation_and_measure_staleness(tmp_path, capsys) -> None:
    builder = HistoryBuilder()
    for i in range(4):
        builder.add(0, "write", "k", i, 100 * i, 100 * i + 10)
    builder.add(0, "read", "k", 1, 1_000, 1_010)
    builder.add(1, "read", "k", 3, 1_000, 1_010)
    builder.add(1, "read", "k", 2, 1_100, 1_110)
    builder.add(2, "write", "k", 9, 1_200, 1_210, ok=False)
    builder.add(1, "read", "k", 9, 1_300, 1_310)
    history = builder.build()
    told = eventual(history)
    assert told.violations == 1
    assert told.told[0].cause == NOT_COMMITTED
    assert told.told[0].sentence == "read #9 returned 9, but write #8, which alone wrote it, had failed"
    assert told.by_read == [(4, 790, 2), (5, 0, 0), (6, 790, 1)]
    assert told.staleness is not None
    assert (told.staleness.stale_reads, told.staleness.max, told.staleness.versions_max) == (2, 790, 2)
    assert read_your_writes(history).told[0].sentence == (
        "read #5 returned 1, though its process had written 3 by write #4, which ended 690 ns before it "
        "began; write #2 of 1 is certainly older"
    )
    assert monotonic_reads(history).told[0].sentence == (
        "read #7 returned 2, though its process had read 3 by read #6, which ended 90 ns before it began; "
        "write #3 of 2 is certainly older"
    )
    file = tmp_path / "h.json"
    file.write_bytes(json_lines(history))
    for promise, code in [("eventual", 1), ("read-your-writes", 1), ("monotonic-reads", 1)]:
        assert main(["check", str(file), "--promise", promise]) == code
        assert main(["check", str(file), "--promise", promise, "--json"]) == code
    assert '"p50":790' in capsys.readouterr().out
    file.write_bytes(json_lines(history.select([0, 1, 2, 3])))
    assert main(["check", str(file), "--promise", "read-your-writes"]) == 0
    assert main(["check", str(file), "--promise", "causal"]) == 2


def test_what_begins_with_a_value_was_never_absent_before() -> None:
    builder = HistoryBuilder()
    builder.add(0, "read", "k", None, 1, 2)
    builder.add(1, "delete", "k", None, 3, 4)
    builder.add(0, "read", "k", None, 5, 6)
    history = builder.build()
    assert eventual(history).kept
    judged = eventual(with_beginning(history, 7))
    assert judged.violations == 1
    assert judged.told[0].sentence == ("read #1 returned absent, but delete #2 began 1 ns after it had ended")


def test_lines_of_one_instant_are_judged_in_any_order() -> None:
    """The read of 1 ended when that of 2 began; of the write and the read at 9 nobody knows the order."""
    rows = [
        (0, "write", 1, 0, 1),
        (0, "write", 2, 2, 3),
        (1, "read", 1, 5, 5),
        (1, "read", 2, 5, 6),
        (0, "read", 2, 9, 9),
        (0, "write", 3, 9, 9),
    ]
    for order in permutations(rows):
        builder = HistoryBuilder()
        for process, function, value, call, ret in order:
            builder.add(process, function, "k", value, call, ret)
        assert monotonic_reads(builder.build()).kept
        assert read_your_writes(builder.build()).kept


def test_promises_are_of_registers() -> None:
    builder = HistoryBuilder()
    builder.add(0, "append", "k", "x", 0, 1)
    with pytest.raises(NotARegisterError):
        eventual(builder.build())

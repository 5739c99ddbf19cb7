"""Bad patterns of queues, counters and strings: an answer that a few operations exclude, found in O(n log n).

Each is one of the causes that `explain_objects` words, under a condition that is no weaker; so what is found
here is explained there, and argued in `docs/linearizability-proof.md`. Users' own objects are not searched
for patterns.

| object | excluded is |
| --- | --- |
| queue | a value that nobody had begun to enqueue, or that came out more often than it went in |
| queue | a value past one that had gone in before and was still there, or "empty" while one was |
| counter | a sum outside what the adds that had ended and those that had begun can make |
| string | a string shorter than one read before, where nothing was written in between |
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final

from dynaproof.specs.history import NEVER, Completion, Operation, Value
from dynaproof.specs.objects import Counter, Queue, SequentialObject, StringWithAppend


def find(operations: Sequence[Operation], thing: SequentialObject) -> int | None:
    """The index of the first operation to return that a pattern excludes; None: there is none."""
    look = _OF_OBJECT.get(type(thing))
    if look is None or thing.initial != type(thing)().initial:
        return None  # What an object began with was put in by nobody.
    found = look([op for op in operations if op.outcome is not Completion.FAILED])
    first = min(found, key=lambda op: (op.ret, op.index), default=None)
    return None if first is None else next(i for i, op in enumerate(operations) if op is first)


class _Steps:
    """A running maximum or sum over times: `until(t)` counts times up to t, `below(t)` those below it."""

    def __init__(self, points: Iterable[tuple[int, int]], fold: Callable[[int, int], int], none: int) -> None:
        by_time = sorted(points)
        self.times = [time for time, _ in by_time]
        self.folded = list(accumulate((value for _, value in by_time), fold, initial=none))

    def until(self, time: int) -> int:
        return self.folded[bisect_right(self.times, time)]

    def below(self, time: int) -> int:
        return self.folded[bisect_left(self.times, time)]


def _sum(one: int, other: int) -> int:
    return one + other


# ---- queues


def _of_queue(operations: Sequence[Operation]) -> Iterable[Operation]:
    put: dict[Value, list[Operation]] = {}
    took: dict[Value, list[Operation]] = {}
    crashed = NEVER  # The time from which on a dequeue of unknown outcome may have taken anything.
    for op in operations:
        if op.function == "enqueue":
            put.setdefault(op.value, []).append(op)
        elif op.outcome is Completion.OK:
            took.setdefault(op.value, []).append(op)
        else:
            crashed = min(crashed, op.call)
    if None in put:
        return  # Then "empty" may be a value.
    once = {value: ops[0] for value, ops in put.items() if len(ops) == 1}
    taken = {value: min((op.call for op in took.get(value, ())), default=NEVER) for value in once}
    stays = _Steps(
        ((op.ret, min(taken[value], crashed)) for value, op in once.items() if op.outcome is Completion.OK),
        max,
        -NEVER,
    )
    entered = _Steps(
        ((op.ret, once[value].call) for value, ops in took.items() if value in once for op in ops),
        max,
        -NEVER,
    )
    for value, ops in took.items():
        if value is None:
            yield from (op for op in ops if stays.below(op.call) > op.ret)
            continue
        calls = sorted(op.call for op in put.get(value, ()))
        rets = sorted(op.ret for op in ops)
        for op in ops:
            if bisect_right(rets, op.ret) > bisect_right(calls, op.ret):
                yield op
            elif value in once:
                source = once[value]
                if stays.below(source.call) > op.ret or entered.below(op.call) > source.ret:
                    yield op


# ---- counters


def _of_counter(operations: Sequence[Operation]) -> Iterable[Operation]:
    adds = [op for op in operations if op.function == "add"]
    if not all(isinstance(op.value, int) for op in adds):
        return
    ended = [op for op in adds if op.outcome is Completion.OK]
    total = _Steps(((op.ret, op.value) for op in ended), _sum, 0)
    # What has begun and not ended adds its value or nothing; negative and positive values are kept apart.
    parts = [
        (
            _Steps(((op.call, value) for op in adds if (value := bound(op.value, 0))), _sum, 0),
            _Steps(((op.ret, value) for op in ended if (value := bound(op.value, 0))), _sum, 0),
        )
        for bound in (min, max)
    ]
    for op in operations:
        if op.function != "read" or op.outcome is not Completion.OK or not isinstance(op.value, int):
            continue
        certain = total.below(op.call)
        least, most = (certain + begun.until(op.ret) - over.below(op.call) for begun, over in parts)
        if not least <= op.value <= most:
            yield op


# ---- strings


def _of_string(operations: Sequence[Operation]) -> Iterable[Operation]:
    """Reads that do not begin with the longest string that earlier reads found since the last write."""
    writes = _Steps(((op.call, op.ret) for op in operations if op.function == "write"), max, -NEVER)
    reads = [op for op in operations if op.function == "read" and op.outcome is Completion.OK]
    ended = sorted(reads, key=lambda op: (op.ret, op.index))
    longest: Operation | None = None
    at = 0
    for op in sorted(reads, key=lambda op: (op.call, op.index)):
        while ended[at].ret < op.call:
            one = ended[at]
            if longest is None or _length(one) >= _length(longest) or writes.until(one.ret) >= longest.call:
                longest = one
            at += 1
        unwritten = longest is not None and writes.until(op.ret) < longest.call
        if longest is not None and unwritten and not (op.value or "").startswith(longest.value or ""):
            yield op


def _length(op: Operation) -> int:
    return len(op.value or "")


_OF_OBJECT: Final[Mapping[type, Callable[[Sequence[Operation]], Iterable[Operation]]]] = {
    Queue: _of_queue,
    Counter: _of_counter,
    StringWithAppend: _of_string,
}

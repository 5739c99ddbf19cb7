"""Why a history of a queue, a counter, a string or a user's own object is not linearizable.

The question is about one operation: the one at whose return the search for an order got no further. Where a
cause of the object is named, the sentence is a proof by itself: its operations exclude each other in every
order. Where no such pattern is found but the object says what an operation would have answered (`answer`),
all answers are listed that it can have given in an order of the others; the observed one is not among them.

The names: garbage dequeue, value dequeued twice, queue order inversion, queue empty while it holds a value;
lost add, garbage sum; lost append, appends out of order, shrunken string; and unexplained answer. Those of
stacks, sets and mutexes are in `explain_containers`.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from dynaproof.checkers.linearizability import patterns_of_objects
from dynaproof.checkers.linearizability.explain import before, did, name, phrase, value_text
from dynaproof.checkers.linearizability.explain_containers import Explanation, of_mutex, of_set, of_stack
from dynaproof.checkers.linearizability.result import Failure
from dynaproof.checkers.linearizability.wing_gong import Window
from dynaproof.specs.history import NEVER, Completion, History, Operation, Value
from dynaproof.specs.objects import (
    Counter,
    Mutex,
    Queue,
    SequentialObject,
    Set,
    Stack,
    State,
    StringWithAppend,
)

UNEXPLAINED_ANSWER = "unexplained answer"
GARBAGE_DEQUEUE = "garbage dequeue"
DEQUEUED_TWICE = "value dequeued twice"
QUEUE_INVERSION = "queue order inversion"
EMPTY_WHILE_FULL = "queue empty while it holds a value"
LOST_ADD = "lost add"
GARBAGE_SUM = "garbage sum"
LOST_APPEND = "lost append"
APPENDS_INVERTED = "appends out of order"
SHRUNKEN = "shrunken string"

CONFIGURATIONS_AT_MOST: Final = 20_000
"""So many orders are tried for the answers that were possible; if there are more, none are listed."""

ANSWERS_TOLD: Final = 4
WITNESSES_AT_MOST: Final = 8
"""The most witnesses of a sum."""

_Configuration = tuple[int, Hashable]


def stuck_object(history: History, rows: Sequence[int], at: int, thing: SequentialObject) -> Failure:
    """Why nothing explains the return of row `at`, among the operations `rows` of its key."""
    op: Operation = history[at]
    others = [other for row in rows if row != at and (other := history[row]).call <= op.ret]
    told = next(causes(history, op, others, thing), None)
    cause, witness, sentence = told or _unexplained(op, others, thing)
    return Failure(cause, tuple(dict.fromkeys(one.index for one in witness)), sentence)


def excluded(history: History, operations: Sequence[Operation], thing: SequentialObject) -> Failure | None:
    """Why there can be no order of a key's operations, if `patterns_of_objects` tells so at once."""
    at = patterns_of_objects.find(operations, thing)
    if at is None:
        return None
    return stuck_object(history, [op.index for op in operations], operations[at].index, thing)


def causes(
    history: History, op: Operation, others: Sequence[Operation], thing: SequentialObject
) -> Iterator[Explanation]:
    """Each cause for which `others`, called before `op` returned, exclude its answer."""
    explain = _OF_OBJECT.get(type(thing))
    if explain is None or thing.initial != type(thing)().initial:
        return  # What an object began with was put in by nobody.
    if op.outcome is Completion.OK:
        yield from explain(history, op, others)


def _unexplained(op: Operation, others: Sequence[Operation], thing: SequentialObject) -> Explanation:
    ended = [other for other in others if other.ret < op.call]
    witness = [op, *sorted(ended, key=lambda other: (other.ret, other.index))[-1:]]
    answers = possible_answers(op, others, thing)
    if not answers:
        return UNEXPLAINED_ANSWER, witness, f"{did(op)}, which no order of the operations before it explains"
    shown = " or ".join(value_text(answer) for answer in answers[:ANSWERS_TOLD])
    more = f" or {len(answers) - ANSWERS_TOLD} others" if len(answers) > ANSWERS_TOLD else ""
    sentence = f"{did(op)}, but in every order of the others it would have returned {shown}{more}"
    if ended:
        sentence += f"; the last to end before it began was {phrase(witness[1])}"
    return UNEXPLAINED_ANSWER, witness, sentence


def possible_answers(op: Operation, others: Sequence[Operation], thing: SequentialObject) -> list[Value]:
    """What `op` can have answered, in the orders of those of `others` that had returned and any of the rest.

    Empty where the object has no `answer`, or there are too many orders to try.
    """
    answer: Callable[[State, Operation], Value] | None = getattr(thing, "answer", None)
    if answer is None:
        return []
    operations, asked = [*others, op], len(others)
    window = Window(operations)
    needed = sum(1 << i for i, one in enumerate(operations) if one.ret <= op.ret)
    todo: list[_Configuration] = [(0, thing.initial)]
    came_from: dict[_Configuration, list[tuple[_Configuration, bool]]] = {todo[0]: []}
    lows = [0]
    for (mask, state), last in zip(todo, lows, strict=True):  # They grow while they are walked.
        if len(todo) > CONFIGURATIONS_AT_MOST:
            return []
        low = window.low(mask, last)
        for i in window.candidates(mask, low):
            one = operations[i]
            if i == asked:
                one = msgspec.structs.replace(op, value=answer(state, op))
            for after in thing.step(state, one):
                following = (mask | 1 << i, after)
                if following not in came_from:
                    came_from[following] = []
                    todo.append(following)
                    lows.append(low)
                came_from[following].append(((mask, state), i == asked))
    # Only an order that can be completed with all that had returned counts.
    useful = dict.fromkeys(one for one in todo if not needed & ~one[0])
    going = list(useful)
    answers: dict[Value, None] = {}
    for following in going:
        for previous, answered in came_from[following]:
            if answered:
                answers[answer(previous[1], op)] = None
            if previous not in useful:
                useful[previous] = None
                going.append(previous)
    return list(answers)


# ---- queues


def _of_queue(history: History, op: Operation, others: Sequence[Operation]) -> Iterator[Explanation]:
    """What excludes the answer of a dequeue by itself."""
    if op.function != "dequeue":
        return
    put = [one for one in others if one.function == "enqueue" and one.outcome is not Completion.FAILED]
    took = [one for one in others if one.function == "dequeue" and one.outcome is not Completion.FAILED]
    if op.value is None:
        yield from _not_empty(history, op, put, took)
        return
    value = value_text(op.value)
    sources = [one for one in put if one.value == op.value]
    if not sources:
        sentence = f"{did(op)}, but nobody had begun to enqueue {value} when it ended"
        yield GARBAGE_DEQUEUE, [op], sentence
        return
    # A dequeue that had not ended by then can still have taken what was put in later.
    rivals = [one for one in took if one.ret <= op.ret and one.value == op.value]
    if len(rivals) >= len(sources):
        sentence = f"{did(op)}, as {len(rivals)} others had, but it was enqueued only {len(sources)} times"
        if len(sources) == 1:
            sentence = f"{did(op)}, and so did {name(rivals[0])}, but only {phrase(sources[0])} put it in"
        yield DEQUEUED_TWICE, [op, *rivals, *sources], sentence
    if len(sources) == 1:
        yield from _inversions(history, op, sources[0], put, took)


def _not_empty(
    history: History, op: Operation, put: Sequence[Operation], took: Sequence[Operation]
) -> Iterator[Explanation]:
    """For a dequeue that found nothing: something had been put in before that nobody can have taken out."""
    for one in put:
        if one.outcome is Completion.OK and one.ret < op.call and _stays(one, put, took):
            sentence = (
                f"{name(op)} found the queue empty, but {phrase(one)} had ended {before(history, one, op)} "
                f"it began, and nobody who had begun when it ended took {value_text(one.value)} out"
            )
            yield EMPTY_WHILE_FULL, [op, one], sentence


def _stays(one: Operation, put: Sequence[Operation], took: Sequence[Operation]) -> bool:
    """Whether what `one` put in cannot have been taken out by any of `took`."""
    return _only(one, put) and not any(
        taker.outcome is Completion.UNKNOWN or taker.value == one.value for taker in took
    )


def _only(one: Operation, put: Sequence[Operation]) -> bool:
    """Whether nobody else put the same value in."""
    return not any(other is not one and other.value == one.value for other in put)


def _inversions(
    history: History, op: Operation, source: Operation, put: Sequence[Operation], took: Sequence[Operation]
) -> Iterator[Explanation]:
    """Violations of first in, first out. The value of `op` was put in by `source` alone."""
    for one in put:
        if one.outcome is Completion.OK and one.ret < source.call and _stays(one, put, took):
            sentence = (
                f"{did(op)}, but {phrase(one)} had ended {before(history, one, source)} {phrase(source)} "
                f"began, and nobody who had begun when {name(op)} ended took {value_text(one.value)} out"
            )
            yield QUEUE_INVERSION, [op, source, one], sentence
    for late in took:
        if late.outcome is not Completion.OK or late.ret >= op.call:
            continue
        entered = [one for one in put if one.value == late.value]
        if len(entered) == 1 and source.ret < entered[0].call:
            sentence = (
                f"{did(op)}, but {did(late)} and had ended {before(history, late, op)} it began, although "
                f"{phrase(source)} had ended {before(history, source, entered[0])} {phrase(entered[0])} began"
            )
            yield QUEUE_INVERSION, [op, late, source, entered[0]], sentence


# ---- counters


def _of_counter(history: History, op: Operation, others: Sequence[Operation]) -> Iterator[Explanation]:
    """A sum below the least that the adds of its time can make, or above the most."""
    adds = [one for one in others if one.function == "add" and one.outcome is not Completion.FAILED]
    if op.function != "read" or not isinstance(op.value, int):
        return
    ended = [one for one in adds if one.outcome is Completion.OK and one.ret < op.call]
    open_now = [one for one in adds if one.outcome is not Completion.OK or one.ret >= op.call]
    least = sum(one.value for one in ended) + sum(min(one.value, 0) for one in open_now)
    most = sum(one.value for one in ended) + sum(max(one.value, 0) for one in open_now)
    takers = [one for one in adds if one.value < 0]
    if op.value < least and takers:
        total = f"all {len(adds)} adds that had begun when it ended make {value_text(least)} at least"
        sentence = f"{did(op)}, but {total}"
        yield LOST_ADD, [op, *ended, *takers], sentence
    elif op.value < least:
        missed, made = [], 0
        for one in sorted(ended, key=lambda one: (-one.value, one.index)):
            if made <= op.value:
                missed.append(one)
                made += one.value
        total = f"{len(missed)} adds that had ended before it began make {value_text(made)} already"
        sentence = f"{did(op)}, but {total}"
        if len(missed) == 1:
            sentence = (
                f"{did(op)}, but {phrase(missed[0])} had ended {before(history, missed[0], op)} it began"
            )
        yield LOST_ADD, [op, *missed], sentence
    elif op.value > most:
        at_most = " at most" if takers else ""
        total = f"all {len(adds)} adds that had begun when it ended make {value_text(most)}{at_most}"
        sentence = f"{did(op)}, but {total if adds else 'nobody had begun to add'}"
        yield GARBAGE_SUM, [op, *adds[-WITNESSES_AT_MOST:]], sentence


# ---- strings


def _of_string(history: History, op: Operation, others: Sequence[Operation]) -> Iterator[Explanation]:
    """Where nothing can have been written in between, a string only grows, in the order of its appends."""
    if op.function != "read":
        return
    found = op.value or ""
    writes = [one for one in others if one.function == "write" and one.outcome is not Completion.FAILED]
    last_write = max((one.ret for one in writes), default=-NEVER)
    # Since the call of each of these there was no write.
    since = [one for one in others if one.outcome is Completion.OK and last_write < one.call]
    since = [one for one in since if one.ret < op.call]
    appends = [one for one in since if one.function == "append" and one.value]
    for one in appends:
        if one.value not in found:
            sentence = (
                f"{did(op)}, without {value_text(one.value)}, but {phrase(one)} had ended "
                f"{before(history, one, op)} it began, and nothing was written since"
            )
            yield LOST_APPEND, [op, one], sentence
    for one in since:
        if one.function == "read" and not found.startswith(one.value or ""):
            sentence = (
                f"{did(op)}, but {did(one)} and had ended {before(history, one, op)} it began, and nothing "
                "was written since"
            )
            yield SHRUNKEN, [op, one], sentence
    once = [one for one in appends if _occurrences(found, one.value) == 1]
    once.sort(key=lambda one: found.find(one.value))
    last = once[0] if once else op
    for one in once[1:]:
        if one.ret < last.call and found.find(last.value) < found.find(one.value):
            sentence = (
                f"{did(op)}, where {value_text(last.value)} stands before {value_text(one.value)}, but "
                f"{phrase(one)} had ended {before(history, one, last)} {phrase(last)} began"
            )
            yield APPENDS_INVERTED, [op, last, one], sentence
        if one.call > last.call:
            last = one


def _occurrences(text: str, part: str) -> int:
    """How often `part` occurs in `text`, overlaps included; counted up to 2."""
    at = text.find(part)
    return 0 if at < 0 else 1 + (text.find(part, at + 1) >= 0)


_OF_OBJECT: Final[
    Mapping[type, Callable[[History, Operation, Sequence[Operation]], Iterator[Explanation]]]
] = {
    Queue: _of_queue,
    Counter: _of_counter,
    StringWithAppend: _of_string,
    Stack: of_stack,
    Set: of_set,
    Mutex: of_mutex,
}

"""Why a stack, a set or a mutex is not linearizable: patterns whose operations exclude each other in every
order.

As in `explain_objects`, which calls this: `op` is the operation at whose return the search got no further,
`others` those of its key that had been called by then. All objects begin empty, the mutex free.

The names: garbage pop, value popped twice, stack order inversion, stack empty while it holds a value; lost
element, garbage element, removed element; lock held twice, lock released twice, lock released unheld.
"""

from collections.abc import Iterator, Sequence

from dynaproof.checkers.linearizability.explain import before, did, name, phrase, value_text
from dynaproof.specs.history import Completion, History, Operation, Value
from dynaproof.specs.objects import elements_of

GARBAGE_POP = "garbage pop"
POPPED_TWICE = "value popped twice"
STACK_INVERSION = "stack order inversion"
STACK_EMPTY_WHILE_FULL = "stack empty while it holds a value"
LOST_ELEMENT = "lost element"
GARBAGE_ELEMENT = "garbage element"
REMOVED_ELEMENT = "removed element"
HELD_TWICE = "lock held twice"
RELEASED_TWICE = "lock released twice"
RELEASED_UNHELD = "lock released unheld"

Explanation = tuple[str, Sequence[Operation], str]
"""A cause, the witness, and the sentence."""


def of_stack(history: History, op: Operation, others: Sequence[Operation]) -> Iterator[Explanation]:
    """What excludes the answer of a pop by itself."""
    if op.function != "pop":
        return
    put, took = _happened(others, "push"), _happened(others, "pop")
    sources = [one for one in put if one.value == op.value]
    if op.value is None and sources:
        return  # It may have popped an absence that somebody had pushed.
    if op.value is not None and not sources:
        sentence = f"{did(op)}, but nobody had begun to push {value_text(op.value)} when it ended"
        yield GARBAGE_POP, [op], sentence
        return
    if op.value is not None:
        # A pop that had not ended by then can still have taken what was pushed later.
        rivals = [one for one in took if one.ret <= op.ret and one.value == op.value]
        if len(rivals) >= len(sources):
            sentence = f"{did(op)}, as {len(rivals)} others had, but it was pushed only {len(sources)} times"
            if len(sources) == 1:
                sentence = f"{did(op)}, and so did {name(rivals[0])}, but only {phrase(sources[0])} put it in"
            yield POPPED_TWICE, [op, *rivals, *sources], sentence
    for one in put:
        if one.outcome is not Completion.OK or one.ret >= op.call or not _stays(one, put, took):
            continue
        nobody = f"nobody who had begun when {name(op)} ended took {value_text(one.value)} out"
        if op.value is None:
            sentence = (
                f"{name(op)} found the stack empty, but {phrase(one)} had ended {before(history, one, op)} "
                f"it began, and {nobody}"
            )
            yield STACK_EMPTY_WHILE_FULL, [op, one], sentence
        elif len(sources) == 1 and sources[0].ret < one.call:
            sentence = (
                f"{did(op)}, but {phrase(one)}, which began after {phrase(sources[0])} had ended, had ended "
                f"{before(history, one, op)} it began, and {nobody}"
            )
            yield STACK_INVERSION, [op, sources[0], one], sentence


def _stays(one: Operation, put: Sequence[Operation], took: Sequence[Operation]) -> bool:
    """Whether what `one` alone pushed cannot have been popped by any of `took`."""
    alone = not any(other is not one and other.value == one.value for other in put)
    return alone and not any(
        taker.outcome is Completion.UNKNOWN or taker.value == one.value for taker in took
    )


def of_set(history: History, op: Operation, others: Sequence[Operation]) -> Iterator[Explanation]:
    """For a read: an element that is missing, that nobody added, or that had been removed."""
    if op.function != "read":
        return
    found = elements_of(op.value, "a set")
    adds, removes = _happened(others, "add"), _happened(others, "remove")
    for add in adds:
        if add.outcome is not Completion.OK or add.ret >= op.call or add.value in found:
            continue
        if not any(one.value == add.value and one.ret >= add.call for one in removes):
            gone = "" if not removes else ", and nobody can have removed it since"
            sentence = (
                f"{name(op)} did not find {value_text(add.value)}, but {phrase(add)} had ended "
                f"{before(history, add, op)} it began{gone}"
            )
            yield LOST_ELEMENT, [op, add], sentence
    for value in found:
        yield from _present(history, op, value, adds, removes)


def _present(
    history: History, op: Operation, value: Value, adds: Sequence[Operation], removes: Sequence[Operation]
) -> Iterator[Explanation]:
    sources = [one for one in adds if one.value == value]
    if not sources:
        sentence = f"{name(op)} found {value_text(value)}, but nobody had begun to add it when it ended"
        yield GARBAGE_ELEMENT, [op], sentence
    for one in removes:
        ended = one.outcome is Completion.OK and one.ret < op.call and one.value == value
        if sources and ended and all(source.ret < one.call for source in sources):
            sentence = (
                f"{name(op)} found {value_text(value)}, but {phrase(one)} had ended "
                f"{before(history, one, op)} it began, and whoever had added it had ended before that began"
            )
            yield REMOVED_ELEMENT, [op, one, *sources[-1:]], sentence


def of_mutex(history: History, op: Operation, others: Sequence[Operation]) -> Iterator[Explanation]:
    """Two of a kind, between which nothing of the other kind can have come."""
    acquires, releases = _happened(others, "acquire"), _happened(others, "release")
    acquired = op.function == "acquire"
    if not acquired and not acquires:
        yield RELEASED_UNHELD, [op], f"{name(op)} ended, but nobody had begun to acquire the lock"
        return
    alike, between = (acquires, releases) if acquired else (releases, acquires)
    for one in sorted(alike, key=lambda one: (-one.ret, one.index)):
        ended = one.outcome is Completion.OK and one.ret < op.call
        if ended and all(other.ret < one.call for other in between):
            what = "release" if acquired else "acquire"
            sentence = (
                f"{name(op)} was granted, but {name(one)} had ended {before(history, one, op)} it began, and "
                f"nobody can have come between them to {what} the lock"
            )
            yield (HELD_TWICE if acquired else RELEASED_TWICE), [op, one], sentence


def _happened(others: Sequence[Operation], function: str) -> list[Operation]:
    """The operations with that function that may have happened."""
    return [one for one in others if one.function == function and one.outcome is not Completion.FAILED]

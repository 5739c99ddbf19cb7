"""Random histories of every object, for fuzzing: runs of a plain Python container, then mostly something
changed.

Each operation happens at a moment between its call and its return, in a container that knows nothing of
`specs.objects`; so a history that is not changed afterwards is linearizable, whatever those say. Each has
four to nine operations of one key; a third have crashed operations, about a quarter are not linearizable.

As in `random_histories`, a history is named by a seed and a number, and only `random()` is drawn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final, NamedTuple

from dynaproof.specs.booleans import TRUE
from dynaproof.specs.history import FUNCTIONS, UNRECORDED, History, HistoryBuilder
from dynaproof.specs.objects import OBJECTS, SequentialObject, beginning_as

SMALLEST, LARGEST = 4, 9
CRASHES: Final = 0.4
CRASHED: Final = 0.3
FAILURES: Final = 0.08
CHANGES: Final = 0.75
ANSWERED: Final = frozenset({"read", "dequeue", "pop"})

BEGINS: Final = 0.3
"""The part of the histories that begin with a value, of objects that can."""

NOT_DONE: Final = object()
"""The answer of an operation that is refused, and so did not happen."""


@dataclass(slots=True)
class Draft:
    """An operation before it becomes part of a history."""

    function: str
    value: Any
    call: int
    point: float
    ret: int | None
    expected: Any = None
    ok: bool = True
    seen: Any = UNRECORDED
    differed: bool = True


class Made(NamedTuple):
    """A history, the object by which it is to be judged, and whether it is as its run left it."""

    history: History
    thing: SequentialObject
    unchanged: bool


Act = Callable[[Random, Draft, Any], tuple[Any, Any]]
"""Performs an operation, from chance, the operation and the content, to (answer, content afterwards)."""


def _below(chance: Random, n: int) -> int:
    return int(chance.random() * n)


def _register(chance: Random, draft: Draft, state: Any) -> tuple[Any, Any]:
    if draft.function == "read":
        return state, state
    if draft.function == "delete":
        return None, None
    if draft.function == "cas":
        draft.expected = state if chance.random() < 0.6 else _below(chance, 3)
        if draft.expected != state:
            if chance.random() < 0.5:
                draft.seen = state
            else:
                draft.differed = chance.random() < 0.6
            return NOT_DONE, state
    return draft.value, draft.value


def _string(_chance: Random, draft: Draft, state: str) -> tuple[Any, str]:
    if draft.function == "read":
        return state, state
    return draft.value, (state if draft.function == "append" else "") + draft.value


def _queue(_chance: Random, draft: Draft, state: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    if draft.function == "enqueue":
        return draft.value, (*state, draft.value)
    return (state[0], state[1:]) if state else (None, state)


def _stack(_chance: Random, draft: Draft, state: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    if draft.function == "push":
        return draft.value, (*state, draft.value)
    return (state[-1], state[:-1]) if state else (None, state)


def _set(_chance: Random, draft: Draft, state: frozenset[Any]) -> tuple[Any, frozenset[Any]]:
    if draft.function == "read":
        return state, state
    return draft.value, state | {draft.value} if draft.function == "add" else state - {draft.value}


def _counter(_chance: Random, draft: Draft, state: int) -> tuple[Any, int]:
    return (state, state) if draft.function == "read" else (draft.value, state + draft.value)


def _mutex(_chance: Random, draft: Draft, state: bool) -> tuple[Any, bool]:
    if (draft.function == "acquire") is state:
        return NOT_DONE, state
    return None, not state


class Kind(NamedTuple):
    """How an object is fuzzed: its container, empty and as it may begin; functions by weight; and values."""

    act: Act
    empty: Any
    begins: tuple[Any, ...]
    functions: tuple[str, ...]
    values: tuple[Any, ...]


KINDS: Final[Mapping[str, Kind]] = {
    "register": Kind(
        _register, None, (0, 1), ("read", "read", "write", "cas", "cas", "delete"), (0, 1, TRUE)
    ),
    "string": Kind(_string, "", ("a", "ba"), ("read", "read", "append", "append", "write"), ("a", "b", "ab")),
    "queue": Kind(_queue, (), ((1,), (2, 1)), ("enqueue", "dequeue"), (1, 2, 3, TRUE)),
    "stack": Kind(_stack, (), ((1,), (2, 1)), ("push", "pop"), (1, 2, 3, TRUE)),
    "set": Kind(_set, frozenset(), ((1,), (1, 2)), ("read", "read", "add", "add", "remove"), (1, 2, TRUE)),
    "counter": Kind(_counter, 0, (5, -1), ("read", "read", "add", "add"), (1, 2, 4, -1)),
    "mutex": Kind(_mutex, False, (), ("acquire", "release"), (None,)),
}
"""By the name of the object."""


def object_history(name: str, seed: int, number: int) -> Made:
    """The history of that object, seed and number."""
    chance = Random(f"{name} {seed} {number}")
    kind, thing = KINDS[name], OBJECTS[name]
    content = kind.empty
    if kind.begins and chance.random() < BEGINS:
        begins = kind.begins[_below(chance, len(kind.begins))]
        thing = beginning_as(thing, begins)
        content = frozenset(begins) if name == "set" else begins
    crashed = CRASHED if chance.random() < CRASHES else 0.0
    drafts = _drafts(chance, kind)
    for draft in sorted(drafts, key=lambda draft: draft.point):
        content = _happen(chance, kind, draft, content, crashed)
    unchanged = True
    while chance.random() < CHANGES:
        _change(chance, kind, drafts)
        unchanged = False
    functions = tuple(dict.fromkeys((*FUNCTIONS, *thing.functions)))
    builder = HistoryBuilder(functions=functions)
    for process, draft in enumerate(drafts):
        builder.add(
            process, draft.function, "k", draft.value, draft.call, draft.ret,
            expected=draft.expected, ok=draft.ok, seen=draft.seen, differed=draft.differed,
        )  # fmt: skip
    return Made(builder.build(), thing, unchanged)


def _drafts(chance: Random, kind: Kind) -> list[Draft]:
    drafts, clock = [], 0
    for _ in range(SMALLEST + _below(chance, LARGEST - SMALLEST + 1)):
        clock += 1 + _below(chance, 6)
        length = _below(chance, 12)
        function = kind.functions[_below(chance, len(kind.functions))]
        value = kind.values[_below(chance, len(kind.values))]
        value = None if function in {"delete", *ANSWERED} else value
        drafts.append(Draft(function, value, clock, clock + chance.random() * length, clock + length))
    return drafts


def _happen(chance: Random, kind: Kind, draft: Draft, content: Any, crashed: float) -> Any:
    """Let an operation happen, fail or crash; gives the content afterwards."""
    answer, after = kind.act(chance, draft, content)
    if chance.random() < crashed:
        draft.ret, draft.seen, draft.differed = None, UNRECORDED, True
        return after if chance.random() < 0.6 else content
    if answer is NOT_DONE:
        draft.ok = False
        return content
    if draft.function != "cas" and chance.random() < FAILURES:
        draft.ok = False
        return content
    draft.value = answer
    return after


def _change(chance: Random, kind: Kind, drafts: list[Draft]) -> None:
    """Change what an operation answered, or when it was under way."""
    draft, other = (drafts[_below(chance, len(drafts))] for _ in range(2))
    what = chance.random()
    observers = [one for one in drafts if one.function in ANSWERED and one.ret is not None and one.ok]
    if what < 0.4 and observers:
        observer = observers[_below(chance, len(observers))]
        like = [one for one in observers if one.function == observer.function]
        observer.value = like[_below(chance, len(like))].value
        put = [one.value for one in drafts if one.function in {"enqueue", "push"}]
        if put and chance.random() < 0.6:
            observer.value = put[_below(chance, len(put))]
        elif isinstance(observer.value, int) and chance.random() < 0.5:
            observer.value += 1
        elif isinstance(observer.value, frozenset) and chance.random() < 0.7:
            observer.value ^= {kind.values[_below(chance, len(kind.values))]}
        elif isinstance(observer.value, str) and chance.random() < 0.5:
            observer.value = observer.value[::-1]
    elif what < 0.5 and draft.function in {"acquire", "release"} and draft.ret is not None:
        draft.ok = not draft.ok
    elif what < 0.75 and draft.ret is not None:
        draft.ret = draft.call + _below(chance, draft.ret - draft.call + 1)
    else:
        length = 0 if draft.ret is None else draft.ret - draft.call
        draft.call = other.call + _below(chance, 3)
        draft.ret = None if draft.ret is None else draft.call + length

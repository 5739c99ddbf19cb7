"""Random histories of one register, for fuzzing: small enough for the oracle, aimed at where checkers err.

Every history starts as a run of a real register, each operation with a moment between its call and its
return at which it happens; so it is linearizable. Then, mostly, something is changed: a result, a time, an
outcome. About half remain linearizable. A `Taste` says which operations there are and how they overlap.

Only `random()` of a seeded generator is drawn, so that a seed means the same history on every Python.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from specs.history import UNRECORDED, History, HistoryBuilder


@dataclass(frozen=True, slots=True)
class Taste:
    """What a history is made of: weights of the operations, and how likely each complication is."""

    operations: int = 7
    reads: float = 4
    puts: float = 3
    deletes: float = 1
    cases: float = 3
    puts_if_absent: float = 1
    conditional_deletes: float = 1
    unique: bool = True  # Each value is written once,
    values: int = 3  # or there are that many.
    crashes: float = 0.15
    overlap: float = 2  # Mean length of an operation, in mean distances between calls.
    seen: float = 1  # How often a failed condition records what it saw.
    changes: float = 4  # Mean number of changes that may make it illegal.
    ties: bool = False  # Coarse clock: equal times are frequent.


TASTES = (
    Taste(),
    Taste(unique=False),
    Taste(unique=False, values=2, seen=0.5),
    Taste(ties=True),
    Taste(ties=True, unique=False, seen=0.6),
    Taste(overlap=8),
    Taste(overlap=1.2),
    Taste(deletes=4, puts=2, cases=1, reads=5),
    Taste(conditional_deletes=4, puts_if_absent=4, deletes=1, puts=1),
    Taste(puts_if_absent=5, conditional_deletes=3, deletes=2, puts=0.5, crashes=0),
    Taste(puts=0, deletes=3, puts_if_absent=3, conditional_deletes=0, cases=1),
    Taste(puts=2, deletes=2, conditional_deletes=3, cases=0, puts_if_absent=2, crashes=0, overlap=6),
    Taste(crashes=0.4),
    Taste(crashes=0.5, deletes=2, conditional_deletes=2),
    Taste(cases=8, puts=1, crashes=0.3),
    Taste(changes=2, overlap=5),
    Taste(deletes=3, conditional_deletes=2, puts_if_absent=3, reads=6, overlap=5, changes=5, crashes=0.05),
    Taste(unique=False, values=1, deletes=3, seen=0.7, overlap=6),
)
"""One for each kind of branch in the algorithms."""


@dataclass(slots=True)
class _Draft:
    function: str
    value: Any
    expected: Any
    call: float
    point: float
    ret: float | None
    ok: bool = True
    seen: Any = UNRECORDED


def random_histories(seed: int, count: int, tastes: tuple[Taste, ...] = TASTES) -> Iterator[History]:
    """Yield `count` histories of one key; the same for the same seed."""
    chance = Random(seed)
    for number in range(count):
        yield random_history(chance, tastes[number % len(tastes)])


def random_history(chance: Random, taste: Taste) -> History:
    """A history of one key, of about as many operations as the taste says, at most those."""
    drafts = _run(chance, taste)
    changes = 0
    while changes < 8 and chance.random() < taste.changes / (1 + taste.changes):
        _change(chance, taste, drafts)
        changes += 1
    return _built(chance, taste, drafts)


def _below(chance: Random, n: int) -> int:
    return int(chance.random() * n)


def _pick(chance: Random, names: tuple[str, ...], weights: tuple[float, ...]) -> str:
    left = chance.random() * sum(weights)
    for name, weight in zip(names, weights, strict=True):
        left -= weight
        if left < 0:
            return name
    return names[0]


def _run(chance: Random, taste: Taste) -> list[_Draft]:
    """A run of a real register: operations happen at their points, in that order."""
    drafts: list[_Draft] = []
    clock = 0.0
    kinds = ("read", "put", "delete", "cas", "absent", "conditional")
    weights = (
        taste.reads, taste.puts, taste.deletes, taste.cases, taste.puts_if_absent, taste.conditional_deletes
    )  # fmt: skip
    size = 2 + _below(chance, taste.operations - 1)
    for number in range(size):
        kind = _pick(chance, kinds, weights)
        clock += chance.random()
        length = chance.random() * taste.overlap
        value = 100 + number if taste.unique else 1 + _below(chance, taste.values)
        drafts.append(_Draft(kind, value, None, clock, clock + chance.random() * length, clock + length))
    state: Any = None
    for draft in sorted(drafts, key=lambda draft: draft.point):
        state = _apply(chance, taste, draft, state)
    return drafts


def _apply(chance: Random, taste: Taste, draft: _Draft, state: Any) -> Any:
    """Let an operation happen in `state`, or crash; gives the state after it."""
    crashed = chance.random() < taste.crashes
    if crashed:
        draft.ret = None
    happened = not crashed or chance.random() < 0.6
    if draft.function == "read":
        draft.value = state
        return state
    if draft.function == "put":
        draft.function = "write"
        return draft.value if happened else state
    if draft.function == "delete":
        draft.value = None
        return None if happened else state
    if draft.function == "absent":
        draft.expected = None
    else:
        draft.expected = (
            state if chance.random() < 0.75 else None if chance.random() < 0.2 else draft.value - 1
        )
        if draft.function == "conditional":
            draft.value = None
    draft.function = "cas"
    if draft.expected == state:
        return draft.value if happened else state
    draft.ok = crashed
    if not crashed and chance.random() < taste.seen:
        draft.seen = state
    return state


def _change(chance: Random, taste: Taste, drafts: list[_Draft]) -> None:
    """Change something that may make the history illegal."""
    draft = drafts[_below(chance, len(drafts))]
    other = drafts[_below(chance, len(drafts))]
    what = _below(chance, 6)
    if what == 0 and draft.function == "read":
        draft.value = other.value
    elif what == 1 and draft.function == "cas":
        draft.expected = other.value
    elif what == 2 and draft.function == "cas" and draft.seen is not UNRECORDED:
        draft.seen = other.value
    elif what == 3 and draft.function == "cas" and draft.ret is not None:
        draft.ok = not draft.ok
        draft.seen = other.value if not draft.ok and chance.random() < taste.seen else UNRECORDED
    elif what == 4:
        draft.call += chance.random() * taste.overlap / 2
        if draft.ret is not None:
            draft.ret = max(draft.ret, draft.call)
    elif draft.ret is not None:
        draft.ret = max(draft.call, draft.ret - chance.random() * taste.overlap / 2)


def _built(chance: Random, taste: Taste, drafts: list[_Draft]) -> History:
    """As a history, each operation by a process of its own, rows in random order."""
    scale = 2 if taste.ties else 1_000_000
    builder = HistoryBuilder()
    for _, number, draft in sorted((chance.random(), number, draft) for number, draft in enumerate(drafts)):
        builder.add(
            number,
            draft.function,
            "k",
            draft.value,
            int(draft.call * scale),
            None if draft.ret is None else int(draft.ret * scale),
            expected=draft.expected,
            ok=draft.ok,
            seen=draft.seen,
        )
    return builder.build()

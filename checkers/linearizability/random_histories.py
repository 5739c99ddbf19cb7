"""Random histories of one register, for fuzzing: small enough for the oracle, aimed at where checkers err.

Every history starts as a run of a real register, each operation with a moment between its call and its
return at which it happens; so it is linearizable. Then, in most cases, something is changed: a result, a
time, an outcome. Most remain linearizable. A `Taste` says which operations there are and how they overlap.

A history is named by a seed and a number, and is made from these alone, so that a failure can be repeated
without what went before it. Only `random()` of a seeded generator is drawn: the same history on every Python.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from dynaproof.specs.history import UNRECORDED, History, HistoryBuilder

WRITES_OF_ABSENT: Final = 0.03
"""The part of the puts that are deletes in other words."""


TRIES_FOR_A_WRITER: Final = 2
"""A changed result is mostly a value that was there: one that never was is found too easily."""


@dataclass(frozen=True, slots=True)
class Taste:
    """What a history is made of: weights of the operations, and how likely each complication is."""

    operations: int = 7
    at_least: int = 2
    reads: float = 4
    puts: float = 3
    deletes: float = 1
    cases: float = 3
    puts_if_absent: float = 1
    conditional_deletes: float = 1
    unique: bool = True  # Each value is written once,
    values: int = 3  # or there are that many.
    crashes: float = 0.15
    failures: float = 0.03  # Definite ones, of anything but a condition.
    overlap: float = 2  # Mean length of an operation, in mean distances between calls.
    seen: float = 1  # How often a failed condition records what it saw.
    changes: float = 5  # Mean number of changes that may make it illegal.
    ties: bool = False  # Coarse clock: equal times are frequent.


SMALL: Final = (
    Taste(),
    Taste(unique=False),
    Taste(unique=False, values=2, seen=0.5),
    Taste(ties=True),
    Taste(ties=True, unique=False, seen=0.6),
    Taste(overlap=8, at_least=6),
    Taste(overlap=1.2),
    Taste(seen=0.4, cases=6, reads=5, crashes=0.05),
    Taste(deletes=4, puts=2, cases=1, reads=5),
    Taste(conditional_deletes=4, puts_if_absent=4, deletes=1, puts=1),
    Taste(puts_if_absent=5, conditional_deletes=3, deletes=2, puts=0.5, crashes=0),
    Taste(puts=0, deletes=3, puts_if_absent=3, conditional_deletes=0, cases=1),
    Taste(puts=2, deletes=2, conditional_deletes=3, cases=0, puts_if_absent=2, crashes=0, overlap=6),
    Taste(crashes=0.4),
    Taste(crashes=0.5, deletes=2, conditional_deletes=2, at_least=5),
    Taste(crashes=0.3, deletes=4, reads=5, puts=3, cases=1, at_least=5),
    Taste(cases=8, puts=1, crashes=0.3),
    Taste(changes=2, overlap=5, at_least=6),
    Taste(deletes=3, conditional_deletes=2, puts_if_absent=3, reads=6, overlap=5, crashes=0.05),
    Taste(unique=False, values=1, deletes=3, seen=0.7, overlap=6),
    # Few reads of values: chains that fit in an instant, which the sweep has to place between absences.
    Taste(
        reads=2, puts=3, deletes=3, cases=0, puts_if_absent=3, overlap=6, at_least=6, changes=2, crashes=0
    ),
    Taste(
        reads=2, puts=2, deletes=2, cases=0, puts_if_absent=3, conditional_deletes=2, overlap=4, at_least=6,
        changes=2, crashes=0.1,
    ),
    Taste(
        reads=3, puts=0, deletes=2, cases=0, puts_if_absent=6, overlap=9, at_least=7, changes=1.5, crashes=0
    ),
    Taste(
        reads=4, puts=2, deletes=3, cases=0, overlap=3, at_least=7, changes=1.5, ties=True, crashes=0.05
    ),
    # Zones that touch, and instants that end where a zone does.
    Taste(
        reads=5, puts=3, deletes=1, cases=0, overlap=1.5, at_least=6, changes=1, ties=True, crashes=0,
        puts_if_absent=0.5, conditional_deletes=0.5,
    ),
    # Zones between absences: a put that wastes one, deletes and put-ifs of which one must be spared.
    Taste(reads=4, puts=2, deletes=2, cases=0, puts_if_absent=2, overlap=5, at_least=7, changes=1, crashes=0),
    Taste(
        reads=3, puts=1, deletes=3, cases=0, puts_if_absent=2, conditional_deletes=0, overlap=7, at_least=7,
        changes=3, crashes=0,
    ),
    # Several deletes open at once, of which one must be left for a later absence.
    Taste(
        reads=3, puts=2.5, deletes=3, cases=0, puts_if_absent=0, conditional_deletes=0, overlap=3, at_least=6,
        changes=0.3, crashes=0,
    ),
    # Plain writes that hide each other, two of one value among them.
    Taste(unique=False, reads=3, puts=6, cases=2, overlap=6, at_least=7, changes=2, crashes=0.05),
    # Only reads and writes, which are decided in numpy: pending ones, zones that touch, reads of absent.
    Taste(
        reads=5, puts=4, deletes=0, cases=0, puts_if_absent=0, conditional_deletes=0, at_least=5, overlap=3,
        changes=2, crashes=0.2, failures=0.01,
    ),
    Taste(
        reads=4, puts=4, deletes=0, cases=0, puts_if_absent=0, conditional_deletes=0, at_least=6, ties=True,
        overlap=2.5, changes=1, crashes=0,
    ),
)  # fmt: skip
"""One for each kind of branch in the algorithms; all orders of such a history can be tried."""

LARGE: Final = tuple(
    replace(taste, operations=16, at_least=9, changes=taste.changes / 3, overlap=min(taste.overlap, 5))
    for taste in SMALL
)
"""The same with too many operations to try all orders: queues in the sweep get longer."""


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


def random_histories(
    seed: int, count: int, first: int = 0, tastes: tuple[Taste, ...] = SMALL
) -> Iterator[History]:
    """Yield the histories of one key of that seed, by number, `count` from `first` on."""
    for number in range(first, first + count):
        yield random_history(Random(seed << 40 | number), tastes[number % len(tastes)])


def directed_history() -> History:
    """A linearizable history for what random ones seldom ask: of several open deletes one must be spared.

    There are two, each needed for a different absence, so the one that ends first must explain the first.
    """
    builder = HistoryBuilder()
    for process, (function, value, call, ret) in enumerate(
        (("write", 1, 0, 1), ("delete", None, 2, 10), ("delete", None, 3, 30), ("read", None, 4, 5),
         ("write", 2, 12, 13), ("read", None, 15, 16))
    ):  # fmt: skip
        builder.add(process, function, "k", value, call, ret)
    return builder.build()


def random_history(chance: Random, taste: Taste) -> History:
    """A history of one key, with as many operations as the taste allows."""
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
    size = taste.at_least + _below(chance, taste.operations - taste.at_least + 1)
    for number in range(size):
        kind = _pick(chance, kinds, weights)
        clock += chance.random()
        length = chance.random() * taste.overlap
        if not taste.ties:
            length *= 2 * chance.random()  # Mostly short, some long.
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
    elif draft.function in {"read", "put", "delete"} and chance.random() < taste.failures:
        draft.ok = False
    happened = draft.ok and (not crashed or chance.random() < 0.6)
    if draft.function == "read":
        draft.value = state
        return state
    if draft.function == "put":
        draft.function = "write"
        if chance.random() < WRITES_OF_ABSENT:
            draft.value = None
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
    for _ in range(TRIES_FOR_A_WRITER):
        if other.ok and other.function != "read":
            break
        other = drafts[_below(chance, len(drafts))]
    conditional, returned = draft.function == "cas", draft.ret is not None
    possible = {
        "found": draft.function == "read" or conditional,
        "outcome": conditional and returned,
        "later call": True,
        "earlier return": returned,
    }
    names = [name for name, applies in possible.items() if applies]
    what = names[_below(chance, len(names))]
    if what == "found" and draft.function == "read":
        draft.value = other.value
    elif what == "found" and draft.seen is not UNRECORDED and chance.random() < 0.8:
        draft.seen = other.value
    elif what == "found":
        draft.expected = other.value
    elif what == "outcome":
        draft.ok = not draft.ok
        draft.seen = other.value if not draft.ok and chance.random() < taste.seen else UNRECORDED
    elif what == "later call":
        draft.call += chance.random() * taste.overlap / 2
        if draft.ret is not None:
            draft.ret = max(draft.ret, draft.call)
    else:
        assert draft.ret is not None
        draft.ret = max(draft.call, draft.ret - chance.random() * taste.overlap / 2)


def _built(chance: Random, taste: Taste, drafts: list[_Draft]) -> History:
    """The drafts as a history, each operation by its own process, rows in random order."""
    scale = 1 + _below(chance, 2) if taste.ties else 1_000_000
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

"""A minimal sub-history that is still not linearizable, by removals that cannot invent a violation.

First the history of the key is cut after its first bad prefix (prefixes of linearizable histories are
linearizable, with what had not returned yet pending). Then *sound units* are removed as long as the rest
stays illegal. A removal is sound if it leaves every linearizable history linearizable, so that an illegal
rest accuses the whole:

1. an operation that changes nothing: a read, a read of absent, a failed condition;
2. a write or cas whose value no remaining operation needs. A read needs what it returned, a cas what it
   expected, and a condition that failed on something unseen needs everything. In turns with rule 1 this takes
   suffixes of chains, and whole chains; a delete only where no remaining operation needs absence;
3. a write that had ended before a plain write began that had itself ended before every operation that needs
   the first one's value began: none can have found it. Only where the value has another source left (absence
   always has one, the beginning), so that a stale read keeps its write, and is not reported as garbage.

Nothing else is removed: without what made a value absent, absence would become a violation that the whole
does not have. Nor is what stands for the beginning (`beginning`) removed, for judging the core begins there
again: what had ended the beginning would go as unneeded, and leave a legal rest. It is enough to try single
operations until none can go: if a sequence of sound removals leaves an illegal rest, so does its first one.

A garbage read (`patterns`) accuses the whole by itself, so all else goes, even what could not go one by one.

Of other objects than registers only what they name as `reads` is removed.

Source: the units are argued in `docs/linearizability-proof.md`; halving as in Zeller and Hildebrandt,
*Simplifying and Isolating Failure-Inducing Input* (2002).
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from dynaproof.checkers.linearizability import (
    depth_first,
    frontier,
    patterns,
    patterns_of_objects,
    register,
    wing_gong,
    zones,
)
from dynaproof.checkers.linearizability.beginning import BEGINNING, with_beginning
from dynaproof.checkers.linearizability.by_zones import fault_by_zones
from dynaproof.checkers.linearizability.checking import (
    depth_first_limit,
    fitting_object,
    load_machine_code,
    tells,
)
from dynaproof.checkers.linearizability.register import ASK_CAS, ASK_DIFFERS, ASK_PUT, ASK_READ, Ask
from dynaproof.checkers.linearizability.result import NOT_LINEARIZABLE, Result
from dynaproof.specs.history import (
    ABSENT,
    NEVER,
    NOT_RECORDED,
    Column,
    Columns,
    Completion,
    History,
    Operation,
)
from dynaproof.specs.objects import SequentialObject, is_register

PLAIN_BELOW = 3_000
"""Smaller sub-histories are decided faster by the plain reference than by machine code."""

FIRST_WINDOW = 8


class Core(NamedTuple):
    """A sub-history of one key that is not linearizable, and `minimal`; or the witness instead.

    The witness stands in if the time ended first, because what is left then may be large; it shows what is
    said of the violation, and need not be illegal by itself. `bad_return` is the row, in the whole history,
    of the operation whose return ends the first bad prefix; `rows` are those of the core's operations.
    """

    history: History
    rows: tuple[int, ...]
    bad_return: int
    minimal: bool


def minimal_core(
    history: History,
    result: Result,
    object: SequentialObject | None = None,  # noqa: A002
    seconds: float | None = None,
) -> Core:
    """Shrink what `check` found not to be linearizable; after `seconds` it gives the witness instead.

    The time begins once the machine code is loaded, if that is needed. Raises ValueError if `result` does not
    have that verdict.
    """
    if result.verdict != NOT_LINEARIZABLE or result.key is None:
        raise ValueError(f"there is no core of a history that is {result.verdict}")
    thing = object if object is not None else fitting_object(history)
    key = list(history.keys).index(result.key)
    own = np.flatnonzero(history.columns.key == key)
    if is_register(thing) and len(own) >= PLAIN_BELOW:
        load_machine_code()
    clock = _Clock(seconds)
    core = _shrunken(history, key, result, thing, clock)
    if core.minimal:
        return core
    rows = sorted(result.witness)
    return core._replace(history=history.select(rows), rows=tuple(rows))


def _shrunken(history: History, key: int, result: Result, thing: SequentialObject, clock: "_Clock") -> Core:
    if is_register(thing):
        opened = with_beginning(history, thing.initial)
        core = _of_register(opened, np.flatnonzero(opened.columns.key == key), result, clock)
        return _without_beginning(core, len(history))
    return _of_object(history, np.flatnonzero(history.columns.key == key), thing, clock)


def _without_beginning(core: Core, operations: int) -> Core:
    """The core of the history itself, without what stands for the beginning; to judge it, give that again."""
    own = [place for place, row in enumerate(core.rows) if row < operations]
    if len(own) == len(core.rows):
        return core
    return core._replace(history=core.history.select(own), rows=tuple(core.rows[place] for place in own))


class _Clock:
    """Says when the time has ended, and remembers that it had to."""

    def __init__(self, seconds: float | None) -> None:
        self.ends_at = None if seconds is None else time.monotonic() + seconds
        self.ended = False

    def over(self, _configurations: int = 0) -> bool:
        self.ended = self.ended or (self.ends_at is not None and time.monotonic() >= self.ends_at)
        return self.ended


# ---- the first bad prefix


def _cut(history: History, rows: Column, returned: Column) -> tuple[History, Column]:
    """The prefix of `rows` that ends with the last return of `returned`, and its rows.

    What returns at that very instant is pending too, unless its process goes on in the prefix: a process has
    one operation at a time.
    """
    c = history.columns
    kept = rows[c.call[rows] <= c.ret[returned[-1]]]
    of_process = kept[np.lexsort((kept, c.ret[kept], c.call[kept], c.process[kept]))]
    goes_on = of_process[:-1][c.process[of_process[:-1]] == c.process[of_process[1:]]]
    pending = kept[~np.isin(kept, returned) & ~np.isin(kept, goes_on)]
    part = history.select(kept).columns
    where = np.searchsorted(kept, pending)
    part.ret[where] = NEVER
    part.outcome[where] = Completion.UNKNOWN.value
    part.seen[where] = NOT_RECORDED
    return _like(history, part), kept


def _like(history: History, columns: Columns) -> History:
    return History(
        columns,
        history.keys,
        history.values,
        functions=history.functions,
        clock=history.clock,
        file=history.file,
    )


def _first_bad(
    history: History, rows: Column, illegal: Callable[[History], bool], stuck_at: int | None
) -> tuple[History, Column, int]:
    """The shortest illegal prefix, its rows, and the operation whose return ends it.

    All prefixes shorter than the one where the search got stuck are legal; that one may still be legal too,
    because a condition that had not failed by then might have applied.
    """
    c = history.columns
    returns = rows[c.ret[rows] != NEVER]
    returns = returns[np.lexsort((returns, c.ret[returns]))]
    good, bad = 0, len(returns)
    if stuck_at is not None:
        good = int(np.flatnonzero(returns == stuck_at)[0])
        step = 1
        while good + step < bad and not illegal(_cut(history, rows, returns[: good + step])[0]):
            good += step
            step *= 2
        bad = min(bad, good + step)
    while good + 1 < bad:
        middle = (good + bad) // 2
        if illegal(_cut(history, rows, returns[:middle])[0]):
            bad = middle
        else:
            good = middle
    prefix, kept = _cut(history, rows, returns[:bad])
    return prefix, kept, int(returns[bad - 1])


# ---- registers


def _of_register(history: History, rows: Column, result: Result, clock: _Clock) -> Core:
    def illegal_history(part: History) -> bool:
        asks = register.reduce(part)
        if len(asks.impossible):
            return True
        fault = fault_by_zones(asks, len(part.values)) if len(part) >= PLAIN_BELOW else None
        return bool(fault) if fault is not None else illegal(_asks(asks), clock)

    prefix, kept, bad = _first_bad(history, rows, illegal_history, result.stuck_at)
    reduced = register.reduce(prefix)
    if len(reduced.impossible):
        rows_left = [int(reduced.impossible[0])]
    else:
        asks = _asks(reduced)
        pattern = patterns.find(asks) if zones.decide(asks).outside is not None else None
        if pattern is not None and pattern.over is None:
            asks = [asks[pattern.at]]  # No other operation has anything to do with it.
            pattern = None
        witness = set() if pattern is None else {asks[i].row for i in pattern if i is not None}
        if len(prefix) >= PLAIN_BELOW:
            fault = fault_by_zones(reduced, len(prefix.values))
            witness = {asks[place].row for place in fault or ()}
        begun = set(np.flatnonzero(prefix.columns.line == BEGINNING).tolist())
        rows_left = sorted(ask.row for ask in _shrink(asks, witness, begun, clock))
    return Core(prefix.select(rows_left), tuple(kept[rows_left].tolist()), bad, not clock.ended)


def _asks(asks: register.Asks) -> list[Ask]:
    """All operations of a reduced history of one key."""
    columns = (asks.kind, asks.need, asks.value, asks.call, asks.ret, asks.row)
    return [Ask(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def illegal(asks: Sequence[Ask], clock: _Clock) -> bool:
    """Whether the operations of a key are certainly not linearizable."""
    decided = zones.decide(asks)
    if decided.outside is None:
        return decided.cause is not None
    if patterns.find(asks) is not None:
        return True
    most = depth_first_limit(len(asks))
    found = depth_first.search(asks, exhausted=lambda visited: visited > most or clock.over())
    if found.order is None and found.failed_at is None and not clock.ended:
        found = frontier.search(asks, exhausted=clock.over)
    return found.failed_at is not None


def _shrink(asks: list[Ask], witness: set[int], begun: set[int], clock: _Clock) -> list[Ask]:
    """Remove first all that no explanation seems to need, then halves, quarters, ... and single operations;
    the rows in `begun` stay.
    """
    asks = _around(asks, witness, begun, clock)
    size = max(1, len(asks) // 2)
    while True:
        smaller = False
        at = 0
        while at < len(asks) and not clock.over():
            rest = remove(asks, [not at <= i < at + size or ask.row in begun for i, ask in enumerate(asks)])
            if len(rest) < len(asks) and illegal(rest, clock):
                asks, smaller = rest, True
            else:
                at += size
        if clock.over() or (size == 1 and not smaller):
            return asks
        size = max(1, min(size, len(asks)) // 2) if size > 1 else 1


def _around(asks: list[Ask], witness: set[int], begun: set[int], clock: _Clock) -> list[Ask]:
    """What is left if only the witness is wanted, or only what returned late, if that is illegal."""
    calls = sorted((ask.call for ask in asks), reverse=True)
    wanted = [ask.row in witness or ask.row in begun for ask in asks]
    window = FIRST_WINDOW
    while not clock.over():
        rest = remove(asks, wanted)
        if illegal(rest, clock):
            return rest
        if window >= len(asks):
            break
        wanted = [ask.ret >= calls[window] or ask.row in begun for ask in asks]
        window *= 4
    return asks


def remove(asks: Sequence[Ask], wanted: Sequence[bool]) -> list[Ask]:
    """Remove all that is not wanted and can soundly go, one after the other, by rules 1 to 3; O(n log n)."""
    left = [want or ask.kind not in {ASK_READ, ASK_DIFFERS} for ask, want in zip(asks, wanted, strict=True)]
    going = True
    while going:
        going = _unneeded(asks, wanted, left) or _unseen(asks, wanted, left)
    return [ask for ask, stays in zip(asks, left, strict=True) if stays]


def _unneeded(asks: Sequence[Ask], wanted: Sequence[bool], left: list[bool]) -> bool:
    """Rule 2, until nothing more goes; gives whether something did."""
    if any(stays and ask.kind == ASK_DIFFERS for ask, stays in zip(asks, left, strict=True)):
        return False
    needs = Counter(
        ask.need for ask, stays in zip(asks, left, strict=True) if stays and (ask.kind in {ASK_READ, ASK_CAS})
    )
    sources: dict[int, list[int]] = {}
    for i, ask in enumerate(asks):
        if left[i] and not wanted[i] and ask.kind >= ASK_PUT:
            sources.setdefault(ask.value, []).append(i)
    queue = [value for value in sources if not needs[value]]
    gone = bool(queue)
    while queue:
        for i in sources.pop(queue.pop(), ()):
            left[i] = False
            if asks[i].kind == ASK_CAS:
                needs[asks[i].need] -= 1
                if not needs[asks[i].need] and asks[i].need in sources:
                    queue.append(asks[i].need)
    return gone


def _unseen(asks: Sequence[Ask], wanted: Sequence[bool], left: list[bool]) -> bool:
    """Rule 3, the earliest return first, so that what overwrites a write is still there when it goes."""
    first_need: dict[int, int] = {}
    sources = Counter({ABSENT: 1})
    picky = NEVER
    plain = []
    for ask, stays in zip(asks, left, strict=True):
        if not stays:
            continue
        if ask.kind == ASK_DIFFERS:
            picky = min(picky, ask.call)
        if ask.kind in {ASK_READ, ASK_CAS}:
            first_need[ask.need] = min(first_need.get(ask.need, NEVER), ask.call)
        if ask.kind >= ASK_PUT:
            sources[ask.value] += 1
        if ask.kind == ASK_PUT and ask.ret != NEVER:
            plain.append(ask)
    plain.sort(key=lambda ask: ask.call)
    calls = np.array([ask.call for ask in plain], dtype=np.int64)
    rets = np.array([ask.ret for ask in plain], dtype=np.int64)
    # The least return among the plain writes called at or after each.
    soonest = np.minimum.accumulate(rets[::-1])[::-1]
    gone = False
    candidates = [
        i
        for i, ask in enumerate(asks)
        if left[i] and not wanted[i] and ask.kind >= ASK_PUT and ask.ret != NEVER
    ]
    for i in sorted(candidates, key=lambda i: asks[i].ret):
        at = int(np.searchsorted(calls, asks[i].ret, side="right"))
        value = asks[i].value
        if at < len(plain) and sources[value] > 1 and soonest[at] < min(first_need.get(value, NEVER), picky):
            left[i] = False
            sources[value] -= 1
            gone = True
    return gone


# ---- other objects


def _of_object(history: History, rows: Column, thing: SequentialObject, clock: _Clock) -> Core:
    def illegal_history(part: History) -> bool:
        told = [op for op in part if tells(op)]
        if patterns_of_objects.find(told, thing) is not None:
            return True
        return wing_gong.search(told, thing, clock.over).stuck_at is not None

    prefix, kept, bad = _first_bad(history, rows, illegal_history, None)
    left = list(range(len(prefix)))
    reads: tuple[str, ...] = getattr(thing, "reads", ())
    for i in range(len(prefix)):
        op: Operation = prefix[i]
        if op.function not in reads and tells(op):
            continue
        rest = [j for j in left if j != i]
        if not clock.over() and illegal_history(prefix.select(rest)):
            left = rest
    return Core(prefix.select(left), tuple(kept[left].tolist()), bad, not clock.ended)

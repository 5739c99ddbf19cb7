"""Fuzzing: all deciders of a register, held against each other and against the oracle.

For each random history these must agree: all orders tried (`brute_force`; for histories too large for that
the Wing-Gong search stands in), algorithms A and B, each as the plain reference and as machine code, A in
numpy too, the Wing-Gong search, the search that follows a history as it grows (`online`), and `check` itself.
Every yes must come with an order that linearizes the history by its definition and that the verifier accepts;
every no with a cause, a sentence and witness operations that exist. Of orders made false on purpose, the
verifier must accept exactly those that the definition accepts. The history written out as JSON lines and as
Jepsen's EDN must be read back as what it is. And the kernels' heap, which histories of this size hardly fill,
must give what `heapq` gives. Histories of all other objects are fuzzed alongside (`object_fuzzing`).

A history is named by seed and number (`random_histories`), so a disagreement is repeated by its two numbers.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import numpy as np

from dynaproof.checkers.certificates import verifier
from dynaproof.checkers.histories import FAILED_CAS, parse
from dynaproof.checkers.linearizability import (
    brute_force,
    by_depth_first,
    by_frontier,
    chain_kernels,
    depth_first,
    frontier,
    online,
    patterns,
    register,
    sweep_kernels,
    wing_gong,
    zone_columns,
    zone_kernels,
    zones,
)
from dynaproof.checkers.linearizability.chains import UNSEEN_CONDITION
from dynaproof.checkers.linearizability.checking import check, tells
from dynaproof.checkers.linearizability.configurations import CAS, DELETE, PUT, READ
from dynaproof.checkers.linearizability.object_fuzzing import fuzz_object, lines_of
from dynaproof.checkers.linearizability.object_histories import KINDS
from dynaproof.checkers.linearizability.random_histories import (
    LARGE,
    SMALL,
    Taste,
    directed_history,
    random_histories,
)
from dynaproof.checkers.linearizability.register import ASK_DIFFERS, Ask, Asks
from dynaproof.checkers.linearizability.search_fuzzing import wrong_search
from dynaproof.specs.history import NEVER, UNRECORDED, Completion, History, HistoryBuilder, Operation
from dynaproof.specs.objects import REGISTER

BATCH: Final = 64
"""How many histories the machine code gets at once, each as a key."""

LARGE_EVERY: Final = 8
"""One history in so many is too large for all orders to be tried."""

HEAP_ITEMS: Final = 96
HEAP_DEADLINES: Final = 64
"""Fewer than items, so that some are equal."""

READ_EVERY: Final = 4
"""One history in so many is written out and read again."""

OBJECT_EVERY: Final = 4
"""With one history in so many comes one of some other object (`object_fuzzing`), under the same number."""

ONLINE_KINDS: Final = {"read": READ, "write": PUT, "cas": CAS, "delete": DELETE}


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A decider was wrong about a history: what was wrong, and how to make the history again."""

    seed: int
    number: int
    large: bool
    what: str
    history: History

    def __str__(self) -> str:
        size = "large" if self.large else "small"
        where = f"{size} history {self.number} of seed {self.seed}"
        return "\n".join([f"{where}: {self.what}", *lines_of(self.history)])


@dataclass(slots=True)
class Tally:
    """What was fuzzed: how many histories, their verdicts, and by cause and deciding algorithm."""

    histories: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    algorithms: Counter[str] = field(default_factory=Counter)


def fuzz(seed: int, count: int, first: int = 0, tally: Tally | None = None) -> Iterator[Disagreement]:
    """Yield what disagrees about `count` histories of `seed`, from number `first` on; `tally` counts them.

    Of the numbers, one in `LARGE_EVERY` batches means a large history. The directed history comes after the
    last one, under the next number.
    """
    at, end = first, first + count
    while at < end:
        if at % BATCH == 0:
            # The history itself is not used: its number only seeds what is pushed and popped.
            for what in _wrong_heap(Random(at)):
                yield Disagreement(seed, at, False, what, HistoryBuilder().build())
        size = min(BATCH - at % BATCH, end - at)
        large = at // BATCH % LARGE_EVERY == LARGE_EVERY - 1
        tastes: tuple[Taste, ...] = LARGE if large else SMALL
        histories = list(random_histories(seed, size, at, tastes))
        compiled = _machine_code([register.reduce(history) for history in histories])
        for number, history, machine in zip(range(at, end), histories, compiled, strict=False):
            for what in _examine(history, Random(number), large, machine, tally):
                yield Disagreement(seed, number, large, what, history)
            if number % READ_EVERY == 0:
                for what in _wrong_readers(history):
                    yield Disagreement(seed, number, large, what, history)
            if number % OBJECT_EVERY == 0:
                yield from _of_an_object(seed, number)
        at += size
    history = directed_history()
    (machine,) = _machine_code([register.reduce(history)])
    for what in _examine(history, Random(end), False, machine, None):
        yield Disagreement(seed, end, False, what, history)


def _of_an_object(seed: int, number: int) -> Iterator[Disagreement]:
    """What disagrees about a history of an object: of each in turn."""
    name = tuple(KINDS)[number // OBJECT_EVERY % len(KINDS)]
    for found in fuzz_object(name, seed, 1, number):
        yield Disagreement(seed, number, False, f"as a {name}: {found.what}", found.history)


Opinion = tuple[bool | None, Sequence[int] | None]
"""Linearizable, or not, or no opinion; and if it is, the rows in an order that shows it."""


def _examine(
    history: History, chance: Random, large: bool, machine: Opinion, tally: Tally | None
) -> Iterator[str]:
    operations: list[Operation] = list(history)
    if large:
        truth = wing_gong.search(_told(operations), REGISTER).order is not None
    else:
        truth = brute_force.is_linearizable(operations)
    asks = register.reduce(history)
    possible = len(asks.impossible) == 0
    if truth and not possible:
        yield "the reduction calls a linearizable history impossible"
    opinions = {
        "algorithm A": _plain(asks),
        "algorithm A in machine code": machine,
        "algorithm A in numpy": _columns(asks),
        "algorithm B": _frontier(asks, frontier.search),
        "algorithm B in machine code": _frontier(asks, by_frontier.search),
        "algorithm B depth first": _frontier(asks, depth_first.search),
        "algorithm B depth first in machine code": _frontier(
            asks, lambda _: by_depth_first.search(register.columns_of_key(asks, 0))
        ),
        "algorithm B by bad patterns": _patterns(asks),
        "the Wing-Gong search": _wing_gong(operations),
        "the search that follows a history": (_online(operations, chance), None),
    }
    alike = (opinions["algorithm A"][0] is None) == (machine[0] is None)
    if not alike and not (asks.kind == ASK_DIFFERS).any():
        yield "algorithm A can tell in one of its forms only"
    for who, (verdict, order) in opinions.items():
        reduced = who.startswith("algorithm")
        if verdict is not None and verdict != truth and (possible or not reduced):
            yield f"{who} says {verdict}, all orders say {truth}"
        if order is not None and truth:
            yield from _wrong_order(history, operations, order, who)
    outside = zone_columns.why_outside(asks, 0, len(asks.kind))
    if outside is not None and outside != zones.decide(register.of_key(asks, 0)).outside:
        yield f"algorithm A in numpy is told to be outside, {outside}, by mistake"
    yield from wrong_search(asks)
    yield from _wrong_answer(history, operations, truth, tally)
    yield from _wrong_verifier(history, operations, chance)


def _plain(asks: Asks) -> Opinion:
    operations = register.of_key(asks, 0)
    decided = zones.decide(operations)
    if decided.outside == UNSEEN_CONDITION:
        rest = zones.decide([ask for ask in operations if ask.kind != ASK_DIFFERS])
        return (None if rest.cause is None else False), None
    if decided.order is not None:
        return True, asks.row[decided.order].tolist()
    return (None if decided.outside is not None else False), None


def _columns(asks: Asks) -> Opinion:
    """The opinion in numpy, on plain histories only; its working room must be left as it was."""
    if not zone_columns.is_plain(asks):
        return None, None
    writer = zone_columns.room(1 + int(max(asks.need.max(initial=0), asks.value.max(initial=0))))
    found = zone_columns.decide(asks, 0, len(asks.kind), writer)
    assert (writer == -1).all()
    if found is None:
        return None, None
    return found.cause is None, None if found.cause is not None else asks.row[found.order].tolist()


def _machine_code(batch: Sequence[Asks]) -> list[Opinion]:
    """The kernels' opinions on histories of one key each, which they get as the keys of one history."""
    columns = chain_kernels.Columns(
        *(np.concatenate([getattr(asks, name) for asks in batch]) for name in chain_kernels.Columns._fields)
    )
    sizes = [len(asks.kind) for asks in batch]
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    values = 1 + max(int(max(columns.need.max(initial=0), columns.value.max(initial=0))), 0)
    into = zone_kernels.answers(len(batch), sum(sizes))
    zone_kernels.decide(columns, bounds, 0, len(batch), values, into)
    opinions: list[Opinion] = []
    for key, asks in enumerate(batch):
        lo, code = bounds[key], int(into.code[key])
        if code == chain_kernels.FINE:
            order = into.order[lo : lo + into.size[key]] - lo
            opinions.append((True, asks.row[order].tolist()))
        else:
            opinions.append((False if code < chain_kernels.DUPLICATE_VALUE else None, None))
    return opinions


def _wrong_heap(chance: Random) -> Iterator[str]:
    """Where the kernels' heap of items by deadline differs from `heapq`, filled and emptied at random."""
    deadline = np.array([int(chance.random() * HEAP_DEADLINES) for _ in range(HEAP_ITEMS)], dtype=np.int64)
    heap, right = np.full(HEAP_ITEMS, -1, dtype=np.int64), list[tuple[int, int]]()
    within: set[int] = set()
    filling = 0.5 + chance.random() / 2
    for item in range(HEAP_ITEMS):
        sweep_kernels.push(heap, len(right), item, deadline)
        heapq.heappush(right, (int(deadline[item]), item))
        within.add(item)
        while right and (chance.random() > filling or item == HEAP_ITEMS - 1):
            given = sweep_kernels.pop(heap, len(right), deadline)
            due, _ = heapq.heappop(right)
            if given not in within:
                yield f"the kernels' heap gives {given}, which is not in it"
                return
            within.remove(given)
            if deadline[given] != due:  # Of equal deadlines either may come first.
                yield f"the kernels' heap gives deadline {deadline[given]}, the least is {due}"
                return


def _frontier(asks: Asks, search: Callable[[list[Ask]], frontier.Searched | None]) -> Opinion:
    found = search(register.of_key(asks, 0))
    if found is None:
        return None, None
    return found.order is not None, None if found.order is None else asks.row[found.order].tolist()


def _patterns(asks: Asks) -> Opinion:
    return (None if patterns.find(register.of_key(asks, 0)) is None else False), None


def _told(operations: Sequence[Operation]) -> list[Operation]:
    """The operations except those that certainly did not happen and say nothing about the state."""
    return [op for op in operations if tells(op)]


def _wing_gong(operations: Sequence[Operation]) -> Opinion:
    told = _told(operations)
    found = wing_gong.search(told, REGISTER)
    return found.order is not None, None if found.order is None else [told[i].index for i in found.order]


def _online(operations: Sequence[Operation], chance: Random) -> bool:
    """The verdict of the search that is fed calls and returns; a crash becomes known at some time."""
    key = online.KeyFrontier()
    events: list[tuple[int, int, int]] = []
    latest = max(operation.call for operation in operations) + 1
    for i, op in enumerate(operations):
        known = op.ret if op.ret != NEVER else max(op.call, int(chance.random() * latest))
        events += [(op.call, 0, i), (known, 1, i)]
    for _, ends, i in sorted(events):
        op = operations[i]
        if not ends:
            key.call(i, ONLINE_KINDS[op.function], op.value, op.expected)
        elif op.outcome is Completion.UNKNOWN:
            key.unknown(i)
        elif op.outcome is Completion.FAILED and op.function == "cas":
            key.returned(i, online.UNSEEN if op.seen is UNRECORDED else op.seen, applied=False)
        elif op.outcome is Completion.FAILED:
            key.abandon(i)
        else:
            key.returned(i, op.value)
    return key.legal


def _wrong_order(
    history: History, operations: Sequence[Operation], order: Sequence[int], who: str
) -> Iterator[str]:
    """What is wrong with the order that was given for a yes: rows of the operations that say something."""
    standing = set(order)
    silent = [op for op in operations if op.outcome is Completion.UNKNOWN and op.index not in standing]
    if not brute_force.explains(operations, [operations[row] for row in order]):
        yield f"{who} gave an order that does not linearize it: {list(order)}, {len(silent)} pending left out"
    try:
        verifier.verify(history, order)
    except verifier.CertificateError as error:
        yield f"the verifier refuses what {who} gave: {error}"


def _wrong_answer(
    history: History, operations: Sequence[Operation], truth: bool, tally: Tally | None
) -> Iterator[str]:
    """What is wrong with the answer of `check`."""
    result = check(history)
    if tally is not None:
        tally.histories += 1
        tally.verdicts[result.verdict] += 1
        tally.algorithms[result.algorithm] += 1
        if result.cause is not None:
            tally.causes[result.cause] += 1
    if result.linearizable != truth:
        yield f"check says {result.verdict}, all orders say {truth}"
    elif truth:
        if result.certificate is None:
            yield "check says yes and gives no certificate"
        else:
            yield from _wrong_order(history, operations, result.certificate.tolist(), "check")
    elif not (result.cause and result.sentence and result.witness):
        yield "check says no and does not say why"
    elif not set(result.witness) <= set(range(len(operations))):
        yield f"check says no and shows operations that are not there: {result.witness}"


def _wrong_verifier(history: History, operations: Sequence[Operation], chance: Random) -> Iterator[str]:
    """Whether the verifier and the definition differ on an order, mostly one that was right and is not."""
    order = list(_wing_gong(operations)[1] or [op.index for op in _told(operations)])
    for _ in range(1 + int(chance.random() * 2)):
        if not order:
            break
        at, to = (int(chance.random() * len(order)) for _ in range(2))
        what = chance.random()
        if what < 0.5:
            order[at], order[to] = order[to], order[at]
        elif what < 0.7:
            del order[at]
        elif what < 0.8:
            order.insert(to, order[at])
        else:
            order.insert(to, int(chance.random() * len(operations)))
    right = brute_force.explains(operations, [operations[row] for row in order])
    try:
        verifier.verify(history, order)
        accepted = True
    except verifier.CertificateError:
        accepted = False
    if accepted != right:
        yield f"the verifier {'accepts' if accepted else 'refuses'} {order}, against the definition"


def _wrong_readers(history: History) -> Iterator[str]:
    """Whether the history, written out, is read back as something else."""
    again = parse("\n".join(lines_of(history)).encode(), "fuzzed")
    if [_told_by(op) for op in again] != [_told_by(op) for op in history]:
        yield "its JSON lines are read as another history"
    events = "\n".join(jepsen_events(history)).encode()
    for failed_cas in FAILED_CAS:
        jepsen = parse(events, "fuzzed", failed_cas=failed_cas)
        left = without_seen(history, differed=failed_cas == "differed")
        expected = wing_gong.search(_told(list(left)), REGISTER).order is not None
        if check(jepsen).linearizable != expected:
            yield f"its Jepsen events, a failed cas saying {failed_cas}, are not judged {expected}"
    told = [check(parse(events, "fuzzed", failed_cas=one)).verdict for one in (None, "nothing")]
    if told[0] != told[1]:
        yield "a failed cas of Jepsen's events says something by itself"


def _told_by(op: Operation) -> tuple[Any, ...]:
    value = None if op.function == "read" and op.outcome is not Completion.OK else op.value
    return op.process, op.function, op.key, value, op.expected, op.seen, op.call, op.ret, op.outcome


def without_seen(history: History, *, differed: bool = True) -> History:
    """The history of a recorder that does not write down what failed conditions saw."""
    builder = HistoryBuilder()
    for op in history:
        ret = None if op.outcome is Completion.UNKNOWN else op.ret
        builder.add(
            op.process, op.function, op.key, op.value, op.call, ret,
            expected=op.expected, ok=op.outcome is Completion.OK, differed=differed,
        )  # fmt: skip
    return builder.build()


def jepsen_events(history: History) -> list[str]:
    """The history as Jepsen's events, in order of time; what failed conditions saw is lost."""
    types = {Completion.OK: "ok", Completion.FAILED: "fail", Completion.UNKNOWN: "info"}
    events: list[tuple[int, int, int, str]] = []
    for op in history:
        pair = f"[{_edn(op.expected)} {_edn(op.value)}]"
        value = pair if op.function == "cas" else "nil" if op.function == "delete" else _edn(op.value)
        asked = "nil" if op.function == "read" else value
        found = value if op.outcome is Completion.OK else asked
        what = f":process {op.process}, :f :{op.function}"
        events.append((op.call, 0, op.index, f"{{{what}, :type :invoke, :value {asked}}}"))
        events.append((op.ret, 1, op.index, f"{{{what}, :type :{types[op.outcome]}, :value {found}}}"))
    return [text for *_, text in sorted(events)]


def _edn(value: object) -> str:
    return "nil" if value is None else str(value)

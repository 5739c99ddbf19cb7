"""Why a history is not linearizable: a name for it, the operations that show it, and a sentence.

Algorithm A finds each violation with the at most four operations that make it, so its sentences are proofs:
to check one, check the two or three facts in it. Algorithm B finds the return that no order explains; the
sentence says what it returned and what stood against it. `patterns` are found before it runs.

The names: garbage read, stale read, lost update, new-old inversion, order inversion inside a chain, absent
observed while present, unexplained absence, unexplained put-if-absent, cyclic conditional writes, failed
condition that saw what it expected; and, from the frontier search: unexplained read, cas, failed condition.
Objects other than registers are explained by `explain_objects`.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from dynaproof.checkers.histories.values import Json
from dynaproof.checkers.linearizability import chains
from dynaproof.checkers.linearizability.beginning import BEGINNING
from dynaproof.checkers.linearizability.patterns import Pattern
from dynaproof.checkers.linearizability.register import ASK_CAS, ASK_DIFFERS, ASK_PUT, ASK_READ, Ask
from dynaproof.checkers.linearizability.result import Failure
from dynaproof.specs.history import ABSENT, NEVER, UNRECORDED, Completion, History, Operation, Value

STALE_READ = "stale read"
NEW_OLD_INVERSION = "new-old inversion"
ABSENT_WHILE_PRESENT = "absent observed while present"
SAW_EXPECTED = "failed condition that saw what it expected"
UNEXPLAINED_READ = "unexplained read"
UNEXPLAINED_CAS = "unexplained cas"
UNEXPLAINED_CONDITION = "unexplained failed condition"

LONGEST_VALUE = 40
SHOWN_OF_A_CYCLE = 4
_UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns"))


def impossible_condition(history: History, row: int) -> Failure:
    """A condition that failed although it saw what it expected."""
    op: Operation = history[row]
    sentence = f"{name(op)} failed, but saw {value_text(op.seen)}, which is what it expected"
    return Failure(SAW_EXPECTED, (row,), sentence)


def violation(history: History, asks: Sequence[Ask], cause: str, fault: Sequence[int]) -> Failure:
    """A violation that algorithm A found in one key: cause and indices at fault, as `Decided` has them."""
    if cause in {chains.ZONES, chains.INSIDE}:
        return _zones(history, asks, fault)
    ops: list[Operation] = [history[asks[i].row] for i in fault if i >= 0]
    first = ops[0]
    if cause == chains.GARBAGE_READ:
        return _failure(cause, ops, f"{did(first)}, but nobody ever wrote {value_text(_found(first))}")
    if cause == chains.LOST_UPDATE:
        value = value_text(first.expected)
        sentence = f"{name(first)} and {name(ops[1])} both replaced {value}, which was written once"
        return _failure(cause, [*ops, *_writers(history, asks, [asks[fault[0]].need])], sentence)
    if cause == chains.CYCLE:
        steps = "; ".join(phrase(op) for op in ops[:SHOWN_OF_A_CYCLE])
        return _failure(
            cause, ops[:SHOWN_OF_A_CYCLE], f"each of these needs another to have gone first: {steps}"
        )
    if cause == chains.ORDER_INVERSION:
        late = ops[1]
        sentence = (
            f"{did(first)}, but had ended {before(history, first, late)} {phrase(late)} began, "
            "which must have gone first"
        )
        if asks[fault[1]].kind == ASK_READ:
            sentence = f"{did(late)}, but {phrase(first)} had ended {before(history, first, late)} it began"
        values = [asks[i].need for i in fault if asks[i].kind != ASK_PUT]
        return _failure(cause, [*ops, *_writers(history, asks, values)], sentence)
    if len(ops) == 1:
        return _failure(cause, ops, f"{did(first)}, which nothing explains")
    sentence = f"{did(first)}, but no delete that is left can have come between {phrase(ops[1])} and that"
    return _failure(cause, ops, sentence)


def _zones(history: History, asks: Sequence[Ask], fault: Sequence[int]) -> Failure:
    """Two chains of which each must go before the other, explained from the side of the one that came too
    late.
    """
    told = [*_tellings(asks, tuple(fault)), *_tellings(asks, (*fault[2:], *fault[:2]))]
    early, late, new, new_late = min(told, key=lambda side: _rank(asks, side))
    first, last, other, other_last = (history[asks[i].row] for i in (early, late, new, new_late))
    values = [asks[i].need for i in (early, late, new, new_late) if asks[i].kind in {ASK_READ, ASK_CAS}]
    witness = [last, other, first, other_last, *_writers(history, asks, values)]
    absent = [i for i in (new, early) if asks[i].kind == ASK_READ and asks[i].need == ABSENT]
    if absent:
        op, until, since = (other, first, last) if absent[0] == new else (first, other, other_last)
        sentence = (
            f"{did(op)}, but {value_text(_left(until))} was there: {phrase(until)} had ended "
            f"{before(history, until, op)} it began, and {phrase(since)} began after it had ended"
        )
        return _failure(ABSENT_WHILE_PRESENT, [op, until, since, *witness], sentence)
    if asks[late].kind == ASK_CAS:
        cause = chains.LOST_UPDATE
    else:
        cause = NEW_OLD_INVERSION if asks[new].kind == ASK_READ else STALE_READ
    again = name(other) if other_last.index == other.index else phrase(other_last)
    sentence = (
        f"{did(last)}, but {phrase(other)} had ended {before(history, other, last)} it began, and "
        f"{phrase(first)} had ended before {again} began"
    )
    return _failure(cause, witness, sentence)


_Telling = tuple[int, ...]
"""Of one chain, an operation that had ended early and one that began late; the same of the other chain."""


def _tellings(asks: Sequence[Ask], fault: _Telling) -> Iterator[_Telling]:
    """The fault as found, and with the writers of the values in place of the operations that read them.

    Any members of the two chains will do, as long as `new` had ended before `late` began, and `early` before
    `new_late`.
    """
    early, late, new, new_late = fault
    writers = {ask.value: i for i, ask in enumerate(asks) if ask.kind >= ASK_PUT and ask.value != ABSENT}
    old = writers.get(asks[late].need, early) if asks[late].kind in {ASK_READ, ASK_CAS} else early
    newer = [new]
    for i in (new, new_late):
        value = asks[i].need if asks[i].kind == ASK_READ else asks[i].value
        newer.append(writers.get(value, new))
    for one in (early, old):
        for other in newer:
            for other_late in (new_late, other):
                if asks[other].ret < asks[late].call and asks[one].ret < asks[other_late].call:
                    yield one, late, other, other_late


def _rank(asks: Sequence[Ask], side: _Telling) -> tuple[bool, bool, int, bool]:
    """The order of explanations: best is a read that came too late, behind a write, with few others."""
    early, late, new, _ = side
    return (
        asks[late].kind != ASK_READ,
        asks[new].kind == ASK_READ,
        len(set(side)),
        asks[early].kind == ASK_READ,
    )


def stuck(history: History, asks: Sequence[Ask], at: int) -> Failure:
    """The return that algorithm B could not explain."""
    ask = asks[at]
    op = history[ask.row]
    cause = {ASK_READ: UNEXPLAINED_READ, ASK_CAS: UNEXPLAINED_CAS}.get(ask.kind, UNEXPLAINED_CONDITION)
    if ask.need == ABSENT and ask.kind != ASK_DIFFERS:
        cause = chains.PUT_IF_ABSENT if ask.kind == ASK_CAS else chains.ABSENCE
    ended = [a for a in asks if a.kind >= ASK_PUT and a.ret < ask.call]
    sentence = f"{did(op)}, which no order of the operations before it explains"
    if not ended:
        return _failure(cause, [op], sentence)
    last = history[max(ended, key=lambda a: (a.call, a.ret)).row]
    sentence += f"; the last write that had ended before it began was {phrase(last)}"
    sources = [a for a in asks if a.kind >= ASK_PUT and a.value == ask.need and a.call <= ask.ret]
    if ask.kind != ASK_DIFFERS and sources:
        return _failure(cause, [op, last, history[max(sources, key=lambda a: a.call).row]], sentence)
    return _failure(cause, [op, last], sentence)


def bad_pattern(history: History, asks: Sequence[Ask], pattern: Pattern) -> Failure:
    """A few operations that by themselves exclude every order."""
    ask = asks[pattern.at]
    op = history[ask.row]
    if pattern.over is None:
        writers = [a for a in asks if a.kind >= ASK_PUT and a.value == ask.need]
        if not writers:
            return violation(history, asks, chains.GARBAGE_READ, (pattern.at,))
        first = history[min(writers, key=lambda a: (a.call, a.row)).row]
        sentence = (
            f"{did(op)}, but had ended {before(history, op, first)} {phrase(first)} began, the first to "
        )
        return _failure(chains.GARBAGE_READ, [op, first], f"{sentence}leave {value_text(_found(op))}")
    over = history[asks[pattern.over].row]
    sentence = f"{did(op)}, but {phrase(over)} had ended {before(history, over, op)} it began"
    witness = [op, over]
    if pattern.source is not None:
        source = history[asks[pattern.source].row]
        witness.append(source)
        alone = sum(a.kind >= ASK_PUT and a.value == ask.need and a.call <= ask.ret for a in asks) == 1
        last = "" if alone else ", the last that left that value,"
        sentence += f", and {phrase(source)}{last} had ended before {name(over)} began"
    if ask.need == ABSENT:
        cause = chains.PUT_IF_ABSENT if ask.kind == ASK_CAS else ABSENT_WHILE_PRESENT
    elif ask.kind == ASK_CAS:
        cause = chains.LOST_UPDATE
    else:
        cause = NEW_OLD_INVERSION if asks[pattern.over].kind == ASK_READ else STALE_READ
    return _failure(cause, witness, sentence)


def how_far(history: History, key: str, prefix: Sequence[int], stuck_at: int | None) -> str:
    """How far an unfinished search came: the longest order that it tried, and what stood in its way."""
    operations = int((history.columns.key == list(history.keys).index(key)).sum())
    longest = f"the longest order that was found takes {len(prefix)} of its {operations} operations"
    sentence = f"key {on_one_line(key)}: {longest}"
    if prefix:
        sentence += f", the last of them {phrase(history[prefix[-1]])}"
    if stuck_at is None:
        return sentence
    return f"{sentence}; it got stuck on the return of {phrase(history[stuck_at])}"


def name(op: Operation) -> str:
    """How a sentence calls an operation: its function and its line."""
    if op.line == BEGINNING:
        return "the initial write"
    return f"{op.function} #{op.line}"


def value_text(value: Value) -> str:
    """A value in a sentence, cut if it is long."""
    if value is None:
        return "absent"
    if isinstance(value, Json):
        text = value.text
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(Decimal(value))  # As `repr`, but for integers of any length.
    else:
        text = value if isinstance(value, str) else repr(value)
    cut = f"{text[:LONGEST_VALUE]}…" if len(text) > LONGEST_VALUE else text or '""'
    return on_one_line(cut)


def on_one_line(text: str) -> str:
    """A text in a sentence: ends of lines and other characters that are not seen are written out."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def phrase(op: Operation) -> str:
    """An operation by name and value."""
    if op.function == "delete":
        return name(op)
    if op.function == "cas":
        if op.outcome is Completion.FAILED:
            return f"{name(op)}, which saw {value_text(op.seen)}," if op.seen is not UNRECORDED else name(op)
        return f"{name(op)} from {value_text(op.expected)} to {value_text(op.value)}"
    return f"{name(op)} of {value_text(op.value)}"


def did(op: Operation) -> str:
    """What an operation did or found, as the subject of a sentence."""
    if op.function == "cas":
        if op.outcome is Completion.FAILED:
            found = "did not find" if op.seen is UNRECORDED else "failed and saw"
            return f"{name(op)} {found} {value_text(op.expected if op.seen is UNRECORDED else op.seen)}"
        return f"{name(op)} replaced {value_text(op.expected)} by {value_text(op.value)}"
    if op.function in {"read", "dequeue", "pop"}:
        return f"{name(op)} returned {value_text(op.value)}"
    return phrase(op)


def _found(op: Operation) -> Value:
    """The value that an operation met."""
    if op.function != "cas":
        return op.value
    return op.seen if op.outcome is Completion.FAILED else op.expected


def _left(op: Operation) -> Value:
    """The value that was there when an operation had happened."""
    return op.seen if op.outcome is Completion.FAILED else op.value


def before(history: History, earlier: Operation, later: Operation) -> str:
    """`3.1 ms before`: from the return of one to the call of the other; without a clock just `before`."""
    if history.clock != "ns" or earlier.ret == NEVER or earlier.line == BEGINNING:
        return "before"
    return f"{time_text(history, later.call - earlier.ret)} before"


def time_text(history: History, span: int) -> str:
    """A span of time in its unit; without a clock a number of events."""
    if history.clock != "ns":
        return f"{span} events"
    size, unit = next((pair for pair in _UNITS if span >= pair[0]), _UNITS[-1])
    return f"{span / size:.3g} {unit}"


def _writers(history: History, asks: Sequence[Ask], values: Iterable[int]) -> list[Operation]:
    """The operations that wrote those values."""
    wanted = set(values) - {ABSENT}
    return [history[ask.row] for ask in asks if ask.kind >= ASK_PUT and ask.value in wanted]


def _failure(cause: str, ops: Sequence[Operation], sentence: str) -> Failure:
    return Failure(cause, tuple(dict.fromkeys(op.index for op in ops)), sentence)

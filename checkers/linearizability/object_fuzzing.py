"""Fuzzing of every object, registers that begin with a value among them, against the oracle.

For each random history (`object_histories`): an unchanged run must be linearizable; `check` must agree with
all orders tried; its yes must come with an order that the definition and the verifier accept, its no with a
cause, and with a witness that is not linearizable by itself if the cause claims to be a proof; no cause may
be found where there is an order; a core must not be linearizable. And the history written as JSON lines and
as Jepsen's EDN, by none of our writers, must be read as one with the same answer.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dynaproof.checkers.certificates import verifier
from dynaproof.checkers.histories import FAILED_CAS, parse
from dynaproof.checkers.linearizability import brute_force
from dynaproof.checkers.linearizability.checking import check, tells
from dynaproof.checkers.linearizability.core import minimal_core
from dynaproof.checkers.linearizability.explain_objects import UNEXPLAINED_ANSWER, causes
from dynaproof.checkers.linearizability.object_histories import KINDS, Made, object_history
from dynaproof.specs.booleans import Boolean
from dynaproof.specs.history import UNRECORDED, Completion, History, HistoryBuilder, Operation
from dynaproof.specs.objects import Register

CORE_EVERY: Final = 4
ANSWERED: Final = frozenset({"read", "dequeue", "pop"})


@dataclass(slots=True)
class ObjectTally:
    """What was fuzzed of an object: histories, those with a crash, verdicts, causes, deciding algorithms."""

    histories: int = 0
    crashed: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    algorithms: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class ObjectDisagreement:
    """A decider was wrong about a history of an object: what was wrong, and how to make the history again."""

    object: str
    seed: int
    number: int
    what: str
    history: History

    def __str__(self) -> str:
        where = f"history {self.number} of seed {self.seed} of a {self.object}"
        return "\n".join([f"{where}: {self.what}", *lines_of(self.history)])


def fuzz_object(
    name: str, seed: int, count: int, first: int = 0, tally: ObjectTally | None = None
) -> Iterator[ObjectDisagreement]:
    """Yield what disagrees about `count` histories of the object of that name, from number `first` on."""
    assert name in KINDS
    for number in range(first, first + count):
        made = object_history(name, seed, number)
        for what in _examine(made, number, tally):
            yield ObjectDisagreement(name, seed, number, what, made.history)


def _examine(made: Made, number: int, tally: ObjectTally | None) -> Iterator[str]:
    history, thing, unchanged = made
    operations: list[Operation] = list(history)
    told = [op for op in operations if tells(op)]
    truth = brute_force.is_linearizable(told, thing)
    if unchanged and not truth:
        yield "a run of the object is not linearizable"
    result = check(history, thing)
    if tally is not None:
        tally.histories += 1
        tally.crashed += any(op.outcome is Completion.UNKNOWN for op in operations)
        tally.verdicts[result.verdict] += 1
        tally.algorithms[result.algorithm] += 1
        if result.cause is not None:
            tally.causes[result.cause] += 1
    if result.linearizable != truth:
        yield f"check says {result.verdict}, all orders say {truth}"
        return
    if truth:
        yield from _wrong_yes(
            made, operations, [] if result.certificate is None else result.certificate.tolist()
        )
    else:
        witness = [history[row] for row in result.witness]
        if not (witness and result.sentence and result.cause):
            yield "check says no and does not say why"
        proof = not isinstance(thing, Register) and result.cause != UNEXPLAINED_ANSWER
        if proof and brute_force.is_linearizable(witness, thing):
            yield f"the witness of {result.cause} is linearizable"
        if number % CORE_EVERY == 0:
            core = [op for op in minimal_core(history, result, thing).history if tells(op)]
            if brute_force.is_linearizable(core, thing):
                yield "the core is linearizable"
    yield from _wrong_readers(made)


def _wrong_yes(made: Made, operations: Sequence[Operation], order: Sequence[int]) -> Iterator[str]:
    history, thing, _ = made
    if not set(order) <= set(range(len(operations))):
        yield f"check gave an order of operations that are not there: {order}"
        return
    if not brute_force.explains(operations, [operations[row] for row in order], thing):
        yield f"check gave an order that does not linearize it: {order}"
    try:
        verifier.verify(history, order, thing)
    except verifier.CertificateError as error:
        yield f"the verifier refuses what check gave: {error}"
    stranger = [op.index for op in operations if op.index not in set(order)]
    falsified = [[*order, *stranger[:1]], [*order[1:2], *order[:1], *order[2:]], order[:-1]]
    silent = [op.index for op in operations if op.outcome is Completion.NO_EFFECT]
    falsified += [[*order[:at], row, *order[at:]] for row in silent for at in range(len(order) + 1)]
    for changed in falsified:
        right = brute_force.explains(operations, [operations[row] for row in changed], thing)
        try:
            verifier.verify(history, changed, thing)
            accepted = True
        except verifier.CertificateError:
            accepted = False
        if accepted != right:
            yield f"the verifier {'accepts' if accepted else 'refuses'} {changed}, against the definition"
    if isinstance(thing, Register):
        return
    for op in operations:
        others = [one for one in operations if one is not op and one.call <= op.ret]
        found = next(causes(history, op, others, thing), None)
        if found is not None:
            yield f"{found[0]} is found, though there is an order"


def _wrong_readers(made: Made) -> Iterator[str]:
    """Whether the history, written out, is read as one with another answer."""
    history, thing, _ = made
    again = parse("\n".join(lines_of(history)).encode(), "fuzzed", None, thing.functions)
    if check(again, thing).verdict != check(history, thing).verdict:
        yield "its JSON lines, read again, are judged otherwise"
    if [op.outcome for op in again] != [op.outcome for op in history]:
        yield "its JSON lines have other outcomes"
    events = "\n".join(_events(history)).encode()
    for failed_cas in (None, *FAILED_CAS):
        expected = check(_as_edn_says(history, failed_cas == "differed"), thing).verdict
        jepsen = parse(events, "fuzzed", "edn", thing.functions, failed_cas)
        if check(jepsen, thing).verdict != expected:
            yield f"its Jepsen events, read again (failed cas: {failed_cas}), are not judged {expected}"


def _as_edn_says(history: History, differed: bool) -> History:
    """The history as Jepsen's events tell it: of a failed cas only what it saw, or that it did not happen."""
    builder = HistoryBuilder(functions=history.functions)
    for op in history:
        ret = None if op.outcome is Completion.UNKNOWN else op.ret
        builder.add(
            op.process, op.function, op.key, op.value, op.call, ret,
            expected=op.expected, ok=op.outcome is Completion.OK, seen=op.seen, differed=differed,
        )  # fmt: skip
    return builder.build()


def lines_of(history: History) -> list[str]:
    """The history in our own format, by none of our writers."""
    lines = []
    for op in history:
        line: dict[str, Any] = {"process": op.process, "f": op.function, "key": op.key, "call": op.call}
        line["return"] = None if op.outcome is Completion.UNKNOWN else op.ret
        if op.function == "cas":
            line["value"] = [op.expected, op.value]
        elif op.function not in {"delete", "acquire", "release"}:
            line["value"] = sorted(op.value, key=repr) if isinstance(op.value, frozenset) else op.value
        if op.outcome is Completion.NO_EFFECT:
            line["happened"] = False
        elif op.outcome is Completion.FAILED or (op.function == "cas" and op.outcome is Completion.OK):
            line["ok"] = op.outcome is Completion.OK
        if op.seen is not UNRECORDED:
            line["seen"] = op.seen
        lines.append(json.dumps(line, default=bool))
    return lines


def _events(history: History) -> list[str]:
    """The history as Jepsen's events, in order of time; a write's answer has another value."""
    types = {Completion.OK: "ok", Completion.UNKNOWN: "info"}
    events: list[tuple[int, int, int, str]] = []
    for op in history:
        value = f"[{_edn(op.expected)} {_edn(op.value)}]" if op.function == "cas" else _edn(op.value)
        answered = op.function in ANSWERED
        asked = "nil" if answered else value
        found = value if answered and op.outcome is Completion.OK else '"done"'
        what = f":process {op.process}, :f :{op.function}"
        seen = f", :seen {_edn(op.seen)}" if op.seen is not UNRECORDED else ""
        kind = types.get(op.outcome, "fail")
        events.append((op.call, 0, op.index, f"{{{what}, :type :invoke, :value {asked}}}"))
        events.append((op.ret, 1, op.index, f"{{{what}, :type :{kind}, :value {found}{seen}}}"))
    return [text for *_, text in sorted(events)]


def _edn(value: object) -> str:
    if value is None:
        return "nil"
    if isinstance(value, frozenset):
        return "#{" + " ".join(sorted(map(_edn, value))) + "}"
    if isinstance(value, Boolean):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)

"""`dynaproof check --promise`: promises weaker than linearizability, on recorded histories."""

import time
from typing import TYPE_CHECKING, Any

import msgspec

from dynaproof import console, exits
from dynaproof.commands.histories import beginning, read_history
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import Provenance, provenance

if TYPE_CHECKING:
    from dynaproof.specs.history import History


class PromiseChecked(msgspec.Struct, frozen=True, kw_only=True):
    """The answer on a weaker promise; `cause`, `sentence` and `witness` are of the first violation."""

    file: str
    operations: int
    keys: int
    promise: str
    verdict: str
    reads: int
    violations: int
    cause: str | None
    sentence: str | None
    witness: list[int]
    staleness: Any
    check_ms: float
    parse_ms: float
    provenance: Provenance


def check_promise(
    histories: tuple[str, ...],
    promise: str,
    format_name: str | None,
    initial: str | None,
    independent: bool | None,
    json: bool,
) -> int:
    """Judge each file by the promise of that name, each key beginning as `initial`; returns the exit code."""
    from dynaproof.checkers.linearizability.beginning import BEGINNING, with_beginning
    from dynaproof.checkers.linearizability.promises import PROMISES, NotARegisterError
    from dynaproof.specs.objects import REGISTER

    if promise not in PROMISES:
        raise unknown_name("promise", promise, PROMISES)
    worst = exits.CLEAN
    for file in histories:
        began = time.perf_counter()
        try:
            history = read_history(file, format_name, None, independent=independent)
            parsed = time.perf_counter()
            begins = beginning(history, REGISTER, initial).initial
            judged = with_beginning(history, begins)
            found = PROMISES[promise](judged)
        except UserError as error:
            hint = f"; {error.hint}" if error.hint else ""
            console.say(f"dynaproof: {error.message}{hint}")
            worst = exits.BAD_INPUT
            continue
        except NotARegisterError as error:
            console.say(f"dynaproof: {file}:{error.operation.line}: {error}")
            worst = exits.BAD_INPUT
            continue
        ended = time.perf_counter()
        first = found.told[0] if found.told else None
        answer = PromiseChecked(
            file=console.file_name(file),
            operations=len(history),
            keys=len(history.keys),
            promise=promise,
            verdict="kept" if found.kept else "broken",
            reads=found.reads,
            violations=found.violations,
            cause=first.cause if first else None,
            sentence=first.sentence if first else None,
            witness=[line for row in first.witness if (line := int(judged.columns.line[row])) != BEGINNING]
            if first
            else [],
            staleness=found.staleness,
            check_ms=round((ended - parsed) * 1_000, 3),
            parse_ms=round((parsed - began) * 1_000, 3),
            provenance=provenance(),
        )
        worst = max(worst, exits.CLEAN if found.kept else exits.FAILED)
        if json:
            console.emit(answer)
        else:
            _tell_promise(answer, history)
    return worst


def _tell_promise(answer: PromiseChecked, history: "History") -> None:
    from dynaproof.checkers.linearizability.explain import time_text

    size = f"{answer.reads} reads, {answer.violations} violations"
    console.show(f"{answer.file}: {answer.promise} {answer.verdict} ({size})")
    if answer.sentence is not None:
        console.show(f"  {answer.cause}: {answer.sentence}")
        console.show(f"  lines {', '.join(map(str, answer.witness))}")
    if answer.staleness is not None:
        stale = answer.staleness
        times = ", ".join(
            f"{label} {time_text(history, value)}"
            for label, value in [
                ("median", stale.p50),
                ("p90", stale.p90),
                ("p99", stale.p99),
                ("max", stale.max),
            ]
        )
        console.show(
            f"  {stale.stale_reads} of {stale.reads} reads stale: {times}; {stale.versions_max} versions"
        )

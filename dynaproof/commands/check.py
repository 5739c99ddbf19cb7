"""`dynaproof check`: the verdict on recorded histories."""

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from dynaproof import console, exits
from dynaproof.arguments import above_zero, file_to_write, outputs_apart
from dynaproof.commands import Flag
from dynaproof.commands.histories import (
    beginning,
    blamed_in_time,
    known_failed_cas,
    known_format,
    known_independent,
    object_named,
    object_with,
    own_file,
    read_history,
)
from dynaproof.errors import UserError
from dynaproof.provenance import Provenance, provenance

if TYPE_CHECKING:
    from dynaproof.checkers.histories import FailedCas
    from dynaproof.checkers.linearizability import Result
    from dynaproof.specs.history import History
    from dynaproof.specs.objects import SequentialObject

EXIT_OF_VERDICT = {
    "linearizable": exits.CLEAN,
    "not linearizable": exits.FAILED,
    "unknown": exits.UNKNOWN,
}
WORST_FIRST = (exits.BAD_INPUT, exits.FAILED, exits.UNKNOWN, exits.CLEAN)
BUDGET_MB = 4_000
CORE_SECONDS = 60.0
"""How long to minimize a core, unless a budget is given."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an undecided check got: the first key that it could not decide, and its longest order.

    `prefix` lists the lines of the operations in that order, out of the key's `operations`; `stuck_on` is the
    line of the operation at whose return it got no further. `undecided` names all such keys.
    """

    key: str
    operations: int
    prefix: list[int]
    stuck_on: int | None
    sentence: str
    undecided: list[str]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The answer on one file, as `--json` prints it; `witness` lists lines of the file.

    `progress` is there if the verdict is unknown, `core` if one was asked for: its size, and whether it is
    minimal or only the witness instead.
    """

    file: str
    operations: int
    keys: int
    verdict: str
    cause: str | None
    sentence: str
    witness: list[int]
    progress: Progress | None
    algorithm: str
    check_ms: float
    parse_ms: float
    core: "CoreSize | None" = None
    provenance: Provenance | None = None


class CoreSize(msgspec.Struct, frozen=True, kw_only=True):
    """How many operations a core has, and whether none of them can go; else it is the witness alone."""

    operations: int
    minimal: bool


def check(
    *histories: str,
    object: str | None = None,  # noqa: A002
    format: str | None = None,  # noqa: A002
    initial: str | None = None,
    failed_cas: str | None = None,
    independent: str | None = None,
    budget_seconds: float | None = None,
    budget_mb: float = BUDGET_MB,
    core: Path | None = None,
    certificate: Path | None = None,
    html: Path | None = None,
    promise: str | None = None,
    json: Flag = False,
) -> int:
    """Say of each recorded history whether it is linearizable, and if not, why not.

    Exit status: 2 if any input is bad, else 1 if any is not linearizable, else 3 if any is unknown, else 0.

    Args:
        histories: Files of histories, plain, gzip or zstd.
        object: What a key is: register, string, queue, stack, set, counter, mutex, or your own as
            FILE.py:NAME or MODULE:NAME. Otherwise recognized by the operations.
        format: json, jepsen-log or edn. Otherwise recognized by the content.
        initial: What every key is at first, a value as the history has them; without it absent, empty or 0.
        failed_cas: What a failed cas says that did not record what it saw: nothing, or differed (the value
            was not the expected one). Otherwise the rule of the format.
        independent: Whether the values of EDN are tuples of key and value (jepsen.independent): yes or no.
            Otherwise recognized by the values.
        budget_seconds: Give up on a file after so many seconds; its verdict is then unknown.
        budget_mb: Give up on a file when a search remembers more than this.
        core: Write a minimal sub-history that is still not linearizable here (EDN if it ends in .edn).
        certificate: Write an order that shows that the history is linearizable here.
        html: Draw the core, or a small history that is linearizable, as one page that needs nothing else.
        promise: Judge a weaker promise instead: eventual, read-your-writes or monotonic-reads; 1 if broken.
        json: Print one JSON object per file.
    """
    if not histories:
        raise UserError("no history to check", "dynaproof check FILE...")
    if len(histories) > 1 and (core or certificate or html):
        raise UserError(
            "--core, --certificate and --html are about one history", "check the files one by one"
        )
    above_zero({"--budget-seconds": budget_seconds, "--budget-mb": budget_mb})
    outputs = {"--core": core, "--certificate": certificate, "--html": html}
    for option, written in outputs.items():
        file_to_write(option, written)
    outputs_apart(outputs, [*histories, *own_file(object)])
    known_format(format)
    thing = object_named(object)
    failing = known_failed_cas(failed_cas)
    tuples = known_independent(independent)
    if promise is not None:
        others = object, core, certificate, html, budget_seconds, failed_cas
        if any(option is not None for option in others) or budget_mb != BUDGET_MB:
            raise UserError("--promise goes with --format, --initial, --independent and --json only")
        from dynaproof.commands.check_promise import check_promise

        return check_promise(histories, promise, format, initial, tuples, json)
    codes = []
    asked = _Asked(format, thing, initial, failing, tuples, budget_seconds, budget_mb)
    for file in histories:
        try:
            with blamed_in_time(thing, budget_seconds):
                history, judged, result, answer = _checked(file, asked)
                if not json:
                    _tell(answer)
                size = None
                if core or html:
                    size = _write_core_and_picture(history, result, judged, core, html, budget_seconds)
                    if core and size and initial is not None:
                        _tell_beginning(judged, core)
                if json:
                    console.emit(msgspec.structs.replace(answer, core=size, provenance=provenance()))
                if certificate:
                    _write_certificate(history, result, judged, initial, certificate)
        except UserError as error:
            hint = f"; {error.hint}" if error.hint else ""
            console.say(f"dynaproof: {error.message}{hint}")
            codes.append(exits.BAD_INPUT)
            continue
        codes.append(EXIT_OF_VERDICT[answer.verdict])
    return next(code for code in WORST_FIRST if code in codes)


class _Asked(msgspec.Struct, frozen=True):
    """How each file is read and judged."""

    format: str | None
    object: "SequentialObject | None"
    initial: str | None
    failed_cas: "FailedCas | None"
    independent: bool | None
    budget_seconds: float | None
    budget_mb: float


def _checked(file: str, asked: _Asked) -> "tuple[History, SequentialObject, Result, Checked]":
    from dynaproof.checkers.linearizability import Budget, UnfitOperationError, UnknownOperationError
    from dynaproof.checkers.linearizability import check as decide
    from dynaproof.checkers.linearizability.checking import fitting_object, get_ready

    began = time.perf_counter()
    history = read_history(file, asked.format, asked.object, asked.failed_cas, asked.independent)
    thing = beginning(history, asked.object or fitting_object(history), asked.initial)
    ended_reading = time.perf_counter()
    get_ready(history, thing)
    parsed = time.perf_counter()
    try:
        result = decide(history, thing, Budget(seconds=asked.budget_seconds, megabytes=asked.budget_mb))
    except UnfitOperationError as error:
        raise UserError(f"{file}:{error.operation.line}: {error}") from error
    except UnknownOperationError as error:
        hint = object_with(error.operation.function)
        raise UserError(f"{file}:{error.operation.line}: {error}", hint) from error
    ended = time.perf_counter()
    lines = history.columns.line
    answer = Checked(
        file=console.file_name(file),
        operations=result.operations,
        keys=result.keys,
        verdict=result.verdict,
        cause=result.cause,
        sentence=result.sentence,
        witness=[int(lines[row]) for row in result.witness],
        progress=_progress(history, result),
        algorithm=result.algorithm,
        check_ms=round((ended - parsed) * 1_000, 3),
        parse_ms=round((ended_reading - began) * 1_000, 3),
    )
    return history, thing, result, answer


def _progress(history: "History", result: "Result") -> Progress | None:
    from dynaproof.checkers.linearizability.explain import how_far

    if result.verdict != "unknown" or result.key is None:
        return None
    lines = history.columns.line
    return Progress(
        key=result.key,
        operations=int((history.columns.key == list(history.keys).index(result.key)).sum()),
        prefix=[int(lines[row]) for row in result.prefix],
        stuck_on=None if result.stuck_at is None else int(lines[result.stuck_at]),
        sentence=how_far(history, result.key, result.prefix, result.stuck_at),
        undecided=list(result.undecided),
    )


def _write_core_and_picture(
    history: "History",
    result: "Result",
    thing: "SequentialObject",
    core: Path | None,
    html: Path | None,
    budget_seconds: float | None,
) -> CoreSize | None:
    from dynaproof.checkers.histories.writers import write
    from dynaproof.checkers.linearizability import minimal_core, picture
    from dynaproof.checkers.linearizability.result import NOT_LINEARIZABLE
    from dynaproof.checkers.whole_file import write_whole
    from dynaproof.specs.history import HistoryError

    page, core_size = None, None
    try:
        if result.verdict == NOT_LINEARIZABLE:
            limit = CORE_SECONDS if budget_seconds is None else budget_seconds
            found = minimal_core(history, result, thing, limit)
            core_size = CoreSize(operations=len(found.rows), minimal=found.minimal)
            if core:
                write(found.history, core)
                end = int(history.columns.line[found.bad_return])
                size = f"{len(found.rows)} of {len(history)} operations"
                what = "minimal" if found.minimal else picture.WITNESS_ONLY
                console.say(
                    f"{core}: {size}, {what}; the first bad prefix ends with the return of line {end}"
                )
            if html:
                page = picture.of_core(found, result, history, thing)
        else:
            if core:
                console.say(f"no core was written: the history is {result.verdict}")
            if html:
                page = picture.of_history(history, result)
    except HistoryError as error:
        raise UserError(f"{core}: {error.message}") from error
    if html and page is not None:
        write_whole(html, page.encode())
    return core_size


def _tell_beginning(thing: "SequentialObject", core: Path) -> None:
    """Say with which initial value a core is to be checked, in the format of the core."""
    from dynaproof.checkers.histories.writers import value_text

    initial = shlex.quote(value_text(thing.initial, core))
    console.say(f"{core}: to be checked with --initial {initial} too")


def _write_certificate(
    history: "History", result: "Result", thing: "SequentialObject", initial: str | None, path: Path
) -> None:
    from dynaproof.checkers.certificates.certificate_file import encode
    from dynaproof.checkers.whole_file import write_whole

    if result.certificate is None:
        console.say(f"no certificate was written: the history is {result.verdict}")
        return
    write_whole(path, encode(result.certificate, thing.name, len(history), initial))


def _tell(answer: Checked) -> None:
    verdict: Any = {"linearizable": "green", "not linearizable": "red"}.get(answer.verdict, "yellow")
    console.show(f"{answer.file}: ", end="")
    console.show(answer.verdict, style=verdict, end="")
    size = f"{answer.operations} operations, {answer.keys} keys"
    console.show(f" ({size}, {answer.check_ms:.1f} ms, {answer.algorithm})")
    if answer.verdict != "linearizable":
        cause = f"{answer.cause}: " if answer.cause else ""
        console.show(f"  {cause}{answer.sentence}")
        if answer.witness:
            console.show(f"  lines {', '.join(map(str, answer.witness))}")
        if answer.progress:
            console.show(f"  {answer.progress.sentence}")

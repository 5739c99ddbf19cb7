"""`dynaproof check`: the verdict on recorded histories; `dynaproof verify-certificate`: on an order."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from dynaproof import console
from dynaproof.commands import Flag
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import Provenance, provenance

if TYPE_CHECKING:
    from checkers.linearizability import Result
    from specs.history import History
    from specs.objects import SequentialObject

EXIT_CLEAN, EXIT_FAILED, EXIT_BAD_INPUT, EXIT_UNKNOWN = 0, 1, 2, 3
EXIT_OF_VERDICT = {"linearizable": EXIT_CLEAN, "not linearizable": EXIT_FAILED, "unknown": EXIT_UNKNOWN}
BUDGET_MB = 4_000


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The answer on one file, as `--json` prints it; `witness` are lines of the file."""

    file: str
    operations: int
    keys: int
    verdict: str
    cause: str | None
    sentence: str
    witness: list[int]
    algorithm: str
    check_ms: float
    parse_ms: float
    provenance: Provenance


def check(
    *histories: str,
    object: str | None = None,  # noqa: A002
    format: str | None = None,  # noqa: A002
    budget_seconds: float | None = None,
    budget_mb: float = BUDGET_MB,
    json: Flag = False,
) -> int:
    """Say of each recorded history whether it is linearizable, and if not, why not.

    Exit code: 2 if any input is bad, else 1 if any is not linearizable, else 3 if any is unknown, else 0.

    Args:
        histories: Files of histories, plain, gzip or zstd.
        object: What a key is: register, string, queue or counter. Otherwise told by the operations.
        format: json, jepsen-log or edn. Otherwise told by the content.
        budget_seconds: Give up on a file after so many seconds; its verdict is then unknown.
        budget_mb: Give up on a file when a search remembers more than this.
        json: Print one JSON object per file.
    """
    if not histories:
        raise UserError("no history to check", "dynaproof check FILE...")
    _known_format(format)
    thing = _object(object)
    codes = []
    for file in histories:
        try:
            _, _, answer = _checked(file, format, thing, budget_seconds, budget_mb)
        except UserError as error:
            console.say(f"dynaproof: {error.message}")
            codes.append(EXIT_BAD_INPUT)
            continue
        codes.append(EXIT_OF_VERDICT[answer.verdict])
        if json:
            console.emit(answer)
        else:
            _tell(answer)
    return next(code for code in (EXIT_BAD_INPUT, EXIT_FAILED, EXIT_UNKNOWN, EXIT_CLEAN) if code in codes)


def _known_format(name: str | None) -> None:
    from checkers.histories import FORMATS

    if name is not None and name not in FORMATS:
        raise unknown_name("format", name, FORMATS)


def _object(name: str | None) -> "SequentialObject | None":
    from specs.objects import OBJECTS

    if name is None:
        return None
    if name not in OBJECTS:
        raise unknown_name("object", name, OBJECTS)
    return OBJECTS[name]


def _read(file: str, format_name: str | None, thing: "SequentialObject | None") -> "History":
    """The history in a file; raises UserError for whatever is wrong with it."""
    from checkers.histories import read
    from specs.history import FUNCTIONS, HistoryError

    try:
        return read(Path(file), format_name, thing.functions if thing is not None else FUNCTIONS)
    except HistoryError as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"{file}: {(error.strerror or type(error).__name__).lower()}") from error


def _checked(
    file: str,
    format_name: str | None,
    thing: "SequentialObject | None",
    budget_seconds: float | None,
    budget_mb: float,
) -> "tuple[History, Result, Checked]":
    from checkers.linearizability import Budget, UnknownOperationError
    from checkers.linearizability import check as decide

    began = time.perf_counter()
    history = _read(file, format_name, thing)
    parsed = time.perf_counter()
    try:
        result = decide(history, thing, Budget(seconds=budget_seconds, megabytes=budget_mb))
    except UnknownOperationError as error:
        raise UserError(f"{file}:{error.operation.line}: {error}") from error
    ended = time.perf_counter()
    lines = history.columns.line
    answer = Checked(
        file=file,
        operations=result.operations,
        keys=result.keys,
        verdict=result.verdict,
        cause=result.cause,
        sentence=result.sentence,
        witness=[int(lines[row]) for row in result.witness],
        algorithm=result.algorithm,
        check_ms=round((ended - parsed) * 1_000, 3),
        parse_ms=round((parsed - began) * 1_000, 3),
        provenance=provenance(),
    )
    return history, result, answer


def _tell(answer: Checked) -> None:
    verdict: Any = {"linearizable": "green", "not linearizable": "red"}.get(answer.verdict, "yellow")
    print_line = console.results().print
    print_line(f"{answer.file}: ", end="", markup=False, soft_wrap=True)
    print_line(answer.verdict, style=verdict, end="")
    size = f"{answer.operations} operations, {answer.keys} keys"
    print_line(
        f" ({size}, {answer.check_ms:.1f} ms, {answer.algorithm})",
        markup=False,
        soft_wrap=True,
    )
    if answer.verdict != "linearizable":
        cause = f"{answer.cause}: " if answer.cause else ""
        print_line(f"  {cause}{answer.sentence}", markup=False, soft_wrap=True)
        if answer.witness:
            print_line(f"  lines {', '.join(map(str, answer.witness))}", markup=False, soft_wrap=True)

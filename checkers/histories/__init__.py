"""Reading and writing recorded histories, in all formats.

`read(path)` recognizes the format by the content, through gzip and zstd. Each format's module says what its
outcomes mean: `json_lines` (ours), `jepsen_log`, `edn_histories` (Jepsen's EDN and Porcupine's key-value
format), `writers`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np

from dynaproof.checkers.histories import edn, edn_histories, jepsen_log, json_lines
from dynaproof.checkers.histories.compression import GZIP_MAGIC, ZSTD_MAGIC, unpacked
from dynaproof.checkers.histories.edn_histories import AmbiguousTuplesError
from dynaproof.checkers.histories.values import freeze
from dynaproof.specs.history import (
    CAS,
    FUNCTIONS,
    NOT_RECORDED,
    Completion,
    History,
    HistoryError,
    Value,
)

__all__ = [
    "FAILED_CAS",
    "FORMATS",
    "AmbiguousTuplesError",
    "FailedCas",
    "UnknownFormatError",
    "detect",
    "parse",
    "read",
    "value_in",
]

_JSON = re.compile(rb'\s*\{\s*["}]')
_EDN = re.compile(rb"[\s,]*(?:;[^\n]*\n[\s,]*)*(?:\{|#[a-z]|\[|\()")

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""What some editors put before UTF-8; it is passed over."""

HEAD_BYTES: Final = 65_536
"""How much of a file is looked at before it is read whole; JSON lines are read by blocks instead."""

FailedCas = Literal["nothing", "differed"]
"""What a failed cas that did not record what it saw says: nothing, or that the value was another one."""

FAILED_CAS: Final[tuple[FailedCas, ...]] = ("nothing", "differed")


Parser = Callable[[bytes, str, Sequence[str], bool | None], History]
"""Makes a history of content, the file's name, the known functions, and whether its values are tuples of key
and value (None: nobody said so).
"""


def _json(data: bytes, file: str, functions: Sequence[str], independent: bool | None) -> History:
    _has_no_tuples(file, independent)
    return json_lines.parse(data, file, functions)


def _jepsen_log(data: bytes, file: str, _functions: Sequence[str], independent: bool | None) -> History:
    _has_no_tuples(file, independent)
    return jepsen_log.parse(data, file)


def _has_no_tuples(file: str, independent: bool | None) -> None:
    if independent:
        raise HistoryError("only in EDN can a value be a tuple of key and value", file=file)


FORMATS: Final[Mapping[str, Parser]] = {
    "json": _json,
    "jepsen-log": _jepsen_log,
    "edn": edn_histories.parse,
}
"""The formats that `--format` can name."""


class UnknownFormatError(ValueError):
    """There is no format of this name, `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no format {name!r}; known: {', '.join(FORMATS)}")
        self.name = name


def read(
    path: str | PathLike[str],
    format_name: str | None = None,
    functions: Sequence[str] = FUNCTIONS,
    failed_cas: FailedCas | None = None,
    *,
    independent: bool | None = None,
) -> History:
    """The history in a file or a pipe, plain or compressed; `format_name` None: recognized by its content.

    `functions` names what operations may be, for objects other than registers and strings. `failed_cas`:
    what a failed cas that did not record what it saw says; None: what the format says. `independent`: whether
    values of EDN are tuples of key and value; None: as they look. Raises `HistoryError` with file and line if
    the history is not one or has no operation, `OSError`, and `UnknownFormatError`.
    """
    file = str(path)
    with Path(path).open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        packed = head.startswith((GZIP_MAGIC, ZSTD_MAGIC))
        if _JSON.match(head) and not packed and format_name in {None, "json"} and stream.seekable():
            stream.seek(0)
            _has_no_tuples(file, independent)
            return _finished(json_lines.parse_stream(stream, file, functions), file, failed_cas, "json")
        data = head + stream.read()
    return parse(unpacked(data, file), file, format_name, functions, failed_cas, independent=independent)


def parse(
    data: bytes,
    file: str,
    format_name: str | None = None,
    functions: Sequence[str] = FUNCTIONS,
    failed_cas: FailedCas | None = None,
    *,
    independent: bool | None = None,
) -> History:
    """The history in the (decompressed) content of `file`; as `read`."""
    data = data.removeprefix(BYTE_ORDER_MARK)
    name = detect(data, file) if format_name is None else format_name
    if name not in FORMATS:
        raise UnknownFormatError(name)
    if not data.strip():
        raise HistoryError("empty: it holds no operation", file=file)
    return _finished(FORMATS[name](data, file, functions, independent), file, failed_cas, name)


def _finished(history: History, file: str, failed_cas: FailedCas | None, name: str) -> History:
    """The history as it was read, in the format of that name, with what its failed conditions say."""
    if not len(history):
        raise HistoryError("no operation of a client in it: there is nothing to judge", file=file)
    if failed_cas is not None:
        c = history.columns
        silent = (c.function == CAS) & (c.seen == NOT_RECORDED)
        silent &= np.isin(c.outcome, [Completion.FAILED.value, Completion.NO_EFFECT.value])
        said = Completion.FAILED if failed_cas == "differed" else Completion.NO_EFFECT
        c.outcome[silent] = said.value
    history.read_as = name
    return history


def value_in(text: str, format_name: str) -> Value:
    """The value that `text` is in a format, as `--initial` gives one.

    Raises `ValueError` if it is none, and `UnknownFormatError`.
    """
    data = text.encode()
    if format_name == "json":
        try:
            return freeze(msgspec.json.decode(data))
        except msgspec.DecodeError as error:
            raise ValueError(f"{text!r} is not JSON") from error
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
    if format_name == "edn":
        try:
            return edn.element(text)
        except edn.EdnError as error:
            raise ValueError(f"{text!r} is not EDN") from error
    if format_name not in FORMATS:
        raise UnknownFormatError(format_name)
    return jepsen_log.value_of(text)


def detect(data: bytes, file: str) -> str:
    """The name of the format of `data`; raises `HistoryError` if it is of none."""
    if not data.strip():
        raise HistoryError("empty: it holds no operation", file=file)
    if _JSON.match(data):
        return "json"
    if jepsen_log.MARK in data:
        return "jepsen-log"
    if _EDN.match(data):
        return "edn"
    raise HistoryError("not a history in a format known here", 1, file)

"""Reading and writing recorded histories, in the formats that there are.

`read(path)` tells the format by the content, through gzip and zstd. What each format's outcomes mean is said
in its module: `json_lines` (ours), `jepsen_log`, `edn_histories` (Jepsen's EDN and Porcupine's key-value
format), `writers`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Final

from dynaproof.checkers.histories import edn_histories, jepsen_log, json_lines
from dynaproof.checkers.histories.compression import GZIP_MAGIC, ZSTD_MAGIC, read_bytes
from dynaproof.specs.history import FUNCTIONS, History, HistoryError

__all__ = ["FORMATS", "UnknownFormatError", "detect", "parse", "read"]

_JSON = re.compile(rb'\s*\{\s*["}]')
_EDN = re.compile(rb"[\s,]*(?:;[^\n]*\n[\s,]*)*(?:\{|#[a-z]|\[|\()")

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""What some editors put before UTF-8; it is passed over."""

HEAD_BYTES: Final = 65_536
"""How much of a file is looked at before it is read whole; JSON lines are read by blocks instead."""

FORMATS: Final[Mapping[str, Callable[[bytes, str], History]]] = {
    "json": json_lines.parse,
    "jepsen-log": jepsen_log.parse,
    "edn": edn_histories.parse,
}
"""The formats that `--format` can name."""


class UnknownFormatError(ValueError):
    """A format by a name that there is not; `name` is it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no format {name!r}; known: {', '.join(FORMATS)}")
        self.name = name


def read(
    path: str | PathLike[str],
    format_name: str | None = None,
    functions: Sequence[str] = FUNCTIONS,
) -> History:
    """The history in a file, plain or compressed; `format_name` None: told by its content.

    `functions` names what operations may be, for JSON lines of a user's own object. Raises `HistoryError`
    with file and line where the history is not one, `OSError`, and `UnknownFormatError`.
    """
    file = Path(path)
    with file.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        packed = head.startswith((GZIP_MAGIC, ZSTD_MAGIC))
        if _JSON.match(head) and not packed and format_name in {None, "json"}:
            stream.seek(0)
            return json_lines.parse_stream(stream, str(path), functions)
    return parse(read_bytes(file), str(path), format_name, functions)


def parse(
    data: bytes,
    file: str,
    format_name: str | None = None,
    functions: Sequence[str] = FUNCTIONS,
) -> History:
    """The history in the (decompressed) content of `file`; as `read`."""
    data = data.removeprefix(BYTE_ORDER_MARK)
    name = detect(data, file) if format_name is None else format_name
    if name not in FORMATS:
        raise UnknownFormatError(name)
    if not data.strip():
        raise HistoryError("empty: it holds no operation", file=file)
    return json_lines.parse(data, file, functions) if name == "json" else FORMATS[name](data, file)


def detect(data: bytes, file: str) -> str:
    """The name of the format of `data`; raises `HistoryError` where it is of none."""
    if not data.strip():
        raise HistoryError("empty: it holds no operation", file=file)
    if _JSON.match(data):
        return "json"
    if jepsen_log.MARK in data:
        return "jepsen-log"
    if _EDN.match(data):
        return "edn"
    raise HistoryError("not a history in a format known here", 1, file)

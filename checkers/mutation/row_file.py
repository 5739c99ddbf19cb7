"""A file of rows: what was measured so far, one JSON object per line, so that long work can go on after an
interruption.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

RowT = TypeVar("RowT", bound=Struct)


class RowError(Exception):
    """A file of rows that cannot be used; the message says why."""


def read_rows(file: Path, kind: type[RowT], what: str) -> list[RowT]:
    """The rows of a file, in the order of the file; an incomplete last line is ignored.

    Raises:
        RowError: a line is not what is expected (`what`), or the last not the beginning of it.
        OSError: the file cannot be read.
    """
    if not file.exists():
        return []
    rows = []
    *lines, rest = file.read_bytes().split(b"\n")
    begin = f'{{"{kind.__struct_encode_fields__[0]}":'.encode()
    if rest[: len(begin)] != begin[: len(rest)]:
        raise RowError(f"{file}:{len(lines) + 1}: not {what}, nor the beginning of it")
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(msgspec.json.decode(line, type=kind))
        except msgspec.DecodeError as error:
            raise RowError(f"{file}:{number}: not {what} ({error})") from error
    return rows


class RowFile:
    """A file to which one process appends rows as they are measured."""

    def __init__(self, file: Path) -> None:
        self.file = file
        if file.exists():  # Remove what an interruption left of a line, so that the next one stands alone.
            data = file.read_bytes()
            whole = data[: data.rfind(b"\n") + 1]
            if whole != data:
                with file.open("r+b") as opened:
                    opened.truncate(len(whole))

    def add(self, row: Any) -> None:
        """Append a row; raises OSError, which names the file."""
        try:
            with self.file.open("ab") as opened:
                opened.write(msgspec.json.encode(row) + b"\n")
        except OSError as error:
            error.filename = str(self.file)  # A full disk names no file.
            raise

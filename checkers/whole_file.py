"""Writing a file so that a reader sees the old content or the new, never a part of either."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write beside it under another name, make that durable, then rename it; raises OSError.

    What a link points to is replaced, not the link. A pipe or a device is written to as it is. The error
    names the path that was given.
    """
    try:
        if is_stream(path):
            path.write_bytes(data)
        else:
            _replace(path.resolve(), data)
    except OSError as error:
        error.filename = str(path)  # A full disk names no file, and nobody has asked for the part.
        raise


def file_problem(error: OSError) -> str:
    """A failed operation on a file in one line: which file, and why."""
    reason = (error.strerror or type(error).__name__).lower()
    return f"{error.filename}: {reason}" if error.filename is not None else reason


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def is_stream(path: Path) -> bool:
    """Whether a path names something to write into, not to replace: a pipe, `/dev/stdout`.

    `/dev/stdout` may lead to a plain file that another process holds open; renamed over, the output would
    never be seen.
    """
    return path.absolute().parts[1:2] in {("dev",), ("proc",)} or (path.exists() and not path.is_file())

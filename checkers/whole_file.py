"""Writing a file so that whoever reads it sees the old content or the new, and never a part of either."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write under another name beside it, make it durable, then rename; raises OSError.

    What a link points to is replaced, not the link. A pipe or a device is written to as it is.
    """
    if is_stream(path):
        path.write_bytes(data)
        return
    path = path.resolve()
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
    """Whether a path names what is there to be written into, and not to be replaced: a pipe, `/dev/stdout`.

    `/dev/stdout` may lead to a plain file that somebody holds open; renamed over, it would never be seen.
    """
    return path.absolute().parts[1:2] in {("dev",), ("proc",)} or (path.exists() and not path.is_file())

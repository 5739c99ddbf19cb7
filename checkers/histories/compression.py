"""Reading a file whole, decompressed if its first bytes say that it is gzip or zstd."""

import gzip
import zlib
from pathlib import Path

import zstandard

from dynaproof.specs.history import HistoryError

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def read_bytes(path: Path) -> bytes:
    """The content of a file; raises OSError, and `HistoryError` if compressed data is damaged or cut."""
    with path.open("rb") as stream:
        magic = stream.read(4)
        stream.seek(0)
        try:
            if magic.startswith(GZIP_MAGIC):
                with gzip.open(stream) as unpacked:
                    return unpacked.read()
            if magic == ZSTD_MAGIC:
                return _unpack_zstd(stream.read())
        except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
            raise HistoryError(f"damaged or truncated compressed data ({error})", file=str(path)) from error
        return stream.read()


def _unpack_zstd(data: bytes) -> bytes:
    """All frames of `data`; a stream reader would take a cut frame for a whole one."""
    parts = []
    while data:
        unpacker = zstandard.ZstdDecompressor().decompressobj()
        parts.append(unpacker.decompress(data))
        if not unpacker.eof:
            raise zstandard.ZstdError("the last frame is not complete")
        data = unpacker.unused_data
    return b"".join(parts)

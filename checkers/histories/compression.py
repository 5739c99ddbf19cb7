"""The content of a file, decompressed if its first bytes say that it is gzip or zstd."""

import gzip
import zlib

import zstandard

from dynaproof.specs.history import HistoryError

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def unpacked(data: bytes, file: str) -> bytes:
    """The content of a file's bytes; raises `HistoryError` if compressed data is damaged or cut."""
    try:
        if data.startswith(GZIP_MAGIC):
            return gzip.decompress(data)
        if data.startswith(ZSTD_MAGIC):
            return _unpack_zstd(data)
    except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
        raise HistoryError(f"damaged or truncated compressed data ({error})", file=file) from error
    return data


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

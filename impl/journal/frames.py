"""Checksummed frames in a log of bytes: what tells a torn tail from rot.

A frame is header, payload, end mark. The header carries the format's version, its generation (how often the
log was opened: it never decreases along a log), a sequence number that grows by one per frame, the payload's
length and checksum, and a checksum of itself.

*Torn*: the bytes of a frame end early, at the end of the file or with zeros up to it. A crash kept a prefix
of what was not synced; nothing that was ever let out is lost, and the tail is cut. *Rot*: the bytes are
there, but wrong. Synced state is lost. The end mark is not zero, so no single damaged byte of a complete
frame looks like a torn one; a device that zeroes a synced tail does. *Another version*: other code wrote a
sound frame; nothing is lost, but this code may not touch it.

Sources: Chandra, Griesemer and Redstone, *Paxos Made Live*, 5.1; Alagappan et al., *Protocol-Aware Recovery
for Consensus-Based Storage*, FAST 2018, 3.3.3 (a crash and a corruption must be told apart).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal
from zlib import crc32

from msgspec import Struct, structs

from dynaproof.impl.node import FORMAT_VERSION, Disk

_HEADER = struct.Struct("<HIIQI")
_CHECK = struct.Struct("<I")
_CHECKED = struct.Struct("<HIIQII")  # The header with its own checksum.
_HEADER_BYTES = _CHECKED.size
_END = b"\xd7end"

FRAME_BYTES = _HEADER_BYTES + len(_END)
"""What a frame takes besides its payload."""

PIECE_BYTES = 1 << 18
"""How much of a log is read at a time; more only where a single frame is larger."""


class UnknownFormatError(Exception):
    """A sound frame has another format version: the disk belongs to other code, and is no less whole for
    that.
    """

    def __init__(self, version: int) -> None:
        super().__init__(f"a frame of format version {version}, where {FORMAT_VERSION} is known")
        self.version = version


class Scan(Struct, frozen=True):
    """What a log of frames holds: the payloads in order, the bytes that they take, and how the rest looks."""

    payloads: list[bytes]
    size: int
    tail: Literal["clean", "torn", "rot"]
    began: int
    generation: int
    """Generations of the first frame and of the last."""
    first: int
    sequence: int
    """Sequence number of the first frame, and the one that the next frame must carry."""


def encode_frame(generation: int, sequence: int, payload: bytes) -> bytes:
    """The bytes of one frame."""
    header = _HEADER.pack(FORMAT_VERSION, generation, len(payload), sequence, crc32(payload))
    return b"".join((header, _CHECK.pack(crc32(header)), payload, _END))


def scan(data: bytes) -> Scan:
    """Read frames from the start of `data`, to its end or to the first that is not whole.

    Raises:
        UnknownFormatError: a frame whose header is sound is of another version.
    """
    payloads: list[bytes] = []
    at = began = generation = first = expected = 0
    size = len(data)
    while at < size:
        body = at + _HEADER_BYTES
        header = _header(data, at) if body <= size else None
        if header is None:
            tail: Literal["torn", "rot"] = "torn" if _ends_early(data, at, _HEADER_BYTES) else "rot"
            return Scan(payloads, at, tail, began, generation, first, expected)
        found, length, number, checksum = header
        mark = body + length
        end = mark + len(_END)
        payload = data[body:mark]
        if not data.startswith(_END, mark) or crc32(payload) != checksum:
            tail = "torn" if _ends_early(data, at, end - at) else "rot"
            return Scan(payloads, at, tail, began, generation, first, expected)
        if not payloads:
            began, first = found, number
        elif found < generation or number != expected:
            return Scan(payloads, at, "rot", began, generation, first, expected)
        generation, expected = found, number + 1
        payloads.append(payload)
        at = end
    return Scan(payloads, at, "clean", began, generation, first, expected)


def sole_frame(data: bytes, sequence: int) -> tuple[bytes, int] | None:
    """If `data` is the whole frame of this number, its payload, and the checksum to hold that against; else
    None.

    Raises:
        UnknownFormatError: a frame whose header is sound is of another version.
    """
    size = len(data)
    header = _header(data, 0) if size >= FRAME_BYTES else None
    if header is None or not data.endswith(_END):
        return None
    _, length, number, checksum = header
    is_whole = length == size - FRAME_BYTES and number == sequence
    return (data[_HEADER_BYTES : _HEADER_BYTES + length], checksum) if is_whole else None


def _header(data: bytes, at: int) -> tuple[int, int, int, int] | None:
    """Generation, length, sequence number and checksum of the payload by the header there; None if it is not
    sound.
    """
    version, generation, length, number, checksum, own = _CHECKED.unpack_from(data, at)
    if crc32(data[at : at + _HEADER.size]) != own:
        return None
    if version != FORMAT_VERSION:
        raise UnknownFormatError(version)
    return generation, length, number, checksum


def pieces(disk: Disk, log: str) -> Iterator[tuple[int, Scan]]:
    """Scan a log without ever holding all of it: where each piece begins, and what it holds. No byte is read
    twice: a frame that a piece ends within is kept for the next one.

    Only the last piece may have a tail that is not clean: that of the whole log.

    Raises:
        UnknownFormatError: a frame whose header is sound is of another version.
    """
    at, wanted, data = 0, PIECE_BYTES, b""
    generation, expected = 0, -1
    while True:
        data += disk.read(log, at + len(data), wanted - len(data))
        found = scan(data)
        if found.payloads:
            if expected >= 0 and (found.first != expected or found.began < generation):
                yield at, Scan([], 0, "rot", 0, generation, 0, expected)
                return
            generation, expected = found.generation, found.sequence
        if len(data) < wanted or found.tail == "rot":
            yield at, found
            return
        if found.payloads:
            yield at, structs.replace(found, tail="clean")
            at, wanted, data = at + found.size, PIECE_BYTES, data[found.size :]
            continue
        size = _frame_bytes(data)
        if size > len(data):
            wanted = size
            continue
        torn = not any(data[size - len(_END) :]) and _is_zero(disk, log, at + len(data))
        yield at, structs.replace(found, tail="torn" if torn else "rot")
        return


def _frame_bytes(data: bytes) -> int:
    """What the frame at the start of `data` takes, by its header; a header's worth if that is not sound."""
    header = data[: _HEADER.size]
    if crc32(header) != _CHECK.unpack_from(data, _HEADER.size)[0]:
        return _HEADER_BYTES
    length: int = _HEADER.unpack(header)[2]
    return length + FRAME_BYTES


def _is_zero(disk: Disk, log: str, at: int) -> bool:
    """Whether a log holds only zeros from `at` to its end."""
    while data := disk.read(log, at, PIECE_BYTES):
        if any(data):
            return False
        at += len(data)
    return True


def _ends_early(data: bytes, at: int, size: int) -> bool:
    """Whether the frame of `size` bytes at `at` was never written whole: by the end of the file or zeros up
    to it.
    """
    return at + size > len(data) or (not any(data[at + size - len(_END) :]))

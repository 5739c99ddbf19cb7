"""What fits one message: as many records as its bound in bytes allows, or one.

*Invariant.* A chunk is never empty, so whoever waits for records gets on, however large each of them is.
"""

from __future__ import annotations

import msgspec

from dynaproof.impl.paxos.records import Record

_encode = msgspec.msgpack.Encoder().encode


def size_of(records: tuple[Record, ...]) -> int:
    """The bytes that these records take in a message."""
    return sum(len(_encode(record)) for record in records)


def fitting(records: tuple[Record, ...], most_bytes: int) -> tuple[tuple[Record, ...], int]:
    """The longest start of these records, of one at the least, that fits into so many bytes, and its size."""
    size = 0
    for count, record in enumerate(records):
        one = len(_encode(record))
        if count and size + one > most_bytes:
            return records[:count], size
        size += one
    return records, size

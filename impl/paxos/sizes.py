"""How large records are when they are encoded: what counts in a message, and in a leader's window.

The size of a record is computed once in each log that takes it, and kept as a sum (`entries.py`), so that no
bound in bytes costs more than a look at two numbers, or a binary search.
"""

from __future__ import annotations

import msgspec

from dynaproof.impl.paxos.records import Record

_encode = msgspec.msgpack.Encoder().encode

HEADER_BYTES = 512
"""What a message between replicas takes beside its records, at the most: two names, a few ballots and
numbers."""
BALLOT_BYTES = 64
"""What the ballot takes that goes with a chosen record, at the most."""
NO_OP_BYTES = 128
"""What the no-op of a new leader takes, at the most."""


def encoded_size(record: Record) -> int:
    """The bytes of a record as it is journalled and sent."""
    return len(_encode(record))

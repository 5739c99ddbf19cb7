"""What a partition remembers besides its items: rows of a second tree, `memory`, in the items' page file.

The first byte of a key says which family its row belongs to:

    "b"                                                                         ->  MeteredRow
    "i" | deadline + 2 ** 63, 9 bytes, big-endian | request id in MessagePack  ->  Answer

The first family is one row, the buckets of writes (`metered.py`); the other is request ids.

The deadline is part of the key, and so of a request's name: every attempt repeats it. So ids remembered at
about the same time lie on neighbouring pages, which a checkpoint writes once; new ones go in near the right
edge of the family and forgotten ones leave at its left edge, both in O(log n).

*Invariants* (rules I1 to I4 of `docs/replication.md`). An id is remembered until the first commit past its
deadline (`answer_to`). Its row goes with that commit or a later one, `FORGOTTEN_AT_ONCE` rows a commit, so
that no record has many to remove; since a record adds at most one row, after it has removed others, there are
never more rows than there once were ids remembered at the same time. Rows, their count and their bytes are a
function of the log.

Source: Liskov, *Practical Uses of Synchronized Clocks in Distributed Systems*,
PODC 1991 (timestamps that bound what a server remembers).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias

import msgspec

from dynaproof.impl.node import Microseconds
from dynaproof.impl.partition.metered import MeteredRow
from dynaproof.impl.partition.records import Answer, Answering, Remembered
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.tree.btree import BTree
from dynaproof.impl.tree.codec import PageCodec
from dynaproof.impl.tree.view import TreeView

FORGOTTEN_AT_ONCE = 8
"""The most rows that one commit removes; part of the fold, so the same on all replicas."""

LATEST_DEADLINE = (1 << 64) - 1
"""The largest integer that a message can hold."""

Row: TypeAlias = Answer | MeteredRow
"""What the tree holds under a key, each family its own tagged type."""

METERED = b"b"
"""The key of the buckets of writes."""

_IDS = b"i"
_BEHIND_IDS = b"j"
"""The first key behind the family of request ids."""
_OFFSET = 1 << 63
"""Makes keys sort as deadlines do: no integer in a message is below its negative."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(RequestId).decode

ROW_BYTES = 24
"""What an answer takes besides the image that it shows,"""
METERED_BYTES = 150
"""and about what the buckets take."""


def row_size(row: Row) -> int:
    """What a row takes in a page besides its key."""
    if isinstance(row, MeteredRow):
        return METERED_BYTES
    return ROW_BYTES + (0 if row.observed is None else len(row.observed.item))


CODEC: PageCodec[Row] = PageCodec(Row, row_size)


def id_key(deadline: Microseconds, request: RequestId) -> bytes:
    """The key of a request id's row; keys sort by deadline."""
    return _from(deadline) + _encode(request)


def bytes_of(record: Answering) -> int:
    """What the id of a record will take once it is applied, with the image that its answer shows."""
    return CODEC.entry_size(id_key(record.deadline, record.request), record.answer)


class Memory:
    """The tree `memory`, and how much it holds; `count` and `bytes` are in every snapshot."""

    __slots__ = ("bytes", "count", "earliest", "metered", "tree")

    def __init__(self, tree: BTree[Row], count: int = 0, size_bytes: int = 0) -> None:
        self.tree = tree
        self.count = count
        """How many rows of request ids there are,"""
        self.bytes = size_bytes
        """and what they take."""
        first = next(tree.sizes(METERED, _BEHIND_IDS), None)
        self.metered: MeteredRow | None = None
        """The buckets of writes, if the partition has any."""
        if first is not None and first[0] == METERED:
            row = tree.get(METERED)
            assert isinstance(row, MeteredRow), "each family has its own type"
            self.metered = row
            first = next(tree.sizes(_IDS, _BEHIND_IDS), None)
        self.earliest: Microseconds = LATEST_DEADLINE if first is None else _deadline_of(first[0])
        """The earliest deadline of a row; `LATEST_DEADLINE` if there is none."""

    def answer_to(self, request: RequestId, deadline: Microseconds, timestamp: Microseconds) -> Answer | None:
        """What a request got, if it is still remembered after the commit at this timestamp."""
        if deadline < timestamp:
            return None
        row = self.tree.get(id_key(deadline, request))
        assert not isinstance(row, MeteredRow), "each family has its own type"
        return row

    def meter(self, row: MeteredRow) -> None:
        """Keep the buckets of writes."""
        self.metered = row
        self.tree.put(METERED, row)

    def remember(self, record: Answering) -> None:
        """Keep a request id with its answer until its deadline has passed."""
        if record.deadline < record.timestamp:
            return  # No leader with sound code proposes it; its own commit would already forget it.
        key, answer = id_key(record.deadline, record.request), record.answer
        self.tree.put(key, answer)
        self.count += 1
        self.bytes += CODEC.entry_size(key, answer)
        self.earliest = min(self.earliest, record.deadline)

    def forget(self, timestamp: Microseconds) -> None:
        """Remove some of the rows whose deadlines the commit at this timestamp is past."""
        if self.earliest >= timestamp:
            return
        first = list(islice(self.tree.sizes(_IDS, _BEHIND_IDS), FORGOTTEN_AT_ONCE + 1))
        for key, size in first[:FORGOTTEN_AT_ONCE]:
            self.earliest = _deadline_of(key)
            if self.earliest >= timestamp:
                return
            self.tree.delete(key)
            self.count -= 1
            self.bytes -= size
        self.earliest = _deadline_of(first[-1][0]) if len(first) > FORGOTTEN_AT_ONCE else LATEST_DEADLINE


def remembered(tree: TreeView[Row], timestamp: Microseconds) -> Iterator[Remembered]:
    """All ids that are still remembered after the commit at this timestamp, in order of deadlines."""
    for key, answer in tree.range(_from(timestamp), _BEHIND_IDS):
        assert isinstance(answer, Answer), "each family has its own type"
        yield Remembered(_decode(key[10:]), _deadline_of(key), answer)


def _from(deadline: Microseconds) -> bytes:
    """Where the keys of the ids with this deadline begin."""
    return _IDS + (deadline + _OFFSET).to_bytes(9, "big")


def _deadline_of(key: bytes) -> Microseconds:
    return int.from_bytes(key[1:10], "big") - _OFFSET

"""The sizes of replicas' messages and journal records, measured on what leaves them and on what becomes
durable; everything in them but the log's records is small.
"""

from __future__ import annotations

from typing import Any

import msgspec

from dynaproof.impl.partition.messages.readers import LogRead
from dynaproof.impl.partition.messages.requests import Page
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.paxos.log import Accepted, JournalRecord
from dynaproof.impl.paxos.messages.catch_up import Chosen, CopiedLog
from dynaproof.impl.paxos.messages.election import Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt
from dynaproof.impl.paxos.records import NoOp, Record

_encode = msgspec.msgpack.Encoder().encode


def records_of(message: Promise | Adopt | Accept | Chosen | CopiedLog | LogRead) -> tuple[Record, ...]:
    """The records that a message carries."""
    return message.tail if isinstance(message, Promise) else message.records


def is_short(records: tuple[Record, ...]) -> bool:
    """Whether this is at most one record and a no-op, which any message may carry."""
    return len(records) < 2 or (len(records) == 2 and type(records[1]) is NoOp)


def bounded_size(message: Any) -> int:
    """The bytes of a message's records, and of the ballots that go with them, where they must be within the
    bound; likewise of a page's items. 0 for a message that may be as large as it is.
    """
    if isinstance(message, Page):
        return sum(len(_encode(one)) for one in message.items) if len(message.items) > 1 else 0
    records = records_of(message)
    if is_short(records):
        return 0
    held_at = message.held_at if isinstance(message, Chosen | CopiedLog) else ()
    return sum(len(_encode(part)) for part in (*records, *held_at))


def bounded_frame(record: JournalRecord) -> int:
    """The same for a journal record."""
    records, held_at = record.carried()
    if is_short(tuple(records)):
        return 0
    named = () if isinstance(record, Accepted) else held_at
    return sum(len(_encode(part)) for part in (*records, *named))


def tail_beyond(replica: PartitionReplica) -> tuple[int, int]:
    """How many records a replica that has just come back holds above what its journal knows chosen, and their
    bytes, if they do not fit a message (with a no-op where they do not end with one); else zeros.
    """
    log = replica.log
    tail = log.between(log.commit + 1, log.last)
    if is_short(tail):
        return 0, 0
    ends = type(tail[-1]) is NoOp
    no_op = NoOp(log.last + 1, log.promised, replica.config.epoch, replica.state.timestamp)
    size = sum(len(_encode(record)) for record in (*tail, *(() if ends else (no_op,))))
    return (len(tail), size) if size > replica.settings.records_bytes else (0, 0)

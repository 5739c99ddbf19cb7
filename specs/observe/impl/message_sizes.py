"""How large the messages of replicas are, measured on what leaves them: the whole message as it would be sent."""

from __future__ import annotations

from typing import Any

import msgspec

from dynaproof.impl.node import Message
from dynaproof.impl.partition.messages.readers import LogRead
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.paxos.messages.catch_up import Chosen, CopiedLog
from dynaproof.impl.paxos.messages.election import Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt
from dynaproof.impl.paxos.records import NoOp, Record

_encode = msgspec.msgpack.Encoder().encode


def records_of(message: Promise | Adopt | Accept | Chosen | CopiedLog | LogRead) -> tuple[Record, ...]:
    """The records that a message carries."""
    return message.tail if isinstance(message, Promise) else message.records


def is_short(records: tuple[Record, ...]) -> bool:
    """Whether this is no more than one record and a no-op, which any message may have."""
    return len(records) < 2 or (len(records) == 2 and type(records[1]) is NoOp)


def too_large(message: Message, bound: int) -> int:
    """The size of a message that is over its bound; 0 if it is within."""
    carrying: Any = message
    if is_short(records_of(carrying)):
        return 0
    size = len(_encode(message))
    return size if size > bound else 0


def tail_beyond(replica: PartitionReplica, bound: int) -> tuple[int, int]:
    """The records, and their bytes, that a replica which has just come back holds above what its journal
    knows chosen, if they and a no-op do not fit a message; else none.
    """
    log = replica.log
    tail = log.between(log.commit + 1, log.last)
    if is_short(tail):
        return 0, 0
    ends = type(tail[-1]) is NoOp
    no_op = NoOp(log.last + 1, log.promised, replica.config.epoch, replica.state.timestamp)
    size = sum(len(_encode(record)) for record in (*tail, *(() if ends else (no_op,))))
    return (len(tail), size) if size > bound else (0, 0)

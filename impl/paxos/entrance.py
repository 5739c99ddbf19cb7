"""The entrance of a replica: which senders it listens to, and what shape a message must have.

*Who.* A driver authenticates senders, so a message between replicas counts only if it comes from the node of
the incarnation that it names as its source and is received by the one that it names as its receiver (rule
14); and the messages by which a replica tells itself what is durable count only from itself. Whether the
source has a vote is for the configs to say: an acceptor may hear from a new voter before it hears of its
config. Only a node itself says that it is vacant, or that it has a replica that nothing names; a voter may
pass that on. Anybody may send the other messages: clients, readers, operators.

*Shape.* The handlers check what a message says about this replica's state. What they take for granted about
its shape is checked here: consecutive slots from where it says, as many ballots as records, a root for a
copy. A replica whose code is sound sends nothing else; a peer of another version, or one that is broken,
might.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.catch_up import (
    Chosen,
    CopiedLog,
    CopyLater,
    CopyLog,
    CopyOffer,
    CopyWanted,
    Fetch,
)
from dynaproof.impl.paxos.messages.checkpoint import CheckpointDurable, CheckpointWritten
from dynaproof.impl.paxos.messages.election import Prepare, Promise, TooFarBehind
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt
from dynaproof.impl.paxos.messages.membership import Unnamed, Vacant
from dynaproof.impl.paxos.messages.peer import Peer
from dynaproof.impl.paxos.records import Config, Record

OWN = frozenset((CheckpointWritten, CheckpointDurable))
"""What a replica says to itself only."""


def may_say(member: Member, config: Config, sender: NodeId, message: Message) -> bool:
    """Whether `sender` may say this to the replica `member` under `config`, by its incarnation (rule 14)."""
    if isinstance(message, Peer):
        if message.to != member.incarnation or message.source.node != sender:
            return False
        return type(message) not in OWN or message.source == member
    if isinstance(message, (Vacant, Unnamed)):
        about = message.node if isinstance(message, Vacant) else message.member.node
        return sender == about or any(voter.node == sender for voter in config.voters)
    return True


def consecutive(first: int, records: tuple[Record, ...]) -> bool:
    """Whether these are the records of slots from `first` on."""
    if len(records) == 1:  # The usual case, without a generator.
        return first >= 1 and records[0].slot == first
    return first >= 1 and all(record.slot == first + offset for offset, record in enumerate(records))


def _adopt(m: Adopt) -> bool:
    return bool(m.records) and consecutive(m.known + 1, m.records)


def _accept(m: Accept) -> bool:
    return bool(m.records) and consecutive(m.first, m.records)


def _chosen(m: Chosen) -> bool:
    return bool(m.records) and consecutive(m.first, m.records) and len(m.records) == len(m.held_at)


def _promise(m: Promise) -> bool:
    return consecutive(m.known + 1, m.tail) and (not m.tail or m.tail[-1].slot == m.last_slot)


def _copy_offer(m: CopyOffer) -> bool:
    return m.snapshot.slot >= 1 and bool(m.snapshot.roots)


def _copy_later(m: CopyLater) -> bool:
    return m.after_us >= 0


def _copied_log(m: CopiedLog) -> bool:
    return consecutive(m.first, m.records) and len(m.records) == len(m.held_at) and m.asked <= m.first


def _begins(m: CopyLog | CopyWanted | TooFarBehind) -> bool:
    return m.first >= 1


def _asks_above(m: Prepare | Fetch) -> bool:
    return m.known >= 0


SHAPES: dict[type[Message], Callable[[Any], bool]] = {
    Adopt: _adopt,
    Accept: _accept,
    Chosen: _chosen,
    Promise: _promise,
    CopyOffer: _copy_offer,
    CopyLater: _copy_later,
    CopyLog: _begins,
    CopyWanted: _begins,
    CopiedLog: _copied_log,
    Prepare: _asks_above,
    TooFarBehind: _begins,
    Fetch: _asks_above,
}
"""The messages with a field for which not every value of its type is sound."""

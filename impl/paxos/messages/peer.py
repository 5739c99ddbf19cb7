"""The base of the messages between the replicas of a group."""

from __future__ import annotations

from dynaproof.impl.node import Message
from dynaproof.impl.paxos.ids import Member


class Peer(Message, frozen=True, gc=False):
    """Base of the messages between the replicas of a group."""

    source: Member
    to: int

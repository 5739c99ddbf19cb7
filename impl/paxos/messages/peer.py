"""The base of what replicas of a group say to each other."""

from __future__ import annotations

from dynaproof.impl.node import Message
from dynaproof.impl.paxos.ids import Member


class Peer(Message, frozen=True, gc=False):
    """Base of what replicas of a group say to each other."""

    source: Member
    to: int

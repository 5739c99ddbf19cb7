"""What a storage node says to itself while it makes, finds and removes replicas, and what it answers to who
commands it. Each is of the lane of the group that it is about.
"""

from __future__ import annotations

from dynaproof.impl.node import Message
from dynaproof.impl.paxos.ids import Member


class Found(Message, frozen=True, gc=False, tag="found"):
    """The node has started, and its disk may hold something of this group."""


class Written(Message, frozen=True, gc=False, tag="written"):
    """The files of the new replica are durable."""

    incarnation: int


class Marked(Message, frozen=True, gc=False, tag="marked"):
    """The node's journal says durably that the new replica was made; the journal is durable below frame
    `through`.
    """

    incarnation: int
    through: int


class Ended(Message, frozen=True, gc=False, tag="ended"):
    """The node's journal says durably that the replica speaks no more, so its files may go; the journal is
    durable below frame `through`.
    """

    incarnation: int
    through: int


class NoRoom(Message, frozen=True, gc=False, tag="no_room"):
    """The replica `member` is not made, for good: the node hosts as many as it may."""

    member: Member
    replicas_per_node: int

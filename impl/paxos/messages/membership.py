"""How a voter that is lost is replaced."""

from __future__ import annotations

from dynaproof.impl.node import Message, NodeId, Timer
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.records import Config


class Vacant(Message, frozen=True, gc=False, tag="vacant"):
    """`node` should host a replica and has none; `retired` is the last incarnation that fell silent there.

    A follower passes it on to the leader, and the answer back, for the link between the two may be cut.
    """

    node: NodeId
    retired: int


class CreateReplica(Message, frozen=True, gc=False, tag="create_replica"):
    """Make the replica `member`; it votes once it knows the log through `config_slot`."""

    member: Member
    config: Config
    config_slot: int


class VacantTimer(Timer, frozen=True, gc=False, tag="vacant"):
    """This node still hosts no replica."""

"""What routers ask the metadata, and the answers."""

from __future__ import annotations

from dynaproof.impl.metadata.records import PartitionRecord, TableRecord
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.paxos.hosts import Hosts
from dynaproof.impl.paxos.ids import Ballot


class Locate(Message, frozen=True, gc=False, tag="locate"):
    """Where is this table? `number` identifies the question."""

    number: int
    table: str


class Located(Message, frozen=True, gc=False, tag="located"):
    """A table as it stood at `slot`, or None, with its partitions in order of their ranges and, by partition,
    the last leaders heard of, which are only hints. `members` are the nodes that host the metadata, by the
    config of this `epoch`.
    """

    number: int
    slot: int
    table: TableRecord | None
    partitions: tuple[PartitionRecord, ...]
    leaders: tuple[tuple[int, Ballot, NodeId], ...]
    epoch: int
    members: tuple[NodeId, ...]


class NotServing(Message, frozen=True, gc=False, tag="not_serving", omit_defaults=True):
    """This node does not serve the metadata. `leader` is the one that its replica knows, if the node has a
    replica that knows one; `hosts` says where the metadata is, if that is not where the configuration says.
    """

    number: int
    leader: NodeId | None
    ballot: Ballot
    hosts: Hosts | None = None


class Leading(Message, frozen=True, gc=False, tag="leading", omit_defaults=True):
    """The replicas at `node` that lead, by partition, with their ballots: only hints for routers. The node
    knows where the metadata is by the config of this `epoch`.
    """

    node: NodeId
    ballots: tuple[tuple[int, Ballot], ...]
    epoch: int = 0


class MetadataAt(Message, frozen=True, gc=False, tag="metadata_at"):
    """The metadata is at `hosts`, by the newest config that the sender knows to be chosen (A15)."""

    hosts: Hosts

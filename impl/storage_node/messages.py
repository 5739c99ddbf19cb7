"""What a storage node says to itself while it makes, finds and removes replicas, and what it answers to those
that command it. Each message is in the lane of the group that it is about.
"""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.capacity.rates import Usage, Version
from dynaproof.impl.node import Message, Microseconds, NodeId, Timer
from dynaproof.impl.paxos.hosts import Hosts
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
    """The node's journal says durably that the replica no longer speaks, so its files may go; the journal is
    durable below frame `through`.
    """

    incarnation: int
    through: int


class Interred(Message, frozen=True, gc=False, tag="interred"):
    """The node's journal says durably that the partition is buried, that a fence was raised, or where
    partition 0 is; the journal is durable below frame `through`.
    """

    through: int


class Emptied(Message, frozen=True, gc=False, tag="emptied"):
    """Nothing of the partition that was buried or dropped is on the disk any more, durably."""


class NoRoom(Message, frozen=True, gc=False, tag="no_room"):
    """The replica `member` is not made, for good: the node hosts as many as it may."""

    member: Member
    replicas_per_node: int


# --- An admin of the region, and the metadata ---


class DropPartition(Message, frozen=True, gc=False, tag="drop_partition"):
    """Drop whatever replica of this partition is here, and never make one again (A7)."""

    term: int
    parent: int = 0
    """The partition whose split made this one, or would have (H11); 0 if none did, or nothing says which."""


class PartitionGone(Message, frozen=True, gc=False, tag="partition_gone"):
    """Nothing of this partition is at `node`, or ever will be; no lease that it granted for it still runs."""

    node: NodeId


class RaiseFence(Message, frozen=True, gc=False, tag="raise_fence"):
    """An admin of this term is active: obey none of a lower one from here on (A8)."""

    term: int


class Fenced(Message, frozen=True, gc=False, tag="fenced"):
    """The command was of a lower term than `fence`, and has no effect."""

    fence: int


class HostedReplica(Struct, frozen=True, gc=False, array_like=True):
    """One replica that a node hosts, or one that is silent there for ever (rule 13) and was not dropped."""

    partition: int
    member: Member
    silent: bool
    full: bool
    """It has a tree."""
    pages_bytes: int = 0
    """What the tree takes on the disk."""
    requests: int = 0
    """How often clients have asked the replica since it started."""
    split: bool = False
    """It knows the barrier: its partition is split."""
    led: bool = False
    """It leads by a lease that a quorum grants, or hears from who does."""
    middle: bytes = b""
    """Where a leader would split it, so that the halves store about the same."""
    busy_at: bytes = b""
    """Where a leader would split it, so that the halves are asked about equally often. Both are positions of
    the hash space (R9), and empty where there is none: one key has it all.
    """


class NotYet(Message, frozen=True, gc=False, tag="not_yet"):
    """The replica `member` of a partition that was split is not dropped: a child of it is not made here yet
    (H11).
    """

    member: Member


class MeteredReplica(Struct, frozen=True, gc=False, array_like=True):
    """A replica of a partition that was given capacity."""

    partition: int
    version: Version
    """Of the rates that it has applied."""
    usage: Usage
    """Since it started."""
    read: int = 0
    """The rate of reads that it has applied."""
    write: int = 0
    """The rate of writes that it has applied."""


class NodeReport(Message, frozen=True, gc=False, tag="node_report", omit_defaults=True):
    """What the node that runs under this name hosts now, in chunks: this one begins behind the first `first`
    of `total` replicas. `number` counts the reports of one life of the node, the one of this `boot`; `fence`
    is the node's; `metadata` is where the metadata is, as far as the node knows, if that is not where the
    configuration says.
    """

    node: NodeId
    boot: int
    number: int
    fence: int
    total: int
    first: int
    replicas: tuple[HostedReplica, ...]
    metadata: Hosts | None = None
    metered: tuple[MeteredReplica, ...] = ()
    """Those of this chunk whose partitions were given capacity."""


class TableUsage(Struct, frozen=True, gc=False, array_like=True):
    """What a node's replicas of a table were asked for within some time."""

    table: str
    usage: Usage


class Emission(Message, frozen=True, gc=False, tag="emission"):
    """What a node's replicas were asked for, by table, around `at_us` of its wall clock. `number` counts the
    emissions of one life of the node, whose boot it names. It is sent again until it is answered.
    """

    node: NodeId
    boot: int
    number: int
    at_us: Microseconds
    tables: tuple[TableUsage, ...]


class EmissionStored(Message, frozen=True, gc=False, tag="emission_stored"):
    """An emission is stored, now or earlier; for `shed` of its values there was no room."""

    boot: int
    number: int
    shed: int


class EmitTimer(Timer, frozen=True, gc=False, tag="emit"):
    """A period is over: time for the next emission."""


class SpeakTimer(Timer, frozen=True, gc=False, tag="speak"):
    """What the node has granted for the parent of this group has run out (H8)."""


class ReportTimer(Timer, frozen=True, gc=False, tag="report"):
    """Time for the next report."""

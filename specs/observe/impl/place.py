"""What the observers of the implementation read of a node's place, and of the node there. All that depends on
how a driver keeps places, or on the fields of a replica, is in this file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from dynaproof.impl.node import Microseconds
from dynaproof.impl.partition.readers import Readers
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.partition.requests import Requests
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.storage_node.host import StorageNode


class Platter(Protocol):
    """What is durable of a disk."""

    @property
    def grown(self) -> Sequence[str]:
        """The logs that the last sync made longer."""
        ...

    def durable_log(self, log: str) -> bytes | bytearray:
        """What is durable of a log."""
        ...

    def durable_files(self) -> Mapping[str, Mapping[int, bytes]]:
        """The durable pages of each file, by number."""
        ...


class Surroundings(Protocol):
    """What lies around a place: the other places, by name, and the links that are cut (`from>to`)."""

    @property
    def places(self) -> Mapping[str, Place]:
        """All places by the names of their nodes."""
        ...

    @property
    def cut_links(self) -> Mapping[str, int]:
        """The directed links that are cut."""
        ...


class Place(Protocol):
    """Where a driver keeps one node."""

    @property
    def name(self) -> str:
        """The node's name."""
        ...

    @property
    def node(self) -> object:
        """The node itself, made anew at every start."""
        ...

    @property
    def up(self) -> bool:
        """Whether the node runs."""
        ...

    @property
    def rate(self) -> int:
        """The rate of its monotonic clock, in parts of 2 ** 20."""
        ...

    @property
    def disk(self) -> Platter:
        """The node's disk."""
        ...

    @property
    def world(self) -> Surroundings:
        """What lies around it."""
        ...


def replica_of(place: Place) -> PartitionReplica | None:
    """The replica that the node at a place hosts, if it hosts any."""
    node = place.node
    return node.replica if isinstance(node, StorageNode) else None


def lease_us(place: Place) -> Microseconds:
    """How long a leader at this place may serve after it asked for its lease."""
    node = place.node
    assert isinstance(node, StorageNode), "only a leader serves strong reads"
    return node.settings.usable_lease_us()


def lease_end(replica: PartitionReplica) -> Microseconds:
    """When the lease of a leader ends by which it serves, by its node's clock; 0 without one."""
    left = replica.lease_left() if replica.serving else -1
    return replica.env.now + left if left > 0 else 0


def queued(replica: PartitionReplica) -> int:
    """The sum of the lengths of all queues of a replica: cheaper than `queues`, and only changes matter."""
    requests, readers, _ = replica.services
    assert isinstance(requests, Requests)
    assert isinstance(readers, Readers)
    pending, state = requests.pending, replica.state
    lengths = (
        len(pending.requests)
        + len(pending.refused)
        + state.memory.count
        + len(state.holds)
        + len(readers.movers)
        + state.pages.cache.clean_bytes
    )
    if pending.flights:
        lengths += sum(map(len, pending.flights.values()))
    return lengths


def campaigns(place: Place | None, ballot: Ballot) -> bool:
    """Whether a candidate at this place still asks for promises of the ballot."""
    replica = replica_of(place) if place is not None and place.up else None
    return replica is not None and replica.campaign is not None and replica.campaign.ballot == ballot

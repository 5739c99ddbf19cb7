"""The directory: what the leader of the metadata tells routers about tables and the leaders of their
partitions.

*Invariants.* A table and its partitions are read at one slot, under the lease, so a router sees a state that
was committed. Leader hints are beside the state: they are not logged, each replica of partition 0 keeps those
that it hears, at most `HINTS`, and a wrong one costs a router an attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from dynaproof.impl.kept import keep_newest
from dynaproof.impl.metadata.messages import Leading, Locate, Located, NotServing
from dynaproof.impl.metadata.records import PartitionRecord, TableRecord, partition_key, record_of, table_key
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.partition.notes import Served
from dynaproof.impl.partition.replica import MoreServices, PartitionReplica
from dynaproof.impl.paxos.hosts import Hosts, hosts_by
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.service import Service

HINTS = 10_000
"""Leaders that a replica of the metadata remembers, at the most."""


class Directory(Service):
    """Answers routers; see the module."""

    def __init__(self, replica: PartitionReplica, kept: Callable[[], Hosts | None]) -> None:
        self.replica = replica
        self.env = replica.env
        self.kept = kept
        """Where the metadata is, as the node keeps it, if that is not where the configuration says."""
        self.leaders: dict[int, tuple[Ballot, NodeId]] = {}
        """By partition, the newest leader heard of."""

    def on_locate(self, sender: NodeId, m: Locate) -> None:
        """Read a table and its partitions under the lease."""
        replica = self.replica
        if not replica.may_serve():
            leader = None if replica.leader is None else replica.leader.node
            self.env.send(sender, NotServing(m.number, leader, replica.leader_ballot, self.kept()))
            return
        assert replica.leading is not None
        self.env.note(Served(replica.member, replica.leading, replica.state.applied, replica.lease_left()))
        table = self.record(table_key(m.table))
        assert table is None or isinstance(table, TableRecord)
        ids, hosts = () if table is None else table.partitions, hosts_by(replica.config)
        found = [self.record(partition_key(partition)) for partition in ids]
        self.env.send(
            sender,
            Located(
                m.number,
                replica.state.applied,
                table,
                tuple(one for one in found if isinstance(one, PartitionRecord)),
                tuple((one, *self.leaders[one]) for one in ids if one in self.leaders),
                hosts.epoch,
                hosts.members,
            ),
        )

    def record(self, key: bytes) -> Any:
        """The record under a key of the applied state; None if there is none."""
        stored = self.replica.state.items.get(key)
        return None if stored is None else record_of(key, stored.item)

    def on_leading(self, sender: NodeId, m: Leading) -> None:
        """A node says what its replicas lead; the newest ballot of each partition counts."""
        if sender != m.node:
            return
        for partition, ballot in m.ballots:
            known = self.leaders.pop(partition, None)  # The ones heard of last stand last.
            self.leaders[partition] = (ballot, sender) if known is None or ballot > known[0] else known
        keep_newest(self.leaders, HINTS)

    def queues(self) -> tuple[tuple[str, int, int], ...]:
        """The hints."""
        return (("leaders kept in mind", len(self.leaders), HINTS),)

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        Locate: on_locate,
        Leading: on_leading,
    }


def directory(kept: Callable[[], Hosts | None]) -> MoreServices:
    """What a replica of the metadata does besides what a replica of any partition does; `kept` is what its
    node keeps of where the metadata is.
    """
    return lambda replica: (Directory(replica, kept),)

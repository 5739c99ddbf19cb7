"""Where partition 0 is, the metadata, which may move from node to node, as far as a storage node knows (A15
of docs/table.md).

A node keeps the newest hosts that it has heard of: from its own replica as that applies a config, from a
command that carries one, from a node that hosts or hosted partition 0, or from an admin. A sender that asks
it for partition 0 and may know less is told. So a sender that knows only nodes that have left is led on from
one to the next: each of them knows a config at least as new as the one by which it left.

*Invariants.* The hosts that are kept are those of a chosen config, durable before they are shown, and never
go back. A replica of partition 0 is made or dropped at the command of a node that this one knows to host it,
never at an admin's; and it is dropped only when the hosts kept here do not name this node. While they do, and
no replica is here, the node says that it is vacant.
"""

from __future__ import annotations

from typing import Protocol

from dynaproof.impl.metadata.messages import Leading, Locate, MetadataAt, NotServing
from dynaproof.impl.metadata.records import METADATA
from dynaproof.impl.node import Env, Message, NodeId
from dynaproof.impl.partition.messages.requests import Request
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.paxos.hosts import Hosts, hosts_by
from dynaproof.impl.paxos.ids import NO_BALLOT
from dynaproof.impl.paxos.messages.catch_up import Fetch
from dynaproof.impl.paxos.messages.election import AskAlive, Prepare
from dynaproof.impl.paxos.messages.membership import (
    ConfigStatus,
    CreateReplica,
    DropReplica,
    RaiseEpoch,
    ReplaceVoter,
    Unnamed,
    Vacant,
)
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.storage_node.messages import Interred
from dynaproof.impl.storage_node.node_journal import NodeJournal

TELLING = (AskAlive, Prepare, Vacant)
"""What a replica of partition 0 that has left says to those that it takes for its peers."""

COMMANDS = (ConfigStatus, ReplaceVoter, RaiseEpoch)

IN_VAIN = (*TELLING, *COMMANDS, Fetch, Unnamed)
"""What is asked of a replica of partition 0, and not answered where there is none."""

ASKING = frozenset((Leading, *IN_VAIN))
"""All by which a sender may show that it knows less; most messages to a replica are not among these."""

OF_OTHERS = frozenset((Request, Locate, *COMMANDS))
"""What routers, admins and operators ask of it."""


class OfPartition0(Protocol):
    """What this needs of the node."""

    env: Env
    journal: NodeJournal
    replicas: dict[int, PartitionReplica]
    making: dict[int, PartitionReplica]
    unread: dict[int, bool]

    def say_vacant(self) -> None:
        """Tell the others that no replica of the lane's group is here."""
        ...


class MetadataHost:
    """Partition 0 as one storage node knows it; see the module. All is in the lane of partition 0."""

    def __init__(self, host: OfPartition0, first: Config, admins: frozenset[NodeId]) -> None:
        self.host = host
        self.env = host.env
        self.address = host.env.me.address
        self.first = hosts_by(first)
        """Where partition 0 is at first."""
        self.admins = admins
        """The addresses of the admins, which never command partition 0."""
        self.told = False
        """Whether anybody has told this life of the node where partition 0 is."""

    @property
    def newest(self) -> Hosts:
        """The newest hosts that this node knows; those of the configuration, if it knows no others."""
        return self.host.journal.hosts or self.first

    def shown(self) -> Hosts | None:
        """The hosts that others are told; None as long as they are what the configuration says."""
        return self.host.journal.hosts

    def knows(self, sender: NodeId) -> bool:
        """Whether a node hosts partition 0, or hosted it, as far as this one knows."""
        return sender.address in self.newest.members or sender.address in self.first.members

    @property
    def is_named(self) -> bool:
        """Whether this node hosts partition 0, by the hosts that it keeps."""
        return self.address in self.newest.members

    @property
    def may_be_missed(self) -> bool:
        """Whether partition 0 may lack a replica on this node. A disk that is not the first one says nothing
        of what the one before held: the others know.
        """
        forgotten = self.host.journal.is_new and self.env.me.incarnation > 1 and not self.told
        return self.is_named or forgotten

    def who_may_miss_it(self) -> tuple[NodeId, ...]:
        """The nodes to tell that no replica is here: all that may host one, the newest hosts first; none if
        partition 0 does not lack it.
        """
        if not self.may_be_missed:
            return ()
        return tuple(dict.fromkeys((*self.newest.members, *self.first.members)))

    def has_left(self, m: Message) -> bool:
        """Whether a message is not for the replica here, if there is one, because that has no vote any more:
        a sender that asks for the metadata is led on. The replica's peers may need what it holds until it is
        dropped (M7).
        """
        return type(m) in OF_OTHERS and not self.is_named

    # --- Learning ---

    def learn(self, hosts: Hosts) -> None:
        """Keep hosts that are newer (A15). They are durable before they are shown, because all that is said
        of partition 0 leaves in this lane.
        """
        if not hosts.is_sound() or hosts.epoch <= self.newest.epoch:
            return
        self.env.send(self.env.me, Interred(self.host.journal.append(hosts)))
        host = self.host
        if not any(METADATA in there for there in (host.replicas, host.making, host.unread)):
            host.say_vacant()

    def follow(self) -> None:
        """Keep the config that the replica here knows to be chosen."""
        replica = self.host.replicas.get(METADATA)
        if replica is not None and replica.config.epoch > self.newest.epoch:
            self.learn(hosts_by(replica.config))

    def on_metadata_at(self, sender: NodeId, m: MetadataAt) -> None:
        """A node that hosts or hosted partition 0, or an admin, tells where it is now."""
        if self.knows(sender) or sender.address in self.admins:
            self.told = True
            self.learn(m.hosts)

    # --- Telling ---

    def heard(self, sender: NodeId, m: Message) -> None:
        """Tell a sender that asks for partition 0 where that is, if it may know less."""
        if type(m) not in ASKING:
            return
        newest = self.newest
        if isinstance(m, Leading):
            older = m.epoch < newest.epoch
        elif METADATA in self.host.replicas and self.is_named:
            older = isinstance(m, TELLING) and sender.address not in newest.members
        else:
            stays = self.is_named and sender.address in newest.members
            older = isinstance(m, IN_VAIN) and not stays and newest.epoch > 0
        if older:
            self.env.send(sender, MetadataAt(newest))

    def on_locate(self, sender: NodeId, m: Locate) -> None:
        """A router asks for a table where no replica of the metadata is."""
        hosts = self.shown()
        if hosts is not None:
            self.env.send(sender, NotServing(m.number, None, NO_BALLOT, hosts))

    def report(self) -> None:
        """Ask whether the replica here may go, if the hosts kept here do not name it (M7)."""
        replica = self.host.replicas.get(METADATA)
        if replica is not None and not self.is_named:
            made_by, member = replica.log.head.config, replica.member
            for node in self.newest.members:
                self.env.send(node, Unnamed(member, made_by.epoch, member not in made_by.voters))

    # --- Commands ---

    def obeys(self, sender: NodeId, m: CreateReplica | DropReplica) -> bool:
        """Whether a replica of partition 0 is made or dropped at this node's command."""
        if sender.address in self.admins or not (self.knows(sender) or sender == self.env.me):
            return False
        return self.may_make(m) if isinstance(m, CreateReplica) else self.may_drop(sender, m)

    def may_make(self, m: CreateReplica) -> bool:
        """A replica is made, or its command (A5) passed on, if the command is from its leader, from a
        follower in the leader's name, or from the configuration. The config that it carries is a chosen one.
        """
        self.learn(hosts_by(m.config))
        return True

    def may_drop(self, sender: NodeId, m: DropReplica) -> bool:
        """A replica is dropped (M7) if the hosts kept here do not name this node: then its leader has been
        asked. The answer to a question that was passed on goes back the same way.
        """
        if m.member.node.address != self.env.me.address:
            self.env.send(m.member.node, m)
        return not self.is_named and sender != self.env.me

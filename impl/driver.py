"""What every driver does in the same way to host one node over its lives: its name, its boots, its outbox.

A driver owns time, network, disks and chance. What is left is the same for all of them, and is here:

* A node is made anew at every start, behind a new outbox: what waited in the old one went with the life that
  sent it, and what the node finds on its disk is durable (a driver that cannot know that syncs first).
* Each write to its disk counts in that outbox, and all that it sends goes through it, messages to itself too.
* A message or timer is handed over in its lane, which the outbox is told first; a start is in `ONLY_LANE`.
* A message to itself passes no network: it is neither lost, repeated nor shed while the node lives, arrives
  in order, and a crash takes it. So a driver asks `is_own` before it lets anything happen to a message.
* A message to another node that is shed, by the outbox or by a full link, is noted and counted (`shed`).
* A message or a timer of another format version is handed to no node: `known` says so, and it is counted.
* A boot is counted at every start, the incarnation when a node starts on an empty disk: both outside the
  disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from dynaproof.impl.node import FORMAT_VERSION, Disk, Env, Message, NodeId, NodeProtocol, Timer
from dynaproof.impl.outbox import Outbox, OutboxLimits


class Send(Protocol):
    """How an outbox takes a message."""

    def __call__(self, to: NodeId, message: Message) -> None: ...


class DrivenDisk(Disk, Protocol):
    """A driver's disk, which counts each write of its node."""

    outbox: Outbox
    """Where each write is counted too."""
    written: int
    """Writes so far, over all lives of the node."""


class DrivenEnv(Env, Protocol):
    """A driver's environment, which a life of the node is given."""

    me: NodeId
    boot: int
    send: Send


class Hosted:
    """One node under a driver: what outlives its crashes, and the outbox of its present life."""

    __slots__ = ("boots", "id", "limits", "make", "outbox", "shed", "unknown")

    def __init__(
        self, node_id: NodeId, make: Callable[[Env], NodeProtocol], limits: OutboxLimits | None = None
    ) -> None:
        self.id = node_id
        self.make = make
        self.limits = OutboxLimits() if limits is None else limits
        self.boots = 0
        """How often it was started."""
        self.shed = 0
        """Messages to other nodes that were dropped because a queue was full, over all lives."""
        self.unknown = 0
        """Messages and timers of another format version that were not handed over, over all lives."""
        self.outbox = Outbox(node_id, self.limits)

    def boot(self, env: DrivenEnv, disk: DrivenDisk) -> NodeProtocol:
        """A new life of the node, on the disk as it is; the driver calls `on_start` next."""
        self.boots += 1
        self.outbox = disk.outbox = Outbox(self.id, self.limits)
        self.outbox.written = self.outbox.durable = disk.written
        env.me, env.boot, env.send = self.id, self.boots, self.outbox.send
        return self.make(env)

    def lose_disk(self) -> None:
        """The node comes back as another incarnation: what was sent to the old one does not reach it."""
        node = self.id
        self.id = NodeId(node.region, node.zone, node.name, node.incarnation + 1)

    def bound(self, limits: OutboxLimits) -> None:
        """Bound the outbox by these limits from here on."""
        self.limits = limits
        self.outbox.bound(limits)

    def known(self, given: Message | Timer) -> bool:
        """Whether a message or timer has the format version that this code knows; else count it."""
        if given.format_version == FORMAT_VERSION:
            return True
        self.unknown += 1
        return False

    def is_own(self, to: NodeId) -> bool:
        """Whether a message that this node sends is to itself, under whichever incarnation."""
        return to.address == self.id.address

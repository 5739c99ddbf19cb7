"""A replica: all roles joined, and the dispatch of messages and timers to their handlers.

`HANDLERS` is the table of the protocol: what is received, and the atomic action that it causes.
"""

from __future__ import annotations

from dynaproof.impl.node import Env, Message, NodeId, Timer
from dynaproof.impl.storage import messages as m
from dynaproof.impl.storage.btree import BTree
from dynaproof.impl.storage.core import pages_file
from dynaproof.impl.storage.ids import Settings
from dynaproof.impl.storage.learner import Learner
from dynaproof.impl.storage.log import ReplicationLog
from dynaproof.impl.storage.soundness import SHAPES
from dynaproof.impl.storage.state import PartitionState

HANDLERS: dict[type[Message], str] = {
    m.AskAlive: "on_ask_alive",
    m.Alive: "on_alive",
    m.Prepare: "on_prepare",
    m.Promise: "on_promise",
    m.Refused: "on_refused",
    m.TooFarBehind: "on_too_far_behind",
    m.Adopt: "on_adopt",
    m.Accept: "on_accept",
    m.Vote: "on_vote",
    m.Heartbeat: "on_heartbeat",
    m.Heard: "on_heard",
    m.Release: "on_release",
    m.Fetch: "on_fetch",
    m.Chosen: "on_chosen",
    m.CopyPages: "on_copy_pages",
    m.CopiedPages: "on_copied_pages",
    m.CopyLog: "on_copy_log",
    m.CopiedLog: "on_copied_log",
    m.CheckpointWritten: "on_checkpoint_written",
    m.CheckpointDurable: "on_checkpoint_durable",
    m.Vacant: "on_vacant",
    m.Request: "on_request",
    m.Handover: "on_handover",
    m.ReadLog: "on_read_log",
    m.MoveCursor: "on_move_cursor",
}

TIMERS: dict[type[Timer], str] = {
    m.ElectionTimer: "on_election_timer",
    m.HeartbeatTimer: "on_heartbeat_timer",
    m.FetchTimer: "on_fetch_timer",
}


class Replica(Learner):
    """One incarnation of one of a partition's three replicas."""

    @classmethod
    def create(cls, env: Env, settings: Settings, log: ReplicationLog) -> Replica:
        """The replica of a log that holds nothing yet."""
        return cls(env, settings, log, empty_state(env, settings, log))

    @classmethod
    def recover(cls, env: Env, settings: Settings, log: ReplicationLog) -> Replica:
        """The replica that a recovered log describes.

        Raises:
            RottenLogError: a page of the checkpoint that the log names is damaged or missing.
        """
        snapshot = log.head.snapshot
        if snapshot is None:
            state = empty_state(env, settings, log)
        else:
            items = cls.tree_class.open(env.disk, log.head.pages, snapshot.root, settings.page_bytes)
            state = PartitionState.restore(snapshot, items)
        replica = cls(env, settings, log, state)
        replica.apply_chosen()
        return replica

    def start(self, waits: bool) -> None:
        """Set the first timers; `waits`: an earlier life of this replica may have granted a lease that still
        runs.
        """
        if waits:
            self.lease_granted_until = self.env.now + self.settings.lease_us
        self.arm_election()
        if not self.admitted:
            self.env.set_timer(self.settings.retry_us, m.FetchTimer())

    def receive(self, sender: NodeId, message: Message) -> None:
        """Handle a message; one to another incarnation (rule 14), or of no sound shape, is not read."""
        if isinstance(message, m.Peer) and message.to != self.incarnation:
            return
        name = HANDLERS.get(type(message))
        if name is not None and self.sound(message):
            getattr(self, name)(sender, message)

    def sound(self, message: Message) -> bool:
        """Whether the message has the shape that its handler takes for granted."""
        shape = SHAPES.get(type(message))
        return shape is None or shape(message)

    def fire(self, timer: Timer) -> None:
        """Handle a timer."""
        name = TIMERS.get(type(timer))
        if name is not None:
            getattr(self, name)(timer)


def empty_state(env: Env, settings: Settings, log: ReplicationLog) -> PartitionState:
    """The state before the first slot; pages that no checkpoint came to name are gone."""
    file = pages_file(log.head.member.incarnation, 0)
    env.disk.remove_file(file)
    return PartitionState(log.head.config, 0, BTree(env.disk, file, settings.page_bytes))

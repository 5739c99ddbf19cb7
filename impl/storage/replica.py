"""A replica: all roles joined, and the dispatch of messages and timers to their handlers.

`HANDLERS` is the table of the protocol: what is received, and the atomic action that it causes.
"""

from __future__ import annotations

from impl.node import Env, Message, NodeId, Timer
from impl.storage import messages as m
from impl.storage.frames import scan
from impl.storage.ids import Settings
from impl.storage.journal import RottenLogError
from impl.storage.learner import Learner, decode_items
from impl.storage.log import ReplicationLog
from impl.storage.records import StoredItem
from impl.storage.state import PartitionState

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
    m.CopyItems: "on_copy_items",
    m.CopiedItems: "on_copied_items",
    m.CheckpointWritten: "on_checkpoint_written",
    m.CheckpointDurable: "on_checkpoint_durable",
    m.Vacant: "on_vacant",
    m.Request: "on_request",
    m.Handover: "on_handover",
}

TIMERS: dict[type[Timer], str] = {
    m.ElectionTimer: "on_election_timer",
    m.HeartbeatTimer: "on_heartbeat_timer",
    m.FetchTimer: "on_fetch_timer",
}


class Replica(Learner):
    """One incarnation of one of a partition's three replicas."""

    @classmethod
    def recover(cls, env: Env, settings: Settings, log: ReplicationLog) -> Replica:
        """The replica that a recovered log describes.

        Raises:
            RottenLogError: the checkpoint that the log names is damaged or missing.
        """
        snapshot = log.head.snapshot
        if snapshot is None:
            state = PartitionState(log.head.config, 0)
        else:
            state = PartitionState.restore(snapshot, read_checkpoint(env, log.head.items))
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
        """Handle a message; one to another incarnation is not read (rule 14)."""
        if isinstance(message, m.Peer) and message.to != self.incarnation:
            return
        name = HANDLERS.get(type(message))
        if name is not None:
            getattr(self, name)(sender, message)

    def fire(self, timer: Timer) -> None:
        """Handle a timer."""
        name = TIMERS.get(type(timer))
        if name is not None:
            getattr(self, name)(timer)


def read_checkpoint(env: Env, name: str) -> list[tuple[bytes, StoredItem]]:
    """All items of a checkpoint.

    Raises:
        RottenLogError: a page is damaged or missing.
    """
    items: list[tuple[bytes, StoredItem]] = []
    pages = env.disk.pages(name)
    if list(pages) != list(range(len(pages))) or not pages:
        raise RottenLogError(name)
    for page in pages:
        found = scan(env.disk.read_page(name, page) or b"")
        if found.tail != "clean" or not found.payloads or found.first != page:
            raise RottenLogError(name)
        items.extend(decode_items(found.payloads[0]))
    return items

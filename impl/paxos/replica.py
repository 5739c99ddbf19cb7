"""A replica: all roles joined, and the dispatch of messages and timers to their handlers.

`HANDLERS` is the table of the protocol: what is received, and the atomic action that it causes. Services add
the messages that they answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic

from dynaproof.impl.journal.journal import RottenLogError
from dynaproof.impl.node import Env, Message, NodeId, Timer
from dynaproof.impl.paxos.acceptor import Acceptor
from dynaproof.impl.paxos.entrance import SHAPES, may_say
from dynaproof.impl.paxos.files import pages_file
from dynaproof.impl.paxos.log import ReplicationLog
from dynaproof.impl.paxos.messages import catch_up, checkpoint, election, leadership
from dynaproof.impl.paxos.service import Service, Soft
from dynaproof.impl.paxos.settings import GroupSettings
from dynaproof.impl.paxos.state_machine import State
from dynaproof.impl.tree.page_cache import PageCache
from dynaproof.impl.tree.page_file import PageFile
from dynaproof.impl.tree.pages import RottenPageError

Handler = Callable[[Any, NodeId, Any], None]
"""A method, called with its object, the sender and the message."""

Shape = Callable[[Any], bool]
"""Whether a message is sound, as far as its handler takes that for granted."""


class Replica(Acceptor[State], Generic[State]):
    """One incarnation of one of a group's replicas, over the state that it replicates.

    The roles, each over those before it: learner, copying, catch-up, sender, leader, candidate, acceptor.
    """

    def __init__(self, env: Env, settings: GroupSettings, log: ReplicationLog, state: State) -> None:
        super().__init__(env, settings, log, state)
        self._handlers: dict[type[Message], tuple[Handler, object, Shape | None]] = {}
        self.serve(())

    @classmethod
    def recover(
        cls,
        env: Env,
        settings: GroupSettings,
        cache: PageCache,
        log: ReplicationLog,
        machine: type[State],
    ) -> Replica[State]:
        """The replica that a log describes, new or recovered.

        Raises:
            RottenPageError: a page of the checkpoint that the log names, and that is needed to apply what
                follows, is damaged or missing.
            RottenLogError: a record that follows the checkpoint is damaged.
        """
        snapshot = log.head.snapshot
        if snapshot is None or not snapshot.roots:
            state = first_state(env, settings, cache, log, machine)
        else:
            head = log.head
            pages = PageFile(env.disk, head.pages, settings.page_bytes, cache, head.older, head.first_page)
            state = machine.restore(pages, snapshot)
        replica = cls(env, settings, log, state)
        try:
            replica.apply_chosen()
        except (RottenLogError, RottenPageError):
            state.pages.close()  # What it has applied takes room in the cache.
            raise
        return replica

    def serve(self, services: tuple[Service, ...], soft: Soft | None = None) -> None:
        """Install the services, which are notified in this order of what happens, and what heartbeats carry
        for one of them.
        """
        self.services, self.soft = services, soft
        self._handlers = {kind: (handler, self, SHAPES.get(kind)) for kind, handler in HANDLERS.items()}
        for service in services:
            for kind, handler in service.HANDLERS.items():
                self._handlers[kind] = handler, service, service.SHAPES.get(kind)

    def start(self, waits: bool) -> None:
        """Set the first timers; `waits`: an earlier life of this replica may have granted a lease that still
        runs.
        """
        if waits:
            self.lease_granted_until = self.env.now + self.settings.lease_us
        self.arm_election()
        self.env.set_timer(self.settings.scrub_step_us, checkpoint.ScrubTimer())
        if not self.admitted:
            self.env.set_timer(self.settings.retry_us, catch_up.FetchTimer())
        if not self.full:
            self.env.set_timer(self.settings.tree_wait_us, catch_up.CopyTimer())
        for service in self.services:
            service.started()

    def receive(self, sender: NodeId, message: Message) -> None:
        """Handle a message; one that its sender may not send, or whose shape is unsound, is not read."""
        found = self._handlers.get(type(message))
        if found is None or not may_say(self.member, self.state.config, sender, message):
            return
        handler, whose, shape = found
        if shape is None or shape(message):
            handler(whose, sender, message)

    def fire(self, timer: Timer) -> None:
        """Handle a timer."""
        handler = TIMERS.get(type(timer))
        if handler is not None:
            handler(self, timer)


HANDLERS: Mapping[type[Message], Handler] = {
    election.AskAlive: Replica.on_ask_alive,
    election.Alive: Replica.on_alive,
    election.Ready: Replica.on_ready,
    election.Prepare: Replica.on_prepare,
    election.Promise: Replica.on_promise,
    election.Refused: Replica.on_refused,
    election.TooFarBehind: Replica.on_too_far_behind,
    leadership.Adopt: Replica.on_adopt,
    leadership.Accept: Replica.on_accept,
    leadership.Vote: Replica.on_vote,
    leadership.Heartbeat: Replica.on_heartbeat,
    leadership.Heard: Replica.on_heard,
    leadership.Behind: Replica.on_behind,
    leadership.Release: Replica.on_release,
    leadership.Handover: Replica.on_handover,
    catch_up.Fetch: Replica.on_fetch,
    catch_up.Chosen: Replica.on_chosen,
    catch_up.CopyWanted: Replica.on_copy_wanted,
    catch_up.CopyOffer: Replica.on_copy_offer,
    catch_up.CopyLater: Replica.on_copy_later,
    catch_up.CopyPages: Replica.on_copy_pages,
    catch_up.CopiedPages: Replica.on_copied_pages,
    catch_up.CopyLog: Replica.on_copy_log,
    catch_up.CopiedLog: Replica.on_copied_log,
    checkpoint.CheckpointWritten: Replica.on_checkpoint_written,
    checkpoint.CheckpointDurable: Replica.on_checkpoint_durable,
}

TIMERS: Mapping[type[Timer], Callable[[Any, Any], None]] = {
    election.ElectionTimer: Replica.on_election_timer,
    leadership.HeartbeatTimer: Replica.on_heartbeat_timer,
    leadership.WatchTimer: Replica.on_watch_timer,
    catch_up.FetchTimer: Replica.on_fetch_timer,
    catch_up.CopyTimer: Replica.on_copy_timer,
    catch_up.ViewTimer: Replica.on_view_timer,
    checkpoint.ScrubTimer: Replica.on_scrub_timer,
}


def first_state(
    env: Env, settings: GroupSettings, cache: PageCache, log: ReplicationLog, machine: type[State]
) -> State:
    """The state before the first slot of the log; a log replica has no tree of it. Pages that no checkpoint
    came to name are removed.
    """
    head = log.head
    file = pages_file(env.lane, head.member.incarnation, 0)
    env.disk.remove_file(file)
    pages = PageFile(env.disk, file, settings.page_bytes, cache)
    bare = head.snapshot is not None
    state: State = machine.bare(pages, head.snapshot) if bare else machine.empty(pages, head.config)
    return state

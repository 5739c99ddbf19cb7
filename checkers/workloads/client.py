"""A client of one partition, as a node: leader cache, retries under one request id, deadline, definite and
indefinite errors.

*Invariant.* An operation ends once: answered, or with an error that is *definite* (it took no effect and
never will) only if every attempt was answered so. A write attempt is fenced by the ballot that it is aimed
at, so a refusal covers late copies too.

Source: Kingsbury, *Maelstrom* protocol notes (definite and indefinite errors); DynamoDB developer guide,
error handling.
"""

from __future__ import annotations

from msgspec import Struct

from dynaproof.impl.node import ONLY_LANE, Env, Message, Microseconds, NodeId, Timer
from dynaproof.impl.partition.messages.requests import Operation, Page, Rejected, Reply
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.router.call import Call, Ending, RequestIds, Route
from dynaproof.impl.router.notes import Ended, Invoked, Shown


class ClientSettings(Struct, frozen=True):
    """Durations of a client's own clocks."""

    timeout_us: Microseconds = 10_000_000
    """How long an operation is tried."""
    attempt_us: Microseconds = 800_000
    """How long one attempt waits for its answer."""
    backoff_us: Microseconds = 100_000
    """Pause before the next attempt after a refusal."""
    think_us: Microseconds = 50_000
    """The longest pause between operations."""


class ThinkTimer(Timer, frozen=True, gc=False, tag="think"):
    """Time for the next operation."""


class AttemptTimer(Timer, frozen=True, gc=False, tag="attempt"):
    """Time for the next attempt at this operation."""


class BackoffTimer(Timer, frozen=True, gc=False, tag="backoff"):
    """The pause after a refusal is over."""


class GiveUpTimer(Timer, frozen=True, gc=False, tag="give_up"):
    """The operation has been tried for long enough."""


class Client:
    """One operation at a time; a subclass chooses them in `next_operation`."""

    def __init__(
        self, env: Env, replicas: tuple[NodeId, ...], settings: ClientSettings, group: int = ONLY_LANE
    ) -> None:
        self.env = env
        self.group = group
        """The group whose replicas it asks: all that it does is of that lane."""
        self.replicas = tuple(replica.address for replica in replicas)
        self.settings = settings
        self.ids = RequestIds(env)
        self.ended = 0
        self.call: Call | None = None
        self.route = Route()

    @property
    def request(self) -> RequestId | None:
        """The request under way."""
        return None if self.call is None else self.call.request

    def next_operation(self) -> Operation | None:
        """The next operation, or None when there is nothing more to do."""
        raise NotImplementedError

    def learned(self, operation: Operation, ending: Ending, observed: StoredItem | None) -> None:
        """An operation has ended; a workload may remember what it saw."""

    def showed(self, operation: Operation, page: Page) -> None:
        """A read of several items is about to end with this."""

    def on_start(self) -> None:
        """Begin soon."""
        self.env.enter(self.group)
        self.env.set_timer(1 + self.env.random("think", self.settings.think_us), ThinkTimer())

    def on_timer(self, timer: Timer) -> None:
        """Begin, try again, or give up."""
        if isinstance(timer, ThinkTimer):
            self.begin()
        elif isinstance(timer, AttemptTimer):
            self.route.leader = None  # It did not answer in time: ask another replica who leads.
            self.try_once()
        elif isinstance(timer, BackoffTimer):
            self.try_once()
        elif isinstance(timer, GiveUpTimer):
            self.give_up()

    def begin(self) -> None:
        """Invoke the next operation, if there is one."""
        if self.call is not None:
            return
        operation = self.next_operation()
        if operation is None:
            return
        request = self.ids.next()
        self.call = Call(request, operation, self.env.wall + self.settings.timeout_us)
        self.env.note(Invoked(request, operation, self.call.deadline))
        self.env.set_timer(self.settings.timeout_us, GiveUpTimer())
        self.try_once()

    def try_once(self) -> None:
        """Send one attempt: to the leader as far as it is known, else to any replica."""
        call = self.call
        if call is None:
            return
        to = self.route.leader
        if to is None or not call.wants_leader:
            to = self.replicas[self.env.random("replica", len(self.replicas))]
        self.env.send(to, call.ask(to, self.route.ballot))
        self.env.set_timer(self.settings.attempt_us, AttemptTimer())

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Take an answer to the operation under way."""
        if isinstance(message, Reply):
            ending = None if self.call is None else self.call.replied(message)
            if ending is not None:
                self.end(ending, message.slot, message.observed)
        elif isinstance(message, Page):
            if self.call is not None and message.request == self.call.request:
                self.env.note(Shown(message.request, message.slot, message.items, message.through))
                self.showed(self.call.operation, message)
                self.end("ok", message.slot, None)
        elif isinstance(message, Rejected):
            self.on_rejected(message)

    def on_rejected(self, m: Rejected) -> None:
        """This attempt takes no effect: follow the hint, wait a little, or end."""
        self.route.learn(m)
        what = "nothing" if self.call is None else self.call.rejected(m, self.route)
        if what == "nothing":
            return
        self.env.cancel_timer(AttemptTimer())
        if what == "give up":
            self.give_up()
        elif what == "try now":
            self.try_once()
        else:
            wait_us = min(m.wait_us, self.settings.timeout_us)  # Nobody waits for it longer than that.
            self.env.set_timer(max(self.settings.backoff_us, wait_us), BackoffTimer())

    def give_up(self) -> None:
        """End with an error."""
        if self.call is not None:
            self.end(self.call.given_up(), 0, None)

    def end(self, ending: Ending, slot: int, observed: StoredItem | None) -> None:
        """The operation is over."""
        assert self.call is not None
        self.env.note(Ended(self.call.request, ending, slot, observed))
        operation, self.call = self.call.operation, None
        self.learned(operation, ending, observed)
        self.ended += 1
        self.env.cancel_timer(AttemptTimer())
        self.env.cancel_timer(BackoffTimer())
        self.env.cancel_timer(GiveUpTimer())
        self.env.set_timer(1 + self.env.random("think", self.settings.think_us), ThinkTimer())

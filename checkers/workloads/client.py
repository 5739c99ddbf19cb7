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

from dynaproof.impl.node import Env, Message, Microseconds, NodeId, Timer
from dynaproof.impl.router.notes import Ended, Ending, Invoked
from dynaproof.impl.storage.ids import NO_BALLOT, Ballot, RequestId
from dynaproof.impl.storage.messages import Get, Operation, Rejected, Reply, Request
from dynaproof.impl.storage.records import StoredItem


class ClientSettings(Struct, frozen=True):
    """Durations of a client's own clocks."""

    timeout_us: Microseconds = 10_000_000
    """How long an operation is tried."""
    attempt_us: Microseconds = 800_000
    """How long one attempt waits for its answer."""
    backoff_us: Microseconds = 100_000
    """Pause before the next attempt after a refusal."""
    think_us: Microseconds = 50_000
    """Pause between operations, at the most."""


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

    def __init__(self, env: Env, replicas: tuple[NodeId, ...], settings: ClientSettings) -> None:
        self.env = env
        self.replicas = tuple(replica.address for replica in replicas)
        self.settings = settings
        self.number = 0
        self.ended = 0
        self.request: RequestId | None = None
        self.operation: Operation | None = None
        self.deadline: Microseconds = 0
        self.attempt = 0
        self.unanswered: dict[int, NodeId] = {}
        self.leader: NodeId | None = None
        self.ballot: Ballot = NO_BALLOT

    def next_operation(self) -> Operation | None:
        """The next operation, or None when there is nothing more to do."""
        raise NotImplementedError

    def learned(self, operation: Operation, ending: Ending, observed: StoredItem | None) -> None:
        """An operation has ended; a workload may remember what it saw."""

    def on_start(self) -> None:
        """Begin soon."""
        self.env.set_timer(1 + self.env.random("think", self.settings.think_us), ThinkTimer())

    def on_timer(self, timer: Timer) -> None:
        """Begin, try again, or give up."""
        if isinstance(timer, ThinkTimer):
            self.begin()
        elif isinstance(timer, AttemptTimer):
            self.leader = None  # It did not answer in time: ask another replica who leads.
            self.try_once()
        elif isinstance(timer, BackoffTimer):
            self.try_once()
        elif isinstance(timer, GiveUpTimer):
            self.give_up()

    def begin(self) -> None:
        """Invoke the next operation, if there is one."""
        if self.request is not None:
            return
        operation = self.next_operation()
        if operation is None:
            return
        self.number += 1
        self.request = RequestId(self.env.me.name, self.number)
        self.operation, self.attempt, self.unanswered = operation, 0, {}
        self.deadline = self.env.wall + self.settings.timeout_us
        self.env.note(Invoked(self.request, operation))
        self.env.set_timer(self.settings.timeout_us, GiveUpTimer())
        self.try_once()

    def try_once(self) -> None:
        """Send one attempt: to the leader as far as it is known, else to any replica."""
        if self.request is None or self.operation is None:
            return
        self.attempt += 1
        eventual = isinstance(self.operation, Get) and not self.operation.strong
        to = self.leader
        if to is None or eventual:
            to = self.replicas[self.env.random("replica", len(self.replicas))]
        self.unanswered[self.attempt] = to
        self.env.send(to, Request(self.request, self.attempt, self.ballot, self.deadline, self.operation))
        self.env.set_timer(self.settings.attempt_us, AttemptTimer())

    def on_message(self, sender: NodeId, message: Message) -> None:
        """Take an answer to the operation under way."""
        if isinstance(message, Reply):
            if message.request == self.request:
                self.end(
                    "ok" if message.status == "ok" else "condition_failed", message.slot, message.observed
                )
        elif isinstance(message, Rejected):
            self.on_rejected(message)

    def on_rejected(self, m: Rejected) -> None:
        """This attempt takes no effect: follow the hint, wait a little, or end."""
        newer = m.ballot > self.ballot
        if m.ballot >= self.ballot:
            self.ballot, self.leader = m.ballot, m.leader
        if m.request != self.request or m.attempt not in self.unanswered:
            return
        asked = self.unanswered[m.attempt]
        if m.final:
            del self.unanswered[m.attempt]
        self.env.cancel_timer(AttemptTimer())
        if m.reason == "expired":
            self.give_up()
            return
        if newer and self.leader is not None:
            self.try_once()
        else:
            if m.reason == "not_leader" and self.leader is not None and self.leader.name == asked.name:
                self.leader = None  # It names itself and does not serve, perhaps for ever: ask any replica.
            self.env.set_timer(self.settings.backoff_us, BackoffTimer())

    def give_up(self) -> None:
        """End with an error: definite only if every attempt was answered."""
        if self.request is not None:
            self.end("indefinite" if self.unanswered else "definite", 0, None)

    def end(self, ending: Ending, slot: int, observed: StoredItem | None) -> None:
        """The operation is over."""
        assert self.request is not None
        assert self.operation is not None
        self.env.note(Ended(self.request, ending, slot, observed))
        self.learned(self.operation, ending, observed)
        self.request = self.operation = None
        self.ended += 1
        self.env.cancel_timer(AttemptTimer())
        self.env.cancel_timer(BackoffTimer())
        self.env.cancel_timer(GiveUpTimer())
        self.env.set_timer(1 + self.env.random("think", self.settings.think_us), ThinkTimer())

"""Calls of partitions: the requests that a node has under way, each over all its attempts, by rules R2 to R7
of docs/table.md. Each router and each admin has one caller.

A call goes to the leader of its partition, as far as the caller knows, else to the members in turn. All
messages and timers of a call are in the lane of its partition. If that is split, the call goes on at the
child that has its key, in the child's lane; a call that may be about both children ends, and its owner has to
ask anew.

*Invariants.* A call ends once, and its owner hears how. It only goes down the lineage of its partition, where
a child has a higher number than its parent, so older knowledge never sends it back (R1). A hint is followed
only if its ballot is above that of the hint last followed for this call at this partition (R3), so a call
that is sent from one deposed leader to another arrives. A call's error is definite only if each of its
attempts was refused for good (R6). The owner bounds how many calls there are; routes are kept for
`ROUTES` partitions more than there are calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from msgspec import Struct

from dynaproof.impl.capacity.admission import REASONS
from dynaproof.impl.kept import keep_newest
from dynaproof.impl.node import Env, Message, Microseconds, NodeId, Timer
from dynaproof.impl.partition.messages.requests import (
    PAGED,
    READS,
    Operation,
    Page,
    Rejected,
    Reply,
    WrongPartition,
    keys_of,
)
from dynaproof.impl.partition.records import Split
from dynaproof.impl.paxos.hosts import Hosts
from dynaproof.impl.paxos.ids import NO_BALLOT, Ballot, RequestId
from dynaproof.impl.router.call import Call, Ending, RequestIds, Route
from dynaproof.impl.router.lineage import is_sound, place_of
from dynaproof.impl.router.notes import Crossed, Ended, Invoked, Shown

ROUTES = 4_096
"""The least number of partitions whose leaders the caller remembers."""


class CallerSettings(Struct, frozen=True):
    """Durations of the caller's own clock."""

    attempt_us: Microseconds = 200_000
    """How long one attempt waits for its answer."""
    backoff_us: Microseconds = 5_000
    """Pause before the next attempt after a refusal; it doubles each time."""
    most_backoff_us: Microseconds = 100_000
    """What that grows to, at the most."""


class AttemptTimer(Timer, frozen=True, gc=False, tag="call_attempt"):
    """An attempt at this request got no answer."""

    number: int


class BackoffTimer(Timer, frozen=True, gc=False, tag="call_backoff"):
    """The pause after a refusal is over."""

    number: int


class GiveUpTimer(Timer, frozen=True, gc=False, tag="call_give_up"):
    """The request has been tried for long enough."""

    number: int


class Running:
    """One call under way."""

    __slots__ = (
        "call",
        "followed",
        "members",
        "partition",
        "purpose",
        "reason",
        "refusals",
        "turn",
        "until",
        "wait_us",
    )

    def __init__(
        self,
        call: Call,
        until: Microseconds,
        partition: int,
        members: tuple[NodeId, ...],
        turn: int,
        purpose: Any,
    ) -> None:
        self.call = call
        self.until = until
        """When it is given up, by the monotonic clock."""
        self.partition = partition
        """Where it is now."""
        self.members = members
        self.purpose = purpose
        """What the owner wants it for."""
        self.turn = turn
        """Which member is asked next if no leader is known."""
        self.followed: Ballot = NO_BALLOT
        """The ballot of the hint last followed (R3)."""
        self.refusals = 0
        self.reason = ""
        """The reason for the last refusal."""
        self.wait_us: Microseconds = 0
        """How long to wait before the next attempt, by that refusal."""


class Owner(Protocol):
    """The owner of the calls."""

    def members(self, partition: int) -> tuple[NodeId, ...]:
        """The addresses of the nodes that host a partition, as far as the owner knows."""
        ...

    def moved(self, partition: int, hosts: Hosts) -> None:
        """A node that has no replica of a partition says where the partition is."""
        ...

    def ended(self, running: Running, ending: Ending, answer: Reply | Page | None) -> None:
        """A call has ended."""
        ...

    def not_there(self, running: Running) -> None:
        """A node that should host the partition has no replica of it."""
        ...

    def was_split(self, running: Running, split: Split) -> None:
        """A replica that has applied a split of the call's partition says so; the call is about to go on."""
        ...


class Caller:
    """The calls of one node; see the module."""

    def __init__(self, env: Env, settings: CallerSettings, owner: Owner) -> None:
        self.env = env
        self.settings = settings
        self.owner = owner
        self.ids = RequestIds(env)
        self.running: dict[int, Running] = {}
        """By the number of the request."""
        self.routes: dict[int, Route] = {}
        """By partition."""

    def __len__(self) -> int:
        return len(self.running)

    # --- Begin and end ---

    def begin(
        self,
        partition: int,
        members: tuple[NodeId, ...],
        operation: Operation,
        timeout_us: Microseconds,
        purpose: Any,
    ) -> RequestId:
        """Begin a call of a partition that is hosted at these addresses; its owner hears how it ends."""
        assert members, "a partition is somewhere"
        env, request = self.env, self.ids.next()
        env.enter(partition)
        call = Call(request, operation, env.wall + timeout_us)
        turn = env.random("member", len(members))
        running = self.running[request.number] = Running(
            call, env.now + timeout_us, partition, members, turn, purpose
        )
        env.note(Invoked(request, operation, call.deadline))
        env.set_timer(timeout_us, GiveUpTimer(request.number))
        self.attempt(running)
        return request

    def learn(self, partition: int, ballot: Ballot, leader: NodeId) -> None:
        """Take a hint about who leads a partition."""
        route = self.route(partition)
        if ballot > route.ballot:
            route.ballot, route.leader = ballot, leader.address

    def expect(self, partition: int, leader: NodeId) -> None:
        """Take a hint about who will lead a partition that was never asked."""
        if partition not in self.routes:
            self.route(partition).leader = leader.address

    def forget(self, partition: int) -> None:
        """Forget the route of a partition that will not be asked again."""
        self.routes.pop(partition, None)

    def give_up(self, running: Running) -> None:
        """End a call with an error."""
        self.end(running, running.call.given_up(), None, 0)

    def end(self, running: Running, ending: Ending, answer: Reply | Page | None, slot: int) -> None:
        """A call is over."""
        env = self.env
        env.enter(running.partition)
        del self.running[running.call.request.number]
        self.cancel_timers(running)
        observed = None
        if isinstance(answer, Reply):
            observed = answer.observed
        elif answer is not None:
            env.note(Shown(running.call.request, slot, answer.items, answer.through))
        env.note(Ended(running.call.request, ending, slot, observed))
        self.owner.ended(running, ending, answer)

    def cancel_timers(self, running: Running) -> None:
        """Cancel the timers of a call, in the lane of its partition."""
        number = running.call.request.number
        for timer in (AttemptTimer(number), BackoffTimer(number), GiveUpTimer(number)):
            self.env.cancel_timer(timer)

    # --- Over a split ---

    def go_on(self, running: Running, child: int, members: tuple[NodeId, ...], final: bool) -> None:
        """The partition of a call is split: go on at the child that has its key, with the same id (R4). A
        call about more than one key ends here, because both children may have to be asked (R8).
        """
        env, call = self.env, running.call
        assert child > running.partition, "a call goes down the lineage only"
        call.goes_on(final)
        if len(keys_of(call.operation)) != 1:
            self.give_up(running)
            return
        env.enter(running.partition)
        self.cancel_timers(running)
        env.note(Crossed(call.request, running.partition, child, final))
        env.enter(child)
        running.partition, running.members = child, members
        running.followed, running.refusals = NO_BALLOT, 0  # Ballots of different partitions do not compare.
        env.set_timer(max(1, running.until - env.now), GiveUpTimer(call.request.number))
        self.attempt(running)

    # --- Attempts ---

    def attempt(self, running: Running) -> None:
        """Ask the leader, or the next member in turn (R2)."""
        env, call = self.env, running.call
        route = self.route(running.partition)
        to = route.leader if call.wants_leader else None
        if to is None:
            to = running.members[running.turn % len(running.members)]
            running.turn += 1
        env.send(to, call.ask(to, route.ballot))
        env.set_timer(self.settings.attempt_us, AttemptTimer(call.request.number))

    def route(self, partition: int) -> Route:
        """What is known of who leads a partition."""
        route = self.routes.pop(partition, None)
        if route is None:
            route = Route()
        self.routes[partition] = route  # The route asked for last comes last.
        keep_newest(self.routes, ROUTES + len(self.running))
        return route

    def pause(self, running: Running, wait_us: Microseconds = 0) -> None:
        """Try again later."""
        env, settings, number = self.env, self.settings, running.call.request.number
        pause = min(settings.most_backoff_us, settings.backoff_us << min(running.refusals, 16))
        running.refusals += 1
        env.cancel_timer(AttemptTimer(number))
        env.set_timer(max(wait_us, 1 + pause // 2 + env.random("backoff", pause)), BackoffTimer(number))

    # --- Timers ---

    def on_attempt_timer(self, timer: AttemptTimer) -> None:
        """The attempt got no answer in time: ask the members in turn."""
        running = self.running[timer.number]
        self.route(running.partition).leader = None
        self.attempt(running)

    def on_backoff_timer(self, timer: BackoffTimer) -> None:
        """The pause is over."""
        self.attempt(self.running[timer.number])

    def on_give_up_timer(self, timer: GiveUpTimer) -> None:
        """It has been tried for long enough."""
        self.give_up(self.running[timer.number])

    # --- Answers ---

    def call_of(self, request: RequestId) -> Running | None:
        """The call that an answer is for, if it is under way, and its partition is the one that answers."""
        running = self.running.get(request.number)
        if running is None or running.call.request != request or running.partition != self.env.lane:
            return None
        return running

    def on_reply(self, sender: NodeId, m: Reply) -> None:
        """An item, or what became of a write."""
        running = self.call_of(m.request)
        if running is not None and not isinstance(running.call.operation, PAGED):
            self.end(running, "ok" if m.status == "ok" else "condition_failed", m, m.slot)

    def on_page(self, sender: NodeId, m: Page) -> None:
        """Several items."""
        running = self.call_of(m.request)
        if running is not None and isinstance(running.call.operation, PAGED):
            self.end(running, "ok", m, m.slot)

    def on_rejected(self, sender: NodeId, m: Rejected) -> None:
        """This attempt takes no effect: follow the hint if it is newer than the last one (R3), else forget
        who leads and ask the members in turn; if the leader throttles, wait.
        """
        running = self.call_of(m.request)
        if running is None or not running.call.refused(m):
            return
        running.reason = m.reason
        running.wait_us = m.wait_us
        if m.reason in {"expired", "too_far_ahead"}:  # Every attempt has the same deadline.
            self.give_up(running)
            return
        reads = isinstance(running.call.operation, READS)
        if m.reason in REASONS and (reads or not running.call.unanswered):
            self.give_up(running)  # Nothing has happened: the user decides when to ask again.
            return
        route = self.route(running.partition)
        if m.leader is not None and m.ballot > running.followed and running.call.wants_leader:
            running.followed = m.ballot
            if m.ballot >= route.ballot:
                route.ballot, route.leader = m.ballot, m.leader.address
            self.attempt(running)
            return
        if m.reason != "throttled" and m.reason not in REASONS:
            route.leader = None
        self.pause(running, m.wait_us)

    def on_wrong_partition(self, sender: NodeId, m: WrongPartition) -> None:
        """The partition is split (R4). Or the node has no replica of it: a hint that what the caller knows of
        it is old (R2); perhaps the node says where the partition is (A15).
        """
        running = self.call_of(m.request)
        if running is None:
            return
        if m.split is not None and is_sound(m.split, running.partition, running.call.operation):
            self.is_split(running, m.split, m.first, m.final)
            return
        if not running.call.refused(m):
            return
        self.route(running.partition).leader = None
        if m.hosts is not None:
            self.owner.moved(running.partition, m.hosts)
        running.members = self.owner.members(running.partition) or running.members
        self.pause(running)
        self.owner.not_there(running)

    def is_split(self, running: Running, split: Split, first: NodeId | None, final: bool) -> None:
        """It does not matter which attempt was answered so: the whole partition is split (R4)."""
        if first is not None:
            for one in split.children:
                self.expect(one.partition, first)
        self.owner.was_split(running, split)
        child = split.child_of(place_of(running.call.operation))
        voters = tuple(voter.node.address for voter in child.voters)
        self.go_on(running, child.partition, self.owner.members(child.partition) or voters, final)

    HANDLERS: ClassVar[Mapping[type[Message], Callable[..., None]]] = {
        Reply: on_reply,
        Page: on_page,
        Rejected: on_rejected,
        WrongPartition: on_wrong_partition,
    }

    TIMERS: ClassVar[Mapping[type[Timer], Callable[..., None]]] = {
        AttemptTimer: on_attempt_timer,
        BackoffTimer: on_backoff_timer,
        GiveUpTimer: on_give_up_timer,
    }

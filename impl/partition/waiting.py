"""Requests that find a leader's window full wait at the leader, in the order in which they came (rule W1).

*Invariants.* No request is proposed before one that came earlier. What waits is bounded, in requests and in
bytes; beyond that, a request is throttled. Nothing is decided for a request that waits: conditions, deadlines
and clocks are checked when its turn comes, on the state at that time. What waits belongs to a leadership and
is dropped whole with it, without an answer: its clients ask the next leader when their attempts time out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from dynaproof.impl.node import Message, Microseconds, NodeId
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.partition.state import PartitionState
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.paxos.leader import Leader
from dynaproof.impl.paxos.service import Service

Key: TypeAlias = RequestId | str
"""What identifies a client's request: its id; and the move of a hold: the reader's name."""


class Waiter:
    """One request that waits, with the attempts at it that have come so far."""

    __slots__ = ("attempts", "key", "message", "since", "size")

    def __init__(self, key: Key, sender: NodeId, message: Any, size: int, since: Microseconds) -> None:
        self.key = key
        self.message = message
        self.size = size
        self.since = since
        self.attempts: list[tuple[NodeId, Any]] = [(sender, message)]


Turn: TypeAlias = Callable[[Waiter], bool]
"""Propose or answer what waits; False, with nothing done, if the window has no room for it."""


class Waiting(Service):
    """The one queue of everything that a partition's leader is to propose."""

    def __init__(self, replica: Leader[PartitionState], settings: Settings) -> None:
        self.replica = replica
        self.env = replica.env
        self.settings = settings
        self.turns: Mapping[type[Message], Turn] = {}
        """Which service goes on with what waits."""
        self.queue: deque[Waiter] = deque()
        self.size = 0
        """Bytes of all that waits,"""
        self.attempts = 0
        """and the attempts at it."""
        self.known: dict[Key, Waiter] = {}
        """What waits, by its key."""

    def __len__(self) -> int:
        return len(self.queue)

    def add(self, key: Key, sender: NodeId, message: Any, size: int) -> bool:
        """Wait behind all others (rule W1); False if there is no room to wait."""
        settings = self.settings
        if len(self.queue) >= settings.waiting_requests or self.size + size > settings.waiting_bytes:
            return False
        waiter = Waiter(key, sender, message, size, self.env.now)
        self.queue.append(waiter)
        self.known[key] = waiter
        self.size += size
        self.attempts += 1
        self.replica.reached("request waited for room")
        return True

    def join(self, key: Key, sender: NodeId, message: Any) -> bool:
        """Whether this waits already: then the attempt gets the first one's answer, unless too many wait for
        that, or there is no room for its message: it then stays unanswered, and comes again.
        """
        waiter, settings = self.known.get(key), self.settings
        if waiter is None:
            return False
        fits = self.size + waiter.size <= settings.waiting_bytes
        if fits and len(waiter.attempts) < settings.waiting_attempts:
            waiter.attempts.append((sender, message))
            self.size += waiter.size
            self.attempts += 1
        return True

    def wait_us(self) -> Microseconds:
        """How long it takes to come to the front: as long as the request there has waited, but at most a
        heartbeat, since the leader may have lost its voters for a while.
        """
        return min(self.env.now - self.queue[0].since, self.settings.heartbeat_us) if self.queue else 0

    def has_room(self) -> None:
        """Give those in front their turns (rule W1): a chunk at a time, unless nothing is in flight, since
        then no later vote would call for the others.
        """
        replica = self.replica
        if not self.queue or not replica.may_propose():
            return
        done = 0
        while self.queue and (done < self.settings.chunk_slots or not replica.in_flight):
            waiter = self.queue[0]
            if not self.turns[type(waiter.message)](waiter):
                return
            self.queue.popleft()
            del self.known[waiter.key]
            self.size -= waiter.size * len(waiter.attempts)
            self.attempts -= len(waiter.attempts)
            done += 1

    def stepped_down(self) -> None:
        """Nobody has proposed what waits, and this leadership will not."""
        self.queue, self.known, self.size, self.attempts = deque(), {}, 0, 0

    def queues(self) -> tuple[tuple[str, int, int], ...]:
        """What waits, in requests and in bytes."""
        settings = self.settings
        attempts = max((len(waiter.attempts) for waiter in self.queue), default=0)
        return (
            ("requests that wait for room", len(self.queue), settings.waiting_requests),
            ("bytes that wait for room", self.size, settings.waiting_bytes),
            ("attempts that wait for room", attempts, settings.waiting_attempts),
        )

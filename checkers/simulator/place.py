"""The place of one node in a world: what survives its crashes, its links, and its environment.

A node is made anew at every start; its `Slot` stays. `SimEnv` is what the node meets the world through.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from dynaproof.checkers.simulator.disk import SimDisk
from dynaproof.checkers.simulator.events import Event
from dynaproof.impl.driver import Hosted, Send
from dynaproof.impl.node import Env, Message, Microseconds, Node, NodeId, Note, Timer

if TYPE_CHECKING:
    from dynaproof.checkers.simulator.world import World

RATE_ONE = 1 << 20
"""Clock rates are in parts of this."""

Factory = Callable[[Env], Node]


class Options(Struct, frozen=True):
    """Of one run: latencies in microseconds, and probabilities in parts of 65536."""

    latencies: tuple[int, ...] = (300, 500, 800, 1_200)
    sync_us: tuple[int, ...] = (100, 200, 400)
    loss: int = 0
    duplication: int = 0
    capacity: int = 256
    """Messages in flight on a directed link; what is sent beyond is lost."""
    rates: tuple[int, ...] = (RATE_ONE,)
    walls: tuple[int, ...] = (0,)


class Observer:
    """Is told of all that happens; does nothing of it by itself."""

    def note(self, slot: Slot, note: Note) -> None:
        """A node emitted a probe."""

    def sent(self, slot: Slot, to: NodeId, message: Message, covered: bool) -> None:
        """A message leaves its node; `covered`: what its node had written is durable, by the disk's own
        count.
        """

    def synced(self, slot: Slot) -> None:
        """A sync has ended; `slot.disk.grown` names the logs that became longer."""

    def crashed(self, slot: Slot, lost_disk: bool) -> None:
        """A node has crashed; its disk shows what it kept."""

    def damaged(self, slot: Slot) -> None:
        """A synced byte of a node's disk is wrong from here on."""

    def restarted(self, slot: Slot) -> None:
        """A node has been started."""

    def handled(self, slot: Slot) -> None:
        """A handler has run."""

    def raised(self, slot: Slot, payload: object, error: Exception) -> None:
        """A handler has raised."""


class Link:
    """One direction between two nodes."""

    __slots__ = ("in_flight", "name", "sent", "target")

    def __init__(self, name: str, target: Slot) -> None:
        self.name = name
        self.target = target
        self.sent = 0
        self.in_flight = 0


class Slot:
    """The place of one node: what survives its crashes, and the node itself."""

    def __init__(self, world: World, node_id: NodeId, factory: Factory, rate: int, wall: int) -> None:
        self.world = world
        self.id = node_id
        self.name = node_id.name
        self.hosted = Hosted(node_id, factory)
        self.outbox = self.hosted.outbox
        self.disk = SimDisk(self.outbox)
        self.rate = rate
        self.wall_offset = wall
        self.env = SimEnv(self)
        self.node: Node = factory(self.env)
        self.up = False
        self.timers: dict[Timer, Event] = {}
        self.timers_set = 0
        self.sync_event: Event | None = None
        self.syncs = 0
        self.armed = ""
        """A fault that waits for this node's next sync: `crash in sync` or `failed sync`."""
        self.links: dict[str, Link | None] = {}
        """By the receiver's name; None where there is no such node."""
        self.own = Link(self.name, self)
        self.own_in_flight: deque[Event] = deque()
        """Its messages to itself: a crash takes them all. Those at the front that came are passed over."""
        self.released: list[Event] = []
        """What the last completed sync let out."""
        self.stamps: deque[tuple[Message, int]] = deque()
        """What was sent and has not left, with the disk's own count of writes at the end of the sending
        handler; nothing is kept of a handler at whose end all was durable.
        """
        self.counters: dict[str, int] = {}
        self.slow = 1
        self.watched = True
        """Whether the observer is told of its handlers."""

    def count(self, what: str) -> int:
        """The next number of a counter; counters survive crashes."""
        number = self.counters.get(what, 0)
        self.counters[what] = number + 1
        return number


class SimEnv:
    """`dynaproof.impl.node.Env` of one node."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._world = slot.world
        self.me = slot.id
        self.disk = slot.disk
        self.send: Send = slot.outbox.send

    @property
    def now(self) -> Microseconds:
        """Local monotonic time."""
        return self._world.tau * self._slot.rate >> 20

    @property
    def wall(self) -> Microseconds:
        """Local wall clock."""
        return self._world.tau + self._slot.wall_offset

    def random(self, label: str, n: int) -> int:
        """Chance, through the strategy."""
        slot = self._slot
        return self._world.strategy.index((label, slot.name, slot.count(label)), n)

    def set_timer(self, delay: Microseconds, timer: Timer) -> None:
        """Due at the least tau at which the delay has passed locally."""
        slot, world = self._slot, self._world
        strategy, timers, rate, number = world.strategy, slot.timers, slot.rate, slot.timers_set
        before = timers.get(timer)
        if before is not None:
            strategy.discard(before)
        slot.timers_set = number + 1
        due = -(-(((world.tau * rate >> 20) + delay) << 20) // rate)
        event = timers[timer] = Event("timer", slot.name, number, slot, due, timer)
        strategy.add(event)

    def cancel_timer(self, timer: Timer) -> None:
        """Never fires."""
        event = self._slot.timers.pop(timer, None)
        if event is not None:
            self._world.strategy.discard(event)

    def note(self, event: Note) -> None:
        """To the observer."""
        self._world.observer.note(self._slot, event)

"""The world: nodes, clocks, messages in flight, disks; one event at a time.

Global time tau is in microseconds. A node's monotonic clock runs at a rate of its own; firing a timer sets
tau to the later of tau and its real deadline, so timers are late at times and never early. In timed mode the
strategy takes events by due time; in untimed mode in any order. Everything that may go wrong is drawn through
the strategy.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from checkers.simulator.disk import SimDisk
from checkers.simulator.events import Event, Label, Strategy
from impl.node import Env, Message, Microseconds, Node, NodeId, Note, Timer
from impl.outbox import Outbox

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
        """A sync has ended."""

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


class Slot:
    """The place of one node: what survives its crashes, and the node itself."""

    def __init__(self, world: World, node_id: NodeId, factory: Factory, rate: int, wall: int) -> None:
        self.world = world
        self.id = node_id
        self.name = node_id.name
        self.factory = factory
        self.outbox = Outbox()
        self.disk = SimDisk(self.outbox)
        self.rate = rate
        self.wall_offset = wall
        self.env = SimEnv(self)
        self.node: Node = factory(self.env)
        self.up = False
        self.timers: dict[Timer, Event] = {}
        self.sync_event: Event | None = None
        self.released: list[Event] = []
        self.unstamped: list[Message] = []
        self.stamps: deque[tuple[Message, int]] = deque()
        """What was sent and has not left, with the disk's own count of writes at the end of the sending
        handler."""
        self.counters: dict[str, int] = {}
        self.slow = 1

    def count(self, what: str) -> int:
        """The next number of a counter; counters survive crashes."""
        number = self.counters.get(what, 0)
        self.counters[what] = number + 1
        return number


class SimEnv:
    """`impl.node.Env` of one node."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._world = slot.world

    @property
    def me(self) -> NodeId:
        """The node."""
        return self._slot.id

    @property
    def now(self) -> Microseconds:
        """Local monotonic time."""
        return self._world.tau * self._slot.rate >> 20

    @property
    def wall(self) -> Microseconds:
        """Local wall clock."""
        return self._world.tau + self._slot.wall_offset

    @property
    def disk(self) -> SimDisk:
        """The disk."""
        return self._slot.disk

    def random(self, label: str, n: int) -> int:
        """Chance, through the strategy."""
        slot = self._slot
        return self._world.strategy.index((label, slot.name, slot.count(label)), n)

    def send(self, to: NodeId, message: Message) -> None:
        """Into the outbox."""
        slot = self._slot
        slot.outbox.send(to, message)
        slot.unstamped.append(message)

    def set_timer(self, delay: Microseconds, timer: Timer) -> None:
        """Due at the least tau at which the delay has passed locally."""
        slot, world = self._slot, self._world
        before = slot.timers.get(timer)
        if before is not None:
            world.strategy.discard(before)
        local = (world.tau * slot.rate >> 20) + delay
        due = -(-(local << 20) // slot.rate)
        event = Event(("timer", slot.name, slot.count("timer")), slot, due, timer, None, slot.name)
        slot.timers[timer] = event
        world.strategy.add(event)

    def cancel_timer(self, timer: Timer) -> None:
        """Never fires."""
        event = self._slot.timers.pop(timer, None)
        if event is not None:
            self._world.strategy.discard(event)

    def note(self, event: Note) -> None:
        """To the observer."""
        self._world.observer.note(self._slot, event)


class World:
    """All of one run's state; `step` lets one event happen."""

    def __init__(
        self,
        nodes: Sequence[tuple[NodeId, Factory]],
        strategy: Strategy,
        options: Options,
        observer: Observer,
    ) -> None:
        self.tau = 0
        self.steps = 0
        self.strategy = strategy
        self.options = options
        self.latencies = options.latencies
        self.sync_us = options.sync_us
        self.observer = observer
        self.cut_links: dict[str, int] = {}
        self.links: dict[tuple[str, str], str] = {}
        self.in_flight: dict[str, int] = {}
        self.sent: dict[str, int] = {}
        self.loss = options.loss
        self.duplication = options.duplication
        self.failed = False
        self.last_payload: object = None
        """The message or timer of the last event, for a trace."""
        self.timed = True
        """Whether messages and syncs take time; in untimed mode only timers move tau."""
        self.trace: list[tuple[str, str, int, int]] = []
        self.keep_trace = True
        self.slots: dict[str, Slot] = {}
        for index, (node_id, factory) in enumerate(nodes):
            rate = options.rates[index % len(options.rates)]
            wall = options.walls[index % len(options.walls)]
            self.slots[node_id.name] = Slot(self, node_id, factory, rate, wall)

    # --- Events ---

    def step(self) -> bool:
        """Let the next event happen; False where none is enabled."""
        event = self.strategy.pop()
        if event is None:
            return False
        self.happen(event)
        return True

    def happen(self, event: Event) -> None:
        """Let this event happen."""
        self.steps += 1
        kind = event.name[0]
        if event.due > self.tau and (self.timed or kind == "timer"):
            self.tau = event.due
        if self.keep_trace:
            self.trace.append((*event.name, self.tau))
        slot = event.slot
        self.last_payload = event.payload[1] if kind == "deliver" else event.payload
        if kind == "deliver":
            self.in_flight[event.link] -= 1
            if slot.up and event.payload[0] is slot.id:
                self.run(slot, slot.node.on_message, event.sender, event.payload[1])
        elif kind == "timer":
            del slot.timers[event.payload]
            self.run(slot, slot.node.on_timer, event.payload)
        elif kind == "sync_start":
            slot.outbox.sync_started()
            slot.disk.sync_started()
            self._schedule_sync(slot, "sync_end")
        else:
            slot.sync_event = None
            slot.disk.sync_done()
            self.observer.synced(slot)
            slot.released = []
            self._release(slot, slot.outbox.sync_done())
            self._sync_if_needed(slot)

    def run(self, slot: Slot, handler: Callable[..., None], *arguments: Any) -> None:
        """One handler call, and what follows from it."""
        try:
            handler(*arguments)
        except Exception as error:  # noqa: BLE001 A handler that raises is a finding, whatever it raises.
            self.failed = True
            self.observer.raised(slot, arguments[-1] if arguments else None, error)
            return
        self.observer.handled(slot)
        if slot.unstamped:
            written = slot.disk.written
            slot.stamps.extend([(message, written) for message in slot.unstamped])
            slot.unstamped = []
        sent = slot.outbox.handled()
        if sent:
            self._release(slot, sent)
        self._sync_if_needed(slot)

    def _sync_if_needed(self, slot: Slot) -> None:
        if slot.sync_event is None and slot.outbox.needs_sync:
            self._schedule_sync(slot, "sync_start")

    def _schedule_sync(self, slot: Slot, kind: str) -> None:
        number = slot.count(kind)
        took = 1
        if kind == "sync_end":
            table = self.sync_us
            took = table[self.strategy.index((kind, slot.name, number), len(table))] * slot.slow
        event = Event((kind, slot.name, number), slot, self.tau + took, None, None, slot.name)
        slot.sync_event = event
        self.strategy.add(event)

    # --- Network ---

    def _release(self, slot: Slot, messages: list[tuple[NodeId, Message]]) -> None:
        for to, message in messages:
            stamp = 0
            while slot.stamps:
                stamped, stamp = slot.stamps.popleft()
                if stamped is message:
                    break
            self.observer.sent(slot, to, message, stamp <= slot.disk.durable)
            target = self.slots.get(to.name)
            if target is None or target.id != to:
                continue
            if target is slot:
                self._deliver(slot, slot, message, slot.name, 1)
                continue
            pair = (slot.name, target.name)
            link = self.links.get(pair)
            if link is None:
                link = self.links[pair] = f"{slot.name}>{target.name}"
            if link in self.cut_links or self.in_flight.get(link, 0) >= self.options.capacity:
                continue
            self._transmit(slot, target, message, link)

    def _transmit(self, slot: Slot, target: Slot, message: Message, link: str) -> None:
        strategy, number = self.strategy, self.sent.get(link, 0)
        if self.loss and strategy.chance(("loss", link, number), self.loss):
            self.sent[link] = number + 1
            return
        table = self.latencies
        delay = table[strategy.index(("latency", link, number), len(table))] * max(slot.slow, target.slow)
        self._deliver(slot, target, message, link, delay)
        if self.duplication and strategy.chance(("duplicate", link, number), self.duplication):
            self._deliver(slot, target, message, link, delay * 7)

    def _deliver(self, slot: Slot, target: Slot, message: Message, link: str, delay: int) -> None:
        number = self.sent.get(link, 0)
        self.sent[link] = number + 1
        self.in_flight[link] = self.in_flight.get(link, 0) + 1
        event = Event(
            ("deliver", link, number), target, self.tau + delay, (target.id, message), slot.id, link
        )
        if slot.outbox.written:
            slot.released.append(event)
            if len(slot.released) > 64:
                del slot.released[:32]
        self.strategy.add(event)

    # --- Crash and restart ---

    def crash(self, slot: Slot, label: str, lose_disk: bool = False, spare: bool = False) -> bool:
        """Stop a node: of what was not synced a prefix per file is kept; whether an append was torn.

        Messages that its last completed sync released may not have left: each is lost by chance, unless
        `spare`.
        """
        for event in slot.timers.values():
            self.strategy.discard(event)
        slot.timers = {}
        if slot.sync_event is not None:
            self.strategy.discard(slot.sync_event)
            slot.sync_event = None
        for event in slot.released:
            if (
                event.place >= 0
                and not spare
                and self.strategy.chance((label + "/unsent", slot.name, slot.count("unsent")), 1 << 14)
            ):
                self.in_flight[event.link] -= 1
                self.strategy.discard(event)
        slot.released, slot.unstamped = [], []
        slot.stamps.clear()
        torn = slot.disk.crash(
            lambda name, n: self.strategy.index((f"{label}/{name}", slot.name, slot.count("torn")), n)
        )
        slot.up = False
        if lose_disk:
            slot.disk.lose()
            slot.id = NodeId(slot.id.region, slot.id.zone, slot.id.name, slot.id.incarnation + 1)
        self.observer.crashed(slot, lose_disk)
        return torn

    def start(self, slot: Slot) -> None:
        """Boot a node on the disk that it has."""
        slot.outbox = Outbox()
        slot.disk.outbox = slot.outbox
        slot.outbox.written = slot.outbox.durable = slot.disk.written
        slot.node = slot.factory(slot.env)
        slot.up = True
        self.run(slot, slot.node.on_start)
        self.observer.restarted(slot)

    def choose(self, label: Label, n: int) -> int:
        """A choice of the world itself."""
        return self.strategy.index(label, n)

    def digest(self) -> str:
        """SHA-256 over the events in order, with tau, and every durable byte at the end."""
        digest = hashlib.sha256(repr(self.trace).encode())
        for name, slot in sorted(self.slots.items()):
            digest.update(name.encode())
            for log in slot.disk.durable_logs(""):
                digest.update(log.encode() + bytes(slot.disk.durable_log(log)))
            digest.update(repr(slot.disk.durable_files()).encode())
        return digest.hexdigest()

"""The place of one node in a world: what survives its crashes, its links, and its environment.

A node is made anew at every start; its `Place` stays. `SimEnv` is the node's environment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from dynaproof.checkers.seam import Event, Strategy
from dynaproof.checkers.world.disk import SimDisk
from dynaproof.checkers.world.listening import NOTHING, Listening
from dynaproof.impl.driver import Hosted, Send
from dynaproof.impl.node import (
    ONLY_LANE,
    Env,
    Lane,
    Microseconds,
    NodeId,
    NodeProtocol,
    Note,
    Timer,
)
from dynaproof.impl.outbox import OutboxLimits, Outgoing

Factory = Callable[[Env], NodeProtocol]


class Surroundings(Protocol):
    """What a place needs of the world around it."""

    tau: int
    steps: int
    last: Event | None
    """The last event."""
    strategy: Strategy
    was_untimed: bool
    """Whether messages and syncs ever took no time,"""
    latencies: tuple[int, ...]
    late_us: int
    """and what they take otherwise."""
    sync_us: tuple[int, ...]
    cut_links: dict[str, int]
    outbox: OutboxLimits

    @property
    def places(self) -> Mapping[str, Place]:
        """All places, by name."""
        ...

    @property
    def addresses(self) -> Mapping[NodeId, Place]:
        """All places, by the addresses of their nodes."""
        ...


class Link:
    """One direction between two nodes."""

    __slots__ = ("in_flight", "name", "sent", "target")

    def __init__(self, name: str, target: Place) -> None:
        self.name = name
        self.target = target
        self.sent = 0
        self.in_flight = 0


class Place:
    """The place of one node: what survives its crashes, and the node itself."""

    # With more than 29 attributes the instances of a class share no keys (CPython 3.11), and calls of their
    # methods take half as long again; the hot path of a run goes through places.
    __slots__ = (
        "armed", "counters", "disk", "env", "hosted", "id", "lane", "links", "name", "node",
        "on_begins", "on_crashed", "on_damaged", "on_handled", "on_notes", "on_raised", "on_rotted",
        "on_sent", "on_shed", "on_synced", "on_uncovered", "on_vanished", "outbox", "own",
        "own_in_flight", "rate", "released", "sheds", "slow", "stamps", "sync_event", "syncs", "timers",
        "timers_set", "up", "wall_offset", "world",
    )  # fmt: skip

    def __init__(
        self, world: Surroundings, node_id: NodeId, name: str, factory: Factory, rate: int, wall: int
    ) -> None:
        self.world = world
        self.id = node_id
        self.name = name
        """The node's own name, with region and zone before it if another node of the world has the same."""
        self.hosted = Hosted(node_id, factory, world.outbox)
        self.outbox = self.hosted.outbox
        self.disk = SimDisk(self.outbox)
        self.rate = rate
        self.wall_offset = wall
        self.env = SimEnv(self)
        self.node: NodeProtocol = factory(self.env)
        self.up = False
        self.lane: Lane = ONLY_LANE
        """The lane of the running handler, or of the message that leaves."""
        self.timers: dict[tuple[Lane, Timer], Event] = {}
        self.timers_set = 0
        self.sync_event: Event | None = None
        self.syncs = 0
        self.armed = ""
        """A fault that waits for this node's next sync: `crash in sync` or `failed sync`."""
        self.links: dict[NodeId, Link | None] = {}
        """By the receiver; None if there is no such node. Incarnations of a node share one link."""
        self.own = Link(self.name, self)
        self.own_in_flight: deque[Event] = deque()
        """Its messages to itself: a crash takes them all. Those at the front that have arrived are passed
        over.
        """
        self.released: list[Event] = []
        """What the last completed sync let out."""
        self.stamps: dict[Lane, deque[tuple[Outgoing, int]]] = {}
        """By lane: what was sent and has not left, with the disk's own number of the lane's last write when
        the sending handler ended; nothing is kept of a handler at whose end all of its lane was durable. A
        message may be sent several times, like one that is passed on with each copy that comes: each has its
        stamp.
        """
        self.sheds: dict[Lane, deque[Outgoing]] = {}
        """By lane: what its outbox has shed, in order, while something sent before it waits: it, too, has a
        stamp.
        """
        self.counters: dict[str, int] = {}
        self.slow = 1
        self.hears(NOTHING)

    def hears(self, listening: Listening) -> None:
        """Let these hear of what happens here."""
        self.on_notes = listening.notes
        self.on_sent = listening.sent
        self.on_uncovered = listening.uncovered
        self.on_shed = listening.shed
        self.on_vanished = listening.vanished
        self.on_begins = listening.begins
        self.on_handled = listening.handled
        self.on_synced = listening.synced
        self.on_crashed = listening.crashed
        self.on_damaged = listening.damaged
        self.on_rotted = listening.rotted
        self.on_raised = listening.raised

    def count(self, what: str) -> int:
        """The next number of a counter; counters survive crashes."""
        number = self.counters.get(what, 0)
        self.counters[what] = number + 1
        return number

    def enter(self, lane: Lane) -> None:
        """What the running handler does from here on is of this lane."""
        self.lane = self.disk.lane = lane
        self.outbox.enter(lane)

    def stamp(self, sent: Sequence[Outgoing]) -> None:
        """The running handler ends with these sent: each waits for what its lane has written so far."""
        last, durable, stamps = self.disk.last_written, self.disk.durable, self.stamps
        for sending in sent:
            lane = sending[2]
            if lane in last and (written := last[lane]) > durable:
                waiting = stamps.get(lane)
                if waiting is None:
                    waiting = stamps[lane] = deque()
                waiting.append((sending, written))

    def overtakes(self, sending: Outgoing) -> int:
        """A message overtakes others that were sent before it in its lane; its stamp, or 0 if it has none.

        Each of the others was shed, or lost by the gate, unless the message leaves too soon: then they still
        wait.
        """
        lane = sending[2]
        stamps, sheds = self.stamps[lane], self.sheds.get(lane)
        passed: list[tuple[Outgoing, int]] = []
        own = 0
        while stamps:
            stamped, stamp = stamps.popleft()
            if stamped is sending:
                own = stamp
                break
            passed.append((stamped, stamp))
        if own > self.disk.durable:
            stamps.extendleft(reversed(passed))
            return own
        for overtaken, _ in passed:
            if sheds and sheds[0] is overtaken:
                sheds.popleft()
            elif self.on_vanished is not None:
                self.on_vanished(self, overtaken[1])
        return own

    def damaged(self, file: str) -> None:
        """A synced byte of a file is wrong from here on, and the next start will notice."""
        if self.on_damaged is not None:
            self.on_damaged(self, file)

    def rotted(self, file: str) -> None:
        """A synced byte of a file is wrong from here on, and a reader of it will notice."""
        if self.on_rotted is not None:
            self.on_rotted(self, file)


def place_names(nodes: Sequence[NodeId]) -> list[str]:
    """The names of these nodes' places: the node's name, with its region and zone before it if two have the
    same name.
    """
    names = [node.name for node in nodes]
    return [node.name if names.count(node.name) == 1 else full_name(node) for node in nodes]


def full_name(node: NodeId) -> str:
    """The name of a node with its region and zone."""
    return f"{node.region}/{node.zone}/{node.name}"


class SimEnv:
    """`dynaproof.impl.node.Env` of one node."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._world = place.world
        self.me = place.id
        self.boot = place.hosted.boots
        self.disk = place.disk
        self.send: Send = place.outbox.send
        self.enter = place.enter

    @property
    def addresses(self) -> Mapping[NodeId, Place]:
        """The places of this world by the addresses of their nodes."""
        return self._world.addresses

    @property
    def lane(self) -> Lane:
        """The lane of the running handler."""
        return self._place.lane

    @property
    def now(self) -> Microseconds:
        """Local monotonic time."""
        return self._world.tau * self._place.rate >> 20

    @property
    def wall(self) -> Microseconds:
        """Local wall clock."""
        return self._world.tau + self._place.wall_offset

    def random(self, label: str, n: int) -> int:
        """Chance, through the strategy; each lane has its own."""
        place = self._place
        if place.lane != ONLY_LANE:
            label = f"{label} in {place.lane}"
        return self._world.strategy.index((label, place.name, place.count(label)), n)

    def set_timer(self, delay: Microseconds, timer: Timer) -> None:
        """Due at the least tau at which the delay has passed locally."""
        place, world = self._place, self._world
        strategy, timers, rate, number = world.strategy, place.timers, place.rate, place.timers_set
        lane = place.lane
        before = timers.get((lane, timer))
        if before is not None:
            strategy.discard(before)
        place.timers_set = number + 1
        due = -(-(((world.tau * rate >> 20) + delay) << 20) // rate)
        event = timers[lane, timer] = Event(
            "timer", place.name, number, place, due, timer, None, None, None, lane
        )
        strategy.add(event)

    def cancel_timer(self, timer: Timer) -> None:
        """Never fires."""
        event = self._place.timers.pop((self._place.lane, timer), None)
        if event is not None:
            self._world.strategy.discard(event)

    def note(self, event: Note) -> None:
        """Pass a note to those that listen to its type."""
        heard = self._place.on_notes.get(type(event))
        if heard is not None:
            heard(self._place, event)

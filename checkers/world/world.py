"""The world: nodes, clocks, messages in flight, disks; one event at a time.

Global time tau is in microseconds. A node's monotonic clock runs at a rate of its own; firing a timer sets
tau to the later of tau and its real deadline, so timers are late at times and never early. In timed mode the
strategy takes events by due time; in untimed mode in any order. Everything that may go wrong is drawn through
the strategy.

*Messages.* Between two nodes they may be lost, repeated, delayed and reordered, each direction on its own. A
node's messages to itself pass no network: they are neither lost nor repeated while it lives, they arrive in
order in timed mode, and in any order in untimed mode; a crash takes all that are under way, for they were
only in its memory. Every message and timer has the lane in which it was sent or set, and what it causes is of
that lane.

*Speed.* `happen` and `_release` are the hot path of everything; they trade some repetition for calls.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from dynaproof.checkers.seam import Event, Strategy
from dynaproof.checkers.world.digest import FOLDED, EventDigest
from dynaproof.checkers.world.listening import Observer, together
from dynaproof.checkers.world.options import Options
from dynaproof.checkers.world.place import Factory, Link, Place, place_names
from dynaproof.impl.node import ANY_INCARNATION, FORMAT_VERSION, ONLY_LANE, Lane, Message, NodeId, Timer
from dynaproof.impl.outbox import OutboxLimits, Outgoing

LATE_COPY = 7
"""By how many times its latency a message's second copy is delayed;"""
LATEST = 4
"""and if copies come much later, by up to how many times `late_us`."""

BY_ITSELF = (
    "lost message",
    "repeated message",
    "full link",
    "full outbox",
    "message after a crash",
    "unknown format",
)
"""The names under which the network's own faults are counted."""

UNSENT = 1 << 14
"""Chance, in parts of 65536, that a crash takes a message that the last completed sync has released."""


class World:
    """All of one run's state; `step` lets one event happen."""

    def __init__(
        self,
        nodes: Sequence[tuple[NodeId, Factory]],
        strategy: Strategy,
        options: Options,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.tau = 0
        self.steps = 0
        self.strategy = strategy
        self.capacity = options.capacity
        self.outbox = options.outbox
        self.latencies = options.latencies
        self.sync_us = options.sync_us
        self.late_us = options.late_us
        self.observers = tuple(observers)
        self.cut_links: dict[str, int] = {}
        self.loss = options.loss
        self.duplication = options.duplication
        self.failed = False
        self.last: Event | None = None
        """The last event."""
        self.under_way_until = 0
        """When the last message to another node is due, or the last sync that began ends."""
        self.timed, self.was_untimed = True, False
        """Whether messages and syncs take time, else only timers move tau; whether they ever took none."""
        self.fell: dict[str, int] = {}
        """How often each fault happened: a `lost message`, a `full link`, a `crash in sync`, ..."""
        self.trace: list[tuple[str, str, int, int]] = []
        self.keep_trace = True
        self._digest = EventDigest()
        self._happened = self._digest.happened
        self._taus = self._digest.taus
        self.places: dict[str, Place] = {}
        self.addresses: dict[NodeId, Place] = {}
        names = place_names([node_id for node_id, _ in nodes])
        for index, ((node_id, factory), name) in enumerate(zip(nodes, names, strict=True)):
            rate = options.rates[index % len(options.rates)]
            self.add(node_id, name, factory, rate, options.walls[index % len(options.walls)])

    def add(self, node_id: NodeId, name: str, factory: Factory, rate: int, wall: int = 0) -> Place:
        """Give a node a place of this name."""
        assert node_id.address not in self.addresses, f"two nodes of one zone are named {node_id.name}"
        assert name not in self.places, f"two places are named {name}"
        place = Place(self, node_id, name, factory, rate, wall)
        self.places[name] = self.addresses[node_id.address] = place
        place.hears(together([observer.listens(place) for observer in self.observers]))
        return place

    def at(self, node_id: NodeId) -> Place:
        """The place of a node, whatever incarnation of it runs there."""
        return self.addresses[node_id.address]

    # --- Events ---

    def step(self) -> bool:
        """Let the next event happen; False if none is enabled."""
        event = self.strategy.pop()
        if event is None:
            return False
        self.happen(event)
        return True

    def happen(self, event: Event) -> None:
        """Let this event happen."""
        kind, place, due, tau = event.kind, event.place, event.due, self.tau
        if place.on_begins is not None:
            place.on_begins(event)
        if due > tau and (self.timed or kind == "timer"):
            self.tau = tau = due
        self.last = event
        self.steps = steps = self.steps + 1
        self._happened.append(event)
        self._taus.append(tau)
        if self.keep_trace:
            self.trace.append((*event.name, tau))
        if not steps & (FOLDED - 1):
            self._digest.fold()
        # What observers and judges have read since the last handler does not count as work of this one.
        disk, outbox = place.disk, place.outbox
        disk.bytes_read = disk.bytes_written = 0
        place.lane = disk.lane = outbox.lane = event.lane
        if kind == "deliver":
            link = event.link
            if link is not None:
                link.in_flight -= 1
            if not place.up or (event.to is not place.id and event.to != place.id):
                return
            if event.payload.format_version != FORMAT_VERSION:
                self._unknown(place, event.payload)
                return
            try:
                place.node.on_message(event.sender, event.payload)
            except (Exception, SystemExit) as error:  # noqa: BLE001 A finding, whatever it raises.
                self._raised(place, event.payload, error)
                return
        elif kind == "timer":
            del place.timers[event.lane, event.payload]
            if event.payload.format_version != FORMAT_VERSION:
                self._unknown(place, event.payload)
                return
            try:
                place.node.on_timer(event.payload)
            except (Exception, SystemExit) as error:  # noqa: BLE001
                self._raised(place, event.payload, error)
                return
        else:
            if kind == "sync_start":
                self._sync_started(place)
            else:
                self._sync_ended(place)
            return
        if place.on_handled is not None:
            place.on_handled(place)
        if outbox.handler or outbox.written > outbox.durable:
            self._let_out(place)

    def fault(self, kind: str, place: Place, number: int) -> None:
        """A fault falls, or is mended, at a node: an event like any other."""
        event = Event(kind, place.name, number, place, self.tau)
        if place.on_begins is not None:
            place.on_begins(event)
        self.last = event
        self.steps += 1
        self._happened.append(event)
        self._taus.append(self.tau)
        if self.keep_trace:
            self.trace.append((*event.name, self.tau))
        if not self.steps & (FOLDED - 1):
            self._digest.fold()

    def run(
        self, place: Place, handler: Callable[..., None], *arguments: Any, lane: Lane = ONLY_LANE
    ) -> None:
        """One handler call in a lane that no event causes, and what follows from it."""
        assert place.up, f"{place.name} is down, and only a running node handles anything"
        place.disk.bytes_read = place.disk.bytes_written = 0
        place.enter(lane)
        try:
            handler(*arguments)
        except (Exception, SystemExit) as error:  # noqa: BLE001
            self._raised(place, arguments[-1] if arguments else None, error)
            return
        if place.on_handled is not None:
            place.on_handled(place)
        self._let_out(place)

    def _raised(self, place: Place, payload: object, error: Exception | SystemExit) -> None:
        self.failed = True
        if place.on_raised is not None:
            place.on_raised(place, payload, error)

    def _let_out(self, place: Place) -> None:
        """A handler has run: what may leave does, and a sync begins if one is needed."""
        outbox = place.outbox
        if outbox.handler:
            if place.disk.written > place.disk.durable:
                place.stamp(outbox.handler)
            sent = outbox.handled()
            if outbox.dropped:
                self._shed(place)
            if sent:
                self._release(place, sent)
        if outbox.written > outbox.durable and place.sync_event is None:
            self._schedule_sync(place, "sync_start", place.syncs, 1)

    def _unknown(self, place: Place, given: Message | Timer) -> None:
        """What other code has made is not handed over: to the node, it is as good as lost."""
        if not place.hosted.known(given):
            self._tally("unknown format")

    def _shed(self, place: Place) -> None:
        """The outbox had no room for these."""
        for sending in place.outbox.dropped:
            to, message, lane = sending
            place.lane = lane
            place.sheds.setdefault(lane, deque()).append(sending)
            self._note_shed(place, to, message, "full outbox")
        place.outbox.dropped.clear()

    def _note_shed(self, place: Place, to: NodeId, message: Message, why: str) -> None:
        place.hosted.shed += 1
        self._tally(why)
        if place.on_shed is not None:
            place.on_shed(place, to, message)

    # --- Disks ---

    def _sync_started(self, place: Place) -> None:
        place.outbox.sync_started()
        place.disk.sync_started()
        if place.armed == "crash in sync":
            self._halt(place)
            return
        table, number, below = self.sync_us, place.syncs, self.strategy.below
        if below is None:
            took = table[self.strategy.index(("sync_end", place.name, number), len(table))]
        else:
            took = table[below(len(table))]
        self._schedule_sync(place, "sync_end", number, took * place.slow)
        place.syncs = number + 1

    def _sync_ended(self, place: Place) -> None:
        place.sync_event = None
        if place.armed == "failed sync":
            self._halt(place)
            return
        place.disk.sync_done()
        if place.on_synced is not None:
            place.on_synced(place)
        place.released = []
        if sent := place.outbox.sync_done():
            self._release(place, sent, place.released)
        if place.outbox.needs_sync:
            self._schedule_sync(place, "sync_start", place.syncs, 1)
        if place.armed == "crash behind pages" and place.disk.paged:
            self._halt(place)

    def _schedule_sync(self, place: Place, kind: str, number: int, took: int) -> None:
        due = self.tau + took
        if due > self.under_way_until:  # noqa: PLR1730
            self.under_way_until = due
        event = place.sync_event = Event(kind, place.name, number, place, due)
        self.strategy.add(event)

    def _halt(self, place: Place) -> None:
        """The armed fault falls: the node stops in its sync, what that covered in doubt, or just after it."""
        place.syncs += 1
        self._tally(place.armed)
        self.crash(place, place.armed)

    # --- Network ---

    def _release(self, place: Place, messages: list[Outgoing], released: list[Event] | None = None) -> None:
        """Messages leave a node; those that a sync has let out are kept in `released` for a crash."""
        strategy, on_sent, links, stamps = self.strategy, place.on_sent, place.links, place.stamps
        tau, table, cut, me, name = self.tau, self.latencies, self.cut_links, place.id, place.name
        durable, loss, slow, capacity = place.disk.durable, self.loss, place.slow, self.capacity
        latencies, below = len(table), strategy.below
        for sending in messages:
            to, message, lane = sending
            place.lane = lane
            waiting = stamps.get(lane) if stamps else None
            if waiting:
                stamped, stamp = waiting.popleft()
                if stamped is not sending:
                    waiting.appendleft((stamped, stamp))
                    stamp = place.overtakes(sending)
                if stamp > durable and place.on_uncovered is not None:
                    place.on_uncovered(place, message)
            heard = on_sent.get(type(message))
            if heard is not None:
                heard(place, message)
            try:
                link = links[to]
            except KeyError:
                link = self._link(place, to)
            if link is None:
                continue
            target = link.target
            if target.id is not to and target.id != to:
                if to.incarnation != ANY_INCARNATION:
                    continue
                to = target.id  # An address reaches whatever runs there now.
            number = link.sent
            if target is place:
                link.sent = number + 1
                event = Event("deliver", name, number, place, tau + 1, message, me, to, None, lane)
                own = place.own_in_flight
                while own and own[0].position < 0:
                    own.popleft()
                own.append(event)
            else:
                if cut and link.name in cut:
                    continue
                if link.in_flight >= capacity:
                    self._note_shed(place, to, message, "full link")
                    continue
                link.sent = number + 1
                if loss and strategy.chance(("loss", link.name, number), loss):
                    self._tally("lost message")
                    continue
                if below is None:
                    delay = table[strategy.index(("latency", link.name, number), latencies)]
                else:
                    delay = table[below(latencies)]
                if slow > 1 or target.slow > 1:
                    delay *= max(slow, target.slow)
                link.in_flight += 1
                due = tau + delay
                if due > self.under_way_until:  # noqa: PLR1730 A call of `max` takes three times as long.
                    self.under_way_until = due
                event = Event("deliver", link.name, number, target, due, message, me, to, link, lane)
                if self.duplication and strategy.chance(("duplicate", link.name, number), self.duplication):
                    self._repeat(event, delay)
            if released is not None:
                released.append(event)
            strategy.add(event)

    def _link(self, place: Place, to: NodeId) -> Link | None:
        target = self.addresses.get(to.address)
        if place.hosted.is_own(to):
            link: Link | None = place.own
        elif target is None:
            link = None
        else:
            known = place.links.get(to.address)
            link = Link(f"{place.name}>{target.name}", target) if known is None else known
            place.links[to.address] = link
        place.links[to] = link
        return link

    def _repeat(self, event: Event, delay: int) -> None:
        """A second copy of a message, late."""
        link = event.link
        self._tally("repeated message")
        number = link.sent
        link.sent = number + 1
        link.in_flight += 1
        late = self.late_us * (1 + number % LATEST) if self.late_us else delay * LATE_COPY
        due = self.tau + late
        self.under_way_until = max(self.under_way_until, due)
        content = event.payload, event.sender, event.to, link, event.lane
        self.strategy.add(Event("deliver", link.name, number, event.place, due, *content))

    def _tally(self, what: str) -> None:
        self.fell[what] = self.fell.get(what, 0) + 1

    # --- Crash and restart ---

    def crash(self, place: Place, label: str, lose_disk: bool = False, spare: bool = False) -> bool:
        """Stop a node, keeping a prefix of what was not synced in each file; whether an append was torn.

        Messages to other nodes that its last completed sync released may not have left: each is lost by
        chance, unless `spare`. Those to itself are gone.
        """
        strategy = self.strategy
        for event in place.own_in_flight:
            strategy.discard(event)
        place.own_in_flight.clear()
        for event in place.timers.values():
            strategy.discard(event)
        place.timers = {}
        if place.sync_event is not None:
            strategy.discard(place.sync_event)
            place.sync_event = None
            place.syncs += 1
        for event in place.released:
            if (
                event.position >= 0
                and not spare
                and strategy.chance((label + "/unsent", place.name, place.count("unsent")), UNSENT)
            ):
                self._tally("message after a crash")
                if event.link is not None:
                    event.link.in_flight -= 1
                strategy.discard(event)
        place.released, place.armed = [], ""
        place.stamps.clear()
        place.sheds.clear()
        torn = place.disk.crash(
            lambda name, n: strategy.index((f"{label}/{name}", place.name, place.count("torn")), n)
        )
        place.up = False
        if lose_disk:
            place.disk.lose()
            place.hosted.lose_disk()
            place.id = place.env.me = place.hosted.id
        if place.on_crashed is not None:
            place.on_crashed(place, lose_disk)
        return torn

    def start(self, place: Place) -> None:
        """Boot a node on the disk that it has."""
        place.node = place.hosted.boot(place.env, place.disk)
        place.outbox = place.hosted.outbox
        place.up = True
        self.run(place, place.node.on_start)

    def bound(self, capacity: int, outbox: OutboxLimits) -> None:
        """Set the bounds of links and outboxes from here on."""
        self.capacity, self.outbox = capacity, outbox
        for place in self.places.values():
            place.hosted.bound(outbox)

    def digest(self) -> str:
        """SHA-256 over the events in order, with tau, and every durable byte at the end."""
        return self._digest.hexdigest((name, place.disk) for name, place in sorted(self.places.items()))

"""The world: nodes, clocks, messages in flight, disks; one event at a time.

Global time tau is in microseconds. A node's monotonic clock runs at a rate of its own; firing a timer sets
tau to the later of tau and its real deadline, so timers are late at times and never early. In timed mode the
strategy takes events by due time; in untimed mode in any order. Everything that may go wrong is drawn through
the strategy.

*Messages.* Between two nodes they may be lost, repeated, delayed and reordered, each direction on its own. A
node's messages to itself pass no network: they are neither lost nor repeated while it lives, they arrive in
order in timed mode, and in any order in untimed mode; a crash takes all that are under way, for they were
nowhere but in its memory.

*Speed.* `happen` and `_release` are the hot path of everything; they trade some repetition for calls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from struct import pack
from typing import Any

from dynaproof.checkers.simulator.events import Event, Label, Strategy
from dynaproof.checkers.simulator.place import RATE_ONE, Factory, Link, Observer, Options, SimEnv, Slot
from dynaproof.impl.node import ANY_INCARNATION, Message, NodeId

__all__ = ["RATE_ONE", "Factory", "Observer", "Options", "SimEnv", "Slot", "World"]

LATE_COPY = 7
"""How many times as long as the message its second copy is on its way."""

FOLDED = 512
"""Events that are hashed at a time; a power of 2."""

UNSENT = 1 << 14
"""Chance, in parts of 65536, that a crash takes a message that the last completed sync has released."""


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
        self.capacity = options.capacity
        self.latencies = options.latencies
        self.sync_us = options.sync_us
        self.observer = observer
        self.cut_links: dict[str, int] = {}
        self.loss = options.loss
        self.duplication = options.duplication
        self.failed = False
        self.last: Event | None = None
        """The last event, for whoever tells of it."""
        self.timed = True
        """Whether messages and syncs take time; in untimed mode only timers move tau."""
        self.fell: dict[str, int] = {}
        """How often there was a `lost message`, a `repeated message`, a `full link`, a `message after a
        crash` (that did not leave), and of the armed faults a `crash in sync` and a `failed sync`.
        """
        self.trace: list[tuple[str, str, int, int]] = []
        self.keep_trace = True
        self._hash = hashlib.sha256()
        self._happened: list[Event] = []
        self._taus: list[int] = []
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
        kind, slot, due, tau = event.kind, event.slot, event.due, self.tau
        if due > tau and (self.timed or kind == "timer"):
            self.tau = tau = due
        self.last = event
        self.steps = steps = self.steps + 1
        self._happened.append(event)
        self._taus.append(tau)
        if self.keep_trace:
            self.trace.append((*event.name, tau))
        if not steps & (FOLDED - 1):
            self._fold()
        if kind == "deliver":
            link = event.link
            if link is not None:
                link.in_flight -= 1
            if not slot.up or (event.to is not slot.id and event.to != slot.id):
                return
            try:
                slot.node.on_message(event.sender, event.payload)
            except Exception as error:  # noqa: BLE001 A handler that raises is a finding, whatever it raises.
                self._raised(slot, event.payload, error)
                return
            self._handled(slot)
        elif kind == "timer":
            del slot.timers[event.payload]
            try:
                slot.node.on_timer(event.payload)
            except Exception as error:  # noqa: BLE001
                self._raised(slot, event.payload, error)
                return
            self._handled(slot)
        elif kind == "sync_start":
            self._sync_started(slot)
        else:
            self._sync_ended(slot)

    def fault(self, kind: str, slot: Slot, number: int) -> None:
        """A fault falls, or is mended, at a node: an event like all others."""
        event = Event(kind, slot.name, number, slot, self.tau)
        self.last = event
        self.steps += 1
        self._happened.append(event)
        self._taus.append(self.tau)
        if self.keep_trace:
            self.trace.append((*event.name, self.tau))
        if not self.steps & (FOLDED - 1):
            self._fold()

    def run(self, slot: Slot, handler: Callable[..., None], *arguments: Any) -> None:
        """One handler call that no event causes, and what follows from it."""
        try:
            handler(*arguments)
        except Exception as error:  # noqa: BLE001
            self._raised(slot, arguments[-1] if arguments else None, error)
            return
        self._handled(slot)

    def _raised(self, slot: Slot, payload: object, error: Exception) -> None:
        self.failed = True
        self.observer.raised(slot, payload, error)

    def _handled(self, slot: Slot) -> None:
        """A handler has run: let out what may leave, and begin a sync if one is needed."""
        if slot.watched:
            self.observer.handled(slot)
        outbox = slot.outbox
        if outbox.handler:
            written = slot.disk.written
            if written > slot.disk.durable:
                slot.stamps += [(message, written) for _, message in outbox.handler]
            sent = outbox.handled()
            if sent:
                self._release(slot, sent)
        if outbox.written > outbox.durable and slot.sync_event is None:
            self._schedule_sync(slot, "sync_start", slot.syncs, 1)

    # --- Disks ---

    def _sync_started(self, slot: Slot) -> None:
        slot.outbox.sync_started()
        slot.disk.sync_started()
        if slot.armed == "crash in sync":
            self._halt(slot)
            return
        table, number = self.sync_us, slot.syncs
        took = table[self.strategy.index(("sync_end", slot.name, number), len(table))] * slot.slow
        self._schedule_sync(slot, "sync_end", number, took)
        slot.syncs = number + 1

    def _sync_ended(self, slot: Slot) -> None:
        slot.sync_event = None
        if slot.armed == "failed sync":
            self._halt(slot)
            return
        slot.disk.sync_done()
        self.observer.synced(slot)
        slot.released = []
        sent = slot.outbox.sync_done()
        if sent:
            self._release(slot, sent, slot.released)
        if slot.outbox.needs_sync:
            self._schedule_sync(slot, "sync_start", slot.syncs, 1)

    def _schedule_sync(self, slot: Slot, kind: str, number: int, took: int) -> None:
        event = slot.sync_event = Event(kind, slot.name, number, slot, self.tau + took)
        self.strategy.add(event)

    def _halt(self, slot: Slot) -> None:
        """The armed fault falls: the node stops in its sync, and what that covered is in doubt."""
        kind = slot.armed
        slot.syncs += 1
        self._tally(kind)
        self.crash(slot, kind)

    # --- Network ---

    def _release(
        self, slot: Slot, messages: list[tuple[NodeId, Message]], released: list[Event] | None = None
    ) -> None:
        """Messages leave a node; those that a sync has let out are kept in `released` for a crash."""
        strategy, observer, links, stamps = self.strategy, self.observer, slot.links, slot.stamps
        tau, table, cut, me, name = self.tau, self.latencies, self.cut_links, slot.id, slot.name
        durable, loss, slow, capacity = slot.disk.durable, self.loss, slot.slow, self.capacity
        latencies = len(table)
        for to, message in messages:
            covered = True
            while stamps:
                stamped, stamp = stamps.popleft()
                if stamped is message:
                    covered = stamp <= durable
                    break
            observer.sent(slot, to, message, covered)
            try:
                link = links[to.name]
            except KeyError:
                link = self._link(slot, to)
            if link is None:
                continue
            target = link.target
            if target.id is not to and target.id != to:
                if to.incarnation != ANY_INCARNATION:
                    continue
                to = target.id  # noqa: PLW2901 An address reaches whoever runs there now.
            number = link.sent
            if target is slot:
                link.sent = number + 1
                event = Event("deliver", name, number, slot, tau + 1, message, me, to)
                own = slot.own_in_flight
                while own and own[0].place < 0:
                    own.popleft()
                own.append(event)
            else:
                if cut and link.name in cut:
                    continue
                if link.in_flight >= capacity:
                    self._tally("full link")
                    continue
                link.sent = number + 1
                if loss and strategy.chance(("loss", link.name, number), loss):
                    self._tally("lost message")
                    continue
                delay = table[strategy.index(("latency", link.name, number), latencies)]
                delay *= max(slow, target.slow)
                link.in_flight += 1
                event = Event("deliver", link.name, number, target, tau + delay, message, me, to, link)
                if self.duplication and strategy.chance(("duplicate", link.name, number), self.duplication):
                    self._repeat(event, delay)
            if released is not None:
                released.append(event)
            strategy.add(event)

    def _link(self, slot: Slot, to: NodeId) -> Link | None:
        name = to.name
        target = self.slots.get(name)
        if slot.hosted.is_own(to):
            link: Link | None = slot.own
        else:
            link = None if target is None else Link(f"{slot.name}>{name}", target)
        slot.links[name] = link
        return link

    def _repeat(self, event: Event, delay: int) -> None:
        """A second copy of a message, late."""
        link = event.link
        self._tally("repeated message")
        number = link.sent
        link.sent = number + 1
        link.in_flight += 1
        self.strategy.add(
            Event(
                "deliver",
                link.name,
                number,
                event.slot,
                self.tau + delay * LATE_COPY,
                event.payload,
                event.sender,
                event.to,
                link,
            )
        )

    def _tally(self, what: str) -> None:
        self.fell[what] = self.fell.get(what, 0) + 1

    # --- Crash and restart ---

    def crash(self, slot: Slot, label: str, lose_disk: bool = False, spare: bool = False) -> bool:
        """Stop a node: of what was not synced a prefix per file is kept; whether an append was torn.

        Messages to other nodes that its last completed sync released may not have left: each is lost by
        chance, unless `spare`. Those to itself are gone.
        """
        strategy = self.strategy
        for event in slot.own_in_flight:
            strategy.discard(event)
        slot.own_in_flight.clear()
        for event in slot.timers.values():
            strategy.discard(event)
        slot.timers = {}
        if slot.sync_event is not None:
            strategy.discard(slot.sync_event)
            slot.sync_event = None
            slot.syncs += 1
        for event in slot.released:
            if (
                event.place >= 0
                and not spare
                and strategy.chance((label + "/unsent", slot.name, slot.count("unsent")), UNSENT)
            ):
                self._tally("message after a crash")
                if event.link is not None:
                    event.link.in_flight -= 1
                strategy.discard(event)
        slot.released, slot.armed = [], ""
        slot.stamps.clear()
        torn = slot.disk.crash(
            lambda name, n: strategy.index((f"{label}/{name}", slot.name, slot.count("torn")), n)
        )
        slot.up = False
        if lose_disk:
            slot.disk.lose()
            slot.hosted.lose_disk()
            slot.id = slot.env.me = slot.hosted.id
        self.observer.crashed(slot, lose_disk)
        return torn

    def start(self, slot: Slot) -> None:
        """Boot a node on the disk that it has."""
        slot.node = slot.hosted.boot(slot.env, slot.disk)
        slot.outbox = slot.hosted.outbox
        slot.up = True
        self.run(slot, slot.node.on_start)
        self.observer.restarted(slot)

    def choose(self, label: Label, n: int) -> int:
        """A choice of the world itself."""
        return self.strategy.index(label, n)

    # --- The digest ---

    def _fold(self) -> None:
        """Hash the events since the last time: names in order, with tau."""
        happened, taus = self._happened, self._taus
        if happened:
            update = self._hash.update
            update("|".join([event.kind for event in happened]).encode())
            update("|".join([event.chain for event in happened]).encode())
            update(pack(f"<{len(taus)}Q", *[event.number for event in happened]))
            update(pack(f"<{len(taus)}Q", *taus))
            self._happened, self._taus = [], []

    def digest(self) -> str:
        """SHA-256 over the events in order, with tau, and every durable byte at the end."""
        self._fold()
        digest = self._hash.copy()
        for name, slot in sorted(self.slots.items()):
            digest.update(name.encode())
            for log in slot.disk.durable_logs(""):
                digest.update(log.encode() + bytes(slot.disk.durable_log(log)))
            digest.update(repr(slot.disk.durable_files()).encode())
        return digest.hexdigest()

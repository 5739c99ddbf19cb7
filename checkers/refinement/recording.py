"""What a run shows of its replicas, recorded for refinement: synced states, messages that left, and crashes.

A replica's state counts when all that its handler wrote is synced, which is when the messages of that handler
may leave. So each handler that changed something leaves a `Synced`, and the sync that covers it files it. A
crash drops those that are waiting; how many of them the disk kept after all is found when the node restarts.

Nothing here changes the run: an observer is told, and asks public state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

from dynaproof.checkers.simulator.world import Observer, Slot
from dynaproof.impl.node import Message, NodeId, Note
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.messages.catch_up import Chosen
from dynaproof.impl.paxos.messages.election import Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Heard, Heartbeat, Vote
from dynaproof.impl.paxos.notes import Led
from dynaproof.impl.paxos.records import ConfigChange

SPOKEN = (Promise, Vote, Heard, Adopt, Accept, Heartbeat, Chosen)
"""What says something of the sender's abstract state."""


class Synced(NamedTuple):
    """A replica's state at the end of a handler."""

    node: str
    promised: Ballot
    last_accepted: Ballot
    known: int
    first: int
    """Slots below are cut: they are known to be chosen."""
    records: tuple[Ballot, ...]
    """The identities of the retained records, from `first` on."""
    promises: tuple[Promise, ...]
    """Those that the handler sent."""
    handled: str
    """What the handler was given."""
    written: int

    @property
    def last(self) -> int:
        """The last slot of the log."""
        return self.first + len(self.records) - 1


class Restarted(NamedTuple):
    """A replica came back with this state; `waiting` were not synced when it crashed, in order."""

    state: Synced
    waiting: tuple[Synced, ...]


class Forgot(NamedTuple):
    """Something that a replica had synced is lost."""

    node: str


class Sent(NamedTuple):
    """A message left its node."""

    node: str
    message: Message


class Left(NamedTuple):
    """From here on the run is outside of what the model speaks of."""

    why: str


Happening: TypeAlias = Synced | Restarted | Forgot | Sent | Left


class Recorder(Observer):
    """Records one run of a group; see the module."""

    def __init__(self, world: Any, members: Iterable[Member]) -> None:
        self.world = world
        self.members = {member.node.name: member for member in members}
        self.happenings: list[tuple[int, Happening]] = []
        self.counted: dict[int, Promise] = {}
        """The promises that made a leader, by identity of the message."""
        self.bases: dict[Ballot, int] = {}
        """Of each ballot that was led, what its candidate knew chosen then."""
        self.left = False
        self._waiting: dict[str, list[Synced]] = {name: [] for name in self.members}
        self._seen: dict[str, tuple[int, int, Ballot]] = {}
        self._crashed: dict[str, tuple[Synced, ...]] = {}
        self._forgot: dict[str, bool] = {}
        self._made: dict[str, bool] = {}
        """Replicas of which something was synced; a crash before that loses nothing that anyone relies on."""

    def file(self, what: Happening) -> None:
        """Add a happening at the current step."""
        if not self.left:
            self.happenings.append((self.world.steps, what))
            self.left = isinstance(what, Left)

    def given(self) -> str:
        """The name of what the running handler was given."""
        event = self.world.last
        return "nothing" if event is None else type(event.payload).__name__

    # --- What the world tells ---

    def note(self, slot: Slot, note: Note) -> None:
        """A leader: the promises that made it are known now."""
        if isinstance(note, Led) and slot.name in self.members:
            replica: Any = slot.node.replica  # type: ignore[attr-defined]
            self.bases.setdefault(note.ballot, replica.log.commit)
            for promise in replica.campaign.promises.values():
                self.counted[id(promise)] = promise

    def handled(self, slot: Slot) -> None:
        """A handler has run: what it left, if it changed or promised anything."""
        if self.left or slot.name not in self.members:
            return
        replica: Any = getattr(slot.node, "replica", None)
        waiting = self._crashed.pop(slot.name, None)
        if replica is None:
            if waiting is not None and slot.name in self._made:
                self.forget(slot.name)
            return
        if replica.member != self.members[slot.name]:
            self.file(Left("a new incarnation"))
            return
        log = replica.log
        seen = (slot.disk.written, log.commit, log.promised)
        promises = tuple(m for _, m in slot.outbox.handler if type(m) is Promise)
        if waiting is None and not promises and self._seen.get(slot.name) == seen:
            return
        self._seen[slot.name] = seen
        retained = log.between(log.first, log.last)
        if any(type(record) is ConfigChange for record in retained):
            self.file(Left("a config"))
            return
        state = Synced(
            slot.name,
            log.promised,
            log.last_accepted,
            log.commit,
            log.first,
            tuple([record.ballot for record in retained]),
            promises,
            self.given(),
            slot.disk.written,
        )
        if waiting is not None:
            self.file(Restarted(state, waiting))
            return
        self._waiting[slot.name].append(state)
        self.synced(slot)

    def synced(self, slot: Slot) -> None:
        """File the states that are durable by now."""
        waiting = self._waiting.get(slot.name)
        while waiting and waiting[0].written <= slot.disk.durable:
            self.file(waiting.pop(0))
            self._made[slot.name] = True

    def sent(self, slot: Slot, to: NodeId, message: Message, covered: bool) -> None:
        """A message left: it must tell the truth."""
        if slot.name in self.members and isinstance(message, SPOKEN):
            self.file(Sent(slot.name, message))

    def crashed(self, slot: Slot, lost_disk: bool) -> None:
        """What waited for a sync may be lost; with the disk, everything is."""
        if slot.name not in self.members:
            return
        if lost_disk:
            self.forget(slot.name)
        self._crashed[slot.name] = tuple(self._waiting[slot.name])
        self._waiting[slot.name] = []

    def damaged(self, slot: Slot) -> None:
        """A synced byte rotted."""
        if slot.name in self.members:
            self.forget(slot.name)

    def forget(self, name: str) -> None:
        """File that a replica forgot something, once."""
        if name not in self._forgot:
            self._forgot[name] = True
            self.file(Forgot(name))


class Both(Observer):
    """Tells two observers of everything, in order, and counts the time that the other takes."""

    def __init__(self, one: Observer, other: Observer, clock: Callable[[], float]) -> None:
        self.one, self.other, self.clock = one, other, clock
        self.seconds = 0.0
        """What the other one took of the three that happen often."""

    def note(self, slot: Slot, note: Note) -> None:
        """A node emitted a probe."""
        self.one.note(slot, note)
        self.other.note(slot, note)

    def sent(self, slot: Slot, to: NodeId, message: Message, covered: bool) -> None:
        """A message leaves its node."""
        self.one.sent(slot, to, message, covered)
        began = self.clock()
        self.other.sent(slot, to, message, covered)
        self.seconds += self.clock() - began

    def synced(self, slot: Slot) -> None:
        """A sync has ended."""
        self.one.synced(slot)
        began = self.clock()
        self.other.synced(slot)
        self.seconds += self.clock() - began

    def crashed(self, slot: Slot, lost_disk: bool) -> None:
        """A node has crashed."""
        self.one.crashed(slot, lost_disk)
        self.other.crashed(slot, lost_disk)

    def damaged(self, slot: Slot) -> None:
        """A synced byte is wrong from here on."""
        self.one.damaged(slot)
        self.other.damaged(slot)

    def restarted(self, slot: Slot) -> None:
        """A node has been started."""
        self.one.restarted(slot)
        self.other.restarted(slot)

    def handled(self, slot: Slot) -> None:
        """A handler has run."""
        self.one.handled(slot)
        began = self.clock()
        self.other.handled(slot)
        self.seconds += self.clock() - began

    def raised(self, slot: Slot, payload: object, error: Exception) -> None:
        """A handler has raised."""
        self.one.raised(slot, payload, error)
        self.other.raised(slot, payload, error)

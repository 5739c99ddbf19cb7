"""What a run shows of its replicas, recorded for refinement: synced states, messages that left, and crashes.

A replica's state counts when everything that its handler wrote is synced, which is when that handler's
messages may leave. So each handler that changed something leaves a `Synced`, and the sync that covers the
handler files it. A crash drops those that are waiting; how many of them the disk kept after all shows when
the node restarts.

Nothing here changes the run: an observer listens, and reads public state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.place import Place
from dynaproof.impl.node import ONLY_LANE, Message
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.messages.catch_up import Chosen
from dynaproof.impl.paxos.messages.election import Promise
from dynaproof.impl.paxos.messages.leadership import Accept, Adopt, Heard, Heartbeat, Vote
from dynaproof.impl.paxos.notes import Led
from dynaproof.impl.paxos.records import ConfigChange
from dynaproof.specs.observe.impl.place import is_unread, replica_of

SPOKEN = (Promise, Vote, Heard, Adopt, Accept, Heartbeat, Chosen)
"""Messages that say something of the sender's abstract state."""


class Synced(NamedTuple):
    """A replica's state at the end of a handler."""

    node: str
    promised: Ballot
    last_accepted: Ballot
    known: int
    first: int
    """Slots below this one are cut: they are known to be chosen."""
    records: tuple[Ballot, ...]
    """The identities of the retained records, from `first` on."""
    promises: tuple[Promise, ...]
    """The promises that the handler sent."""
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
    """From here on the run is outside the model's domain."""

    why: str


Happening: TypeAlias = Synced | Restarted | Forgot | Sent | Left


class Behaviour:
    """What one run of a group shows; see the module. An observer, which counts the time that it takes."""

    def __init__(self, members: Iterable[Member], clock: Callable[[], float]) -> None:
        self.clock = clock
        self.seconds = 0.0
        """The time that the three frequent happenings took."""
        self.members = {member.node.name: member for member in members}
        self.happenings: list[tuple[int, Happening]] = []
        self.counted: dict[int, Promise] = {}
        """The promises that made a leader, by identity of the message."""
        self.bases: dict[Ballot, int] = {}
        """For each ballot that was led, what its candidate knew to be chosen then."""
        self.left = False
        self._waiting: dict[str, list[Synced]] = {name: [] for name in self.members}
        self._seen: dict[str, tuple[int, int, Ballot]] = {}
        self._crashed: dict[str, tuple[Synced, ...]] = {}
        self._forgot: dict[str, bool] = {}
        self._made: dict[str, bool] = {}
        """Replicas with something synced; a crash before that loses nothing that anyone relies on."""

    def listens(self, place: Place) -> Listening:
        """What the hosts of the group's first replicas do."""
        if place.name not in self.members:
            return Listening()
        return Listening(
            notes={Led: self.led},
            sent=dict.fromkeys(SPOKEN, self.timed(self.sent)),
            handled=self.timed(self.handled),
            synced=self.timed(self.synced),
            crashed=self.crashed,
            damaged=self.damaged,
        )

    def timed(self, heard: Callable[..., None]) -> Callable[..., None]:
        """The same, with its time counted."""

        def counted(*arguments: Any) -> None:
            began = self.clock()
            heard(*arguments)
            self.seconds += self.clock() - began

        return counted

    def file(self, place: Place, what: Happening) -> None:
        """Add a happening at the current step."""
        if not self.left:
            self.happenings.append((place.world.steps, what))
            self.left = isinstance(what, Left)

    def given(self, place: Place) -> str:
        """The name of what the running handler was given."""
        event = place.world.last
        return "nothing" if event is None else type(event.payload).__name__

    # --- What the world calls ---

    def led(self, place: Place, note: Led) -> None:
        """A replica leads: the promises that made it leader are known now."""
        replica: Any = replica_of(place, ONLY_LANE)
        self.bases.setdefault(note.ballot, replica.log.commit)
        for promise in replica.campaign.promises.values():
            self.counted[id(promise)] = promise

    def handled(self, place: Place) -> None:
        """A handler has run: keep what it left, if it changed or promised anything."""
        if self.left:
            return
        if is_unread(place, ONLY_LANE):
            return
        replica: Any = replica_of(place, ONLY_LANE)
        waiting = self._crashed.pop(place.name, None)
        if replica is None:
            if waiting is not None and place.name in self._made:
                self.forget(place)
            return
        if replica.member != self.members[place.name]:
            self.file(place, Left("a new incarnation"))
            return
        log = replica.log
        seen = (place.disk.written, log.commit, log.promised)
        promises = tuple(m for _, m, _ in place.outbox.handler if type(m) is Promise)
        if waiting is None and not promises and self._seen.get(place.name) == seen:
            return
        self._seen[place.name] = seen
        retained = log.between(log.first, log.last)
        if any(type(record) is ConfigChange for record in retained):
            self.file(place, Left("a config"))
            return
        state = Synced(
            place.name,
            log.promised,
            log.last_accepted,
            log.commit,
            log.first,
            tuple([record.proposed_at for record in retained]),
            promises,
            self.given(place),
            place.disk.written,
        )
        if waiting is not None:
            self.file(place, Restarted(state, waiting))
            return
        self._waiting[place.name].append(state)
        self.synced(place)

    def synced(self, place: Place) -> None:
        """File the states that are durable by now."""
        waiting = self._waiting.get(place.name)
        while waiting and waiting[0].written <= place.disk.durable:
            self.file(place, waiting.pop(0))
            self._made[place.name] = True

    def sent(self, place: Place, message: Message) -> None:
        """A message left: record what it says, to be checked."""
        self.file(place, Sent(place.name, message))

    def crashed(self, place: Place, lost_disk: bool) -> None:
        """What waited for a sync may be lost; with the disk, everything is."""
        if lost_disk:
            self.forget(place)
        self._crashed[place.name] = tuple(self._waiting[place.name])
        self._waiting[place.name] = []

    def damaged(self, place: Place, _file: str) -> None:
        """A synced byte rotted."""
        self.forget(place)

    def forget(self, place: Place) -> None:
        """File that a replica forgot something, once."""
        if place.name not in self._forgot:
            self._forgot[place.name] = True
            self.file(place, Forgot(place.name))

"""A group under load, read into a `GroupView`: how long answers take, which replicas are behind, what copies,
queues and handlers come to.

Nothing is judged before `watch`, which is called when every enabled event happens when it is due: whatever is
asked, begun or missed from then until `rest` is measured.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import ClassVar

from msgspec import Struct

from dynaproof.impl.capacity.admission import REASONS
from dynaproof.impl.partition.memory import CODEC, id_key
from dynaproof.impl.partition.messages.requests import READS, Change, Operation, Put, Rejected, Request
from dynaproof.impl.partition.records import Answer
from dynaproof.impl.partition.replica import PartitionReplica
from dynaproof.impl.paxos.ids import RequestId
from dynaproof.impl.paxos.service import Service
from dynaproof.impl.paxos.settings import GroupSettings
from dynaproof.impl.router.notes import Ended, Invoked
from dynaproof.specs import sometimes
from dynaproof.specs.observe.impl.place import (
    Place,
    admitted,
    before_at_leader,
    copying,
    handler_of,
    is_led,
    to_copy,
    waiting_is_full,
    work_bounds,
)
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.views.base import Fact
from dynaproof.specs.views.group import GroupView
from dynaproof.specs.views.load_facts import (
    Answered,
    Copied,
    Filled,
    Lagged,
    Pace,
    StillAway,
    Throttled,
    Worked,
)

KEPT_SECONDS = 600
"""For how long it is kept how many writes were asked for: longer than any partition remembers a write."""

COPY_STEPS = 8
"""Round trips of a copy besides those for pages and records: for each tree level, and to install it."""


class Asked:
    """A request that is measured: when it was asked, the most that stood before it at a leader, and whether
    no more requests could wait there when it last came.
    """

    __slots__ = ("at", "bytes", "crowded", "slots")

    def __init__(self, at: int) -> None:
        self.at = at
        self.slots = 0
        self.bytes = 0
        self.crowded = False


class Back(Struct, frozen=True):
    """A replica that came back and is not level yet."""

    at: int
    away_us: int
    slots: int
    idle_us: int
    pages: int = 0
    """How many pages it has copied since it was level."""


class Copying:
    """A copy under way."""

    __slots__ = ("at", "before", "needed", "pages", "round_trips")

    def __init__(self, at: int, round_trips: int, needed: int, before: int) -> None:
        self.at = at
        self.round_trips = round_trips
        self.needed = needed
        """How many pages its source has,"""
        self.pages = 0
        """how many it has brought,"""
        self.before = before
        """and how many came with earlier copies, after which the replica was not level."""


class Work:
    """The most that a node has read and written in one handler, except at its starts; the replica there, and
    by name the largest size of whatever grows with its log.
    """

    __slots__ = ("fullest", "growing", "most_read", "most_written", "replica")

    def __init__(self) -> None:
        self.replica: PartitionReplica | None = None
        self.most_read = 0
        self.most_written = 0
        self.fullest: dict[str, int] = {}
        self.growing: tuple[Service, ...] = ()
        """The services of the replica that know what grows with its log."""


class LoadObserver:
    """Measures; see the module."""

    PROVIDES: ClassVar[tuple[type[Fact], ...]] = (
        Answered,
        Copied,
        Filled,
        Lagged,
        StillAway,
        Throttled,
        Worked,
    )
    """The types of all facts that are filed."""

    def __init__(self, view: GroupView, reach: Callable[[Sometimes], None]) -> None:
        self.view = view
        self.reach = reach
        self.pace: Pace | None = None
        """Set while it measures."""
        self.asked: dict[RequestId, Asked] = {}
        self._begins_us = 0
        """How much longer an answer may take, because the group does not serve yet."""
        self.answers = False
        """Whether answers are measured: not while a replica is down or away, for a question to it is lost."""
        self._asked_for: deque[tuple[int, int, int]] = deque(maxlen=KEPT_SECONDS)
        """By second, how many writes were asked for, and the most bytes a partition remembers of them."""
        self._largest = 0
        """The size of the largest item written so far: an answer may show it."""
        self._chosen: deque[tuple[int, int]] = deque()
        """Times, each with the last slot chosen by then, the first at least one answer ago."""
        self._work: dict[str, Work] = {}
        self._down: dict[str, int] = {}
        """Since when a place is down."""
        self._back: dict[str, Back] = {}
        self._copies: dict[str, Copying] = {}

    def watch(self, pace: Pace, tau: int) -> None:
        """Measure from here on; all replicas are live and level."""
        self.watch_child(pace, tau, (), 0)

    def watch_child(self, pace: Pace, tau: int, absent: Sequence[str], pause_us: int) -> None:
        """Measure from here on a group whose replicas at these places are not made yet. A client that asks it
        before it serves asks again, after pauses that begin with `pause_us` and double, each drawn from a
        half to three halves of its length: so the last is at most three times as long as all before it.
        """
        self.pace, self.answers = pace, True
        self._begins_us = 4 * pace.stop_us + 2 * pause_us if absent else 0
        self._chosen = deque([(tau, self.view.chosen_through)])
        self.asked, self._down, self._back, self._copies = {}, dict.fromkeys(absent, tau), {}, {}

    def awaits(self, name: str) -> None:
        """A replica will be made at a place."""
        if self.pace is not None:
            self._down.setdefault(name, self._chosen[-1][0])
            self.answers, self.asked = False, {}

    def rest(self, tau: int) -> None:
        """Measure no more; what has waited for too long by now is filed."""
        pace, self.pace = self.pace, None
        if pace is not None and self.answers:
            for request, asked in self.asked.items():
                self.view.file(Answered(request, tau - asked.at, asked.slots, asked.bytes, pace))
        self.asked = {}

    # --- Answers ---

    def invoked(self, note: Invoked, tau: int) -> None:
        """A client asks."""
        if not isinstance(note.operation, READS):
            self._largest = max(self._largest, largest_of(note.operation))
            size = (
                CODEC.entry_size(id_key(note.deadline, note.request), Answer(0, True, None)) + self._largest
            )
            second, writes = tau // 1_000_000, 1
            if self._asked_for and self._asked_for[-1][0] == second:
                _, before, before_bytes = self._asked_for.pop()
                writes, size = writes + before, size + before_bytes
            self._asked_for.append((second, writes, size))
        if self.pace is not None and self.answers:
            self.asked[note.request] = Asked(tau + self._begins_us)

    def ended(self, note: Ended, tau: int) -> None:
        """A client has its answer, or has given up."""
        asked = self.asked.pop(note.request, None)
        if asked is not None and self.pace is not None:
            self.view.file(Answered(note.request, tau - asked.at, asked.slots, asked.bytes, self.pace))

    def serves(self) -> None:
        """The group serves: a client that asks from here on need not ask again."""
        self._begins_us = 0

    def goes_on(self, request: RequestId, child: LoadObserver) -> None:
        """The request continues in a child of a split; it waited at the parent for as long as the barrier
        took.
        """
        asked, pace = self.asked.pop(request, None), child.pace
        if asked is not None and pace is not None:
            asked.at += max(child._begins_us, pace.stop_us)
            child.asked[request] = asked

    def not_judged(self, request: RequestId) -> None:
        """Judge this answer's time no more: its client has crashed, or a replica may refuse it."""
        self.asked.pop(request, None)

    # --- Work and memory, at any time ---

    def worked(self, place: Place, replica: PartitionReplica) -> None:
        """A handler of this replica has run: file what it read and wrote, if more than any before it."""
        disk = place.disk
        work = self._work.get(place.name)
        if work is None:
            work = self._work[place.name] = Work()
        read, written = disk.bytes_read, disk.bytes_written
        starts = work.replica is not replica
        if starts:
            work.replica, work.fullest = replica, {}
            work.growing = tuple(service for service in replica.services if service.memory())
        if read <= work.most_read and written <= work.most_written:
            return
        handler = "a start" if starts else handler_of(place)
        most_read, most_written = work_bounds(place, replica, starts)
        if not starts:
            work.most_read, work.most_written = max(read, work.most_read), max(written, work.most_written)
        self.view.file(Worked(replica.member, handler, "read", read, most_read))
        self.view.file(Worked(replica.member, handler, "wrote", written, most_written))

    def synced(self, place: Place, replica: PartitionReplica) -> None:
        """A sync of this replica's node has ended: file whatever is fuller than ever before in this life."""
        work = self._work[place.name]
        fullest = work.fullest
        for service in work.growing:
            for what, size, bound in service.memory():
                if size > fullest.get(what, -1):
                    fullest[what] = size
                    self.view.file(Filled(replica.member, what, size, bound))

    # --- Replicas ---

    def handled(self, place: Place, replica: PartitionReplica) -> None:
        """A handler of this replica has run."""
        pace = self.pace
        if pace is None:
            return
        tau, view, last = place.world.tau, self.view, place.world.last
        if last is not None and type(last.payload) is Request and replica.leadership is not None:
            asked = self.asked.get(last.payload.request)
            if asked is not None:
                slots, size = before_at_leader(replica)
                asked.slots, asked.bytes = max(asked.slots, slots), max(asked.bytes, size)
                asked.crowded = waiting_is_full(replica)
        chosen, through = self._chosen, view.chosen_through
        if through != chosen[-1][1]:
            chosen.append((tau, through))
        while len(chosen) > 1 and chosen[1][0] <= tau - pace.answer_us:
            chosen.popleft()
        then, due = chosen[0]
        known = replica.log.commit
        if place.name in self._down:
            self._came_back(place, replica, self._down.pop(place.name))
        back = self._back.get(place.name)
        if back is not None:
            if place.name not in self._copies:
                self._returned(place, replica, back, pace)
        elif then <= tau - pace.answer_us and due - known > pace.in_flight_slots:
            view.file(Lagged(replica.member, known, due, pace))
        if replica.copy is not None or place.name in self._copies:
            self._copied(place, replica, pace)

    def _came_back(self, place: Place, replica: PartitionReplica, since: int, pages: int = 0) -> None:
        tau, missed = place.world.tau, self.view.chosen_through - replica.log.commit
        settings = replica.settings
        hears = replica.admitted and is_led(place, replica.group)
        idle = hearing_us(settings) if hears else idle_us(settings)
        self._back[place.name] = Back(tau, tau - since, missed, idle, pages)

    def _returned(self, place: Place, replica: PartitionReplica, back: Back, pace: Pace) -> None:
        tau, view = place.world.tau, self.view
        near = view.chosen_through - replica.log.commit <= pace.in_flight_slots
        level = replica.admitted and replica.contact_at >= 0 and near  # Else it turns away mere reads.
        chunk, took = replica.settings.chunk_slots, tau - back.at
        view.file(StillAway(replica.member, took, back.away_us, back.slots, chunk, back.idle_us, pace))
        if level:
            self.reach(sometimes.LEVEL_AGAIN)
            del self._back[place.name]
            self.answers = not self._back and not self._down

    def _copied(self, place: Place, replica: PartitionReplica, pace: Pace) -> None:
        tau, name, copy = place.world.tau, place.name, replica.copy
        under_way = self._copies.get(name)
        settings = replica.settings
        if under_way is None:
            assert copy is not None
            pages, slots = to_copy(place, replica)
            steps = -(-pages // settings.chunk_pages) + -(-slots // settings.chunk_slots) + COPY_STEPS
            back = self._back.get(name)
            before = 0 if back is None else back.pages
            under_way = self._copies[name] = Copying(tau, steps, pages, before)
        if copy is not None:
            under_way.pages = copy.pages.brought
        over, brought = not copying(replica), under_way.before + under_way.pages
        if under_way.needed * settings.page_bytes > settings.view_bytes:
            brought = 0  # The source may not hold so much for it: then it goes on from another checkpoint.
        self.view.file(
            Copied(
                replica.member,
                tau - under_way.at,
                under_way.round_trips,
                idle_us(settings),
                brought,
                under_way.needed,
                pace,
            )
        )
        if over:
            del self._copies[name]
            # It has missed what was written meanwhile.
            self._came_back(place, replica, under_way.at, brought)

    # --- What happens to nodes ---

    def gone(self, place: Place) -> None:
        """A replica is down, or fell silent: a client that asked it waits until it asks another one."""
        if self.pace is None:
            return
        self._down[place.name] = place.world.tau
        self._back.pop(place.name, None)
        self._copies.pop(place.name, None)
        self.answers, self.asked = False, {}

    def rejected(self, place: Place, replica: PartitionReplica, m: Rejected, is_eventual_read: bool) -> None:
        """A replica refuses an attempt: a refusal for want of capacity is judged elsewhere, and an eventual
        read is left to others while a new leader's first batch is not known to be chosen (rule 16).
        """
        if m.reason == "throttled":
            self.refused(place, replica, m)
        elif m.reason in REASONS or is_eventual_read:
            self.not_judged(m.request)

    def refused(self, place: Place, replica: PartitionReplica, m: Rejected) -> None:
        """A replica throttles an attempt: judge whether it may, and no longer the time to the answer."""
        if self.pace is None or not self.answers:
            return
        asked = self.asked.get(m.request)
        if asked is None:
            return
        if not asked.crowded:
            span_us, writes, size = admitted(replica)
            since = (place.world.tau - span_us) // 1_000_000
            lately = [one for one in self._asked_for if one[0] >= since]
            asked_writes, asked_bytes = sum(one[1] for one in lately), sum(one[2] for one in lately)
            self.view.file(Throttled(replica.member, m.request, asked_writes, writes, asked_bytes, size))
        del self.asked[m.request]  # It is asked again when there may be room.


def largest_of(operation: Operation) -> int:
    """The bytes of the largest item that an operation leaves."""
    if isinstance(operation, Change):
        return max((len(part.item) for part in operation.parts if part.item is not None), default=0)
    return len(operation.item) if isinstance(operation, Put) else 0


def hearing_us(settings: GroupSettings) -> int:
    """How long a replica may not know what it lacks while there is a leader: until the next heartbeat, or
    until it asks again; and until the one after that, which says that what it was sent is chosen. By the
    slowest clock.
    """
    slowest = 1_000_000 - settings.drift_ppm
    return 2 * (settings.heartbeat_us + settings.retry_us) * 1_000_000 // slowest


def idle_us(settings: GroupSettings) -> int:
    """The same for a replica that is not admitted yet, or while there is no leader: until there is one."""
    return hearing_us(settings) + 2 * (settings.lease_us + settings.election_us)

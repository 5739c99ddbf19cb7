"""Untimed mode: any enabled event may happen next. Random walk, PCT on links, and POS.

Timers are offered one time in `timer_weight`, otherwise only if nothing else is enabled: picked as often as
messages, they would leave nothing but elections. So each strategy below decides twice: among all that is
enabled but the timers, and among the timers. Faults fall at the steps that their run was drawn with; no
strategy here moves them. None claims the probability bound of its paper.

*Speed.* A choice costs a constant in the random walk, O(log links) in PCT, and O(log nodes) in POS with one
draw for each event that races with the chosen one: none looks at all enabled events.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush, heapreplace
from typing import Any

from dynaproof.checkers.seam import Event
from dynaproof.checkers.strategies.timed import Seeded


class RandomWalk(Seeded):
    """Uniform over the enabled events other than timers, and over the timers.

    The baseline that every other strategy must justify itself against (Thomson et al., *Concurrency Testing
    Using Controlled Schedulers*, TOPC 2016).
    """

    def __init__(self, seed: int, timer_weight: int = 16) -> None:
        super().__init__(seed)
        self._timer_weight = timer_weight
        self._bag: list[Event] = []
        self._timers: list[Event] = []

    def add(self, event: Event) -> None:
        """Enable."""
        bag = self._timers if event.kind == "timer" else self._bag
        event.position = len(bag)
        bag.append(event)

    def discard(self, event: Event) -> None:
        """Disable: the last event takes its place."""
        position = event.position
        if position < 0:
            return
        bag = self._timers if event.kind == "timer" else self._bag
        last = bag.pop()
        if last is not event:
            bag[position] = last
            last.position = position
        event.position = -1

    def pop(self) -> Event | None:
        """Pick and take out."""
        bag = self._bag
        if not bag or (self._timers and (self._bits(32) * self._timer_weight) >> 32 == 0):
            bag = self._timers
            if not bag:
                return None
        event = bag[(self._bits(32) * len(bag)) >> 32]
        self.discard(event)
        return event

    def drain(self) -> list[Event]:
        """All enabled events by due time; none is left."""
        events = _by_due_time([*self._bag, *self._timers])
        self._bag, self._timers = [], []
        return events


class Pct(Seeded):
    """The link or node of highest priority runs, any of its events at random; `depth` - 1 times,
    within `length` picks, the running one is demoted below all others.

    Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010), with these for threads: each
    directed link, and each node for its timers, its syncs and its messages to itself. PCTCP proper (Ozkan et
    al., OOPSLA 2018) partitions events into causal chains; links are none, so its bound does not hold here.
    """

    def __init__(self, seed: int, timer_weight: int = 16, depth: int = 5, length: int = 1000) -> None:
        super().__init__(seed)
        self._timer_weight = timer_weight
        self._priorities: dict[str, float] = {}
        self._picks = 0
        self._demotions = sorted(((self._bits(32) * length) >> 32) for _ in range(depth - 1))
        self._lowest = 0.0
        self._others = _ByLink(self._priorities)
        self._timers = _ByLink(self._priorities)

    def add(self, event: Event) -> None:
        """Enable; a link that was never seen draws its priority."""
        where = event.where
        if where not in self._priorities:
            self._priorities[where] = self._random()
        links = self._timers if event.kind == "timer" else self._others
        events = links.events.get(where)
        if events is None:
            events = links.enter(where)
        event.position = len(events)
        events.append(event)
        links.count += 1

    def discard(self, event: Event) -> None:
        """Disable: the last event of its link takes its place."""
        position = event.position
        if position < 0:
            return
        links = self._timers if event.kind == "timer" else self._others
        events = links.events[event.where]
        last = events.pop()
        if last is not event:
            events[position] = last
            last.position = position
        event.position = -1
        links.count -= 1

    def pop(self) -> Event | None:
        """Any event, at random, of the link or node with the highest priority."""
        links = self._others
        if not links.count or (self._timers.count and (self._bits(32) * self._timer_weight) >> 32 == 0):
            links = self._timers
            if not links.count:
                return None
        events = links.foremost()
        self._picks += 1
        if self._demotions and self._picks >= self._demotions[0]:
            self._demotions.pop(0)
            self._lowest -= 1.0
            self._priorities[events[0].where] = self._lowest
        event = events[0] if len(events) == 1 else events[(self._bits(32) * len(events)) >> 32]
        self.discard(event)
        return event

    def drain(self) -> list[Event]:
        """All enabled events by due time; none is left."""
        held = (*self._others.events.values(), *self._timers.events.values())
        self._others, self._timers = _ByLink(self._priorities), _ByLink(self._priorities)
        return _by_due_time([event for events in held for event in events])


class _ByLink:
    """Events by their link or node, and these in a heap by priority.

    *Invariant.* Each link or node in `events` is in the heap once, at its priority or at a higher one that
    it had: priorities only fall, so an outdated entry comes to the front and is corrected there.
    """

    __slots__ = ("_heap", "_priorities", "count", "events")

    def __init__(self, priorities: dict[str, float]) -> None:
        self._priorities = priorities
        self._heap: list[tuple[float, str]] = []
        self.events: dict[str, list[Event]] = {}
        self.count = 0
        """How many events there are in all."""

    def enter(self, where: str) -> list[Event]:
        """The events of a link or node that had none, to be added to."""
        heappush(self._heap, (-self._priorities[where], where))
        events: list[Event] = []
        self.events[where] = events
        return events

    def foremost(self) -> list[Event]:
        """The events of highest priority; there is at least one."""
        heap, priorities = self._heap, self._priorities
        while True:
            negated, where = heap[0]
            events = self.events[where]
            if not events:
                heappop(heap)
                del self.events[where]
            elif priorities[where] != -negated:
                heapreplace(heap, (-priorities[where], where))
            else:
                return events


class _Race:
    """The events at one place, and which of the timers and of the others have the highest priority."""

    __slots__ = ("events", "other", "timer")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.other: Event | None = None
        self.timer: Event | None = None

    def remove(self, event: Event) -> None:
        """Take an event out: the last one takes its place."""
        last = self.events.pop()
        if last is not event:
            self.events[event.position] = last
            last.position = event.position
        event.position = -1

    def highest(self, timers: bool) -> Event | None:
        """The highest of the timers, or of the others, found by looking at each here."""
        of_kind = [event for event in self.events if (event.kind == "timer") == timers]
        return max(of_kind, key=lambda event: event.rank, default=None)


_Ranked = tuple[float, int, Event]

STALE = 64
"""How many entries of a heap may be out of date, besides as many as are not."""


class Pos(Seeded):
    """Each event has a random priority and the highest happens; those that race with it draw anew.

    Partial order sampling (Yuan, Yang and Gu, CAV 2018). Two events race if they happen at the same node:
    deliveries, timers and syncs alike.

    *Invariant.* The foremost timer of each place, and the foremost of its other events, is in its heap at its
    priority. An entry whose event has gone or drew anew is passed over at the front; any other entry is lower
    than the one of the foremost at its place.
    """

    def __init__(self, seed: int, timer_weight: int = 16) -> None:
        super().__init__(seed)
        self._timer_weight = timer_weight
        self._races: dict[Any, _Race] = {}
        """By the place at which the events happen."""
        self._others: list[_Ranked] = []
        self._timers: list[_Ranked] = []
        self._other_count = self._timer_count = 0
        self._most = STALE
        """How many entries a heap may have before those that are out of date are dropped."""
        self._number = 0

    def add(self, event: Event) -> None:
        """Enable, with a priority of its own."""
        race = self._races.get(event.place)
        if race is None:
            race = self._races[event.place] = _Race()
        event.position = len(race.events)
        race.events.append(event)
        rank = event.rank = self._random()
        if event.kind == "timer":
            self._timer_count += 1
            if race.timer is None or rank > race.timer.rank:
                race.timer = event
                self._enter(self._timers, event)
        else:
            self._other_count += 1
            if race.other is None or rank > race.other.rank:
                race.other = event
                self._enter(self._others, event)

    def discard(self, event: Event) -> None:
        """Disable; if it was the foremost at its place, the next one becomes it."""
        if event.position < 0:
            return
        race = self._races[event.place]
        race.remove(event)
        if event.kind == "timer":
            self._timer_count -= 1
            if race.timer is event:
                race.timer = race.highest(timers=True)
                if race.timer is not None:
                    self._enter(self._timers, race.timer)
        else:
            self._other_count -= 1
            if race.other is event:
                race.other = race.highest(timers=False)
                if race.other is not None:
                    self._enter(self._others, race.other)

    def pop(self) -> Event | None:
        """The highest priority."""
        random, timers = self._random, self._timer_count
        if not self._other_count or (timers and (self._bits(32) * self._timer_weight) >> 32 == 0):
            if not timers:
                return None
            heap = self._timers
            self._timer_count = timers - 1
        else:
            heap = self._others
            self._other_count -= 1
        while True:
            negated, _, event = heappop(heap)
            if event.rank == -negated and event.position >= 0:
                break
        race = self._races[event.place]
        race.remove(event)
        other = timer = None
        highest = highest_timer = -1.0
        for racing in race.events:
            rank = racing.rank = random()
            if racing.kind == "timer":
                if rank > highest_timer:
                    timer, highest_timer = racing, rank
            elif rank > highest:
                other, highest = racing, rank
        race.other, race.timer = other, timer
        self._number = number = self._number + 1
        if other is not None:
            heappush(self._others, (-highest, number, other))
        if timer is not None:
            heappush(self._timers, (-highest_timer, number, timer))
        if len(self._others) > self._most or len(self._timers) > self._most:
            self._compact()
        return event

    def _enter(self, heap: list[_Ranked], event: Event) -> None:
        """An event is the foremost of its kind at its place."""
        self._number = number = self._number + 1
        heappush(heap, (-event.rank, number, event))
        if len(heap) > self._most:
            self._compact()

    def _compact(self) -> None:
        """Drop all entries that are out of date."""
        races = self._races.values()
        for heap, foremost in (
            (self._others, [race.other for race in races]),
            (self._timers, [race.timer for race in races]),
        ):
            heap[:] = [(-best.rank, n, best) for n, best in enumerate(foremost) if best is not None]
            heapify(heap)
        self._most = 2 * len(races) + STALE

    def drain(self) -> list[Event]:
        """All enabled events by due time; none is left."""
        events = [event for race in self._races.values() for event in race.events]
        self._races = {}
        self._others.clear()
        self._timers.clear()
        self._other_count = self._timer_count = 0
        return _by_due_time(events)


def _by_due_time(events: list[Event]) -> list[Event]:
    """These events in order; they are held no more."""
    events.sort(key=lambda event: (event.due, event.name))
    for event in events:
        event.position = -1
    return events

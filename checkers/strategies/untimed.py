"""Untimed mode: any enabled event may happen next. Random walk, PCT on links, and POS.

Timers are offered one time in `timer_weight`, else only where nothing else is enabled: picked as often as
messages, they would leave elections and nothing else. So each strategy below decides twice: among all that is
enabled but the timers, and among the timers. Faults fall at the steps that their run was drawn with; no
strategy here moves them. None claims the probability bound of its paper.

*Speed.* A choice costs a constant in the random walk, O(log links) in PCT, and O(log nodes) in POS with one
draw for each event that races with the chosen one: none looks at all events that are enabled.
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
        """Of the link or node with the highest priority any event, at random."""
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

    *Invariant.* Each that is in `events` is in the heap once, at its priority or at a higher one that it had:
    priorities only fall, so an entry that is out of date comes to the front and is corrected there.
    """

    __slots__ = ("_heap", "_priorities", "count", "events")

    def __init__(self, priorities: dict[str, float]) -> None:
        self._priorities = priorities
        self._heap: list[tuple[float, str]] = []
        self.events: dict[str, list[Event]] = {}
        self.count = 0
        """Of all events."""

    def enter(self, where: str) -> list[Event]:
        """The events of a link or node that had none, to be added to."""
        heappush(self._heap, (-self._priorities[where], where))
        events: list[Event] = []
        self.events[where] = events
        return events

    def foremost(self) -> list[Event]:
        """The events of highest priority; there is one."""
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


class Pos(Seeded):
    """Each event has a random priority and the highest happens; those that race with it draw anew.

    Partial order sampling (Yuan, Yang and Gu, CAV 2018). Two events race if they happen at the same node:
    deliveries, timers and syncs alike.
    """

    def __init__(self, seed: int, timer_weight: int = 16) -> None:
        super().__init__(seed)
        self._timer_weight = timer_weight
        self._at: dict[Any, list[Event]] = {}
        """By the place at which they happen: those that race."""
        self._others = _Highest()
        self._timers = _Highest()

    def add(self, event: Event) -> None:
        """Enable, with a priority of its own."""
        place = event.place
        at = self._at.get(place)
        if at is None:
            at = self._at[place] = []
        event.position = len(at)
        at.append(event)
        rank = event.rank = self._random()
        highest = self._timers if event.kind == "timer" else self._others
        highest.count += 1
        best = highest.at.get(place)
        if best is None or rank > best.rank:
            highest.enter(event)

    def discard(self, event: Event) -> None:
        """Disable: the last event of its place takes its place."""
        position = event.position
        if position < 0:
            return
        place, is_timer = event.place, event.kind == "timer"
        at = self._at[place]
        last = at.pop()
        if last is not event:
            at[position] = last
            last.position = position
        event.position = -1
        highest = self._timers if is_timer else self._others
        highest.count -= 1
        if highest.at[place] is event:
            del highest.at[place]
            left = [other for other in at if (other.kind == "timer") == is_timer]
            if left:
                highest.enter(max(left, key=lambda other: other.rank))

    def pop(self) -> Event | None:
        """The highest priority."""
        others, timers, random = self._others, self._timers, self._random
        highest = others
        if not others.count or (timers.count and (self._bits(32) * self._timer_weight) >> 32 == 0):
            highest = timers
            if not timers.count:
                return None
        event = highest.first()
        highest.count -= 1
        place, position = event.place, event.position
        at = self._at[place]
        last = at.pop()
        if last is not event:
            at[position] = last
            last.position = position
        event.position = -1
        others.at.pop(place, None)
        timers.at.pop(place, None)
        best = best_timer = event
        top = top_timer = -1.0
        for racing in at:
            rank = racing.rank = random()
            if racing.kind == "timer":
                if rank > top_timer:
                    best_timer, top_timer = racing, rank
            elif rank > top:
                best, top = racing, rank
        if best is not event:
            others.enter(best)
        if best_timer is not event:
            timers.enter(best_timer)
        return event

    def drain(self) -> list[Event]:
        """All enabled events by due time; none is left."""
        events = [event for at in self._at.values() for event in at]
        self._at, self._others, self._timers = {}, _Highest(), _Highest()
        return _by_due_time(events)


STALE = 64
"""Entries of a heap that may be out of date, besides as many as are not."""


class _Highest:
    """Of each place the event of highest priority, and these in a heap.

    *Invariant.* Each event in `at` is in the heap at its priority. Other entries are out of date: they are
    passed over at the front, and all are dropped before they outnumber the others.
    """

    __slots__ = ("_heap", "_number", "at", "count")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Event]] = []
        self._number = 0
        self.at: dict[Any, Event] = {}
        self.count = 0
        """Of all enabled events, not only of the highest."""

    def enter(self, event: Event) -> None:
        """An event that has the highest priority of its place."""
        self._number = number = self._number + 1
        self.at[event.place] = event
        heappush(self._heap, (-event.rank, number, event))
        if len(self._heap) > 2 * len(self.at) + STALE:
            self._heap = [(-best.rank, n, best) for n, best in enumerate(self.at.values())]
            heapify(self._heap)

    def first(self) -> Event:
        """The highest of all; there is one."""
        heap, at = self._heap, self.at
        while True:
            negated, _, event = heap[0]
            if event.rank == -negated and at.get(event.place) is event:
                return event
            heappop(heap)


def _by_due_time(events: list[Event]) -> list[Event]:
    """These events in order; they are held no more."""
    events.sort(key=lambda event: (event.due, event.name))
    for event in events:
        event.position = -1
    return events

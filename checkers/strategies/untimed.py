"""Untimed mode: any enabled event may happen next. Random walk, PCT on links, and POS.

Timers are offered one time in `timer_weight`, else only where nothing else is enabled: picked as often as
messages, they would leave elections and nothing else. So each strategy below decides twice: among all that is
enabled but the timers, and among the timers. Faults fall at the steps that their run was drawn with; no
strategy here moves them. None claims the probability bound of its paper.
"""

from __future__ import annotations

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
        event = self.pick(bag)
        self.discard(event)
        return event

    def pick(self, bag: list[Event]) -> Event:
        """Uniformly."""
        return bag[(self._bits(32) * len(bag)) >> 32]

    def drain(self) -> list[Event]:
        """All enabled events by due time; none is left."""
        events = sorted([*self._bag, *self._timers], key=lambda event: (event.due, event.name))
        self._bag, self._timers = [], []
        for event in events:
            event.position = -1
        return events


class Pct(RandomWalk):
    """The link or node of highest priority runs, any of its events at random; `depth` - 1 times,
    within `length` picks, the running one is demoted below all others.

    Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010), with these for threads: each
    directed link, and each node for its timers, its syncs and its messages to itself. PCTCP proper (Ozkan et
    al., OOPSLA 2018) partitions events into causal chains; links are none, so its bound does not hold here.
    """

    def __init__(self, seed: int, timer_weight: int = 16, depth: int = 5, length: int = 1000) -> None:
        super().__init__(seed, timer_weight)
        self._priorities: dict[str, float] = {}
        self._picks = 0
        self._demotions = sorted(((self._bits(32) * length) >> 32) for _ in range(depth - 1))
        self._lowest = 0.0

    def pick(self, bag: list[Event]) -> Event:
        """Of the link or node with the highest priority any event, at random."""
        priorities = self._priorities
        best, highest = "", -1e9
        for event in bag:
            where = event.where
            if where != best:
                priority = priorities.get(where)
                if priority is None:
                    priority = priorities[where] = self._random()
                if priority > highest:
                    best, highest = where, priority
        enabled = [event for event in bag if event.where == best]
        self._picks += 1
        if self._demotions and self._picks >= self._demotions[0]:
            self._demotions.pop(0)
            self._lowest -= 1.0
            priorities[best] = self._lowest
        return enabled[0] if len(enabled) == 1 else enabled[(self._bits(32) * len(enabled)) >> 32]


class Pos(RandomWalk):
    """Each event has a random priority and the highest happens; those that race with it draw anew.

    Partial order sampling (Yuan, Yang and Gu, CAV 2018). Two events race if they happen at the same node:
    deliveries, timers and syncs alike.
    """

    def pick(self, bag: list[Event]) -> Event:
        """The highest priority."""
        random = self._random
        best, highest = bag[0], -1.0
        for event in bag:
            rank = event.rank
            if rank < 0.0:
                rank = event.rank = random()
            if rank > highest:
                best, highest = event, rank
        place = best.place
        for event in self._bag:
            if event.place is place:
                event.rank = -1.0
        for event in self._timers:
            if event.place is place:
                event.rank = -1.0
        return best

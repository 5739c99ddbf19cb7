"""Untimed mode: any enabled event may happen next. Random walk, PCT on links, and POS.

Timers are offered one time in `timer_weight`, else only where nothing else is enabled: picked as often as
messages, they would leave elections and nothing else. A random walk is the baseline (Thomson et al., TOPC
2016). PCT gives each chain a random priority and demotes d - 1 times (Burckhardt et al., ASPLOS 2010); chains
are directed links, and a node's timers and syncs, so no probability bound is claimed. POS gives each event a
priority and draws those of racing events anew (Yuan et al., CAV 2018).
"""

from __future__ import annotations

from checkers.simulator.events import Event
from checkers.strategies.timed import Seeded


class RandomWalk(Seeded):
    """Uniform over the enabled events other than timers, and over the timers."""

    def __init__(self, seed: int, timer_weight: int = 16) -> None:
        super().__init__(seed)
        self._timer_weight = timer_weight
        self._bag: list[Event] = []
        self._timers: list[Event] = []

    def _home(self, event: Event) -> list[Event]:
        return self._timers if event.name[0] == "timer" else self._bag

    def add(self, event: Event) -> None:
        """Enable."""
        bag = self._home(event)
        event.place = len(bag)
        bag.append(event)

    def discard(self, event: Event) -> None:
        """Disable: the last event takes its place."""
        if event.place < 0:
            return
        bag = self._home(event)
        last = bag.pop()
        if last is not event:
            bag[event.place] = last
            last.place = event.place
        event.place = -1

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
            event.place = -1
        return events


class Pct(RandomWalk):
    """The chain of highest priority runs; `depth` - 1 times, within `length` picks, the running one is
    demoted.
    """

    def __init__(self, seed: int, timer_weight: int = 16, depth: int = 5, length: int = 1000) -> None:
        super().__init__(seed, timer_weight)
        self._priorities: dict[str, float] = {}
        self._picks = 0
        self._demotions = sorted(((self._bits(32) * length) >> 32) for _ in range(depth - 1))
        self._lowest = 0.0

    def pick(self, bag: list[Event]) -> Event:
        """Of the chain with the highest priority any event, at random."""
        priorities = self._priorities
        for event in bag:
            if event.link not in priorities:
                priorities[event.link] = self._random()
        best = max(priorities[event.link] for event in bag)
        chain = [event for event in bag if priorities[event.link] == best]
        self._picks += 1
        if self._demotions and self._picks >= self._demotions[0]:
            self._demotions.pop(0)
            self._lowest -= 1.0
            priorities[chain[0].link] = self._lowest
        return chain[(self._bits(32) * len(chain)) >> 32]


class Pos(RandomWalk):
    """Each event has a priority; when one happens, those at the same node draw anew."""

    def __init__(self, seed: int, timer_weight: int = 16) -> None:
        super().__init__(seed, timer_weight)
        self._priorities: dict[tuple[str, str, int], float] = {}

    def pick(self, bag: list[Event]) -> Event:
        """The highest priority."""
        priorities = self._priorities
        best, highest = bag[0], -1.0
        for event in bag:
            priority = priorities.get(event.name)
            if priority is None:
                priority = priorities[event.name] = self._random()
            if priority > highest:
                best, highest = event, priority
        del priorities[best.name]
        for event in bag:
            if event.slot is best.slot and event is not best:
                priorities[event.name] = self._random()
        return best

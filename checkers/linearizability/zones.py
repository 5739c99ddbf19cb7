"""Algorithm A: zones and a sweep. Decides a register in O(n log n), without search, if values differ.

Its class: every value except absent is written at most once, and every failed condition recorded what it saw.
Then each value belongs to a *chain*: the plain write (or put-if-absent) that began it, the reads of what it
left, the cas from that, the reads of what this left, and so on. In any linearization a chain stands together,
with nothing in between. So the only question is in which order chains, deletes and reads of absent go.

A chain's *zone* is given by the least return `f` and the greatest call `s` of its operations. If `f < s` the
key has the chain's values during all of `[f, s]` (a forward zone); else the whole chain may happen at one
instant of `[s, f]`, like a delete or a read of absent in `[call, ret]`. Forward zones must not overlap, no
instant may lie wholly within one, and a sweep along time places the instants between them, each as late as
possible, to see whether absence can be explained wherever it was observed.

`docs/linearizability-proof.md` proves each step, under the step numbers used here.

Sources: Gibbons and Korach, *Testing Shared Memories* (1997), for zones; crashed operations, chains of cas
and absence are this project's own.
"""

import heapq
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from dynaproof.checkers.linearizability.chains import (
    ABSENCE,
    INSIDE,
    PUT_IF_ABSENT,
    SET_ASIDE,
    UNSEEN_CONDITION,
    ZONES,
    Chain,
    Decided,
    follow,
    index_values,
    keep,
)
from dynaproof.checkers.linearizability.register import ASK_DIFFERS, ASK_PUT, ASK_READ, Ask
from dynaproof.specs.history import ABSENT, NEVER


def decide(asks: Sequence[Ask]) -> Decided:
    """Decide one key, initially absent."""
    if any(ask.kind == ASK_DIFFERS for ask in asks):
        return Decided(outside=UNSEEN_CONDITION)
    kept, set_aside = keep(asks)
    readers, successors, writer, verdict = index_values(asks, kept)
    if verdict is not None:
        return verdict
    chains, verdict = follow(asks, kept, readers, successors, writer)
    if verdict is not None:
        return verdict
    return _Sweep(asks, kept, chains, readers.get(ABSENT, [])).run(set_aside)


class _Item(NamedTuple):
    """Something that happens at one instant of `[release, deadline]`; chains bring their groups."""

    release: int
    deadline: int
    needs_absent: bool
    ends_absent: bool
    groups: list[list[int]]


BARRIER_END, RELEASE, DEADLINE, BARRIER_START = range(4)


class _Sweep:
    """Steps 3 to 5: forward zones in their order, and the instants placed between them."""

    def __init__(
        self, asks: Sequence[Ask], kept: Sequence[int], chains: Sequence[Chain], absent_reads: Sequence[int]
    ) -> None:
        self.asks = asks
        self.zones = sorted(
            (c for c in chains if c.first_ret < c.last_call), key=lambda c: (c.first_ret, c.last_call)
        )
        instants = [c for c in chains if c.first_ret >= c.last_call]
        deletes = [i for i in kept if asks[i].kind == ASK_PUT and asks[i].value == ABSENT]
        alone = [(i, False) for i in deletes] + [(i, True) for i in absent_reads]
        instants += [Chain([[i]], asks[i].ret, asks[i].call, i, i, needs, True) for i, needs in alone]
        self.instants = instants
        self.items: list[_Item] = []
        self.order: list[int] = []
        self.placed: list[bool] = []
        self.live = False
        self.live_since = -1
        # By what an item needs and leaves: absent to absent, any to live, any to absent, absent to live.
        self.resting: list[int] = []
        self.killing: list[int] = []
        self.making: list[tuple[int, int]] = []
        self.creating: list[tuple[int, int]] = []

    def run(self, set_aside: bool) -> Decided:
        verdict = self._check_zones() or self._fit_items()
        if verdict is not None:
            return verdict
        verdict = self._sweep()
        if verdict is None:
            return Decided(order=self.order)
        return Decided(outside=SET_ASIDE) if set_aside else verdict

    def _check_zones(self) -> Decided | None:
        """Step 3: two forward zones that overlap would each have to go before the other."""
        for one, other in pairwise(self.zones):
            if other.first_ret < one.last_call:
                return Decided(cause=ZONES, fault=(one.first, one.last, other.first, other.last))
        return None

    def _fit_items(self) -> Decided | None:
        """Step 4: cut the windows of instants by the forward zones."""
        zones = self.zones
        ends = [zone.last_call for zone in zones]
        for instant in self.instants:
            release, deadline = instant.last_call, instant.first_ret
            at = _first_after(ends, release)
            if at < len(zones) and zones[at].first_ret < release:
                zone = zones[at]
                if deadline < zone.last_call:
                    return Decided(cause=INSIDE, fault=(zone.first, zone.last, instant.first, instant.last))
                release = zone.last_call
            at = _first_after(ends, deadline)
            if at < len(zones) and zones[at].first_ret < deadline:
                deadline = zones[at].first_ret
            self.items.append(
                _Item(release, deadline, instant.needs_absent, instant.ends_absent, instant.groups)
            )
        return None

    def _sweep(self) -> Decided | None:
        """Step 5: earliest deadline first; nothing needs a value to be there, only absence is scarce."""
        self.placed = [False] * len(self.items)
        events = []
        for i, item in enumerate(self.items):
            events.append((item.release, RELEASE, i))
            if item.deadline != NEVER:
                events.append((item.deadline, DEADLINE, i))
        for i, zone in enumerate(self.zones):
            events.append((zone.first_ret, BARRIER_START, i))
            events.append((zone.last_call, BARRIER_END, i))
        events.sort()
        for _, kind, i in events:
            if kind == RELEASE:
                self._release(i)
            elif kind == DEADLINE:
                if not self.placed[i] and not self._due(i):
                    return self._unexplained(self.items[i].groups)
            elif kind == BARRIER_START:
                zone = self.zones[i]
                if zone.needs_absent and self.live and not self._make_absent():
                    return self._unexplained(zone.groups)
                if not zone.needs_absent and not self.live:
                    self._kill()
                self._write(zone.groups)
            else:
                self._become(not self.zones[i].ends_absent, self.zones[i].groups[0][0])
        return None

    def _release(self, i: int) -> None:
        item = self.items[i]
        if item.needs_absent and item.ends_absent:
            self.resting.append(i)
            self._flush()
        elif item.needs_absent:
            heapq.heappush(self.creating, (item.deadline, i))
        elif item.ends_absent:
            heapq.heappush(self.making, (item.deadline, i))
        else:
            self.killing.append(i)
            self._flush()

    def _due(self, i: int) -> bool:
        """Place the item whose deadline has come; False if absence cannot be had."""
        item = self.items[i]
        if item.needs_absent and self.live and not self._make_absent():
            return False
        if self.placed[i]:
            return True  # A read of absent was placed as soon as absence was there.
        if not item.needs_absent and not self.live:
            self._kill()
        if not self.placed[i]:
            self._place(i)
        return True

    def _make_absent(self) -> bool:
        """Use up the delete that must go first, all overwritten values before it; False if there is none."""
        while self.making and self.placed[self.making[0][1]]:
            heapq.heappop(self.making)
        if not self.making:
            return False
        self._place(heapq.heappop(self.making)[1])
        return True

    def _kill(self) -> None:
        """Something is about to overwrite absence: let the most pressing put-if-absent have it first."""
        while self.creating and self.placed[self.creating[0][1]]:
            heapq.heappop(self.creating)
        if self.creating:
            self._place(heapq.heappop(self.creating)[1])
        else:
            while self.killing:
                self._put(self.killing.pop())

    def _place(self, i: int) -> None:
        """Put an item, with what is open and costs nothing: overwritten values before a delete."""
        item = self.items[i]
        if not item.needs_absent and item.ends_absent:
            while self.killing:
                self._put(self.killing.pop())
        self._put(i)

    def _put(self, i: int) -> None:
        if self.placed[i]:
            return
        self.placed[i] = True
        self._write(self.items[i].groups)
        self._become(not self.items[i].ends_absent, self.items[i].groups[0][0])

    def _become(self, live: bool, by: int) -> None:
        self.live = live
        if live:
            self.live_since = by
        self._flush()

    def _flush(self) -> None:
        """Place what costs nothing in a state: reads of absent if absent, overwritten values if not."""
        waiting = self.killing if self.live else self.resting
        while waiting:
            self._put(waiting.pop())

    def _write(self, groups: Sequence[Sequence[int]]) -> None:
        for group in groups:
            self.order.extend(group)

    def _unexplained(self, groups: Sequence[Sequence[int]]) -> Decided:
        root = groups[0][0]
        cause = ABSENCE if self.asks[root].kind == ASK_READ else PUT_IF_ABSENT
        return Decided(cause=cause, fault=(root, self.live_since))


def _first_after(ends: Sequence[int], time: int) -> int:
    """The first zone that ends after `time`."""
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high) // 2
        if ends[middle] > time:
            high = middle
        else:
            low = middle + 1
    return low

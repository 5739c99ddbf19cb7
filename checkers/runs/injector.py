"""Lets the faults of a configuration fall, within the budgets, and heals what is left when the faults stop.

A *budget* is a kind's own rule for what synced state may be lost at a time (of replicas, at most one voter of
a group); crashes and the loss of what was not synced are unlimited. A node that is down comes back by itself
after the fault's steps.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence

from dynaproof.checkers.runs.config import FOREMOST, RunConfig
from dynaproof.checkers.runs.fault import FaultKind
from dynaproof.checkers.runs.kind import Budget, Kind
from dynaproof.checkers.world.place import Place
from dynaproof.checkers.world.world import World
from dynaproof.impl.outbox import OutboxLimits

NEVER = 1 << 62

FAIR_CAPACITY = 256
"""How many messages a fair end always permits in flight on a link."""

FAIR_US = (300, 500)
"""How long a message or a sync takes in a fair end."""

FEWEST = 3
"""The fewest nodes of which one, or one link, can be missing while the others still do their work."""


class Injector:
    """Faults fall by step, in the order of the configuration; what one broke is mended at a later step.

    Falling and mending are both events: the number in their name is the fault's place in the configuration.
    With `by_name` nothing is due by itself, and whoever replays a schedule calls `fall` and `mend` by those
    names.
    """

    def __init__(
        self,
        world: World,
        config: RunConfig,
        kinds: Mapping[str, FaultKind],
        nodes: Sequence[tuple[Place, Kind]],
        budgets: Mapping[str, Budget],
    ) -> None:
        self.world = world
        self.faults = config.faults
        self.kinds = kinds
        self.targets = [place for place, kind in nodes if kind.suffers]
        """What the faults of any world hit."""
        self.nodes = {place.name: place for place, _ in nodes}
        self.kind_of = {place.name: kind for place, kind in nodes}
        self.brought = {
            fault.name: [place for place, kind in nodes if fault in kind.faults]
            for _, each in nodes
            for fault in each.faults
        }
        """For each fault that kinds of nodes bring, by its name: the nodes of those kinds, which it hits."""
        self.budgets = budgets
        """By the name of the kind."""
        self.fallen = 0
        """How many faults have been due so far."""
        self.waiting: list[int] = []
        """Faults that were due, and wait until they are possible."""
        self.by_name = False
        self.mends: list[tuple[int, int]] = []
        """The step of each mend and its fault, in order."""
        self.next = self.faults[0].step if self.faults else NEVER
        """The next step at which something is due."""
        self.hit: dict[int, Place] = {}
        """From a fault to the place that it fell on."""
        self.injected: dict[str, int] = {}
        self.excluded: str | None = None
        """The node that stays down in the end."""
        self.base_loss = config.loss
        self.lasting: dict[int, None] = {}
        """Faults that slow a node or lose messages, and are not mended yet: of two that overlap, the first
        mend ends only its own.
        """
        self.salt = config.seed

    def at(self, step: int) -> None:
        """The first of what is due by this step, mends before faults."""
        if self.mends and self.mends[0][0] <= step:
            self.mend(self.mends.pop(0)[1])
        elif self.fallen < len(self.faults) and self.faults[self.fallen].step <= step:
            number = self.fallen
            self.fallen += 1
            if not self.fall(number, step) and self.kinds[self.faults[number].kind].waits:
                self.waiting.append(number)
        else:
            self.waiting = [number for number in self.waiting if not self.fall(number, step)]
        self.next = self.mends[0][0] if self.mends else NEVER
        if self.waiting:
            self.next = min(self.next, step + 1)
        if self.fallen < len(self.faults):
            self.next = min(self.next, self.faults[self.fallen].step)

    def target(self, number: int) -> Place:
        """The place that a fault hits: the one that it has hit already, else the one that it is drawn for,
        which may be that of the foremost node.
        """
        place = self.hit.get(number)
        if place is None:
            fault = self.faults[number]
            target, places = fault.target, self.brought.get(fault.kind, self.targets)
            foremost = self.foremost(places) if target >= FOREMOST else []
            place = foremost[0] if foremost else places[target % len(places)]
        return place

    def foremost(self, places: Sequence[Place]) -> list[Place]:
        """Those of these places whose nodes are foremost of their kind, as the kind decides."""
        return [place for place in places if self.kind_of[place.name].foremost(place)]

    def may_hit(self, place: Place, fault: str) -> bool:
        """Whether a fault of this name may fall on the node at a place."""
        return place in self.brought.get(fault, self.targets)

    def budget(self, place: Place) -> Budget:
        """The budget of the kind of node at a place."""
        return self.budgets[self.kind_of[place.name].name]

    def fall(self, number: int, step: int = 0, on: Place | None = None) -> bool:
        """Let a fault fall, if it can and the budget permits: on this place, or on the one that it is drawn
        for.

        A fault that did not fall has hit nothing: nothing is mended by its number.
        """
        fault, world = self.faults[number], self.world
        kind, place = self.kinds[fault.kind], self.target(number) if on is None else on
        if kind.running and not place.up:
            return False
        if kind.impairs and not self.budget(place).permits(place):
            return False
        if not kind.possible(self, place):
            return False
        world.fault(kind.name, place, number)
        self.hit[number] = place
        fell = kind.fall(self, place, fault, number)
        if fell is not None:
            if self.kinds[fell].impairs:
                self.budget(place).impaired(place)
            self.injected[fell] = self.injected.get(fell, 0) + 1
        if kind.mend and not self.by_name:
            insort(self.mends, (step + fault.steps, number))
        return True

    def mend(self, number: int) -> None:
        """Mend what a fault has broken; this is an event too."""
        fault, world = self.faults[number], self.world
        kind, place = self.kinds[fault.kind], self.target(number)
        if not self.by_name:
            self.hit.pop(number, None)  # It falls once, and is mended once.
        if not kind.pending(place):
            return
        world.fault(kind.mend, place, number)
        kind.mended(self, place, fault, number)

    # --- What faults use ---

    def lasts(self, number: int) -> None:
        """The fault of this number lasts from here on."""
        self.lasting[number] = None

    def over(self, number: int) -> Sequence[Place]:
        """The fault is over; returns the places of other faults of its kind that still last."""
        self.lasting.pop(number, None)
        kind = self.faults[number].kind
        return [self.target(other) for other in self.lasting if self.faults[other].kind == kind]

    def cut(self, links: Sequence[str], number: int) -> None:
        """These directed links carry nothing until the fault of this number is mended."""
        for link in links:
            self.world.cut_links[link] = number

    def join(self, links: Sequence[str], number: int) -> None:
        """These links work again, except those that a later fault has cut."""
        for link in links:
            if self.world.cut_links.get(link) == number:
                del self.world.cut_links[link]

    def restart(self, place: Place, label: str) -> None:
        """A node comes back; if it cannot use its disk, an operator gives it a new one."""
        self.world.start(place)
        if self.kind_of[place.name].needs_new_disk(place):
            self.world.crash(place, label, lose_disk=True)
            self.world.start(place)

    # --- The end ---

    def heal(self, end: str) -> None:
        """The faults stop: everything heals, or all but one node, or all but one link."""
        world = self.world
        world.loss = world.duplication = 0
        world.bound(max(world.capacity, FAIR_CAPACITY), OutboxLimits())
        world.cut_links = {}
        world.latencies = world.sync_us = FAIR_US
        self.mends, self.fallen, self.next, self.lasting = [], len(self.faults), NEVER, {}
        for place in world.places.values():
            place.slow, place.wall_offset, place.armed = 1, 0, ""
        keep_down = self.targets[self.salt % len(self.targets)] if self.targets else None
        whole = [budget.whole() for budget in self.budgets.values()]
        if not all(whole) or len(self.targets) < FEWEST:
            end = "all"  # Without the node that is being replaced, the only quorum is all the others.
        if end == "majority" and keep_down is not None:
            self.excluded = keep_down.name
        for place in self.nodes.values():
            if place.name == self.excluded:
                if place.up:
                    world.crash(place, "end")
            elif not place.up and (place.hosted.boots or place in self.targets):
                self.restart(place, "end/disk")
        if end == "gray":
            one, other = self.gray_pair()
            self.cut((f"{one.name}>{other.name}", f"{other.name}>{one.name}"), 0)

    def gray_pair(self) -> tuple[Place, Place]:
        """The two nodes that do not hear each other in the end: one of the first kind, and another one of
        that kind, or of a kind whose links may stay cut.
        """
        kinds = [self.kind_of[place.name] for place in self.targets]
        pairs = [
            (one, other)
            for number, one in enumerate(self.targets)
            for other, kind in zip(self.targets[number + 1 :], kinds[number + 1 :], strict=True)
            if kinds[number] is kinds[0] and (kind is kinds[0] or kind.may_stay_cut)
        ]
        return pairs[-1 - self.salt % len(pairs)]

"""PCT and POS choose what a reference chooses that looks at every enabled event each time.

The references state the rules in the plainest way. They draw from a generator of the same seed, so that they
agree with the strategies at every choice or soon at none.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaproof.checkers.seam import Event
from dynaproof.checkers.strategies.untimed import STALE, Pct, Pos

PLACES = ("na", "nb", "nc")
LINKS = ("na>nb", "na>nc", "nb>na", "nb>nc", "nc>na", "nc>nb")
DEPTH, LENGTH = 4, 12
"""Few picks between two demotions of PCT, so that short runs have them all."""


class Reference:
    """All enabled events in a list, and chance as the strategies draw it."""

    def __init__(self, seed: int, timer_weight: int) -> None:
        self.chance = Random(seed)
        self.timer_weight = timer_weight
        self.enabled: list[Event] = []

    def below(self, n: int) -> int:
        return (self.chance.getrandbits(32) * n) >> 32

    def offered(self) -> list[Event]:
        """The timers now and then, or where there is nothing else."""
        timers = [event for event in self.enabled if event.kind == "timer"]
        others = [event for event in self.enabled if event.kind != "timer"]
        return timers if not others or (timers and self.below(self.timer_weight) == 0) else others

    def together(self, event: Event) -> list[Event]:
        """Those among which the last takes the place of one that leaves."""
        raise NotImplementedError

    def remove(self, event: Event) -> None:
        last = self.together(event)[-1]
        self.enabled.remove(last)
        if last is not event:
            self.enabled[self.enabled.index(event)] = last


class ReferencePct(Reference):
    """The highest priority, by a look at the link of every enabled event."""

    def __init__(self, seed: int, timer_weight: int) -> None:
        super().__init__(seed, timer_weight)
        self.demotions = sorted(self.below(LENGTH) for _ in range(DEPTH - 1))
        self.priorities: dict[str, float] = {}
        self.picks = 0
        self.lowest = 0

    def together(self, event: Event) -> list[Event]:
        timer = event.kind == "timer"
        return [o for o in self.enabled if o.where == event.where and (o.kind == "timer") == timer]

    def add(self, event: Event) -> None:
        if event.where not in self.priorities:
            self.priorities[event.where] = self.chance.random()
        self.enabled.append(event)

    def pop(self) -> Event | None:
        offered = self.offered()
        if not offered:
            return None
        best = max(offered, key=lambda event: self.priorities[event.where])
        self.picks += 1
        if self.demotions and self.picks >= self.demotions[0]:
            del self.demotions[0]
            self.lowest -= 1
            self.priorities[best.where] = self.lowest
        same = self.together(best)
        chosen = same[self.below(len(same))] if len(same) > 1 else same[0]
        self.remove(chosen)
        return chosen


class ReferencePos(Reference):
    """The highest priority, by a look at every enabled event; those at the same node draw anew."""

    def __init__(self, seed: int, timer_weight: int) -> None:
        super().__init__(seed, timer_weight)
        self.priorities: dict[Event, float] = {}

    def together(self, event: Event) -> list[Event]:
        return [other for other in self.enabled if other.place == event.place]

    def add(self, event: Event) -> None:
        self.priorities[event] = self.chance.random()
        self.enabled.append(event)

    def pop(self) -> Event | None:
        offered = self.offered()
        if not offered:
            return None
        best = max(offered, key=self.priorities.__getitem__)
        self.remove(best)
        for racing in self.together(best):
            self.priorities[racing] = self.chance.random()
        return best


STEPS = st.lists(
    st.one_of(
        st.just("pop"),
        st.just("pop"),
        st.tuples(st.just("add"), st.sampled_from(LINKS)),
        st.tuples(st.just("add"), st.sampled_from(LINKS)),
        st.tuples(st.just("own"), st.sampled_from(PLACES)),
        st.tuples(st.just("timer"), st.sampled_from(PLACES)),
        st.tuples(st.just("discard"), st.integers(0, 1_000)),
        st.just("drain"),
    ),
    max_size=60,
)

PAIRS = pytest.mark.parametrize(
    ("strategy", "reference"),
    [
        (lambda seed, weight: Pct(seed, weight, DEPTH, LENGTH), ReferencePct),
        (Pos, ReferencePos),
    ],
    ids=["pct", "pos"],
)


def made(step: tuple[str, str], number: int) -> Event:
    """An event on a link, or at a node."""
    what, where = step
    kind = "timer" if what == "timer" else "deliver"
    return Event(kind, where, number, where[-2:], due=number * 7 % 11)


@PAIRS
@given(st.integers(0, 1 << 32), st.sampled_from([1, 2, 16]), STEPS)
def test_every_choice_is_that_of_the_reference(strategy, reference, seed, weight, steps):
    fast, plain = strategy(seed, weight), reference(seed, weight)
    for number, step in enumerate((*steps, *["pop"] * len(steps))):
        if step == "pop":
            assert fast.pop() is plain.pop()
        elif step == "drain":
            assert fast.drain() == sorted(plain.enabled, key=lambda event: (event.due, event.name))
            plain.enabled.clear()
        elif step[0] == "discard":
            if plain.enabled:
                event = plain.enabled[step[1] % len(plain.enabled)]
                plain.remove(event)
                fast.discard(event)
                assert event.position == -1
        else:
            event = made(step, number)
            plain.add(event)
            fast.add(event)
            assert event.position >= 0
    assert fast.pop() is None


@PAIRS
def test_a_crowd_is_chosen_from_as_the_reference_chooses(strategy, reference):
    fast, plain = strategy(7, 16), reference(7, 16)
    for number in range(300):
        event = made(("add", LINKS[number % len(LINKS)]) if number % 5 else ("timer", "na"), number)
        plain.add(event)
        fast.add(event)
    for _ in range(300):
        assert fast.pop() is plain.pop()
    assert fast.pop() is plain.pop() is None


def test_priorities_that_count_no_more_do_not_pile_up():
    pos, most = Pos(3, 1 << 20), 2 * len(PLACES) + STALE
    for number in range(2_000):
        event = made(("add", LINKS[number % len(LINKS)]), number)
        pos.add(event)
        assert len(pos._others) <= most
        if number % 20:
            pos.discard(event)
    assert pos._other_count == 100
    pos.add(made(("timer", "na"), 2_000))
    for number in range(2_001, 4_000):
        pos.add(made(("add", "nb>na"), number))
        assert pos.pop().kind == "deliver"
        assert len(pos._timers) <= most

"""What the observer takes for a record that was stamped by a clock that is off."""

from types import SimpleNamespace
from typing import Any

from msgspec import structs

from dynaproof.checkers.kinds.group import HOST
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.partition import PARTITION, draw
from dynaproof.checkers.strategies.timed import Timed
from dynaproof.impl.node import ONLY_LANE
from dynaproof.specs.observe.impl.place import replica_of, settings_of
from dynaproof.specs.observe.impl.times import TimeObserver
from dynaproof.specs.promises.times import timestamps_near_real_time
from dynaproof.specs.views.group import GroupView

CALM = structs.replace(draw("partition", 3, "timed"), faults=(), loss=0, duplication=0, end="all")


class Leading:
    """A leader whose clock steps, and what is found in the records that leave it."""

    def __init__(self) -> None:
        run = Run(PARTITION, CALM, Timed(CALM.seed))
        run.set_up()
        replicas = [(place, replica_of(place, ONLY_LANE)) for place in run.places_of(HOST)]
        self.place, found = next((p, r) for p, r in replicas if r is not None and r.leading is not None)
        self.replica: Any = found
        self.view = GroupView(self.replica.config.voters)
        self.times = TimeObserver(self.view, ONLY_LANE)

    def later(self) -> None:
        """As long passes as it takes, and more, to hear of the others' clocks."""
        self.place.world.tau += 4 * settings_of(self.place).lease_us

    def step_clock(self, times: int) -> None:
        self.place.wall_offset += times * (2 * settings_of(self.place).epsilon_us + 1_000_000)

    def found(self, slot: int) -> int:
        """A record of a slot leaves, which is a client's and not pushed by the timestamp before."""
        ballot, wall = self.replica.leading, self.place.world.tau + self.place.wall_offset
        before: Any = SimpleNamespace(timestamp=wall - 10)
        record: Any = SimpleNamespace(slot=slot, timestamp=wall, proposed_at=ballot, request="a request")
        self.view.proposed[ballot, slot - 1] = [before]
        known = len(list(timestamps_near_real_time.check(self.view)))
        self.times.stamped(self.place, ballot, (record,))
        return len(list(timestamps_near_real_time.check(self.view))) - known

    def found_in_old_and_new(self) -> tuple[int, int]:
        """What is sent again that had its slot before, and what gets one now."""
        new = self.replica.next_slot
        self.later()
        self.found(new - 1)
        return self.found(new - 1), self.found(new)


def test_what_had_its_slot_before_may_be_sent_again_by_a_clock_that_has_stepped_since() -> None:
    leading = Leading()
    leading.step_clock(1)
    leading.found(leading.replica.next_slot - 1)
    assert leading.found_in_old_and_new() == (0, 1)


def test_each_step_of_a_clock_has_to_be_heard_of_anew() -> None:
    leading = Leading()
    leading.step_clock(1)
    leading.found(leading.replica.next_slot - 1)
    leading.found_in_old_and_new()
    leading.step_clock(1)
    assert leading.found(leading.replica.next_slot) == 0
    assert leading.found_in_old_and_new() == (0, 1)


def test_a_clock_is_judged_only_while_all_others_are_true() -> None:
    leading = Leading()
    leading.step_clock(1)
    other = next(one for one in leading.place.world.places.values() if one is not leading.place)
    other.wall_offset += 1_000_000
    leading.found(leading.replica.next_slot - 1)
    assert leading.found_in_old_and_new() == (0, 0)
    other.wall_offset -= 1_000_000
    assert leading.found(leading.replica.next_slot) == 0
    assert leading.found_in_old_and_new() == (0, 1)

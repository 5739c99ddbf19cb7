"""The promises under load: each holds at its bound, is broken just beyond it, and its bound is derived from
what was drawn.
"""

from typing import Any

import pytest

from dynaproof.checkers.scenarios import fair_end
from dynaproof.checkers.scenarios.partition import PARTITION
from dynaproof.specs.promises import load, region
from dynaproof.specs.spec import AnySpec
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
from dynaproof.specs.views.region import RegionView, SplitServed

PACE = Pace(latency_us=500, sync_us=100, in_flight_slots=4, window_bytes=1_000)

ANSWER_US = 10 * 500 + 6 * 100


def sentences(spec: AnySpec, *facts: Any) -> list[str]:
    """How a spec is broken by these facts."""
    view = GroupView(())
    for fact in facts:
        view.file(fact)
    return [violation.sentence for violation in spec.check(view)]


@pytest.mark.parametrize(
    ("slots", "size", "windows"), [(0, 0, 1), (1, 0, 2), (4, 0, 2), (5, 0, 3), (4, 999, 2), (4, 2_000, 4)]
)
def test_an_answer_may_take_as_many_rounds_as_there_were_windows_before_it(
    slots: int, size: int, windows: int
) -> None:
    bound = windows * ANSWER_US
    assert sentences(load.answered_in_time, Answered("r", bound, slots, size, PACE)) == []
    (sentence,) = sentences(load.answered_in_time, Answered("r", bound + 1, slots, size, PACE))
    assert sentence.startswith(f"r took {bound + 1} us")


def test_a_follower_is_within_a_window_and_64_slots_of_what_was_chosen_one_answer_ago() -> None:
    assert sentences(load.followers_keep_up, Lagged("a", 100, 100 + 4 + 64, PACE)) == []
    assert len(sentences(load.followers_keep_up, Lagged("a", 100, 100 + 4 + 65, PACE))) == 1


def test_a_replica_that_was_away_has_the_time_that_it_was_away_and_that_of_what_it_missed() -> None:
    bound = 9_000 + 700 + (2 + 3) * ANSWER_US
    level = StillAway("a", bound, 9_000, 129, 64, 700, PACE)
    late = StillAway("a", bound + 1, 9_000, 129, 64, 700, PACE)
    assert sentences(load.followers_keep_up, level) == []
    assert len(sentences(load.followers_keep_up, late)) == 1


def test_a_copy_may_take_twice_its_round_trips() -> None:
    bound = 2 * 10 * (2 * 500 + 4 * 100) + 700
    assert sentences(load.copies_finish, Copied("a", bound, 10, 700, 40, 20, PACE)) == []
    assert len(sentences(load.copies_finish, Copied("a", bound + 1, 10, 700, 40, 20, PACE))) == 1
    assert len(sentences(load.copies_finish, Copied("a", bound, 10, 700, 41, 20, PACE))) == 1


@pytest.mark.parametrize(
    ("writes", "size", "broken"), [(10, 900, True), (11, 900, False), (10, 901, False), (3, 0, True)]
)
def test_only_load_beyond_the_rate_in_writes_or_in_bytes_is_throttled(
    writes: int, size: int, broken: bool
) -> None:
    fact = Throttled("a", "r", writes, 10, size, 900)
    assert bool(sentences(load.throttled_only_beyond_rate, fact)) == broken


def test_what_is_measured_in_the_fair_end_alone_is_no_promise_of_a_schedule() -> None:
    measured = {Answered, Copied, Lagged, StillAway, Throttled, *fair_end.PROVIDES}
    judged = {spec.name for spec in PARTITION.specs if measured & set(spec.on)}
    assert "throttled_only_beyond_rate" in judged
    assert judged <= PARTITION.eventual


def test_what_fills_up_and_what_a_handler_does_is_within_its_bound() -> None:
    assert sentences(load.memory_stays_flat, Filled("a", "retained records", 10, 10)) == []
    assert sentences(load.memory_stays_flat, Filled("a", "retained records", 11, 10)) == [
        "retained records of a take 11 bytes; their bound is 10"
    ]
    assert sentences(load.work_is_bounded, Worked("a", "Accept", "read", 10, 10)) == []
    assert sentences(load.work_is_bounded, Worked("a", "Accept", "read", 11, 10)) == [
        "a read 11 bytes on Accept; the bound is 10"
    ]


def test_writes_stop_at_a_split_for_six_round_trips_and_nine_syncs_at_the_most() -> None:
    bound, view = 12 * 500 + 18 * 100, RegionView()
    view.file(SplitServed(1, 2, bound, PACE))
    assert list(region.splits_stop_briefly.check(view)) == []
    view.file(SplitServed(1, 3, bound + 1, PACE))
    (violation,) = region.splits_stop_briefly.check(view)
    assert violation.sentence.startswith(f"partition 3 did not serve for {bound + 1} us")

"""Buckets and admission on a few cases that can be followed by hand."""

import pytest

from dynaproof.impl.capacity.admission import Direction, Throttled, admission, partitions_for
from dynaproof.impl.capacity.arithmetic import MICRO, SECOND_US
from dynaproof.impl.capacity.bucket import Bucket, admitted_at_once, burst, full_bucket
from dynaproof.impl.capacity.shares import boosted, divided, one_second, share, succeeded

TEN = 10 * MICRO
UNIT = MICRO * MICRO
"""A unit, in grains."""


def plenty() -> Bucket:
    return full_bucket(MICRO * MICRO, burst(MICRO * MICRO), 0)


def test_bucket_takes_300_seconds_of_burst_and_then_its_rate() -> None:
    bucket = full_bucket(TEN, burst(TEN), 0)
    assert all(bucket.take(MICRO, 0) for _ in range(3_000))
    assert not bucket.take(MICRO, 0)
    assert not bucket.take(MICRO, 99_999)
    assert bucket.take(MICRO, 100_000)
    assert not bucket.take(MICRO, 150_000)
    assert bucket.take(MICRO, 200_000)


def test_full_bucket_admits_what_it_can_never_hold_and_pays_the_debt_first() -> None:
    bucket = full_bucket(MICRO, burst(MICRO), 0)
    assert bucket.take(400 * MICRO, 0)
    assert bucket.level == -100 * UNIT
    assert not bucket.take(MICRO, 100 * SECOND_US)
    assert bucket.take(MICRO, 101 * SECOND_US)
    assert not bucket.take(400 * MICRO, 300 * SECOND_US)
    assert bucket.take(400 * MICRO, 401 * SECOND_US)


def test_clock_that_goes_back_fills_nothing_until_it_has_caught_up() -> None:
    bucket = full_bucket(TEN, burst(TEN), 0)
    for _ in range(3_000):
        assert bucket.take(MICRO, 10 * SECOND_US)
    assert not bucket.take(MICRO, 3 * SECOND_US)
    assert not bucket.take(MICRO, 10 * SECOND_US)
    assert bucket.take(MICRO, 10 * SECOND_US + 100_000)


def test_requests_at_one_moment() -> None:
    assert admitted_at_once(5 * UNIT, 2 * MICRO, 10, 300 * UNIT) == 2
    assert admitted_at_once(5 * UNIT, 2 * MICRO, 1, 300 * UNIT) == 1
    assert admitted_at_once(300 * UNIT, 400 * MICRO, 10, 300 * UNIT) == 1
    assert admitted_at_once(-1, MICRO, 10, 300 * UNIT) == 0


@pytest.mark.parametrize(("direction", "cap"), [("Read", 3_000), ("Write", 1_000)])
def test_partition_serves_no_more_than_its_cap_in_a_second_whatever_its_burst(
    direction: Direction, cap: int
) -> None:
    buckets = admission(direction, cap * MICRO, plenty(), 0)
    answers = [buckets.admit(MICRO, 0, 0) for _ in range(cap + 1)]
    assert answers[:cap] == [None] * cap
    assert answers[cap] == Throttled(
        f"Table{direction}KeyRangeThroughputExceeded", 1_000 * 1_000 // cap + (cap == 3_000), 0, "cap"
    )
    level = buckets.own.level
    assert level == burst(cap * MICRO) - one_second(cap * MICRO)  # The one that was refused is not charged.


def test_refusal_names_the_bucket_and_when_to_come_again() -> None:
    buckets = admission("Write", TEN, plenty(), 0)
    buckets.own.level = 0
    assert buckets.admit(5 * MICRO, 0, 0) == Throttled(
        "TableWriteProvisionedThroughputExceeded", 500_000, 0, "share"
    )
    assert buckets.admit(5 * MICRO, 499_999, 0) is not None
    assert buckets.admit(5 * MICRO, 500_000, 0) is None
    uncapped = admission("Write", TEN, Bucket(MICRO, UNIT, 0, 0), 0, capped=False)
    assert uncapped.cap is None
    assert uncapped.admit(MICRO, 0, 0) == Throttled(
        "TableWriteKeyRangeThroughputExceeded", SECOND_US, 0, "node"
    )


def test_new_leader_has_the_level_that_the_log_says() -> None:
    leader = admission("Write", TEN, plenty(), 0)
    leader.own.level = 100 * UNIT
    follower = admission("Write", TEN, plenty(), 0)
    follower.own.level = 100 * UNIT
    log = []
    for number in range(400):
        at_us = 25_000 * number
        if leader.admit(MICRO, at_us, at_us) is None:
            log.append((MICRO, at_us))
    for cost, timestamp_us in log:
        follower.replay(cost, timestamp_us)
    follower.own.refill(leader.own.at_us)
    assert follower.own == leader.own
    assert 100 < len(log) < 400


def test_children_and_successors() -> None:
    assert [share(TEN + 1, 3, index) for index in range(3)] == [3_333_334, 3_333_334, 3_333_333]
    assert divided(101, 1, 2, 1_000) == 50
    assert divided(-101, 1, 2, 1_000) == -51
    assert divided(101, 1, 2, 30) == 30
    assert succeeded(True, UNIT, SECOND_US, TEN, burst(TEN)) == 11 * UNIT
    assert succeeded(False, 0, 0, TEN, burst(TEN)) == 10 * UNIT
    assert boosted(TEN, 1_500_000) == 15 * MICRO
    assert [partitions_for(units * MICRO, 1_000 * MICRO) for units in (0, 1, 1_000, 1_001)] == [1, 1, 1, 2]

"""The policies on a few cases that can be followed by hand."""

import pytest

from dynaproof.checkers.proofs.controllers import FALLING_PERIODS, LAST_PERIODS, SETTLING_PERIODS
from dynaproof.impl.capacity.arithmetic import MICRO, SECOND_US
from dynaproof.impl.capacity.bucket import burst, full_bucket
from dynaproof.impl.capacity.controller import MOST, ONE, Pid, Proportional, goal
from dynaproof.impl.capacity.global_admission import HOLD_US, MOST_HELD, RouterTokens, TableTokens
from dynaproof.impl.capacity.policies import (
    POLICIES,
    Adaptive,
    GlobalAdmission,
    Reading,
    policy_named,
)

TEN = 10 * MICRO


def closed_loop(controller: Pid | Proportional, demand: int, periods: int) -> list[int]:
    """The multiplier of each period; what is asked for above it is refused."""
    seen = []
    for _ in range(periods):
        consumed = min(demand, controller.multiplier)
        controller.observe(consumed, demand - consumed, 0)
        seen.append(controller.multiplier)
    return seen


@pytest.mark.parametrize("demand", [ONE + 1, 1_500_000, 3_000_000, 9_999_999, MOST])
def test_pid_ends_throttling_and_stays_at_its_goal_and_goes_back_to_one(demand: int) -> None:
    pid = Pid()
    seen = closed_loop(pid, demand, 2 + FALLING_PERIODS)
    assert seen[-1] >= demand
    assert all(one >= demand for one in closed_loop(pid, demand, 100))
    assert abs(pid.multiplier - min(MOST, goal(demand, 0, 0, ONE, MOST))) <= 8
    quiet = closed_loop(pid, ONE // 2, 2 + SETTLING_PERIODS + 3 * LAST_PERIODS)
    assert quiet[-1] == ONE
    assert set(closed_loop(pid, ONE // 2, 100)) == {ONE}


def test_proportional_mode_goes_up_and_down_around_what_is_needed() -> None:
    seen = closed_loop(Proportional(), 3 * ONE, 200)[100:]
    assert min(seen) < 3 * ONE < max(seen)


def test_table_over_its_rate_is_not_boosted() -> None:
    pid = Pid(multiplier=2 * ONE)
    for _ in range(50):
        pid.observe(4 * ONE, ONE, ONE // 10)
    assert pid.multiplier == ONE


def test_adaptive_policy_reads_rates_as_shares() -> None:
    policy = policy_named("pid", 10 * TEN, 1)
    assert isinstance(policy, Adaptive)
    policy.observe(Reading(TEN, TEN, TEN, 5 * TEN, 10 * TEN, SECOND_US))
    assert policy.multiplier > ONE
    fill, kept = policy.own(TEN, 1_000 * MICRO)
    assert fill == TEN * policy.multiplier // ONE
    assert kept == burst(TEN)


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_begins_with_the_shares_and_forwards(name: str) -> None:
    policy = policy_named(name, 10 * TEN, 2)
    assert policy.multiplier == ONE
    assert policy.take(1, MICRO, 0)
    policy.observe(Reading(TEN, 0, 0, 0, 10 * TEN, SECOND_US))
    policy.change(5 * TEN, 0)
    fill, kept = policy.own(TEN, 1_000 * MICRO)
    assert (fill, kept) == (
        (1_000 * MICRO, 1_000 * MICRO * SECOND_US) if name == "global" else (TEN, burst(TEN))
    )


def test_routers_share_one_bucket_and_admit_no_more_than_it_has() -> None:
    policy = policy_named("global", TEN, 3)
    assert isinstance(policy, GlobalAdmission)
    taken = sum(policy.take(number % 3, MICRO, 0) for number in range(5_000))
    assert taken == 3_000
    assert not policy.take(0, MICRO, 0)
    assert policy.take(0, MICRO, SECOND_US)


def test_tokens_that_are_not_used_expire_and_come_back() -> None:
    table, router = TableTokens(full_bucket(TEN, burst(TEN), 0)), RouterTokens()
    router.credit(table.draw(0, 0, 100 * MICRO, 0), 0)
    assert router.held == 100 * MICRO
    router.expire(HOLD_US - 1)
    assert router.held == 100 * MICRO
    router.expire(HOLD_US)
    assert (router.held, router.expired) == (0, 100 * MICRO)
    assert table.draw(0, router.returned(), 5_000 * MICRO, HOLD_US) == MOST_HELD
    assert router.returned() == 0
    assert table.bucket.level == burst(TEN) - MOST_HELD * MICRO

"""Bucket, controllers and scaler against slow exact references, in fractions and from the whole history."""

from fractions import Fraction

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dynaproof.checkers.mutation.seeded import capacity_buckets, capacity_controllers, capacity_scaling
from dynaproof.checkers.patches import Bug, seeded
from dynaproof.impl.capacity.admission import waits
from dynaproof.impl.capacity.arithmetic import MICRO, MINUTE_US
from dynaproof.impl.capacity.bucket import Bucket, admitted_at_most, admitted_at_once
from dynaproof.impl.capacity.controller import GAINS, LEAST_STEP, MOST, ONE, STEP, Pid
from dynaproof.impl.capacity.metrics import Metric, MetricStore
from dynaproof.impl.capacity.scaling import HIGH_PERIODS, LOW_PERIODS, Scaler, Tracking

MILLION = Fraction(1_000_000)
RATES = st.integers(1, 2_000 * MICRO)
COSTS = st.integers(1, 400 * MICRO)
LARGEST = 400 * MICRO


class BucketMachine(RuleBasedStateMachine):
    """A bucket in units and seconds, and all that it admitted."""

    @initialize(rate=RATES, seconds=st.integers(1, 300))
    def begin(self, rate: int, seconds: int) -> None:
        self.rate = Fraction(rate) / MILLION
        self.most = self.rate * seconds
        self.bucket = Bucket(rate, rate * seconds * MICRO, rate * seconds * MICRO, 0)
        self.level, self.highest, self.now = self.most, Fraction(0), 0
        self.changed = False
        self.admitted: list[tuple[Fraction, Fraction]] = []

    def filled(self) -> None:
        seconds = Fraction(self.now) / MILLION
        self.level = min(self.most, self.level + self.rate * max(Fraction(0), seconds - self.highest))
        self.highest = max(self.highest, seconds)

    @rule(step=st.one_of(st.integers(0, 1_000), st.integers(0, 400 * MICRO), st.integers(-(10**8), 10**8)))
    def clock_moves(self, step: int) -> None:
        self.now = max(0, self.now + step)

    @rule(cost=COSTS)
    def asked(self, cost: int) -> None:
        self.filled()
        units = cost / MILLION
        admits = self.level >= units or self.level >= self.most
        assert self.bucket.take(cost, self.now) == admits
        if admits:
            self.level -= units
            self.admitted.append((self.highest, units))
        else:
            wait_us = waits(self.bucket.level, cost, self.bucket.rate, self.bucket.capacity)
            missing = min(units, self.most) - self.level
            assert 0 <= Fraction(wait_us) / MILLION - missing / self.rate < 1 / MILLION

    @rule(cost=COSTS, count=st.integers(1, 50))
    def asked_at_once(self, cost: int, count: int) -> None:
        self.filled()
        self.bucket.refill(self.now)
        units, taken = cost / MILLION, 0
        at_once = admitted_at_once(self.bucket.level, cost, count, self.bucket.capacity)
        while taken < count and (self.level >= units or self.level >= self.most):
            assert self.bucket.take(cost, self.now)
            self.level -= units
            self.admitted.append((self.highest, units))
            taken += 1
        assert at_once == taken

    @rule(rate=RATES, seconds=st.integers(1, 300))
    def rate_changes(self, rate: int, seconds: int) -> None:
        self.filled()
        self.bucket.change(rate, rate * seconds * MICRO, self.now)
        self.rate = Fraction(rate) / MILLION
        self.most = self.rate * seconds
        self.level = min(self.level, self.most)
        self.changed = True

    @rule()
    def split_and_go_on_with_one_half(self) -> None:
        self.bucket.level //= 2
        self.level = Fraction(self.bucket.level, 10**12)

    @invariant()
    def levels_are_exactly_equal(self) -> None:
        if hasattr(self, "bucket"):
            assert Fraction(self.bucket.level, 10**12) == self.level
            assert -LARGEST / MILLION <= self.level <= self.most

    @precondition(lambda self: not self.changed)
    @invariant()
    def admitted_is_bounded_in_every_window(self) -> None:
        if not hasattr(self, "bucket") or not self.admitted:
            return
        total, end = Fraction(0), self.admitted[-1][0]
        for at, units in reversed(self.admitted):
            total += units
            window_us = int((end - at) * MILLION)
            most = admitted_at_most(self.bucket.rate, self.bucket.capacity, LARGEST, window_us)
            assert total <= Fraction(most, 10**12)


class PidMachine(RuleBasedStateMachine):
    """The controller in fractions: its integral is what the multiplier is without the other two terms."""

    @initialize()
    def begin(self) -> None:
        self.pid = Pid()
        self.multiplier, self.integral = Fraction(1), Fraction(0)
        self.error = Fraction(0)

    @rule(
        consumed=st.integers(0, 3 * MOST),
        throttled=st.one_of(st.just(0), st.integers(0, 3 * MOST)),
        over=st.one_of(st.just(0), st.integers(-ONE, ONE)),
    )
    def period(self, consumed: int, throttled: int, over: int) -> None:
        self.pid.observe(consumed, throttled, over)
        demand = min(Fraction(consumed + throttled) / MILLION, MOST / MILLION)
        goal = Fraction(1)
        if demand > 1:  # The tenth is rounded down to a millionth.
            goal = demand + Fraction(int((demand - 1) * MILLION / 10)) / MILLION + Fraction(1, 100)
        if over > 0:
            goal = min(goal, max(Fraction(1), self.multiplier - over / MILLION))
        error = goal - self.multiplier
        kp, ki, kd = (gain / MILLION for gain in (GAINS.proportional, GAINS.integral, GAINS.derivative))
        terms = kp * error + kd * (error - self.error)
        wanted = 1 + terms + self.integral + ki * error
        wanted = Fraction(wanted * MILLION // 1) / MILLION
        if throttled > 0 and over <= 0:
            wanted = max(wanted, self.multiplier + LEAST_STEP / MILLION)
        step = STEP / MILLION
        wanted = min(self.multiplier + step, max(self.multiplier - step, wanted))
        self.multiplier = min(MOST / MILLION, max(Fraction(1), wanted))
        self.integral, self.error = self.multiplier - 1 - terms, error

    @invariant()
    def the_same_in_whole_numbers(self) -> None:
        if hasattr(self, "pid"):
            assert self.pid.multiplier / MILLION == self.multiplier
            assert self.pid.integral / MILLION / MILLION == self.integral
            assert 1 <= self.multiplier <= MOST / MILLION


class ScalerMachine(RuleBasedStateMachine):
    """Auto scaling, by the list of all minutes."""

    metric = Metric("n", "Consumed")

    @initialize(percent=st.integers(20, 90), least=st.integers(1, 50), more=st.integers(0, 1_000))
    def begin(self, percent: int, least: int, more: int) -> None:
        self.tracking = Tracking(percent, least, least + more)
        self.store = MetricStore()
        self.scaler = Scaler(self.tracking, self.metric, least)
        self.provisioned, self.changed = least, 0
        self.minutes: list[Fraction | None] = []
        self.high = self.low = False

    @rule(
        load=st.integers(0, 1_500), repeated=st.integers(1, 20), missing=st.sampled_from([False] * 4 + [True])
    )
    def minutes_pass(self, load: int, repeated: int, missing: bool) -> None:
        for _ in range(repeated):
            self.minute(min(load, self.provisioned), missing)

    def minute(self, consumed: int, missing: bool) -> None:
        number = len(self.minutes)
        self.minutes.append(None if missing else Fraction(consumed))
        if not missing:
            self.store.put(self.metric, consumed * 60 * MICRO, number * MINUTE_US)
        now = number + 1
        self.scaler.step(self.store, now * MINUTE_US)
        target = Fraction(self.tracking.target_percent, 100)
        low = max(target - Fraction(20, 100), Fraction(self.tracking.target_percent // 2, 100))
        seen = [None] * 20 + [
            used if minute >= self.changed else None for minute, used in enumerate(self.minutes)
        ]
        self.high = self.alarm(self.high, seen[-HIGH_PERIODS:], lambda used: used > target * self.provisioned)
        self.low = self.alarm(self.low, seen[-LOW_PERIODS:], lambda used: used < low * self.provisioned)
        used = seen[-1]
        if used is None:
            return
        wanted = -(-used // target)
        wanted = int(max(self.tracking.least, min(self.tracking.most, wanted)))
        out = self.high and now - self.changed >= 1 and wanted > self.provisioned
        back = self.low and not self.high and now - self.changed >= 5 and wanted < self.provisioned
        if out or back:
            self.provisioned, self.changed = wanted, now

    @staticmethod
    def alarm(state: bool, points: list, breaches) -> bool:  # type: ignore[no-untyped-def, type-arg]
        known = [breaches(one) for one in points if one is not None]
        if all(known) and len(known) == len(points):
            return True
        return state if all(known) else False

    @invariant()
    def provisioned_as_the_reference_says(self) -> None:
        if hasattr(self, "scaler"):
            assert self.scaler.provisioned == self.provisioned
            assert self.tracking.least <= self.provisioned <= self.tracking.most


TestBucketMachine = BucketMachine.TestCase
TestPidMachine = PidMachine.TestCase
TestScalerMachine = ScalerMachine.TestCase


@pytest.mark.parametrize(
    ("machine", "bug"),
    [
        (BucketMachine, capacity_buckets.REFILL_ROUNDS),
        (BucketMachine, capacity_buckets.CLOCK_FOLLOWED_BACK),
        (BucketMachine, capacity_buckets.CHANGE_KEEPS_THE_SHARE),
        (PidMachine, capacity_controllers.WINDS_UP),
        (PidMachine, capacity_controllers.FALLS_WHILE_THROTTLED),
        (ScalerMachine, capacity_scaling.ROUNDED_DOWN),
        (ScalerMachine, capacity_scaling.MISSING_DECIDES),
    ],
    ids=lambda one: one.name if isinstance(one, Bug) else one.__name__,
)
def test_machine_notices_a_seeded_bug(machine: type[RuleBasedStateMachine], bug: Bug) -> None:
    quick = settings(max_examples=200, phases=(Phase.generate,), database=None, derandomize=True)
    with seeded(bug), pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=quick)

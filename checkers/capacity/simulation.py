"""A table's capacity over hours: buckets, policy, metrics, alarms and scaling, tick by tick.

All decisions are those of `impl/capacity`; here are the clock, the load and the books. A tick's requests
cost a unit each and arrive together at its beginning; if they are not all admitted, the tick is taken second
by second. So a partition can be throttled within a second that has enough for it on the whole, never the
other way round.

*Not here*: replication, the network, nodes. A partition has one leader, routers are asked in turn, and draws
of global admission are answered at once.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from msgspec import Struct

from dynaproof.checkers.capacity.demand import Demand
from dynaproof.checkers.capacity.result import Books, Result, Sample
from dynaproof.checkers.capacity.scenarios import Scenario
from dynaproof.impl.capacity.admission import CAPS
from dynaproof.impl.capacity.arithmetic import MICRO, MINUTE_US, SECOND_US
from dynaproof.impl.capacity.bucket import Bucket, admitted_at_once, charged, full_bucket
from dynaproof.impl.capacity.controller import PERIOD_US
from dynaproof.impl.capacity.metrics import Metric, MetricStore
from dynaproof.impl.capacity.policies import GlobalAdmission, Reading, policy_named
from dynaproof.impl.capacity.scaling import Scaler
from dynaproof.impl.capacity.shares import one_second, share

ROUTERS = 3
COST = MICRO
CAP = CAPS["Write"]
SAMPLES = 240
"""About how many moments a plot is made of."""

CONSUMED = Metric("dynaproof", "ConsumedWriteCapacityUnits", (("TableName", "simulated"),))


class Partition(Struct):
    """The leader's buckets of one partition, and what has become of its requests."""

    own: Bucket
    cap: Bucket
    share: int
    rest: int = 0
    """Micro-units that were asked for and are not a whole request yet."""
    consumed: int = 0
    throttled: int = 0
    """The requests of this period."""


class Simulation:
    """One run of a scenario under a policy."""

    def __init__(self, scenario: Scenario, policy: str, seed: int, demand: Demand | None = None) -> None:
        self.scenario = scenario
        self.policy = policy_named(policy, scenario.units * MICRO, ROUTERS)
        self.demand = demand or scenario.demand(scenario.partitions, Random(seed))
        self.units = scenario.units
        if scenario.drained and isinstance(self.policy, GlobalAdmission):
            self.policy.tokens.bucket.level = 0
        self.partitions = [
            self._partition(share(self.rate, scenario.partitions, index))
            for index in range(scenario.partitions)
        ]
        self.store = MetricStore()
        tracking = scenario.tracking
        self.scaler = None if tracking is None else Scaler(tracking, CONSUMED, scenario.units)
        self.alarm = ""
        """Which alarm was on since the last sample."""
        self.books = Books(scenario, policy, seed)
        self.sampling = max(scenario.tick, PERIOD_US // SECOND_US, scenario.seconds // SAMPLES)

    @property
    def rate(self) -> int:
        """What is provisioned, in micro-units a second."""
        return self.units * MICRO

    def _partition(self, rate: int) -> Partition:
        fill, capacity = self.policy.own(rate, CAP)
        own = Bucket(fill, capacity, 0 if self.scenario.drained else capacity, 0)
        return Partition(own, full_bucket(CAP, one_second(CAP), 0), rate)

    def run(self, went_on: Callable[[int], None] | None = None) -> Result:
        """Go through all of it; `went_on` hears every minute how far it is."""
        tick, period = self.scenario.tick, PERIOD_US // SECOND_US
        for second in range(0, self.scenario.seconds, tick):
            self._tick(second)
            done = second + tick
            if done % period == 0:
                self._period(done)
            if done % (MINUTE_US // SECOND_US) == 0:
                self._minute(done)
                if went_on is not None:
                    went_on(done)
            if done % self.sampling < tick:
                self._sample(done)
        return self.books.result()

    def _tick(self, second: int) -> None:
        tick, now_us = self.scenario.tick, second * SECOND_US
        consumed = throttled = 0
        rates = self.demand(second)
        first = second // tick % len(self.partitions)  # So that no partition is always served first.
        for number in (*range(first, len(rates)), *range(first)):
            partition = self.partitions[number]
            count, partition.rest = divmod(rates[number] * tick + partition.rest, COST)
            taken = self._admitted(partition, count, now_us, number) if count else 0
            if taken < count and tick > 1:
                taken += self._second_by_second(partition, count, taken, now_us, number)
            partition.consumed += taken
            partition.throttled += count - taken
            consumed += taken
            throttled += count - taken
        if consumed and not self.scenario.lost[0] <= second < self.scenario.lost[1]:
            self.store.put(CONSUMED, consumed * COST, now_us)
        self.books.count(second, tick, consumed, throttled, self.units)

    def _second_by_second(
        self, partition: Partition, count: int, taken: int, now_us: int, number: int
    ) -> int:
        """What is admitted later in a tick, of requests that came evenly spread over it."""
        tick, found = self.scenario.tick, 0
        for second in range(1, tick):
            # What has come so far and was not admitted in time is refused; only what still comes can be.
            coming = count * (second + 1) // tick - max(taken + found, count * second // tick)
            if coming > 0:
                found += self._admitted(partition, coming, now_us + second * SECOND_US, number)
        return found

    def _admitted(self, partition: Partition, count: int, now_us: int, number: int) -> int:
        own, cap = partition.own, partition.cap
        own.refill(now_us)
        cap.refill(now_us)
        taken = admitted_at_once(own.level, COST, count, own.capacity)
        taken = admitted_at_once(cap.level, COST, taken, cap.capacity)
        if isinstance(self.policy, GlobalAdmission):
            taken = self.policy.take_some((number + now_us // SECOND_US) % ROUTERS, COST, taken, now_us)
        own.level = charged(own.level, taken * COST)
        cap.level = charged(cap.level, taken * COST)
        return taken

    def _period(self, second: int) -> None:
        """Tell the policy how the period went, and fill the buckets as it says."""
        hottest = max(self.partitions, key=lambda one: one.consumed + one.throttled)
        seconds = max(self.scenario.tick, PERIOD_US // SECOND_US)
        before = self.policy.multiplier
        self.policy.observe(
            Reading(
                hottest.share,
                hottest.consumed * COST // seconds,
                hottest.throttled * COST // seconds,
                sum(one.consumed for one in self.partitions) * COST // seconds,
                self.rate,
                seconds * SECOND_US,
            )
        )
        for one in self.partitions:
            one.consumed = one.throttled = 0
        if self.policy.multiplier != before:
            self._refill_at_new_rates(second)

    def _refill_at_new_rates(self, second: int) -> None:
        for one in self.partitions:
            fill, capacity = self.policy.own(one.share, CAP)
            one.own.change(fill, capacity, second * SECOND_US)

    def _minute(self, second: int) -> None:
        """Evaluate the alarms, and scale."""
        scaler, now_us = self.scaler, second * SECOND_US
        if scaler is None:
            return
        scaler.high.evaluate(self.store, now_us, scaler.changed_us)
        scaler.low.evaluate(self.store, now_us, scaler.changed_us)
        if self.scenario.stuck[0] <= second < self.scenario.stuck[1]:
            scaler.high.state = "OK"
        self.alarm = alarm_of(scaler) or self.alarm
        if scaler.act(self.store, now_us):
            self.units = scaler.provisioned
            self.policy.change(self.rate, now_us)
            for index, one in enumerate(self.partitions):
                one.share = share(self.rate, len(self.partitions), index)
            self._refill_at_new_rates(second)
            self.books.changes += 1

    def _sample(self, second: int) -> None:
        if isinstance(self.policy, GlobalAdmission):
            tokens = self.policy.tokens.bucket.level
        else:
            tokens = sum(one.own.level for one in self.partitions)
        alarm, self.alarm = self.alarm, ""
        self.books.sample(
            lambda demand, consumed, throttled: Sample(
                second, demand, self.units, consumed, throttled, tokens, self.policy.multiplier, alarm
            )
        )


def alarm_of(scaler: Scaler) -> str:
    """Which alarm is on."""
    return "high" if scaler.high.state == "ALARM" else "low" if scaler.low.state == "ALARM" else ""

"""The simulation takes short cuts; request by request, through `Admission`, the same comes of it."""

from fractions import Fraction
from random import Random

import pytest
from msgspec import structs

from dynaproof.checkers.capacity.demand import daily
from dynaproof.checkers.capacity.scenarios import SCENARIOS, Scenario
from dynaproof.checkers.capacity.simulation import Simulation
from dynaproof.impl.capacity.admission import admission
from dynaproof.impl.capacity.arithmetic import MICRO, SECOND_US
from dynaproof.impl.capacity.bucket import burst, full_bucket
from dynaproof.impl.capacity.shares import share

PARTITIONS, UNITS = 3, 60


def flat(rates: tuple[int, ...]) -> Scenario:
    return structs.replace(
        SCENARIOS["hot-partition"],
        seconds=1_200,
        partitions=PARTITIONS,
        units=UNITS,
        since=0,
        demand=lambda *_: lambda _: [rate * MICRO for rate in rates],
    )


def one_by_one(rates: tuple[int, ...], seconds: int) -> int:
    """How many requests are admitted if they come evenly, each by itself."""
    admitted = 0
    for number, rate in enumerate(rates):
        plenty = full_bucket(10**10, burst(10**10), 0)
        buckets = admission("Write", share(UNITS * MICRO, PARTITIONS, number), plenty, 0)
        for request in range(rate * seconds):
            at_us = request * SECOND_US // rate
            admitted += buckets.admit(MICRO, at_us, at_us) is None
    return admitted


@pytest.mark.parametrize("rates", [(10, 20, 30), (5, 60, 0), (25, 19, 21)])
@pytest.mark.parametrize("tick", [1, 5])
def test_as_many_are_admitted_as_one_by_one(rates: tuple[int, ...], tick: int) -> None:
    scenario = structs.replace(flat(rates), tick=tick)
    found = Simulation(scenario, "none", 1).run()
    expected = one_by_one(rates, scenario.seconds)
    assert found.offered == sum(rates) * scenario.seconds
    # What arrives together finds up to a tick's fill less than what arrives evenly.
    assert abs(found.offered - found.throttled - expected) <= tick * UNITS


def test_partition_serves_its_cap_however_large_the_table_is() -> None:
    scenario = structs.replace(flat((3_000, 0, 0)), units=30_000, seconds=120)
    for policy in ("none", "global"):
        found = Simulation(scenario, policy, 1).run()
        assert found.offered - found.throttled == 1_000 * 120


@pytest.mark.parametrize("policy", ["none", "pid", "proportional", "global"])
def test_no_policy_admits_more_than_is_proved(policy: str) -> None:
    scenario = structs.replace(SCENARIOS["uneven-keys"], seconds=1_200)
    simulation = Simulation(scenario, policy, 3)
    found = simulation.run()
    units, seconds = Fraction(scenario.units), scenario.seconds
    most = {"none": 1, "global": 1}.get(policy, Fraction(found.greatest_multiplier, MICRO))
    debt = scenario.partitions + 3 * 800 * 2
    assert found.offered - found.throttled <= 300 * units + most * units * seconds + debt


def test_day_goes_up_and_down_within_its_bounds() -> None:
    wave = daily(1, 100, 200, 86_400, Random(1))
    rates = [wave(second)[0] / MICRO for second in range(0, 86_400, 600)]
    assert 85 < min(rates) < 115
    assert 175 < max(rates) < 225
    assert max(range(len(rates)), key=rates.__getitem__) in range(50, 100)

"""How fast capacity is: a decision of a bucket, an admission, all proofs, a simulated day, and ten minutes of
the whole system.

    ./run test benchmarks/test_capacity_speed.py

All but the proofs are CPU time. On a machine that does something else all figures are too low.
"""

import time
from pathlib import Path
from typing import Any

import pytest

from dynaproof.checkers.capacity.scenarios import SCENARIOS
from dynaproof.checkers.capacity.simulation import Simulation
from dynaproof.checkers.proofs.catalogue import OBLIGATIONS
from dynaproof.checkers.proofs.obligation import prove
from dynaproof.checkers.user_file import imported
from dynaproof.impl.capacity.admission import admission
from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.bucket import burst, full_bucket
from dynaproof.impl.capacity.rates import Provisioned
from dynaproof.impl.capacity.units import write_cost

UNDER_LOAD: Any = imported(Path(__file__).resolve().parent / "region_under_load.py")

CALLS = 20_000
TIMES = [100_000 * number for number in range(CALLS)]


@pytest.mark.benchmark(timer=time.process_time)
def test_decision_of_a_bucket_takes_less_than_a_microsecond(benchmark: Any) -> None:
    def decide() -> None:
        take = full_bucket(100 * MICRO, burst(100 * MICRO), 0).take
        for now_us in TIMES:
            take(MICRO, now_us)

    benchmark(decide)
    assert benchmark.stats["min"] / CALLS < 1e-6


@pytest.mark.benchmark(timer=time.process_time)
def test_admission_with_units_takes_less_than_three_microseconds(benchmark: Any) -> None:
    def admit() -> None:
        buckets = admission("Write", 100 * MICRO, full_bucket(10**10, burst(10**10), 0), 0)
        for now_us in TIMES:
            buckets.admit(write_cost(300, 900), now_us, now_us)

    benchmark(admit)
    assert benchmark.stats["min"] / CALLS < 3e-6


def test_all_proofs_take_less_than_ten_seconds(benchmark: Any) -> None:
    proofs = benchmark.pedantic(lambda: [prove(one, mutants=False) for one in OBLIGATIONS.values()], rounds=3)
    assert all(one.proved for one in proofs)
    assert max(one.seconds for one in proofs) < 3
    assert benchmark.stats["min"] < 10


@pytest.mark.parametrize("policy", ["pid", "global"])
def test_day_of_a_hundred_partitions_takes_less_than_half_a_minute(policy: str) -> None:
    begun = time.process_time()
    Simulation(SCENARIOS["diurnal"], policy, 1).run()
    assert time.process_time() - begun < 30


def test_ten_minutes_of_ten_partitions_event_by_event_take_less_than_two_minutes() -> None:
    given = Provisioned(10 * MICRO, 10 * MICRO, 5 * UNDER_LOAD.SECOND, adapts="pid")
    region = UNDER_LOAD.RegionUnderLoad(10, 200, given=given)
    begun = time.process_time()
    region.load(40)
    region.run(600 * UNDER_LOAD.SECOND)
    loader = region.loader
    assert len(loader.answers) + len(loader.refused) >= 40 * 590
    assert len(loader.refused) > 1_000
    assert time.process_time() - begun < 120

"""How fast the simulator is: events, simulated seconds, processes, memory.

    ./run test benchmarks/test_simulator_speed.py

prints a line per figure, with CPU time and wall; `--benchmark-json=FILE` keeps them. It takes minutes; with
`-m "not slow"` it leaves out two processes and the run of ten million events. On a machine that does
something else the figures are too low. `docs/benchmarks/simulator.md` has measured ones.
"""

import gc
import resource
import time
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from checkers.campaign import outcomes
from checkers.simulator.partition import PartitionRun, execute, finish
from checkers.simulator.run import STRATEGIES
from checkers.simulator.scenarios import ENDURANCE_STEPS, config_of

SCHEDULES = 24
ROUNDS = 5
CAMPAIGN = 480
"""Schedules by which one process and two are compared."""

Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    def print_it(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}", flush=True)

    return print_it


def timed(work: Callable[[], int]) -> tuple[int, float, float]:
    """What the work gives, its CPU seconds and its wall seconds."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    found = work()
    return found, time.process_time() - cpu, time.perf_counter() - wall


@pytest.mark.parametrize("strategy", ["portfolio", *STRATEGIES])
def test_events_of_the_scenario_partition_with_all_specs(strategy: str, benchmark: Any, say: Say) -> None:
    configs = [config_of("partition", strategy, 1, number) for number in range(SCHEDULES)]
    rounds: list[tuple[int, float, float]] = []

    def run() -> int:
        return sum(execute(config).events for config in configs)

    run()
    benchmark.pedantic(lambda: rounds.append(timed(run)), rounds=ROUNDS)
    events = rounds[0][0]
    cpu, wall = min(cpu for _, cpu, _ in rounds), min(wall for *_, wall in rounds)
    benchmark.extra_info.update(events=events, events_per_cpu_second=events / cpu)
    say(f"partition, {strategy}: {events / cpu:,.0f} events per CPU second, {events / wall:,.0f} per second")
    assert len({found for found, *_ in rounds}) == 1


def test_simulated_seconds_of_light_load(benchmark: Any, say: Say) -> None:
    config = config_of("light-load", "timed", 1, 0)
    rounds: list[tuple[int, float, float]] = []
    benchmark.pedantic(lambda: rounds.append(timed(lambda: execute(config).simulated_us)), rounds=3)
    seconds, cpu = rounds[0][0] / 1e6, min(cpu for _, cpu, _ in rounds)
    benchmark.extra_info.update(simulated_seconds_per_cpu_second=seconds / cpu)
    say(f"light load: {seconds / cpu:,.0f} simulated seconds per CPU second")


@pytest.mark.slow
def test_schedules_of_two_processes_against_one(say: Say) -> None:
    walls = {}
    for jobs in (1, 2):
        began, first = 0.0, True
        for number, _ in outcomes("partition", "portfolio", 1, iter(range(CAMPAIGN)), jobs):
            if first and number >= CAMPAIGN // 6:  # The start of the processes does not count.
                began, first = time.perf_counter(), False
        walls[jobs] = time.perf_counter() - began
    say(f"two processes: {walls[1] / walls[2]:.2f} times the schedules of one per second")


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("steps", [ENDURANCE_STEPS])
def test_a_run_of_ten_million_events_stays_flat_in_memory(steps: int, say: Say) -> None:
    config = structs.replace(config_of("endurance", "timed", 1, 0), length=steps)
    seen: list[tuple[int, int]] = []

    class Watched(PartitionRun):
        next_look = 0

        def check(self) -> None:
            super().check()
            if self.world.steps >= self.next_look:
                self.next_look += steps // 10
                gc.collect()
                seen.append((self.world.steps, resident_kb()))

    began, cpu = time.perf_counter(), time.process_time()
    outcome = finish(Watched(config))
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    for at, kilobytes in seen:
        say(f"  {at:>12,} events {kilobytes / 1024:8.1f} MB")
    say(f"endurance: {outcome.events:,} events, {outcome.events / cpu:,.0f} per CPU second, {took:.0f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    say(f"endurance: peak {peak / 1024:.0f} MB, {sum(outcome.endings.values()):,} operations")
    assert outcome.failure is None, outcome.failure
    early, late = max(kb for _, kb in seen[1:4]), max(kb for _, kb in seen[-3:])
    assert late < early * 1.1, seen


def resident_kb() -> int:
    """What the process holds in memory now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() // 1024

"""How fast the simulator is: events, simulated seconds, processes, memory.

    ./run test benchmarks/test_simulator_speed.py

prints a line per figure, with CPU time and wall; `--benchmark-json=FILE` keeps them. `--slow` adds two
processes against one (a minute) and the run of ten million events (minutes). On a machine that does something
else the figures are too low. `docs/benchmarks/simulator.md` has measured ones, and `where_time_goes.py` says
what they are made of.
"""

import gc
import os
import resource
import time
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from dynaproof.checkers.campaign import Totals, outcomes
from dynaproof.checkers.processes import CHUNK, collecting_seldom
from dynaproof.checkers.scenarios.catalogue import config_of, execute
from dynaproof.checkers.scenarios.endurance import STEPS as ENDURANCE_STEPS
from dynaproof.checkers.strategies.catalogue import STRATEGIES
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.place import Place

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
    with collecting_seldom():  # As campaigns do.
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


def campaign(schedules: int, jobs: int) -> tuple[str, float, float]:
    """The digest of a campaign, its CPU seconds (those of its processes too) and its wall seconds."""
    totals = Totals()
    cpu, wall = cpu_of_all(), time.perf_counter()
    for _, outcome in outcomes("partition", "portfolio", 1, iter(range(schedules)), jobs):
        totals.add(outcome)
    return totals.digest(), cpu_of_all() - cpu, time.perf_counter() - wall


def cpu_of_all() -> float:
    """CPU seconds of this process and of those that it began and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@pytest.mark.slow
def test_schedules_of_two_processes_against_one(say: Say) -> None:
    """Two cores that do nothing else give 2 * (CPU of one process) / (CPU of two) times the schedules."""
    few = 2 * CHUNK  # Each of two processes begins, and takes a chunk.
    campaign(few, 1)  # The caches of this process fill; those of new ones fill in what counts as their start.
    start = campaign(few, 2)[1] - campaign(few, 1)[1]
    (one, cpu_1, wall_1), (two, cpu_2, wall_2) = campaign(CAMPAIGN, 1), campaign(CAMPAIGN, 2)
    say(f"{CAMPAIGN} schedules, one process: {cpu_1:.2f} s of CPU, {wall_1:.2f} s by the wall clock")
    say(f"{CAMPAIGN} schedules, two: {cpu_2:.2f} s of CPU, {wall_2:.2f} s by the wall clock")
    say(f"the start of two processes: {start:.2f} s of CPU")
    say(f"two processes: {wall_1 / wall_2:.2f} times the schedules of one per second by the wall clock,")
    say(f"  {2 * cpu_1 / cpu_2:.2f} by CPU time, {2 * cpu_1 / (cpu_2 - start):.2f} without their start")
    assert one == two


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("steps", [ENDURANCE_STEPS])
def test_a_run_of_ten_million_events_stays_flat_in_memory(steps: int, say: Say) -> None:
    config = structs.replace(config_of("endurance", "timed", 1, 0), length=steps)
    seen: list[tuple[int, int]] = []

    class Memory:
        next_look = 0

        def listens(self, place: Place) -> Listening:
            return Listening(synced=self.looks)

        def looks(self, place: Place) -> None:
            if place.world.steps >= self.next_look:
                self.next_look += steps // 10
                gc.collect()
                seen.append((place.world.steps, resident_kb()))

    began, cpu = time.perf_counter(), time.process_time()
    outcome = execute(config, (Memory(),))
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

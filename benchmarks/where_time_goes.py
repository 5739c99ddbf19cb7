"""Where the time of the scenario `partition` goes, by part of the system.

    ./run python benchmarks/where_time_goes.py [schedules]

A timer of CPU time interrupts the run, and the innermost function of the project has a sample: what libraries
do (encoding, hashing, sorting) counts where it is asked for. The timer costs little and favours neither small
functions nor large ones, as a profiler that is called at each call would.
"""

import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.processes import collecting_seldom
from dynaproof.checkers.scenarios.catalogue import config_of, execute

ROOT = str(Path(__file__).resolve().parent.parent) + "/"

SCHEDULES = 960
INTERVAL_S = 0.001
"""Of CPU time; where the kernel counts more coarsely, the samples are fewer."""

FUNCTIONS = 12
"""Of the second table."""

WARM = 24
"""Schedules before the first sample."""

PARTS = {
    "impl/": "replicas: election, reads, dispatch",
    "impl/paxos/leader.py": "replicas: leader",
    "impl/paxos/leadership.py": "replicas: leader",
    "impl/paxos/acceptor.py": "replicas: acceptor and learner",
    "impl/paxos/learner.py": "replicas: acceptor and learner",
    "impl/paxos/core.py": "replicas: state that the roles share, leases",
    "impl/outbox.py": "replicas: outbox",
    "impl/journal/": "replicas: journal, log and frames",
    "impl/paxos/log.py": "replicas: journal, log and frames",
    "impl/paxos/records.py": "replicas: journal, log and frames",
    "impl/partition/records.py": "replicas: journal, log and frames",
    "impl/partition/state.py": "replicas: items and tree",
    "impl/tree/": "replicas: items and tree",
    "impl/values/": "replicas: items and tree",
    "checkers/workloads/": "clients and reader",
    "checkers/workloads/judge.py": "linearizability of each key",
    "specs/": "specs and view",
    "checkers/simulator/evaluation.py": "specs and view",
    "specs/observe/": "observer",
    "checkers/kinds/": "observer",
    "checkers/linearizability/": "linearizability of each key",
    "checkers/world/world.py": "world: one step, sends and syncs over links",
    "checkers/world/digest.py": "digest",
    "checkers/world/place.py": "nodes' clocks, timers and chance (Env)",
    "checkers/seam.py": "world: one step, sends and syncs over links",
    "checkers/world/disk.py": "disk",
    "checkers/strategies/": "scheduling",
    "checkers/runs/schedule.py": "scheduling",
    "checkers/runs/": "faults, the loop of the run, the fair end",
    "checkers/scenarios/": "faults, the loop of the run, the fair end",
}
"""Parts by the beginning of a function's place, `file function`; the longest that fits decides."""


def part_of(place: str) -> str | None:
    """The part to which a function of the project belongs; None for what is not the system's."""
    fits = [beginning for beginning in PARTS if place.startswith(beginning)]
    return PARTS[max(fits, key=len)] if fits else None


def configs(schedules: int) -> list[GroupConfig]:
    """The first schedules of a portfolio."""
    return [config_of("partition", "portfolio", 1, number) for number in range(schedules)]


def sampled(schedules: int) -> tuple[Counter[str], int, float]:
    """Samples by function, the events of the schedules, and their CPU seconds."""
    found: Counter[str] = Counter()

    def look(number: int, frame: FrameType | None) -> None:
        while frame is not None:
            code = frame.f_code
            place = f"{code.co_filename.removeprefix(ROOT)} {code.co_qualname}"
            if part_of(place) is not None:
                found[place] += 1
                return
            frame = frame.f_back

    signal.signal(signal.SIGPROF, look)
    cpu = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
    events = sum(
        execute(config_of("partition", "portfolio", 1, number)).events for number in range(schedules)
    )
    signal.setitimer(signal.ITIMER_PROF, 0)
    return found, events, time.process_time() - cpu


def main() -> None:
    """Print the table."""
    schedules = int(sys.argv[1]) if sys.argv[1:] else SCHEDULES
    for config in configs(WARM):
        execute(config)
    with collecting_seldom():
        places, events, cpu = sampled(schedules)
    parts: Counter[str | None] = Counter()
    for place, count in places.items():
        parts[part_of(place)] += count
    samples = places.total()
    print(f"{events:,} events in {schedules} schedules, {cpu:.2f} s of CPU, {samples:,} samples\n")
    print("| part | share | µs per event |\n| --- | --- | --- |")
    for part, count in parts.most_common():
        print(f"| {part} | {count / samples:.1%} | {cpu / events * count / samples * 1e6:.2f} |")
    print("\n| function | share |\n| --- | --- |")
    for place, count in places.most_common(FUNCTIONS):
        print(f"| `{place}` | {count / samples:.1%} |")


if __name__ == "__main__":
    main()

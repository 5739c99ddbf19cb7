"""Where the time of a scenario goes, by part of the system.

    ./run python benchmarks/where_time_goes.py [schedules] [scenario]

A timer of CPU time interrupts the run, and the innermost function of the project has a sample: what libraries
do (encoding, hashing, sorting) counts where it is asked for. The timer costs little and favours neither small
functions nor large ones, as a profiler that is called at each call would.
"""

import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

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
    "impl/": "nodes: dispatch, outbox, what a client shares with a router",
    "impl/paxos/": "replicas: election, catch-up, copies, membership",
    "impl/paxos/leader.py": "replicas: leader",
    "impl/paxos/leadership.py": "replicas: leader",
    "impl/paxos/acceptor.py": "replicas: acceptor and learner",
    "impl/paxos/learner.py": "replicas: acceptor and learner",
    "impl/paxos/core.py": "replicas: state that the roles share, leases",
    "impl/paxos/log.py": "replicas: journal, log and frames",
    "impl/paxos/records.py": "replicas: journal, log and frames",
    "impl/journal/": "replicas: journal, log and frames",
    "impl/partition/": "replicas: requests, reads, memory",
    "impl/partition/records.py": "replicas: journal, log and frames",
    "impl/partition/state.py": "replicas: items and tree",
    "impl/tree/": "replicas: items and tree",
    "impl/values/": "replicas: items and tree",
    "impl/storage_node/": "storage nodes",
    "impl/router/": "routers",
    "impl/admin/": "admins",
    "impl/metadata/": "metadata",
    "impl/capacity/": "capacity and metrics",
    "impl/metrics/": "capacity and metrics",
    "checkers/workloads/": "clients and reader",
    "checkers/workloads/judge.py": "linearizability of each key",
    "checkers/linearizability/": "linearizability of each key",
    "specs/": "specs and views",
    "checkers/runs/evaluation.py": "specs and views",
    "specs/observe/": "observers",
    "checkers/kinds/": "observers",
    "checkers/world/": "world: one step, sends and syncs over links",
    "checkers/world/digest.py": "digest",
    "checkers/world/place.py": "nodes' clocks, timers and chance (Env)",
    "checkers/world/disk.py": "disk",
    "checkers/strategies/": "scheduling",
    "checkers/runs/schedule.py": "scheduling",
    "checkers/runs/": "faults, the loop of the run, the end",
    "checkers/scenarios/": "faults, the loop of the run, the end",
    "checkers/user_code.py": "faults, the loop of the run, the end",
}
"""Parts by the beginning of a function's file; the longest that fits decides."""


def part_of(place: str) -> str | None:
    """The part to which a function of the project belongs; None for what is not the system's."""
    fits = [beginning for beginning in PARTS if place.startswith(beginning)]
    return PARTS[max(fits, key=len)] if fits else None


def place_of(code: CodeType) -> str:
    """The file of a function as its room names it, and its name. Rooms are imported through links."""
    return f"{code.co_filename.removeprefix(ROOT).removeprefix('dynaproof/')} {code.co_qualname}"


def sampled(scenario: str, schedules: int) -> tuple[Counter[str], int, float]:
    """Samples by function, the events of the schedules, and their CPU seconds."""
    found: Counter[str] = Counter()

    def look(number: int, frame: FrameType | None) -> None:
        while frame is not None:
            place = place_of(frame.f_code)
            if part_of(place) is not None:
                found[place] += 1
                return
            frame = frame.f_back

    signal.signal(signal.SIGPROF, look)
    cpu = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
    events = sum(execute(config_of(scenario, "portfolio", 1, number)).events for number in range(schedules))
    signal.setitimer(signal.ITIMER_PROF, 0)
    return found, events, time.process_time() - cpu


def main() -> None:
    """Print the table."""
    schedules = int(sys.argv[1]) if sys.argv[1:] else SCHEDULES
    scenario = sys.argv[2] if sys.argv[2:] else "partition"
    for number in range(min(WARM, schedules)):
        execute(config_of(scenario, "portfolio", 1, number))
    with collecting_seldom():
        places, events, cpu = sampled(scenario, schedules)
    if not places:
        sys.exit("no sample was taken: the schedules were too few, or the kernel has no timer of CPU time")
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

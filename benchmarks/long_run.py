"""Whether memory stays flat over a long run under load: `./run python benchmarks/long_run.py`.

One run of the scenario `busy` (64 clients that hardly think, one group, all specs judged), ten million events
long. The resident memory of the process is read once in a hundredth of the run; at the end it may be at most
5 % above what it was after a tenth: exit status 1 if it is more, or if a promise is broken. Faults, where the
seed has any, are drawn over the whole length. It takes 10 to 20 minutes on one core; `--events` makes it
shorter. Ctrl-C ends it early, with what was seen until then and status 130.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
import time

from msgspec import Struct, structs

from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.runs.config import draw_faults
from dynaproof.checkers.runs.exploring import Exploring
from dynaproof.checkers.runs.run import perform
from dynaproof.checkers.scenarios.catalogue import config_of, find
from dynaproof.checkers.scenarios.partition import FAULTS
from dynaproof.checkers.world.listening import Listening
from dynaproof.checkers.world.place import Place

EVENTS = 10_000_000
LEAST_EVENTS = 1_000_000
"""Below this nothing is judged: logs and tables first fill up to their bounds."""

PARTS = 100
FIRST_PART = 10
"""From this part of the run on, memory may grow by `MOST_GROWTH_PERCENT`."""
MOST_GROWTH_PERCENT = 5.0
EVENTS_PER_FAULT = 20_000


class Sample(Struct, frozen=True):
    """Resident memory after so many events."""

    events: int
    resident_kb: int
    simulated_s: float


class Memory:
    """Reads the resident memory of this process at even distances."""

    def __init__(self, events: int, quiet: bool) -> None:
        self.every = events // PARTS
        self.due = self.every
        self.quiet = quiet
        self.samples: list[Sample] = []

    def listens(self, _place: Place) -> Listening:
        """To the syncs of every node: there are many of them, and nothing is under way in the process."""
        return Listening(synced=self.synced)

    def synced(self, place: Place) -> None:
        """Take a sample if one is due."""
        world = place.world
        if world.steps < self.due:
            return
        self.due += self.every
        gc.collect()
        sample = Sample(world.steps, resident_kb(), world.tau / 1e6)
        self.samples.append(sample)
        if not self.quiet:
            rate = world.steps / time.process_time()
            print(
                f"{sample.events:>12,} events  {sample.resident_kb / 1024:7.1f} MB  "
                f"{sample.simulated_s:8.1f} s simulated  {rate:,.0f} events per CPU second",
                file=sys.stderr,
                flush=True,
            )


def resident_kb() -> int:
    """What this process holds in memory now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() // 1024


def config_for(seed: int, events: int) -> GroupConfig:
    """The configuration that `busy` draws of a seed, of this length."""
    config: GroupConfig = config_of("busy", "timed", seed, 0)
    if not config.faults:
        return structs.replace(config, length=events)
    faults = draw_faults(FAULTS, f"long run/{seed}", events, max(1, events // EVENTS_PER_FAULT))
    return structs.replace(config, length=events, faults=faults)


def growth_percent(samples: list[Sample]) -> tuple[Sample, Sample, float]:
    """The sample after the first tenth of a run, the last one, and by how much more that is."""
    first, last = samples[min(FIRST_PART, len(samples)) - 1], samples[-1]
    return first, last, 100 * (last.resident_kb / first.resident_kb - 1)


def events_of(text: str) -> int:
    """How many events, as an argument."""
    events = int(text)
    if events < LEAST_EVENTS:
        raise argparse.ArgumentTypeError(f"a long run has at least {LEAST_EVENTS:,} events, not {text}")
    return events


def main() -> int:
    """Run, print what was seen, and say whether memory stayed flat."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=events_of, default=EVENTS, help=f"default {EVENTS:,}")
    parser.add_argument("--seed", type=int, default=1, help="default 1, whose run has no faults")
    parser.add_argument("--json", action="store_true", help="print one JSON object with all samples")
    given = parser.parse_args()
    config, memory = config_for(given.seed, given.events), Memory(given.events, given.json)
    began = time.process_time()
    try:
        _, result = perform(find("busy"), config, Exploring(ends=False), (memory,))
    except KeyboardInterrupt:
        result = None
    cpu_s = time.process_time() - began
    if not memory.samples:
        print("interrupted before the first sample", file=sys.stderr)
        return 130
    first, last, percent = growth_percent(memory.samples)
    failure = None if result is None else result.failure
    if given.json:
        found = {
            "seed": given.seed,
            "faults": len(config.faults),
            "events": last.events,
            "operations": None if result is None else result.endings,
            "cpu_s": round(cpu_s, 1),
            "growth_percent": round(percent, 2),
            "bound_percent": MOST_GROWTH_PERCENT,
            "interrupted": result is None,
            "failure": None if failure is None else structs.asdict(failure),
            "samples": [structs.asdict(sample) for sample in memory.samples],
        }
        print(json.dumps(found))
    else:
        print(f"`busy`, seed {given.seed}, {len(config.faults)} faults, {cpu_s:,.0f} s of CPU")
        for sample in (first, last):
            print(f"resident after {sample.events:>12,} events: {sample.resident_kb / 1024:.1f} MB")
        verdict = "OVER" if percent > MOST_GROWTH_PERCENT else "within"
        print(f"growth: {percent:.2f} % (at most {MOST_GROWTH_PERCENT:g} %): {verdict}")
        if failure is not None:
            print(f"{failure.spec} at step {failure.step:,}: {failure.sentence}")
    if result is None:
        return 130
    return 1 if failure is not None or percent > MOST_GROWTH_PERCENT else 0


if __name__ == "__main__":
    sys.exit(main())

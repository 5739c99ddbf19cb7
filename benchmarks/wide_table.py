"""A table of many partitions in one simulation, all specs judged: `./run python benchmarks/wide_table.py`.

One run of the scenario `busy-table` (24 users that hardly think, no faults) whose table has 200 partitions,
so 600 replicas on six storage nodes, with its end: every partition answers, and all comes to rest. Prints the
events of the setup and of all, the rate, and the resident memory of the process at its highest. Exits with 1
if a promise is broken, or if that is above 1 GiB. It takes half a minute of one core.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time

from msgspec import structs

from dynaproof.checkers.runs.exploring import Exploring
from dynaproof.checkers.runs.run import perform
from dynaproof.checkers.scenarios.catalogue import config_of, find
from dynaproof.checkers.scenarios.region_run import observed
from dynaproof.impl.metadata.records import PartitionRecord

MOST_KB = 1 << 20
SETUP_STEPS = 1_000_000
"""Events until all partitions are there, at the most."""
KEYS_EACH = 4
"""Partition keys that users ask for, for each partition."""


def main() -> int:
    """Run it, and say what it took."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--partitions", type=int, default=200, help="of the table")
    parser.add_argument("--events", type=int, default=400_000, help="under load, before the end")
    parser.add_argument("--seed", type=int, default=1, help="of the run")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    if given.partitions < 1 or given.events < 1:
        parser.error("--partitions and --events are at least 1")
    config = config_of("busy-table", "timed", given.seed, 0)
    user = structs.replace(
        config.user, partitions=given.partitions, keys=KEYS_EACH * given.partitions, sort_keys=0
    )
    config = structs.replace(config, user=user, length=given.events)
    scenario = structs.replace(find("busy-table"), setup_steps=SETUP_STEPS)
    began = time.process_time()
    run, result = perform(scenario, config, Exploring())
    cpu_s = time.process_time() - began
    resident_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    partitions = len(observed(run).metadata.of(PartitionRecord))
    failure = result.failure
    if given.json:
        found = {
            "seed": given.seed,
            "partitions": partitions,
            "setup_events": run.setup_steps,
            "events": result.events,
            "cpu_s": round(cpu_s, 1),
            "events_per_second": round(result.events / cpu_s),
            "resident_kb": resident_kb,
            "failure": None if failure is None else structs.asdict(failure),
        }
        print(json.dumps(found))
    else:
        print(f"`busy-table`, seed {given.seed}, {partitions} partitions: {result.events:,} events,")
        print(f"{run.setup_steps:,} of them of the setup, in {cpu_s:,.1f} s of CPU")
        print(
            f"{result.events / cpu_s:,.0f} events per second; resident at most {resident_kb / 1024:.0f} MiB"
        )
        if failure is not None:
            print(f"{failure.spec} at step {failure.step:,}: {failure.sentence}")
    return 1 if failure is not None or resident_kb > MOST_KB else 0


if __name__ == "__main__":
    sys.exit(main())

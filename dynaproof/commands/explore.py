"""`dynaproof explore`: a campaign over a scenario, and its verdict."""

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from dynaproof import console
from dynaproof.commands import Flag
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import provenance

if TYPE_CHECKING:
    from checkers.simulator.run import Outcome, RunConfig

DEFAULT_SECONDS = 50.0


def explore(
    scenario: str = "partition",
    /,
    *,
    schedules: int | None = None,
    seconds: float | None = None,
    seed: int = 1,
    strategy: str = "portfolio",
    jobs: int = 1,
    out: Path = Path("runs"),
    json: Flag = False,
) -> int:
    """Drive a scenario through many orders and faults, and check every promise at every step.

    Args:
        scenario: What is run; see `dynaproof scenarios`.
        schedules: How many runs; without it and `seconds`, about a minute's.
        seconds: For how long to start new runs.
        seed: Where the seeds of the runs begin.
        strategy: Who decides what happens next; see `dynaproof strategies`.
        jobs: Processes.
        out: Folder for the files of failing runs.
        json: Print one JSON object per failure, and one for the campaign.
    """
    from checkers.campaign import Digest, Totals, config_of, outcomes
    from checkers.simulator.run import STRATEGIES

    if scenario not in SCENARIOS:
        raise unknown_name("scenario", scenario, list(SCENARIOS))
    if strategy not in (*STRATEGIES, "portfolio"):
        raise unknown_name("strategy", strategy, [*STRATEGIES, "portfolio"])
    for name, number in (("--schedules", schedules), ("--seconds", seconds), ("--jobs", jobs)):
        if number is not None and number <= 0:
            raise UserError(f"{name} is {number}; it takes a number above 0")
    limit = seconds if seconds is not None else (None if schedules is not None else DEFAULT_SECONDS)
    began, totals, digest = time.monotonic(), Totals(), Digest()
    failures: list[dict[str, object]] = []

    def numbers() -> Iterator[int]:
        for number in count():
            if schedules is not None and number >= schedules:
                return
            if limit is not None and time.monotonic() - began > limit:
                return
            yield number

    with console.progress(f"exploring {scenario}", schedules) as advance:
        for number, outcome in outcomes(scenario, strategy, seed, numbers(), jobs):
            totals.add(outcome)
            digest.add(outcome)
            rate = totals.events / max(time.monotonic() - began, 1e-9)
            advance(
                totals.schedules,
                f"{totals.schedules} runs, {rate:,.0f} events/s, {sum(totals.faults.values())} faults, "
                f"{len(totals.sometimes)}/{len(SOMETIMES)} sometimes, {len(failures)} failures",
            )
            if outcome.failure is not None:
                config = config_of(scenario, strategy, seed, number)
                failures.append(report_failure(number, config, outcome, out, json))
                if len(failures) >= MOST_FAILURES:
                    break
    took = time.monotonic() - began
    summary = {
        "scenario": scenario,
        "strategy": strategy,
        "seed": seed,
        "schedules": totals.schedules,
        "events": totals.events,
        "seconds": round(took, 3),
        "events_per_second": round(totals.events / took),
        "simulated_seconds": round(totals.simulated_us / 1e6, 3),
        "faults": totals.faults,
        "sometimes": {name: totals.sometimes.get(name, 0) for name in SOMETIMES},
        "failures": failures,
        "digest": digest.hexdigest(),
    }
    if json:
        console.emit({**summary, "provenance": provenance(seed=seed)})
    else:
        show(summary, totals.operations, totals.faults_per_run)
    return 1 if failures else 0


MOST_FAILURES = 5
"""A campaign ends after so many: each is shrunk, and the first says enough."""

SCENARIOS = {
    "partition": "one replica group in three zones, three clients, few keys; crashes, cuts, rot, clocks"
}

SOMETIMES = (
    "leader changed under load",
    "old leader deposed holding unchosen writes",
    "pipelined tail adopted",
    "split vote",
    "recovery from a torn tail",
    "rot found",
    "voter replaced",
    "catch-up by copy",
    "retry after a lost reply",
    "failed condition retried",
    "lease read just before its end",
    "gray link deposed nobody",
)


def report_failure(
    number: int, config: "RunConfig", outcome: "Outcome", out: Path, json: bool
) -> dict[str, object]:
    """Shrink a failing run, write its file, and tell."""
    from checkers.simulator.partition import execute
    from checkers.simulator.run_file import RUN_FORMAT, RunFile, save
    from checkers.simulator.shrink import shrink

    assert outcome.failure is not None
    small, shrunk = shrink(config, outcome, execute)
    assert shrunk.failure is not None
    path = out / f"{shrunk.failure.spec}-{config.strategy}-{config.seed}.json"
    save(path, RunFile(RUN_FORMAT, None, small, shrunk))
    failure: dict[str, object] = {
        "spec": outcome.failure.spec,
        "run": str(path),
        "schedule": number,
        "step": outcome.failure.step,
        "shrunk_events": shrunk.failure.step,
        "replay": f"./run replay {path}",
    }
    if not json:
        text = console.results()
        text.print(
            f"FAILED {outcome.failure.spec} in schedule {number}, step {outcome.failure.step}", markup=False
        )
        text.print(f"  {shrunk.failure.sentence}", markup=False)
        text.print(
            f"  shrunk to {shrunk.failure.step} events and {len(small.faults)} faults: {path}", markup=False
        )
        text.print(f"  replay it: {failure['replay']}", markup=False)
    return failure


def show(summary: dict[str, object], operations: list[int], faults: list[int]) -> None:
    """The campaign as a table, for people."""
    from rich.table import Table

    table = Table(title=f"{summary['scenario']}, {summary['strategy']}, seed {summary['seed']}")
    table.add_column("what")
    table.add_column("count", justify="right")
    for name in ("schedules", "events", "seconds", "events_per_second", "simulated_seconds"):
        table.add_row(name.replace("_", " "), f"{summary[name]:,}")
    if operations:
        table.add_row(
            "client operations per schedule, median (least)", f"{median(operations):g} ({min(operations)})"
        )
        table.add_row("faults per schedule, median", f"{median(faults):g}")
    for group in ("faults", "sometimes"):
        found = summary[group]
        assert isinstance(found, dict)
        for name, number in sorted(found.items()):
            table.add_row(f"{group}: {name}", f"{number:,}" if number else "never seen")
    failures = summary["failures"]
    assert isinstance(failures, list)
    table.add_row("failures", str(len(failures)))
    console.results().print(table)
    console.results().print(f"digest {summary['digest']}", markup=False)

"""`dynaproof explore --refine MODEL` and `--coverage MODEL`: runs beside a model, and how far they see it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dynaproof import console, exits
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import provenance

if TYPE_CHECKING:
    from dynaproof.checkers.refinement.running import RefinedRun

MOST_DIFFERENCES = 5


def beside(
    scenario: str,
    strategy: str,
    seed: int,
    numbers: Iterator[int],
    *,
    schedules: int | None,
    refine: str | None,
    coverage: str | None,
    picture: Path | None,
    jobs: int,
    json: bool,
) -> int:
    """A campaign of which every run is followed through a model; 1 if a run differs or breaks a promise.

    With `coverage` the runs are small ones from boot on. A failing run is told, and neither shrunk nor saved:
    the same command comes to the same schedule. Interrupted (Ctrl-C), it reports what it has.
    """
    from dynaproof.checkers.refinement.covering import Coverage
    from dynaproof.checkers.refinement.picture import picture as drawn
    from dynaproof.checkers.refinement.running import MODELS, RefinedTotals, refined_runs
    from dynaproof.checkers.whole_file import write_whole

    for name in (refine, coverage):
        if name is not None and name not in MODELS:
            raise unknown_name("model to hold runs against", name, list(MODELS))
    if scenario != "partition":
        raise UserError(f"runs of {scenario} are not held against models", "the scenario is partition")
    totals, covered = RefinedTotals(), Coverage() if coverage is not None else None
    failures: list[dict[str, object]] = []
    interrupted = False
    began = time.monotonic()
    with console.progress(f"following {scenario} through {refine or coverage}", schedules) as advance:
        try:
            for number, used, one in refined_runs(strategy, seed, numbers, jobs, covers=covered is not None):
                totals.add(one)
                if covered is not None:
                    covered.add(used, one.seen)
                if one.result.failure is not None:
                    failures.append(told(number, used, one, json))
                advance(
                    totals.runs, f"{totals.runs} schedules, {totals.steps:,} steps, {len(failures)} failures"
                )
                if len(failures) >= MOST_DIFFERENCES:
                    break
        except KeyboardInterrupt:
            interrupted = True
            console.say(f"interrupted after {totals.runs} schedules")
    summary: dict[str, object] = {
        "scenario": scenario,
        "strategy": strategy,
        "seed": seed,
        "schedules": totals.runs,
        "seconds": round(time.monotonic() - began, 3),
        "failures": failures,
        "refinement": {"model": refine or coverage, **totals.summary()},
    }
    if covered is not None:
        summary["coverage"] = {"model": coverage, **covered.summary()}
        if picture is not None:
            title = f"States of {coverage} that {totals.runs} runs saw, of {covered.reachable:,}"
            write_whole(picture, drawn(covered.curves, covered.reachable, title).encode())
    if json:
        console.emit({**summary, "provenance": provenance(seed=seed)})
    else:
        show(summary)
    if interrupted:
        return exits.INTERRUPTED
    return 1 if failures else 0


def told(number: int, strategy: str, one: "RefinedRun", json: bool) -> dict[str, object]:
    """A failing run: a difference from the model, or a broken promise."""
    failure = one.result.failure
    assert failure is not None
    if not json:
        console.tell(
            f"schedule {number} ({strategy}): {failure.spec}, step {failure.step}: {failure.sentence}"
        )
    return {
        "schedule": number,
        "strategy": strategy,
        "spec": failure.spec,
        "step": failure.step,
        "sentence": failure.sentence,
        "difference": one.refined.difference,
    }


def show(summary: dict[str, object]) -> None:
    """The campaign as a table, for people."""
    from rich.table import Table

    table = Table(title=f"{summary['scenario']}, {summary['strategy']}, seed {summary['seed']}")
    table.add_column("what")
    table.add_column("count", justify="right")
    table.add_row("schedules", f"{summary['schedules']:,}")
    table.add_row("seconds", f"{summary['seconds']:,}")
    for group in ("refinement", "coverage"):
        found = summary.get(group, {})
        assert isinstance(found, dict)
        for name, value in found.items():
            words = f"{group}: {name.replace('_', ' ')}"
            if not isinstance(value, dict):
                table.add_row(words, f"{value:,}" if isinstance(value, int) else str(value))
            elif name != "curves":
                for part, number in value.items():
                    table.add_row(
                        f"{words}: {part}", str(number["seen"] if name == "by_strategy" else number)
                    )
    failures = summary["failures"]
    assert isinstance(failures, list)
    table.add_row("failures", str(len(failures)))
    console.results().print(table)

"""`dynaproof explore --refine MODEL` and `--coverage MODEL`: runs beside a model, and how far they see it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from dynaproof import console, exits
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import maker, provenance

if TYPE_CHECKING:
    from dynaproof.checkers.refinement.campaign import Difference, Followed


def beside(
    scenario: str,
    strategy: str,
    seed: int,
    *,
    schedules: int | None,
    seconds: float | None,
    refine: str | None,
    coverage: str | None,
    picture: Path | None,
    jobs: int,
    json: bool,
) -> int:
    """Run a campaign and follow every run through a model; 1 if a run differs or breaks a promise.

    With `coverage` the runs are small, and followed from boot on. A failing run is reported, but neither
    shrunk nor saved: the same command reproduces its schedule. Interrupted (Ctrl-C), it reports what it has.
    """
    from dynaproof.checkers.refinement.campaign import follow
    from dynaproof.checkers.refinement.picture import picture as drawn
    from dynaproof.checkers.refinement.running import MODELS
    from dynaproof.checkers.whole_file import write_whole

    for name in (refine, coverage):
        if name is not None and name not in MODELS:
            raise unknown_name("model to compare runs with", name, list(MODELS))
    if scenario != "partition":
        raise UserError(f"runs of {scenario} are not compared with models", "the scenario is partition")
    with console.progress(f"following {scenario} through {refine or coverage}", schedules) as advance:
        campaign = follow(
            strategy,
            seed,
            schedules=schedules,
            seconds=seconds,
            covers=coverage is not None,
            jobs=jobs,
            listener=Progress(advance, json),
        )
    totals, covered = campaign.totals, campaign.covered
    summary: dict[str, object] = {
        "scenario": scenario,
        "strategy": strategy,
        "seed": seed,
        "schedules": totals.runs,
        "seconds": round(campaign.seconds, 3),
        "failures": [structs.asdict(one) for one in campaign.failures],
        "refinement": {"model": refine or coverage, **totals.summary()},
    }
    if covered is not None:
        summary["coverage"] = {"model": coverage, **covered.summary()}
        if picture is not None:
            title = f"States of {coverage} that {totals.runs} runs saw, of {covered.reachable:,}"
            write_whole(picture, drawn(covered.curves, covered.reachable, title, maker()).encode())
    if json:
        console.emit({**summary, "provenance": provenance(seed=seed)})
    else:
        show(summary)
    if campaign.ended == "failures":
        console.say(f"stopped after {len(campaign.failures)} failures, {totals.runs} schedules")
    if campaign.ended == "interrupted":
        console.say(f"interrupted after {totals.runs} schedules")
        return exits.INTERRUPTED
    return exits.FAILED if campaign.failures else exits.CLEAN


class Progress:
    """The listener of a campaign beside a model."""

    def __init__(self, advance: Callable[[float, str], None], json: bool) -> None:
        self.advance = advance
        self.json = json

    def went_on(self, campaign: "Followed") -> None:
        """Move the bar."""
        totals = campaign.totals
        counts = f"{totals.runs} schedules, {totals.steps:,} steps, {len(campaign.failures)} failures"
        self.advance(totals.runs, counts)

    def found(self, one: "Difference") -> None:
        """Name the failing run, for people."""
        if not self.json:
            console.show(
                f"schedule {one.schedule} ({one.strategy}): {one.spec}, step {one.step}: {one.sentence}"
            )


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

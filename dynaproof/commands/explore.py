"""`dynaproof explore`: a campaign over a scenario, and its verdict."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter
from msgspec import structs

from dynaproof import console, exits
from dynaproof.arguments import JOBS, above_zero, file_to_write, folder_to_write, known_strategy, not_together
from dynaproof.checkers.user_file import WITH
from dynaproof.commands import Flag
from dynaproof.commands.beside import beside
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import maker, provenance
from dynaproof.rerunning import command_line, found_again

if TYPE_CHECKING:
    from dynaproof.checkers.campaign import Campaign, Found, State
    from dynaproof.checkers.runs.config import Failure
    from dynaproof.checkers.runs.run_file import RunFile

Names = Annotated[tuple[str, ...], Parameter(negative="")]

DEFAULT_SECONDS = 50.0
RUNS = Path("runs")
"""Where failing runs are kept, unless another folder is named."""
SHOWN_FAULTS = 3
"""How many kinds of faults the progress line has room for."""


def explore(
    scenario: str = "partition",
    /,
    *,
    schedules: int | None = None,
    seconds: float | None = None,
    seed: int = 1,
    strategy: str = "portfolio",
    jobs: int = JOBS,
    out: Path | None = None,
    resume: Flag = False,
    spec: Names = (),
    refine: str | None = None,
    coverage: str | None = None,
    picture: Path | None = None,
    json: Flag = False,
) -> int:
    """Drive a scenario through many orders and faults, and check every promise at every step.

    Interrupted (Ctrl-C), it reports what it has and can go on later with --resume.

    Args:
        scenario: What is run; see `dynaproof scenarios`, or FILE.py:NAME of your own.
        schedules: How many runs; without this and `seconds`, about a minute of them.
        seconds: For how long to start new runs.
        seed: The seed from which the seeds of all runs follow.
        strategy: What decides the next event; see `dynaproof strategies`, or FILE.py:NAME of your own.
        jobs: How many processes.
        out: Folder for the files of failing runs, and of a campaign that was interrupted; `runs` if none is
            given.
        resume: Go on with the interrupted campaign of this scenario, strategy and seed in `out`.
        spec: FILE.py:NAME of a spec of your own, which is checked too; may be repeated.
        refine: Follow every run through this model, or FILE.py:NAME of your Refinement: each step must be
            one of the model's.
        coverage: Count which of this model's states are seen, by strategy, in small runs from boot on.
        picture: With --coverage, an .svg file of the states seen over schedules.
        json: Print one JSON object for the campaign.
    """
    from dynaproof.checkers.campaign import CampaignError
    from dynaproof.checkers.campaign import explore as drive

    if refine is not None and ".py:" in refine:
        spec, refine = (*spec, refine), None
    scenario = WITH.join((scenario, *spec))
    check_arguments(scenario, strategy)
    above_zero({"--schedules": schedules, "--seconds": seconds, "--jobs": jobs})
    not_together(schedules=schedules, seconds=seconds)
    not_together(resume=resume, refine=refine)
    not_together(resume=resume, coverage=coverage)
    if picture is not None and coverage is None:
        raise UserError("--picture needs --coverage", "name the model whose states are counted")
    file_to_write("--picture", picture, ".svg")
    if out is not None and (refine is not None or coverage is not None):
        with_model = "--refine" if refine is not None else "--coverage"
        raise UserError(f"{with_model} of one of our models keeps no runs, so --out would stay empty")
    folder = RUNS if out is None else out
    folder_to_write("--out", folder)
    limit = seconds if seconds is not None else (None if schedules is not None else DEFAULT_SECONDS)
    if refine is not None or coverage is not None:
        return beside(
            scenario,
            strategy,
            seed,
            schedules=schedules,
            seconds=limit,
            refine=refine,
            coverage=coverage,
            picture=picture,
            jobs=jobs,
            json=json,
        )
    again = partial(found_again, scenario=scenario, strategy=strategy, seed=seed)
    with console.progress(f"exploring {scenario}", schedules) as advance:
        try:
            campaign = drive(
                scenario,
                strategy=strategy,
                seed=seed,
                schedules=schedules,
                seconds=limit,
                jobs=jobs,
                folder=folder,
                resume=resume,
                made_by=maker(),
                listener=Progress(advance, json, again),
            )
        except CampaignError as error:
            raise UserError(error.message, error.hint) from error
    report(campaign, json)
    say_how_it_ended(campaign)
    if campaign.ended == "interrupted":
        return exits.INTERRUPTED
    return exits.FAILED if campaign.state.failures else exits.CLEAN


def check_arguments(scenario: str, strategy: str) -> None:
    """Reject an unknown scenario or strategy."""
    from dynaproof.checkers.scenarios.catalogue import SCENARIOS
    from dynaproof.checkers.scenarios.usable import require_usable

    name = scenario.partition(WITH)[0]
    if name not in SCENARIOS and ".py:" not in name:
        raise unknown_name("scenario", name, list(SCENARIOS))
    try:
        require_usable(scenario)
    except LookupError as error:
        raise UserError(str(error.args[0])) from error
    known_strategy(strategy)


class Progress:
    """The listener of a campaign: shows a line of counts, and each failure as soon as it is shrunk.

    `again` gives the command with which a failure is seen again.
    """

    def __init__(
        self, advance: Callable[[float, str], None], json: bool, again: "Callable[[Found], str]"
    ) -> None:
        self.advance = advance
        self.json = json
        self.again = again

    def went_on(self, state: "State") -> None:
        """Move the bar."""
        self.advance(state.totals.schedules, details(state))

    def failed(self, schedule: int, failure: "Failure") -> None:
        """Say that the failure is being shrunk, which takes a while."""
        from dynaproof.checkers.campaign import REPRODUCIBLE

        if failure.spec != REPRODUCIBLE:
            console.say(f"schedule {schedule} breaks {failure.spec}; shrinking it")

    def found(self, found: "Found", run: "RunFile") -> None:
        """Show the shrunk run, for people."""
        from dynaproof.checkers.campaign import REPRODUCIBLE
        from dynaproof.commands.replay import show_failure

        if found.unsaved is not None:
            console.say(f"the run of schedule {found.schedule} could not be saved: {found.unsaved}")
        if self.json:
            return
        failure = run.result.failure
        assert failure is not None
        console.show(f"schedule {found.schedule} breaks a promise at step {found.step}; shrunk:")
        show_failure(run, failure)
        if found.run is None:
            console.show(f"the run, shrunk to {failure.step} events, as its file would have held it:")
            console.show(msgspec.json.encode(run).decode())
            console.show(f"find it again: {self.again(found)}")
            return
        console.show(f"the run, shrunk to {failure.step} events: {found.run}")
        if not found.minimal and found.spec != REPRODUCIBLE:
            console.show(f"shrinking ended with its budget; more may go: {command_line('shrink', found.run)}")
        console.show(f"replay it: {self.again(found)}")

    def not_kept(self, problem: str) -> None:
        """Warn that an interruption would lose what the campaign has seen."""
        console.say(f"{problem}: the campaign goes on, but could not be resumed")


def say_how_it_ended(campaign: "Campaign") -> None:
    """Say what the figures do not: that a campaign stopped before its limit, and how to resume it."""
    totals = campaign.state.totals
    if campaign.ended == "failures":
        console.say(f"stopped after {len(campaign.state.failures)} failures, {totals.schedules} schedules")
    if campaign.ended == "interrupted":
        on = "the same command with --resume goes on" if campaign.kept else "it is not kept"
        console.say(f"interrupted after {totals.schedules} schedules; {on}")
    if campaign.other is not None:
        console.say(
            f"{campaign.other} keeps an interrupted campaign of the same name, and was left as it is: "
            "--resume goes on with that one; remove the file to forget it"
        )


def details(state: "State") -> str:
    """The progress of a campaign, in one line."""
    from dynaproof.checkers.scenarios.catalogue import find

    totals = state.totals
    wanted = find(state.scenario).wanted
    seen = sum(name in totals.sometimes for name in wanted)
    faults = " ".join(
        f"{name} {number}"
        for name, number in sorted(totals.faults.items(), key=lambda found: -found[1])[:SHOWN_FAULTS]
    )
    return (
        f"{totals.schedules} schedules, {totals.events / max(state.seconds, 1e-9):,.0f} events/s, "
        f"{seen}/{len(wanted)} sometimes, {len(state.failures)} failures; {faults}"
    )


def failures_of(campaign: "Campaign") -> list[dict[str, object]]:
    """The failures for programs; `contents` is what a file would hold that could not be written."""
    state = campaign.state
    resumed = len(state.failures) - len(campaign.runs)  # Their runs are not at hand any more.
    runs = (*(None for _ in range(resumed)), *campaign.runs)
    return [
        {
            **structs.asdict(found),
            "contents": run if found.unsaved is not None else None,
            "replay": found_again(found, state.scenario, state.strategy, state.seed),
        }
        for found, run in zip(state.failures, runs, strict=True)
    ]


def report(campaign: "Campaign", json: bool) -> None:
    """The end of a campaign: one object, or a table."""
    from dynaproof.checkers.scenarios.catalogue import find

    state = campaign.state
    totals = state.totals
    scenario = find(state.scenario)
    kinds = scenario.fault_kinds()
    summary = {
        "scenario": state.scenario,
        "strategy": state.strategy,
        "seed": state.seed,
        "schedules": totals.schedules,
        "events": totals.events,
        "seconds": round(state.seconds, 3),
        "events_per_second": round(totals.events / max(state.seconds, 1e-9)),
        "simulated_seconds": round(totals.simulated_us / 1e6, 3),
        "faults": {kind: totals.faults.get(kind, 0) for kind in (*kinds, *sorted(totals.faults))},
        "sometimes": {name: totals.sometimes.get(name, 0) for name in scenario.wanted},
        "seen_in_schedules": {name: state.levers.seen.get(name, 0) for name in scenario.wanted},
        "levers": {
            lever: {
                "schedules": on,
                "seen_in_schedules": {
                    name: state.levers.seen_on.get(lever, {}).get(name, 0) for name in scenario.wanted
                },
            }
            for lever, on in state.levers.on.items()
        },
        "keys": totals.keys,
        "keys_not_judged_to_the_end": totals.unjudged,
        "failures": failures_of(campaign),
        "digest": totals.digest(),
    }
    if json:
        console.emit(
            {**summary, "provenance": provenance(seed=state.seed, configuration=configuration(state))}
        )
    else:
        show(summary, totals.operations, totals.faults_per_run)
        for lever in state.levers.on:
            if only := state.levers.only_on(lever, totals.schedules):
                console.show(f"seen only where {lever} were drawn: {', '.join(only)}")
        console.show(f"digest {totals.digest()}")


def configuration(state: "State") -> str:
    """A digest of what a campaign runs: of its first configuration, for all others are drawn like it."""
    from dynaproof.checkers.runs.run_file import configuration_digest
    from dynaproof.checkers.scenarios.catalogue import config_of

    return configuration_digest(config_of(state.scenario, state.strategy, state.seed, 0))


def show(summary: dict[str, object], operations: list[int], faults: list[int]) -> None:
    """The campaign as a table, for people."""
    from rich.table import Table

    table = Table(title=f"{summary['scenario']}, {summary['strategy']}, seed {summary['seed']}")
    table.add_column("what")
    table.add_column("count", justify="right")
    for name in ("schedules", "events", "seconds", "events_per_second", "simulated_seconds"):
        table.add_row(name.replace("_", " "), f"{summary[name]:,}")
    if any(operations):
        table.add_row(
            "client operations completed per schedule, median (least)",
            f"{median(operations):g} ({min(operations)})",
        )
    if faults:
        table.add_row("faults per schedule, median (least)", f"{median(faults):g} ({min(faults)})")
    for group in ("faults", "sometimes"):
        found = summary[group]
        assert isinstance(found, dict)
        for name, number in sorted(found.items()):
            table.add_row(f"{group}: {name}", f"{number:,}" if number else "never seen")
    failures = summary["failures"]
    assert isinstance(failures, list)
    if summary["keys"]:
        table.add_row("keys of which linearizability was judged", f"{summary['keys']:,}")
        table.add_row(
            "keys given up before the end of their run", f"{summary['keys_not_judged_to_the_end']:,}"
        )
    table.add_row("failures", str(len(failures)))
    console.results().print(table)

"""`dynaproof explore`: a campaign over a scenario, and its verdict."""

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from dynaproof import console, exits
from dynaproof.arguments import above_zero, file_to_write, folder_to_write, known_strategy, not_together
from dynaproof.commands import Flag
from dynaproof.commands.beside import beside
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import maker, provenance

if TYPE_CHECKING:
    from dynaproof.checkers.campaign import State
    from dynaproof.checkers.runs.config import RunResult

DEFAULT_SECONDS = 50.0
SAVED_EVERY_SECONDS = 15.0
MOST_FAILURES = 5
"""A campaign ends after so many: each is shrunk, and the first says enough."""


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
    resume: Flag = False,
    refine: str | None = None,
    coverage: str | None = None,
    picture: Path | None = None,
    json: Flag = False,
) -> int:
    """Drive a scenario through many orders and faults, and check every promise at every step.

    Interrupted (Ctrl-C), it reports what it has and can go on later with --resume.

    Args:
        scenario: What is run; see `dynaproof scenarios`.
        schedules: How many runs; without it and `seconds`, about a minute's.
        seconds: For how long to start new runs.
        seed: Where the seeds of the runs begin.
        strategy: Who decides what happens next; see `dynaproof strategies`.
        jobs: Processes.
        out: Folder for the files of failing runs, and of a campaign that was interrupted.
        resume: Go on with the interrupted campaign of this scenario, strategy and seed in `out`.
        refine: Follow every run through this model: each step must be one of the model's.
        coverage: Count which of this model's states are seen, by strategy, in small runs from boot on.
        picture: With --coverage, an .svg file of the states seen over schedules.
        json: Print one JSON object for the campaign.
    """
    from dynaproof.checkers.campaign import outcomes, save_state

    check_arguments(scenario, strategy)
    above_zero({"--schedules": schedules, "--seconds": seconds, "--jobs": jobs})
    not_together(schedules=schedules, seconds=seconds)
    not_together(resume=resume, refine=refine)
    not_together(resume=resume, coverage=coverage)
    if picture is not None and coverage is None:
        raise UserError("--picture is of --coverage", "name the model that is covered")
    file_to_write("--picture", picture, ".svg")
    folder_to_write("--out", out)
    limit = seconds if seconds is not None else (None if schedules is not None else DEFAULT_SECONDS)
    path = out / f"campaign-{scenario}-{strategy}-{seed}.json"
    state = begun(path, resume, scenario, strategy, seed)
    totals, before = state.totals, state.seconds
    began = saved = time.monotonic()
    interrupted = False

    def numbers() -> Iterator[int]:
        for number in count(totals.schedules):
            if schedules is not None and number >= schedules:
                return
            if limit is not None and time.monotonic() - began > limit:
                return
            yield number

    if refine is not None or coverage is not None:
        return beside(
            scenario,
            strategy,
            seed,
            numbers(),
            schedules=schedules,
            refine=refine,
            coverage=coverage,
            picture=picture,
            jobs=jobs,
            json=json,
        )

    def keep() -> None:
        state.seconds = before + time.monotonic() - began
        save_state(path, state)

    with console.progress(f"exploring {scenario}", schedules) as advance:
        try:
            for number, outcome in outcomes(scenario, strategy, seed, numbers(), jobs):
                totals.add(outcome)
                if outcome.failure is not None:
                    state.failures.append(report_failure(number, state, outcome, out, json))
                now = time.monotonic()
                advance(totals.schedules, details(state, before + now - began))
                if now - saved > SAVED_EVERY_SECONDS:
                    saved = now
                    keep()
                if len(state.failures) >= MOST_FAILURES:
                    break
        except KeyboardInterrupt:
            interrupted = True
    took = before + time.monotonic() - began
    report(state, took, json)
    if interrupted:
        keep()
        console.say(f"interrupted after {totals.schedules} schedules; the same command with --resume goes on")
        return exits.INTERRUPTED
    path.unlink(missing_ok=True)
    return 1 if state.failures else 0


def check_arguments(scenario: str, strategy: str) -> None:
    """Refuse what there is not."""
    from dynaproof.checkers.scenarios.catalogue import SCENARIOS, find

    if scenario not in SCENARIOS and ".py:" not in scenario:
        raise unknown_name("scenario", scenario, list(SCENARIOS))
    try:
        find(scenario)
    except LookupError as error:
        raise UserError(str(error.args[0])) from error
    known_strategy(strategy)


def begun(path: Path, resume: bool, scenario: str, strategy: str, seed: int) -> "State":
    """A new campaign, or the one that was interrupted."""
    from dynaproof.checkers.campaign import STATE_FORMAT, State, Totals, load_state

    if not resume:
        return State(STATE_FORMAT, maker(), scenario, strategy, seed, 0.0, Totals(), [])
    if not path.exists():
        raise UserError(
            f"{path}: there is no interrupted campaign of {scenario}, {strategy}, seed {seed}",
            "run it without --resume",
        )
    try:
        state = load_state(path)
    except ValueError as error:
        raise UserError(f"{path}: {error}", "remove it, and run without --resume") from error
    if state.made_by != maker():
        raise UserError(
            f"{path}: begun by {state.made_by}, and this is {maker()}: their runs may differ",
            "go on with the version that began it, or run without --resume",
        )
    return state


def details(state: "State", took: float) -> str:
    """How far a campaign is, in a line."""
    from dynaproof.specs.sometimes import SOMETIMES, never_seen

    totals = state.totals
    seen = len(SOMETIMES) - len(never_seen(totals.sometimes))
    faults = " ".join(
        f"{name} {number}"
        for name, number in sorted(totals.faults.items(), key=lambda found: -found[1])[:SHOWN_FAULTS]
    )
    return (
        f"{totals.schedules} schedules, {totals.events / max(took, 1e-9):,.0f} events/s, "
        f"{seen}/{len(SOMETIMES)} sometimes, {len(state.failures)} failures; {faults}"
    )


SHOWN_FAULTS = 3
"""Kinds of faults that the progress line has room for."""


def report_failure(
    number: int, state: "State", outcome: "RunResult", out: Path, json: bool
) -> dict[str, str | int]:
    """Shrink a failing run, write its file, and tell."""
    from dynaproof.checkers.campaign import REPRODUCIBLE, config_of
    from dynaproof.checkers.runs.run_file import RUN_FORMAT, RunFile, save
    from dynaproof.checkers.runs.shrink import smallest
    from dynaproof.checkers.scenarios.catalogue import find
    from dynaproof.commands.replay import show_failure

    failure = outcome.failure
    assert failure is not None
    config = config_of(state.scenario, state.strategy, state.seed, number)
    if failure.spec == REPRODUCIBLE:
        small = RunFile(RUN_FORMAT, None, config, outcome)
    else:
        console.say(f"schedule {number} breaks {failure.spec}; shrinking it")
        small = smallest(find(state.scenario), config, outcome)
    path = out / f"{failure.spec}-{config.strategy}-{config.seed}.json"
    save(path, small, maker())
    shrunk = small.result.failure
    assert shrunk is not None
    found: dict[str, str | int] = {
        "spec": failure.spec,
        "run": str(path),
        "schedule": number,
        "step": failure.step,
        "shrunk_events": shrunk.step,
        "replay": f"./run replay {path}",
    }
    if not json:
        console.tell(f"schedule {number} breaks a promise at step {failure.step}; shrunk:")
        show_failure(small, shrunk.spec, shrunk.sentence, shrunk.step)
        console.tell(f"the run, shrunk to {shrunk.step} events: {path}")
        console.tell(f"replay it: {found['replay']}")
    return found


def report(state: "State", took: float, json: bool) -> None:
    """The end of a campaign: one object, or a table."""
    from dynaproof.checkers.scenarios.catalogue import find
    from dynaproof.specs.sometimes import SOMETIMES

    totals = state.totals
    kinds = find(state.scenario).fault_kinds()
    summary = {
        "scenario": state.scenario,
        "strategy": state.strategy,
        "seed": state.seed,
        "schedules": totals.schedules,
        "events": totals.events,
        "seconds": round(took, 3),
        "events_per_second": round(totals.events / max(took, 1e-9)),
        "simulated_seconds": round(totals.simulated_us / 1e6, 3),
        "faults": {kind: totals.faults.get(kind, 0) for kind in (*kinds, *sorted(totals.faults))},
        "sometimes": {name: totals.sometimes.get(name, 0) for name in SOMETIMES},
        "keys": totals.keys,
        "keys_not_judged_to_the_end": totals.unjudged,
        "failures": state.failures,
        "digest": totals.digest(),
    }
    if json:
        console.emit(
            {**summary, "provenance": provenance(seed=state.seed, configuration=configuration(state))}
        )
    else:
        show(summary, totals.operations, totals.faults_per_run)


def configuration(state: "State") -> str:
    """Digest of what a campaign runs: its first configuration, which all others are drawn like."""
    from dynaproof.checkers.campaign import config_of
    from dynaproof.checkers.runs.run_file import configuration_digest

    return configuration_digest(config_of(state.scenario, state.strategy, state.seed, 0))


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
            "client operations completed per schedule, median (least)",
            f"{median(operations):g} ({min(operations)})",
        )
        table.add_row("faults per schedule, median (least)", f"{median(faults):g} ({min(faults)})")
    for group in ("faults", "sometimes"):
        found = summary[group]
        assert isinstance(found, dict)
        for name, number in sorted(found.items()):
            table.add_row(f"{group}: {name}", f"{number:,}" if number else "never seen")
    failures = summary["failures"]
    assert isinstance(failures, list)
    table.add_row("keys of which linearizability was judged", f"{summary['keys']:,}")
    table.add_row("keys given up before the end of their run", f"{summary['keys_not_judged_to_the_end']:,}")
    table.add_row("failures", str(len(failures)))
    console.results().print(table)
    console.tell(f"digest {summary['digest']}")

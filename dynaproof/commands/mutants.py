"""`dynaproof mutants`: which seeded bugs are killed, by which spec, and how."""

from pathlib import Path
from typing import TYPE_CHECKING

from dynaproof import console
from dynaproof.arguments import (
    JOBS,
    above_zero,
    file_to_write,
    folder_to_write,
    known_strategy,
    not_together,
    state_to_read,
)
from dynaproof.commands import Flag
from dynaproof.commands.explore import check_arguments
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import maker, provenance
from dynaproof.seeding import known_bugs

if TYPE_CHECKING:
    from dynaproof.checkers.mutation.hunted import Hunted


def mutants(
    *names: str,
    strategy: str = "portfolio",
    schedules: int = 150,
    seed: int = 3,
    jobs: int = JOBS,
    out: Path | None = None,
    state: Path | None = None,
    diff: Flag = False,
    directed: Flag = False,
    json: Flag = False,
) -> int:
    """Hunt seeded bugs: by exploration, else by directed scenarios. Exit status 1 if one survives.

    Each bug of ours names the scenario in which it is hunted. The system without a bug goes through the same
    schedules and scenarios first, and must survive them all.

    Args:
        names: Which bugs; all of them if none is named, but for those that no hunt has killed so far
            (`checkers/mutation/seeded/unreached.py`): they are hunted by name. With FILE.py:NAME first, those
            of your own scenario, which its file states as `bugs`.
        strategy: What decides the next event; see `dynaproof strategies`.
        schedules: Schedules per bug, at the most.
        seed: The seed from which the seeds of all runs follow.
        jobs: How many processes.
        out: Folder for the shrunk run of each explored kill.
        state: A file to which every result is added as soon as it is known: interrupted (Ctrl-C), the same
            command goes on from there.
        diff: Print what each bug changes, and nothing else.
        directed: Print what happens with each bug in the scenarios that are written for it, and nothing else.
        json: Print one JSON object per bug.
    """
    from dynaproof.checkers.mutation.catalogue import MUTANTS
    from dynaproof.checkers.mutation.hunted import Effort, Hunted
    from dynaproof.checkers.mutation.row_file import RowError
    from dynaproof.checkers.patches import BugError, difference, seeded
    from dynaproof.checkers.scenarios.catalogue import DEFAULT_SCENARIO
    from dynaproof.checkers.users_files import hashes_of

    scenario: str | None = None  # Ours: each bug names its own.
    if names and ".py:" in names[0]:
        scenario, names = names[0], names[1:]
        check_arguments(scenario, strategy)
    known = known_bugs(scenario or DEFAULT_SCENARIO)
    for name in names:
        if name not in known:
            raise unknown_name("mutant", name, list(known))
    known_strategy(strategy)
    above_zero({"--schedules": schedules, "--jobs": jobs})
    not_together(diff=diff, directed=directed)
    if out is not None:
        folder_to_write("--out", out)
    chosen = list(names or (MUTANTS if scenario is None else known))
    try:
        for name in chosen:
            with seeded(known[name]):
                pass
    except BugError as error:
        raise UserError(str(error)) from error
    if diff:
        for name in chosen:
            changed = difference(known[name])
            if json:
                console.emit({"name": name, "diff": changed})
            else:
                console.show(changed)
        return 0
    if directed and scenario is not None:
        raise UserError(f"{scenario} has no directed scenarios; they are written for {DEFAULT_SCENARIO}")
    if directed:
        show_directed(chosen, json)
        return 0
    ours = scenario is None
    if state is not None:
        state_to_read("--state", state)
        state.parent.mkdir(parents=True, exist_ok=True)
        file_to_write("--state", state)
    try:
        files = {} if scenario is None else hashes_of([scenario, strategy])
        hunted = Hunted(state, Effort(strategy, schedules, seed, maker(), scenario or "", files))
    except RowError as error:
        raise UserError(str(error), "take another --state") from error
    hunted_in = list(dict.fromkeys(scenario or known[name].scenario for name in chosen))
    then = ", then the directed scenarios" if ours else ""
    console.say(f"the system without a bug: {schedules} schedules of {', '.join(hunted_in)}{then}")
    if not survives(hunted, hunted_in, jobs, directed=ours):
        return 1
    survivors = hunt_all(hunted, chosen, jobs, scenario, out, json)
    console.say(f"{len(chosen) - survivors} of {len(chosen)} killed")
    return 1 if survivors else 0


def survives(hunted: "Hunted", scenarios: list[str], jobs: int, *, directed: bool) -> bool:
    """Whether the system without a bug survives the same effort; if not, say what it breaks."""
    from dynaproof.checkers.mutation.hunt import broken_directed, broken_in
    from dynaproof.checkers.mutation.hunted import DIRECTED

    effort, subjects = hunted.effort, [*scenarios, *([DIRECTED] if directed else [])]
    with console.progress("the system without a bug", len(subjects)) as advance:
        for done, one in enumerate(subjects):
            advance(done, one)
            if one in hunted.survived:
                continue
            if one == DIRECTED:
                broken = broken_directed()
            else:
                broken = broken_in(one, effort.strategy, effort.schedules, effort.seed, jobs)
            if broken is not None:
                console.say(f"it does not survive: {broken}")
                return False
            hunted.add(one, None)
    return True


def hunt_all(
    hunted: "Hunted", names: list[str], jobs: int, scenario: str | None, out: Path | None, json: bool
) -> int:
    """Hunt what is not hunted yet, and print a line for each bug; how many have survived."""
    from dynaproof.checkers.mutation.hunt import hunts
    from dynaproof.checkers.runs.run_file import save
    from dynaproof.checkers.whole_file import file_problem

    effort, known = hunted.effort, [hunted.kills[name] for name in names if name in hunted.kills]
    left = [name for name in names if name not in hunted.kills]
    for kill in known:
        report(kill, effort.seed, json)
    survivors = sum(not kill.killed for kill in known)
    with console.progress("hunting", len(names)) as advance:
        work = hunts(left, effort.strategy, effort.schedules, effort.seed, jobs, scenario)
        for done, (kill, run) in enumerate(work, start=len(known) + 1):
            survivors += not kill.killed
            report(kill, effort.seed, json)  # First: what was found outlives a disk that is full.
            if out is not None and run is not None:
                try:
                    save(out / f"{kill.name}.json", run)
                except OSError as error:
                    console.say(f"the run of {kill.name} could not be saved: {file_problem(error)}")
            hunted.add(kill.name, kill)
            advance(done, f"{done}/{len(names)} bugs, {survivors} survived")
    return survivors


def show_directed(names: list[str], json: bool) -> None:
    """Print the traces of the scenarios that are written for these bugs, each with its bug."""
    from dynaproof.checkers.mutation.catalogue import KNOWN_BUGS
    from dynaproof.checkers.mutation.directed.catalogue import DIRECTED, trace_of
    from dynaproof.checkers.patches import seeded

    for name in names:
        for scenario in DIRECTED.values():
            if name not in scenario.kills:
                continue
            with seeded(KNOWN_BUGS[name]):
                trace = trace_of(scenario)
            if json:
                console.emit({"name": name, "scenario": scenario.name, "lines": trace.lines})
                continue
            console.show(f"{name} in {scenario.name}: {scenario.sentence}")
            for line in trace.lines:
                console.show(f"  {line}")
            if trace.failure is not None:
                console.show(f"{trace.failure.spec}: {trace.failure.sentence}")


def report(kill: object, seed: int, json: bool) -> None:
    """One bug's line."""
    from dynaproof.checkers.mutation.hunt import Kill

    assert isinstance(kill, Kill)
    if json:
        console.emit({**kill.row(), "provenance": provenance(seed=seed)})
        return
    if kill.how == "explored":
        result = f"{kill.spec}, explored: {kill.scenario}, {kill.strategy}, schedule {kill.schedules}"
    elif kill.how == "directed":
        result = f"{kill.spec}, directed: {kill.strategy}"
    else:
        result = "SURVIVED"
        if kill.uncounted is not None:
            result += f" (no kill, for it is an error and no broken promise: {kill.uncounted})"
    events = f", {kill.shrunk_events} events" if kill.killed else ""
    console.show(f"{kill.name:30} {result}{events}")

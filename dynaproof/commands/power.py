"""`dynaproof power`: how soon each strategy kills each seeded bug, over several seeds."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from dynaproof import console
from dynaproof.arguments import JOBS, above_zero, file_to_write, known_strategy, state_to_read
from dynaproof.commands import Flag
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import maker, provenance

if TYPE_CHECKING:
    from dynaproof.checkers.mutation.trial_table import Plan
    from dynaproof.checkers.mutation.trials import Key, Row

Names = Annotated[tuple[str, ...], Parameter(negative="")]

STEP = 50
"""How many schedules of a trial run before the next trial's: an interruption loses no more than these."""

BEGIN, END = "<!-- power begin -->", "<!-- power end -->"


def power(
    *names: str,
    scenario: Names = (),
    strategy: Names = (),
    schedules: int = 150,
    seeds: int = 5,
    seed: int = 3,
    seconds: float | None = None,
    jobs: int = JOBS,
    state: Path = Path("runs/power.jsonl"),
    table: Path | None = None,
    only_write: Flag = False,
    no_shrink: Flag = False,
    json: Flag = False,
) -> int:
    """Measure how soon each strategy kills each seeded bug, by which promise, over several seeds.

    Every trial (a bug, a strategy, a seed) is a line of the state file, written when it ends; interrupted
    (Ctrl-C), the same command goes on from there. With more schedules, those that are alive go on where they
    stopped. A schedule that breaks a promise without the bug too kills nothing.

    Args:
        names: Which bugs; all of ours if none is named, those too that no hunt has killed so far.
        scenario: Only bugs that are hunted in this scenario; may be repeated.
        strategy: What is compared; may be repeated. Without it: the portfolio, the random walk, PCT at three
            depths, and POS. Kills by the first one, from the first seed, are shrunk.
        schedules: Schedules per trial, at the most.
        seeds: How many campaigns each strategy has, with seeds that follow each other.
        seed: The first of these seeds.
        seconds: For how long to begin new trials.
        jobs: How many processes.
        state: The file of the trials.
        table: A Markdown file, in which to write what all trials of the state file say, between the `power`
            marks.
        only_write: Measure nothing more.
        no_shrink: Leave kills as they are found: shrinking one takes longer than most trials.
        json: Print one JSON object per bug and strategy.
    """
    from dynaproof.checkers.mutation.catalogue import KNOWN_BUGS
    from dynaproof.checkers.mutation.row_file import RowError
    from dynaproof.checkers.mutation.trial_table import Plan, cells, lines
    from dynaproof.checkers.mutation.trials import (
        STRATEGIES,
        of_another_version,
        rows_in,
        trials,
    )
    from dynaproof.checkers.report.between import replaced_between
    from dynaproof.checkers.whole_file import write_whole

    for name in names:
        if name not in KNOWN_BUGS:
            raise unknown_name("mutant", name, list(KNOWN_BUGS))
    hunted = list(dict.fromkeys(bug.scenario for bug in KNOWN_BUGS.values()))
    for one in scenario:
        if one not in hunted:
            raise unknown_name("scenario with a seeded bug", one, hunted)
    for one in strategy:
        known_strategy(one)
    above_zero({"--schedules": schedules, "--seeds": seeds, "--seconds": seconds, "--jobs": jobs})
    file_to_write("--table", table, ".md")
    text = "" if table is None else table.read_text(encoding="utf-8")
    if table is not None and replaced_between(text, BEGIN, END, ()) is None:
        raise UserError(f"{table}: has no lines {BEGIN} and {END}")
    state_to_read("--state", state)
    if not only_write:
        state.parent.mkdir(parents=True, exist_ok=True)
        file_to_write("--state", state)
    plan = Plan(
        bugs=[bug for bug in names or KNOWN_BUGS if not scenario or KNOWN_BUGS[bug].scenario in scenario],
        strategies=list(strategy or STRATEGIES),
        seeds=list(range(seed, seed + seeds)),
        schedules=schedules,
    )
    try:
        rows = rows_in(state)
    except RowError as error:
        raise UserError(str(error)) from error
    todo = trials(plan.bugs, plan.strategies, plan.seeds, schedules, rows, shrinks=not no_shrink)
    todo = [] if only_write else todo
    other = of_another_version(rows, maker())
    if todo and other is not None:
        raise UserError(
            f"{state}: measured by {other}, and this is {maker()}: their runs may differ",
            "take another --state, or write what it has with --only-write",
        )
    interrupted = bool(todo) and not go_on(plan, rows, not no_shrink, jobs, seconds, state)
    if table is not None:
        everything = Plan(list(KNOWN_BUGS), plan.strategies, plan.seeds, schedules)
        made = replaced_between(text, BEGIN, END, lines(everything, rows))
        assert made is not None
        write_whole(table, made.encode())
    for cell in cells(plan, rows):
        if json:
            console.emit({**cell.row(), "provenance": provenance(seed=seed)})
        elif cell.trials:
            console.show(f"{cell.bug:40} {cell.strategy:10} {cell.text(plan)}")
    left = trials(plan.bugs, plan.strategies, plan.seeds, schedules, rows, shrinks=not no_shrink)
    console.say(f"{len(left)} of {len(plan.bugs) * len(plan.strategies) * len(plan.seeds)} trials are left")
    if interrupted:
        raise KeyboardInterrupt
    return 0


def go_on(
    plan: "Plan", rows: "dict[Key, Row]", shrinks: bool, jobs: int, seconds: float | None, state: Path
) -> bool:
    """Measure what is left, a few schedules of every trial at a time: new rows go into the file and into
    `rows`. Returns whether it ended without an interruption.
    """
    from dynaproof.checkers.mutation.row_file import RowFile
    from dynaproof.checkers.mutation.trials import measured, trials

    file, began = RowFile(state), time.monotonic()
    for schedules in (*range(STEP, plan.schedules, STEP), plan.schedules):
        todo = trials(plan.bugs, plan.strategies, plan.seeds, schedules, rows, shrinks=shrinks)
        left = None if seconds is None else seconds - (time.monotonic() - began)
        if not todo or (left is not None and left <= 0):
            continue
        with console.progress(f"up to {schedules} of {plan.schedules} schedules", len(todo)) as advance:
            try:
                for done, row in enumerate(measured(todo, maker(), jobs, left), start=1):
                    file.add(row)
                    rows[row.key] = row
                    advance(done, f"{done}/{len(todo)} trials")
            except KeyboardInterrupt:
                return False
    return True

"""`dynaproof reach`: which of the system's branches a campaign takes, and which it does not."""

import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from dynaproof import console
from dynaproof.arguments import JOBS, above_zero, file_to_write, known_strategy, not_together, state_to_read
from dynaproof.commands import Flag
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import maker, provenance

if TYPE_CHECKING:
    from dynaproof.checkers.reach.taken import Taken

Names = Annotated[tuple[str, ...], Parameter(negative="")]

BEGIN, END = "<!-- reach begin -->", "<!-- reach end -->"

SCHEDULES = 1_000

TAKE_ANOTHER = "take another --state"
BEGIN_ANEW = f"{TAKE_ANOTHER}, or remove it to begin anew"

SAVED_EVERY_SECONDS = 15.0

TOO_LONG = ("endurance",)
"""Scenarios whose one schedule takes hours: by name only."""


def reach(
    *scenarios: str,
    schedules: int | None = None,
    seconds: float | None = None,
    seed: int = 1,
    strategy: str = "portfolio",
    jobs: int = JOBS,
    state: Path = Path("runs/reach.json"),
    table: Path | None = None,
    only_write: Flag = False,
    json: Flag = False,
) -> int:
    """Count which branches of the system's code a campaign takes, and name those that it does not.

    Schedules of all scenarios take turns. Interrupted (Ctrl-C), it says what was reached, and the same
    command goes on from there. It needs coverage.py, which the environment of a checkout has.

    Args:
        scenarios: Of these; all of ours but `endurance`, whose schedules take hours, if none is named.
        schedules: How many schedules in all; without this and `seconds`, 1,000.
        seconds: For how long to begin new schedules.
        seed: The seed from which the seeds of all runs follow.
        strategy: What decides the next event; see `dynaproof strategies`.
        jobs: How many processes.
        state: The file of what was taken.
        table: A Markdown file, in which to write the result between the `reach` marks.
        only_write: Run nothing more: say what the state file has.
        json: Print one JSON object.
    """
    if find_spec("coverage") is None:
        raise UserError("coverage.py is not installed", "pip install coverage")
    from dynaproof.checkers.reach.branches import reach as branches_of
    from dynaproof.checkers.reach.branches import source_digest
    from dynaproof.checkers.reach.reasons import reason_of
    from dynaproof.checkers.reach.table import UNKNOWN, lines, share
    from dynaproof.checkers.reach.taken import Taken, kept_in
    from dynaproof.checkers.report.between import replaced_between
    from dynaproof.checkers.scenarios.catalogue import SCENARIOS
    from dynaproof.checkers.whole_file import write_whole

    for name in scenarios:
        if name not in SCENARIOS:
            raise unknown_name("scenario", name, list(SCENARIOS))
    known_strategy(strategy)
    above_zero({"--schedules": schedules, "--seconds": seconds, "--jobs": jobs})
    not_together(schedules=schedules, seconds=seconds)
    file_to_write("--table", table, ".md")
    text = "" if table is None else table.read_text(encoding="utf-8")
    if table is not None and replaced_between(text, BEGIN, END, ()) is None:
        raise UserError(f"{table}: has no lines {BEGIN} and {END}")
    state_to_read("--state", state)
    taken = Taken(
        maker(),
        source_digest(),
        scenarios or tuple(name for name in SCENARIOS if name not in TOO_LONG),
        strategy,
        seed,
    )
    if state.exists():
        try:
            before = kept_in(state)
        except ValueError as error:
            raise UserError(f"{state}: not the state of a campaign ({error})", TAKE_ANOTHER) from error
        if before.source != taken.source:
            raise UserError(f"{state}: the code has changed since ({before.made_by})", BEGIN_ANEW)
        if not only_write and not before.continues(taken):
            raise UserError(f"{state}: of another campaign, or version ({before.made_by})", BEGIN_ANEW)
        taken = before
    elif only_write:
        raise UserError(f"{state}: there is no such file", "run it without --only-write")
    if not only_write:
        state.parent.mkdir(parents=True, exist_ok=True)
        file_to_write("--state", state)
        go_on(taken, SCHEDULES if schedules is None and seconds is None else schedules, seconds, jobs, state)
    if not taken.schedules:
        return 0
    found = branches_of(taken.pairs)
    if table is not None:
        made = replaced_between(text, BEGIN, END, lines(found, taken))
        assert made is not None
        write_whole(table, made.encode())
    if json:
        unreached = [
            {"place": one.place, "way": one.way, "function": one.function, "reason": reason_of(one)}
            for one in found.unreached
        ]
        counts = {name: getattr(taken, name) for name in taken.__struct_fields__ if name != "pairs"}
        results = {"folders": found.folders, "unreached": unreached, "provenance": provenance(seed=seed)}
        console.emit(counts | results)
        return 0
    for folder in found.folders:
        console.show(f"{folder.name:20} {folder.reached} of {folder.branches} branches, {share(folder)}")
    for one in found.unreached:
        console.show(f"{one.place} {one.way}: {one.text}  ({one.function}; {reason_of(one) or UNKNOWN})")
    return 0


def go_on(taken: "Taken", schedules: int | None, seconds: float | None, jobs: int, state: Path) -> None:
    """Run more schedules until there are so many, or time is up; the file keeps what they take."""
    from dynaproof.checkers.campaign.schedules import numbers
    from dynaproof.checkers.reach.branches import nth, traced
    from dynaproof.checkers.whole_file import file_problem

    names = taken.scenarios
    todo = (nth(names, number) for number in numbers(taken.schedules, schedules, seconds, time.monotonic))
    saved = time.monotonic()
    with console.progress("reaching", schedules) as advance:
        try:
            for (name, number), outcome, arcs in traced(todo, taken.strategy, taken.seed, jobs):
                taken.add(outcome, arcs)
                if outcome.failure is not None:
                    console.say(f"schedule {number} of {name} breaks {outcome.failure.spec}")
                advance(taken.schedules, f"{taken.schedules} schedules, the last new one {taken.last_new}")
                if time.monotonic() - saved > SAVED_EVERY_SECONDS:
                    saved = time.monotonic()
                    with suppress(OSError):  # The last time, it is said.
                        taken.save(state)
        except KeyboardInterrupt:
            console.say("interrupted")
    try:
        taken.save(state)
    except OSError as error:  # What was reached is still to be reported.
        console.say(f"{file_problem(error)}: this cannot go on later")

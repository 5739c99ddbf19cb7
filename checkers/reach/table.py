"""What a campaign reaches, as the tables of a document."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dynaproof.checkers.reach.branches import Branch, Folder, Reach
from dynaproof.checkers.reach.reasons import reason_of
from dynaproof.checkers.reach.taken import Taken
from dynaproof.checkers.scenarios.catalogue import SCENARIOS

UNKNOWN = "not known"


def share(folder: Folder) -> str:
    """How much of a folder was reached, rounded down."""
    return f"{1_000 * folder.reached // max(folder.branches, 1) / 10:.1f} %"


def lines(found: Reach, taken: Taken) -> list[str]:
    """The part of the document, each block below the note that says where its figures come from."""
    known = sum(reason_of(one) is not None for one in found.unreached)
    note = _note(taken)
    names = ", ".join(f"`{name}`" for name in taken.scenarios)
    return [
        *note,
        f"{taken.schedules:,} schedules, of {len(taken.scenarios)} scenarios in turn ({taken.strategy}, seed",
        f"{taken.seed}; {taken.made_by}): {taken.events:,} events, {taken.failed} schedules with a failure.",
        f"The last schedule that took something new was number {taken.last_new}. Scenarios: {names}.",
        "",
        *note,
        *_folders(found.folders),
        "",
        *note,
        f"Of {len(found.unreached)} branches that were not reached, {known} have a reason.",
        "Each of the others is a gap in the campaign, or code that can go.",
        "",
        *note,
        *_branches(found.unreached),
    ]


def _note(taken: Taken) -> list[str]:
    """Where the figures come from."""
    of = "" if taken.scenarios == tuple(SCENARIOS) else f"{' '.join(taken.scenarios)} "
    commit = re.search(r"commit ([0-9a-f]{7})", taken.made_by)
    if commit is None:
        return ["<!-- no figures: measured outside of a checkout -->"]
    return [
        "<!-- figures",
        f"  command: ./run reach {of}--schedules {taken.schedules} --seed {taken.seed}",
        f"  commit: {commit[1]}",
        "  cannot: many minutes",
        "-->",
    ]


def _folders(folders: Iterable[Folder]) -> list[str]:
    every = list(folders)
    whole = Folder("all", sum(one.branches for one in every), sum(one.reached for one in every))
    rows = [
        f"| `{one.name}` | {one.branches:,} | {one.reached:,} | {share(one)} |" for one in (*every, whole)
    ]
    return ["| folder | branches | reached | share |", "| --- | --- | --- | --- |", *rows]


def _branches(unreached: Iterable[Branch]) -> list[str]:
    rows = [
        f"| `{one.place}` | `{one.function}` | `{one.text.replace('|', chr(92) + '|')}` | {one.way} "
        f"| {reason_of(one) or UNKNOWN} |"
        for one in unreached
    ]
    return ["| place | function | line | not taken | reason |", "| --- | --- | --- | --- | --- |", *rows]

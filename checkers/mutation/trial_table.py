"""What trials of seeded bugs say, as tables of a document: bug by strategy, and the strategies as a whole.

A trial without a kill counts as later than all kills: so a median is that of all trials, and is given only
where most of them killed. What was not measured is marked so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median_high
from typing import Any

from msgspec import Struct

from dynaproof.checkers.mutation.catalogue import KNOWN_BUGS
from dynaproof.checkers.mutation.directed.catalogue import DIRECTED
from dynaproof.checkers.mutation.trials import Key, Row

NOT_MEASURED = "not measured"


class Plan(Struct, frozen=True):
    """What is compared: bugs, strategies and seeds, with up to so many schedules."""

    bugs: list[str]
    strategies: list[str]
    seeds: list[int]
    schedules: int


class Cell(Struct, frozen=True):
    """One bug under one strategy.

    `trials` is how many seeds were tried, `kills` how many killed it; `schedules` and `seconds` are medians
    over the trials, None where most killed nothing; `own` is how many kills were by a promise that the bug
    breaks by itself; `tried` the schedules of the longest trial that killed nothing; `shrunk_events` the
    shortest run that a kill was shrunk to.
    """

    bug: str
    strategy: str
    trials: int
    kills: int
    own: int
    schedules: int | None
    seconds: float | None
    tried: int
    shrunk_events: int | None

    def row(self) -> dict[str, Any]:
        """As `power --json` prints it."""
        return {field: getattr(self, field) for field in self.__struct_fields__}

    def text(self, plan: Plan) -> str:
        """The cell as it is shown in the table."""
        if not self.trials:
            return NOT_MEASURED
        said = f"> {self.tried}" if self.schedules is None else f"{self.schedules} ({self.seconds:.1f} s)"
        if self.kills in {0, self.trials} and self.trials == len(plan.seeds):
            return said
        return f"{said}, {self.kills} of {self.trials}"


def cells(plan: Plan, rows: Mapping[Key, Row]) -> list[Cell]:
    """Every bug under every strategy."""
    return [
        cell(bug, strategy, [rows[key] for seed in plan.seeds if (key := (bug, strategy, seed)) in rows])
        for bug in plan.bugs
        for strategy in plan.strategies
    ]


def cell(bug: str, strategy: str, rows: Sequence[Row]) -> Cell:
    """What these trials of a bug say."""
    kills = [row for row in rows if row.spec is not None]
    return Cell(
        bug,
        strategy,
        trials=len(rows),
        kills=len(kills),
        own=sum(KNOWN_BUGS[bug].breaks_itself(row.spec) for row in kills if row.spec is not None),
        schedules=_median(rows, lambda row: row.schedules),
        seconds=_median(rows, lambda row: row.seconds),
        tried=max((row.schedules for row in rows if row.spec is None), default=0),
        shrunk_events=min(
            (row.shrunk_events for row in kills if row.shrunk_events is not None), default=None
        ),
    )


def _median(rows: Sequence[Row], of: Callable[[Row], float]) -> Any:
    if not rows:
        return None
    never = float("inf")
    middle = median_high([never if row.spec is None else of(row) for row in rows])
    return None if middle == never else middle


# --- The document ---


def lines(plan: Plan, rows: Mapping[Key, Row]) -> list[str]:
    """The part of the document that the trials make."""
    found = cells(plan, rows)
    by_bug = {bug: [one for one in found if one.bug == bug] for bug in plan.bugs}
    whole = [bug for bug in plan.bugs if all(_is_whole(one, plan) for one in by_bug[bug])]
    used = [row for one in found for seed in plan.seeds if (row := rows.get((one.bug, one.strategy, seed)))]
    return [
        *_note(plan, used),
        *_measured(plan, used, by_bug, whole),
        "",
        *_note(plan, used),
        *_strategies(plan, [one for bug in whole for one in by_bug[bug]]),
        "",
        *_alive(plan, by_bug),
        *_note(plan, used),
        *_bugs(plan, by_bug),
    ]


def _is_whole(one: Cell, plan: Plan) -> bool:
    """Whether nothing of a cell is left to measure."""
    return one.trials == len(plan.seeds) and (one.kills == one.trials or one.tried >= plan.schedules)


def _note(plan: Plan, rows: Sequence[Row]) -> list[str]:
    made = Counter(row.made_by for row in rows)
    commit = re.search(r"commit ([0-9a-f]{7,})", made.most_common(1)[0][0] if made else "")
    if commit is None:
        return ["<!-- no figures: nothing was measured at a commit -->"]
    return [
        "<!-- figures",
        f"  command: ./run power --schedules {plan.schedules} --seeds {len(plan.seeds)}",
        f"  commit: {commit[1][:7]}",
        "  cannot: hours; the trials are in a state file, and each is a campaign that can be run by itself",
        "-->",
    ]


def _measured(
    plan: Plan, rows: Sequence[Row], by_bug: Mapping[str, Sequence[Cell]], whole: Sequence[str]
) -> list[str]:
    begun = sum(any(one.trials for one in found) for found in by_bug.values())
    every = len(plan.bugs) * len(plan.strategies) * len(plan.seeds)
    seconds = sum(row.seconds for row in rows)
    unsound = sum(row.unsound for row in rows)
    by = ", ".join(f"{count} by {name}" for name, count in Counter(row.made_by for row in rows).items())
    counted = "The next table counts all bugs, for all trials are done."
    if len(whole) < len(plan.bugs):
        counted = (
            f"The next table counts only the {len(whole)} bugs of which all trials are done. "
            "Those that die soon are done first, so it says nothing of the others."
        )
    seeds = f"seed{'s' * (len(plan.seeds) > 1)} {', '.join(map(str, plan.seeds))}"
    return [
        f"Measured: {len(rows):,} of {every:,} trials, of up to {plan.schedules} schedules each,",
        f"for {len(plan.bugs)} bugs, {len(plan.strategies)} strategies",
        f"and {seeds}; {begun} of the bugs have been tried at all.",
        f"That took {seconds / 3600:.1f} hours of a core; {by or 'none'}.",
        f"{unsound} schedules broke a promise without the bug too, and count for nothing.",
        counted,
    ]


def _strategies(plan: Plan, found: Iterable[Cell]) -> list[str]:
    """The strategies, over the bugs whose trials are all done."""
    head = [
        "| strategy | killed in most trials | in all | in none | by an own promise | schedules | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    body, all_of = [], list(found)
    for strategy in plan.strategies:
        of = [one for one in all_of if one.strategy == strategy]
        most = [one for one in of if one.schedules is not None]
        kills, own = sum(one.kills for one in of), sum(one.own for one in of)
        share = f"{100 * own // kills} %" if kills else "none"
        middle = f"{median_high([one.schedules or 0 for one in most])}" if most else "none"
        seconds = f"{median_high([one.seconds or 0.0 for one in most]):.1f}" if most else "none"
        in_all = sum(one.kills == one.trials for one in of)
        in_none = sum(one.kills == 0 for one in of)
        killed = f"{len(most)} of {len(of)}"
        body.append(f"| `{strategy}` | {killed} | {in_all} | {in_none} | {share} | {middle} | {seconds} |")
    return [*head, *body]


def _alive(plan: Plan, by_bug: Mapping[str, Sequence[Cell]]) -> list[str]:
    """The bugs that no strategy has killed, and those that none was tried on."""
    alive = [bug for bug in plan.bugs if not any(one.kills for one in by_bug[bug])]
    tried = [bug for bug in alive if any(one.trials for one in by_bug[bug])]
    untried = [bug for bug in alive if bug not in tried]
    said = []
    for sentence, names in (
        ("No strategy killed, in what was tried of it:", tried),
        ("Not measured at all:", untried),
    ):
        if names:
            listed = ", ".join(f"`{name}`" for name in names)
            said += ["<!-- no figures: a list of names -->", f"{sentence} {listed}.", ""]
    return said


def _bugs(plan: Plan, by_bug: Mapping[str, Sequence[Cell]]) -> list[str]:
    """Every bug, with what it breaks and how soon each strategy killed it."""
    stories: dict[str, list[str]] = {}
    for scenario in DIRECTED.values():
        for name in scenario.kills:
            stories.setdefault(name, []).append(scenario.name)
    columns = ["bug", "breaks", "hunted in", *plan.strategies, "own", "shrunk", "directed"]
    rows = ["| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    for bug, found in by_bug.items():
        kills = sum(one.kills for one in found)
        shrunk = [one.shrunk_events for one in found if one.shrunk_events is not None]
        rows.append(
            "| "
            + " | ".join(
                [
                    f"`{bug}`",
                    ", ".join(f"`{spec}`" for spec in KNOWN_BUGS[bug].breaks),
                    f"`{KNOWN_BUGS[bug].scenario}`",
                    *(one.text(plan) for one in found),
                    f"{sum(one.own for one in found)} of {kills}" if kills else "",
                    f"{min(shrunk)}" if shrunk else "",
                    ", ".join(f"`{name}`" for name in stories.get(bug, ())),
                ]
            )
            + " |"
        )
    return rows

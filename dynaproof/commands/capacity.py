"""`dynaproof capacity`: hours of a table's load, simulated in seconds, under one policy or all of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dynaproof import console, exits
from dynaproof.arguments import above_zero, file_to_write
from dynaproof.commands import Flag
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import maker, provenance

if TYPE_CHECKING:
    from dynaproof.checkers.capacity.result import Result
    from dynaproof.checkers.capacity.scenarios import Scenario

PICTURES = (".png", ".svg", ".pdf")

HEAD = (
    "| policy | throttled | seconds throttled | throttling ends | over-admission | greatest multiplier |",
    "| --- | --- | --- | --- | --- | --- |",
)


def capacity(
    scenario: str | None = None,
    /,
    *,
    policy: Literal["pid", "proportional", "global", "none", "all"] = "pid",
    demand: str | None = None,
    seconds: int | None = None,
    partitions: int | None = None,
    units: int | None = None,
    drained: Flag = False,
    seed: int = 1,
    plot: Path | None = None,
    table: Path | None = None,
    json: Flag = False,
) -> int:
    """Simulate what a table's load becomes under a policy; without a scenario, list them.

    The decisions are those of the system's own functions; there is no replication and no network in it.
    docs/capacity.md says what is measured.

    Args:
        scenario: One of the scenarios.
        policy: How the table's units are given to its partitions; all: each, compared.
        demand: A load of your own: a CSV file (second,partition,units), or FILE.py:NAME.
        seconds: How long, in simulated seconds; by default what the scenario says.
        partitions: How many partitions; by default what the scenario says.
        units: Write units a second of the table at the beginning; by default what the scenario says.
        drained: Begin with empty buckets, instead of full ones.
        seed: The seed of the load.
        plot: A .png, .svg or .pdf file of the curves; beside it a .csv file of what was sampled.
        table: A Markdown file, in which to replace the table between the marks of the scenario.
        json: Print one JSON object per policy.
    """
    from dynaproof.checkers.capacity.demand import DemandError
    from dynaproof.checkers.capacity.scenarios import SCENARIOS
    from dynaproof.checkers.whole_file import write_whole
    from dynaproof.impl.capacity.policies import POLICIES

    if scenario is None:
        if (
            policy != "pid"
            or drained
            or any(one is not None for one in (demand, seconds, partitions, units, plot, table))
        ):
            raise UserError("which scenario?", f"name one of {', '.join(SCENARIOS)}")
        for one in SCENARIOS.values():
            if json:
                console.emit({"name": one.name, "sentence": one.sentence})
            else:
                console.show(f"{one.name:18} {one.sentence}")
        return exits.CLEAN
    chosen = _chosen(scenario, seconds, partitions, units, drained)
    file_to_write("--plot", plot, *PICTURES)
    file_to_write("--table", table, ".md")
    try:
        results = [
            _simulated(chosen, name, seed, demand) for name in (POLICIES if policy == "all" else (policy,))
        ]
    except DemandError as error:
        raise UserError(str(error)) from error
    if json:
        for result in results:
            console.emit({**result.summary(), "provenance": provenance(seed=seed)})
    else:
        table_of = f"{chosen.partitions} partitions, {chosen.units:,} units/s"
        for line in (f"{chosen.name}, seed {seed}: {chosen.seconds:,} s, {table_of}", *rows_of(results)):
            console.show(line)
    if plot is not None:
        from dynaproof.checkers.capacity.picture import picture_of

        write_whole(plot, picture_of(results, plot.suffix, maker()))
        write_whole(plot.with_suffix(".csv"), _csv(results).encode())
    if table is not None:
        _write(table, chosen.name, rows_of(results))
    return exits.CLEAN


def _chosen(
    name: str, seconds: int | None, partitions: int | None, units: int | None, drained: bool
) -> "Scenario":
    from msgspec import structs

    from dynaproof.checkers.capacity.scenarios import SCENARIOS

    if name not in SCENARIOS:
        raise unknown_name("capacity scenario", name, [*SCENARIOS])
    above_zero({"--seconds": seconds, "--partitions": partitions, "--units": units})
    found = SCENARIOS[name]
    given = {"drained": drained or None, "seconds": seconds, "partitions": partitions, "units": units}
    changed = structs.replace(found, **{key: value for key, value in given.items() if value is not None})
    if changed.seconds % 60:
        raise UserError(f"--seconds is {changed.seconds}; it takes whole minutes")
    return changed


def _simulated(scenario: "Scenario", policy: str, seed: int, demand: str | None) -> "Result":
    from dynaproof.checkers.capacity.demand import users_demand
    from dynaproof.checkers.capacity.simulation import Simulation

    own = None if demand is None else users_demand(demand, scenario.partitions)
    with console.progress(f"{scenario.name}, {policy}", scenario.seconds) as advance:
        return Simulation(scenario, policy, seed, own).run(
            lambda second: advance(second, f"{second // 3_600} h {second // 60 % 60} min")
        )


def rows_of(results: Sequence["Result"]) -> list[str]:
    """The results as a Markdown table."""
    rows = []
    for one in results:
        ends = (
            "not at all"
            if one.ends_after is None
            else f"after {one.ends_after:,} s"
            if one.throttled
            else "never begins"
        )
        cells = (
            one.policy,
            f"{100 * one.throttled_share:.2f} %",
            f"{one.throttled_seconds:,}",
            ends,
            f"{100 * one.over_admitted_share:.2f} %",
            f"{one.greatest_multiplier / 1e6:.2f}",
        )
        rows.append(f"| {' | '.join(cells)} |")
    return [*HEAD, *rows]


def _csv(results: Sequence["Result"]) -> str:
    """The samples; for several policies, with a column that says which."""
    if len(results) == 1:
        return results[0].csv()
    texts = []
    for number, one in enumerate(results):
        head, *rows = one.csv().splitlines()
        texts += [f"policy,{head}"] * (number == 0) + [f"{one.policy},{row}" for row in rows]
    return "\n".join(texts) + "\n"


def _write(file: Path, scenario: str, rows: list[str]) -> None:
    from dynaproof.checkers.whole_file import write_whole

    begin, end = f"<!-- capacity {scenario} begin -->", f"<!-- capacity {scenario} end -->"
    text = file.read_text(encoding="utf-8")
    if begin not in text or end not in text:
        raise UserError(f"{file}: has no lines {begin} and {end}", "")
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    write_whole(file, "\n".join([before + begin, *rows, end + after]).encode())

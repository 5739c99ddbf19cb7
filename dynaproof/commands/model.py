"""`dynaproof model`: models explored exhaustively, proved, or checked up to a depth."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from dynaproof import console
from dynaproof.commands import Flag
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import provenance

if TYPE_CHECKING:
    from checkers.state_space.explore import Result
    from model.language import Model

Settings = Annotated[tuple[str, ...], Parameter(name="--set", negative="")]


def model(
    name: str | None = None,
    invariant: str | None = None,
    /,
    *,
    settings: Settings = (),
    symmetry: Flag = False,
    por: Flag = False,
    bug: str | None = None,
    threads: int = 1,
    max_states: int | None = None,
    max_mb: int | None = None,
    induction: Flag = False,
    bmc: int | None = None,
    graph: Path | None = None,
    json: Flag = False,
) -> int:
    """Explore all states of a model within its bounds; without a name, of every model.

    Args:
        name: One of the models, or FILE.py (FILE.py:Class) for your own.
        invariant: With --induction, the invariant to prove; without it, all of them together.
        settings: A constant of the model, as NAME=VALUE; may be repeated.
        symmetry: One state for all permutations of interchangeable identities.
        por: Leave out orders of independent actions that no invariant can tell apart.
        bug: Explore a seeded bug of the model instead (`all`: each of them).
        threads: How many threads explore.
        max_states: Stop at this many states, and say that the model was not exhausted.
        max_mb: Stop at this much memory for states.
        induction: Ask Z3 whether the invariants are inductive, instead of exploring.
        bmc: Ask Z3 for a violation within this many steps, instead of exploring.
        graph: Write the graph of all states: an .svg or a .graphml file, of a small model.
        json: Print one JSON object per model.
    """
    from checkers.state_space.catalogue import NAMES
    from model.language import ModelError

    if name is None:
        return _all(json)
    if threads < 1:
        raise UserError(f"--threads is {threads}; it takes a number above 0")
    if invariant is not None and not induction:
        raise UserError(f"what is {invariant!r}?", "an invariant is named after --induction")
    try:
        chosen = _find(name)
        instances = [_made(one, settings) for one in _bugs(chosen, bug)] if bug else [_made(chosen, settings)]
        if induction or bmc is not None:
            return _prove(instances[0], invariant, bmc, json)
        if graph is not None:
            return _draw(instances[0], graph)
        options = {"symmetry": symmetry, "por": por, "threads": threads}
        limits = {"states": max_states, "megabytes": max_mb}
        codes = [_explore(one, options, limits, json) for one in instances]
    except KeyError:
        raise unknown_name("model", name, NAMES) from None
    except ModelError as error:
        raise UserError(f"{name}: {error}") from None
    if bug:
        return 0 if all(code == 1 for code in codes) else 1
    return max(codes)


def _find(name: str) -> "type[Model]":
    from checkers.state_space.catalogue import find

    return find(name)


def _made(kind: "type[Model]", settings: tuple[str, ...]) -> "Model":
    constants = {}
    for setting in settings:
        constant, _, value = setting.partition("=")
        try:
            constants[constant] = int(value)
        except ValueError:
            raise UserError(f"--set {setting}: a constant is set as NAME=NUMBER") from None
    return kind(**constants)


def _bugs(kind: "type[Model]", bug: str) -> "list[type[Model]]":
    if bug == "all":
        return list(kind.bugs)
    found = [one for one in kind.bugs if one.__name__ == bug]
    if not found:
        raise unknown_name("seeded bug", bug, [one.__name__ for one in kind.bugs])
    return found


def _explore(one: "Model", options: dict[str, Any], limits: dict[str, Any], json: bool) -> int:
    from checkers.state_space.explore import Exploration, Limits

    threads = options.pop("threads") if "threads" in options else 1
    exploration = Exploration(one, **options)
    options["threads"] = threads
    with console.progress(f"exploring {type(one).__name__}") as advance:
        result = exploration.run(threads=threads, limits=Limits(**limits), progress=_reporter(advance))
    if json:
        console.emit(_object(result))
    else:
        _print(result, list(one.types))
    return 1 if result.violation is not None else 0


def _reporter(advance: Callable[[float, str], None]) -> Callable[[int, int, int], None]:
    begun = time.monotonic()

    def report(states: int, depth: int, size: int) -> None:
        rate = states / max(time.monotonic() - begun, 1e-9)
        advance(states, f"{states:,} states, depth {depth}, {rate:,.0f} states/s, {size >> 20:,} MB")

    return report


def _object(result: "Result") -> dict[str, object]:
    from checkers.state_space.trace import shown

    violation: dict[str, object] | None = None
    if result.violation is not None:
        steps = [None if label is None else str(label) for label, _ in result.violation.trace]
        states = [[shown(value) for value in state] for _, state in result.violation.trace]
        violation = {"name": result.violation.name, "steps": steps, "states": states}
    return {
        "model": result.model,
        "constants": dict(result.constants),
        "distinct": result.distinct,
        "generated": result.generated,
        "depth": result.depth,
        "seconds": round(result.seconds, 4),
        "states_per_second": result.states_per_second,
        "peak_mb": round(result.peak_bytes / (1 << 20), 1),
        "exhausted": result.exhausted,
        "violation": violation,
        "symmetry": result.symmetry,
        "por": result.por,
        "threads": result.threads,
        "limit": result.limit,
        "compile_seconds": round(result.compile_seconds, 4),
        "never_enabled": list(result.not_fired),
        "never_seen": list(result.not_reached),
        "provenance": provenance(),
    }


def _print(result: "Result", names: list[str]) -> None:
    from checkers.state_space.trace import describe

    out = console.results()
    constants = ", ".join(f"{name}={value}" for name, value in result.constants.items())
    megabytes = result.peak_bytes / (1 << 20)
    compiling = f"compiled in {result.compile_seconds:.2f} s"
    lines = [
        f"{result.model}({constants}): {_verdict(result)}",
        f"  {result.distinct:,} distinct states of {result.generated:,} generated, depth {result.depth}",
        f"  {result.seconds:.2f} s, {result.states_per_second:,} states/s, {megabytes:,.0f} MB; {compiling}",
    ]
    if result.violation is not None:
        lines += ["", *describe(result.violation.trace, names)]
    elif result.exhausted:
        if result.not_fired:
            lines.append(f"  never enabled: {', '.join(result.not_fired)}")
        if result.not_reached:
            lines.append(f"  never seen: {', '.join(result.not_reached)}")
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def _verdict(result: "Result") -> str:
    if result.violation is not None:
        return f"{result.violation.name} is violated, in {len(result.violation.trace) - 1} steps"
    if result.exhausted:
        return "no violation, exhausted"
    return f"no violation so far, not exhausted (limit of {result.limit})"


def _all(json: bool) -> int:
    """Every model at its default bounds, with symmetry where it may be used."""
    from checkers.state_space.catalogue import NAMES, find
    from checkers.state_space.explore import explore

    worst = 0
    for name in NAMES:
        made = find(name)()
        result = explore(made, symmetry=made.symmetric)
        if json:
            console.emit(_object(result))
        else:
            bounds = ", ".join(f"{constant}={value}" for constant, value in made.constants.items())
            console.results().print(
                f"{name:18} {bounds:52} {result.distinct:>11,} states  depth {result.depth:>3}  "
                f"{result.seconds:6.2f} s  {_verdict(result)}{', symmetry' if result.symmetry else ''}",
                markup=False,
                soft_wrap=True,
            )
        failed = result.violation is not None or bool(result.not_fired or result.not_reached)
        worst = max(worst, int(failed))
    return worst


def _prove(one: "Model", invariant: str | None, bmc: int | None, json: bool) -> int:
    from checkers.state_space.induction import bounded, inductive

    answer = bounded(one, bmc) if bmc is not None else inductive(one, invariant)
    if json:
        console.emit({**answer.as_object(), "provenance": provenance()})
    else:
        for line in answer.lines():
            console.results().print(line, markup=False, soft_wrap=True)
    return 0 if answer.holds else 1


def _draw(one: "Model", path: Path) -> int:
    from checkers.state_space.graph import write_graph

    if path.suffix not in {".svg", ".graphml"}:
        raise UserError(f"{path}: a graph is written as .svg or .graphml")
    size = write_graph(one, path)
    console.results().print(f"{path}: {size[0]} states, {size[1]} transitions", markup=False, soft_wrap=True)
    return 0

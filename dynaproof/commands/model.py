"""`dynaproof model`: models explored exhaustively, proved, or checked up to a depth."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from dynaproof import console
from dynaproof.arguments import above_zero, file_to_write, not_together
from dynaproof.commands import Flag
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import Provenance, provenance

if TYPE_CHECKING:
    from dynaproof.checkers.state_space.explore import Result
    from dynaproof.checkers.state_space.liveness import Lasso
    from dynaproof.model.language import Model

Settings = Annotated[tuple[str, ...], Parameter(name="--set", negative="")]
Names = Annotated[tuple[str, ...], Parameter(negative="")]

LISTING_SECONDS = 60.0
"""How long the list of models explores each of them at most."""


@dataclass(frozen=True)
class Options:
    """How a model is explored, and where it stops."""

    symmetry: bool = False
    por: bool = False
    threads: int = 1
    max_states: int | None = None
    max_mb: int | None = None
    max_seconds: float | None = None
    without: tuple[str, ...] = ()


def model(
    name: str | None = None,
    invariant: str | None = None,
    /,
    *,
    settings: Settings = (),
    without: Names = (),
    symmetry: Flag = False,
    por: Flag = False,
    bug: str | None = None,
    threads: int = 1,
    max_states: int | None = None,
    max_mb: int | None = None,
    max_seconds: float | None = None,
    induction: Flag = False,
    bmc: int | None = None,
    graph: Path | None = None,
    json: Flag = False,
) -> int:
    """Explore all states of a model within its bounds; without a name, list the models with their verdicts.

    Interrupted (Ctrl-C), it reports what it has found, as not exhausted.

    Args:
        name: One of the models, or FILE.py (FILE.py:Class) for your own.
        invariant: With --induction, the invariant to prove; without it, all of them together.
        settings: A constant of the model, as NAME=VALUE; may be repeated.
        without: An action that never happens; may be repeated.
        symmetry: One state for all permutations of interchangeable identities.
        por: Leave out orders of independent actions that no invariant can tell apart.
        bug: Explore a seeded bug of the model instead (`all`: each of them); clean if it is caught.
        threads: How many threads explore.
        max_states: Stop at this many states, and say that the model was not exhausted.
        max_mb: Stop at this much memory for states.
        max_seconds: Stop after this time.
        induction: Ask Z3 whether the invariants are inductive, instead of exploring.
        bmc: Ask Z3 for a violation within this many steps, instead of exploring.
        graph: Write the graph of all states of a small model, as .svg or .graphml.
        json: Print one JSON object per model.
    """
    from dynaproof.checkers.state_space.catalogue import NAMES, find
    from dynaproof.model.language import ModelError

    limits = {"--threads": threads, "--max-states": max_states, "--max-mb": max_mb}
    above_zero({**limits, "--max-seconds": max_seconds})
    not_together(induction=induction, bmc=bmc, graph=graph, bug=bug)
    file_to_write("--graph", graph, ".svg", ".graphml")
    if bmc is not None and bmc < 0:
        raise UserError(f"--bmc is {bmc}; it takes a number of steps")
    if invariant is not None and not induction:
        raise UserError(f"what is {invariant!r}?", "an invariant is named after --induction")
    if name is None:
        if settings or without or bug is not None or induction or bmc is not None or graph is not None:
            raise UserError("which model?", f"name one of {', '.join(NAMES)}, or a FILE.py")
        return _list(json)
    options = Options(symmetry, por, threads, max_states, max_mb, max_seconds, without)
    try:
        chosen = find(name)
        if bug is not None:
            return max(_hunt(one, name, settings, options, json) for one in _bugs(chosen, bug))
        made = _made(chosen, settings).narrowed(without=without)
        if induction or bmc is not None:
            return _prove(made, invariant, bmc, json)
        if graph is not None:
            return _draw(made, name, graph, json)
        return _explore(made, name, options, json)
    except KeyError:
        raise unknown_name("model", name, NAMES) from None
    except ModelError as error:
        raise UserError(f"{name}: {error}") from None


def _made(kind: "type[Model]", settings: tuple[str, ...]) -> "Model":
    from dynaproof.model.language import Constant

    known = [name for owner in kind.__mro__ for name, one in vars(owner).items() if isinstance(one, Constant)]
    constants = {}
    for setting in settings:
        constant, _, value = setting.partition("=")
        if constant not in known:
            raise unknown_name(f"constant of {kind.__name__}", constant, known)
        try:
            constants[constant] = int(value)
        except ValueError:
            raise UserError(f"--set {setting}: a constant is set as NAME=NUMBER") from None
    return kind(**constants)


def _bugs(kind: "type[Model]", bug: str) -> "list[type[Model]]":
    found = [one for one in kind.bugs if bug in {"all", one.__name__}]
    if not found:
        raise unknown_name(f"seeded bug of {kind.__name__}", bug, [one.__name__ for one in kind.bugs])
    return found


def _hunt(kind: "type[Model]", name: str, settings: tuple[str, ...], options: Options, json: bool) -> int:
    """Explore a seeded bug: clean if the invariant that it must break is what is found broken."""
    result, lasso = _run(_made(kind, settings).narrowed(without=options.without), kind.__name__, options)
    _show(f"{name}:{kind.__name__}", result, lasso, options, json)
    _interrupt_again(result)
    broken = lasso.condition if lasso else result.violation.name if result.violation else None
    if broken == kind.violates:
        return 0
    console.say(f"{kind.__name__}: {kind.violates} should be violated, and {broken or 'nothing'} is")
    return 1


def _explore(one: "Model", name: str, options: Options, json: bool) -> int:
    result, lasso = _run(one, name, options)
    _show(name, result, lasso, options, json)
    _interrupt_again(result)
    return int(result.violation is not None or lasso is not None)


def _run(one: "Model", name: str, options: Options) -> "tuple[Result, Lasso | None]":
    """Explore a model; where that exhausts it without a violation, check its `eventually` conditions too.

    A result whose limit is an interruption is to be shown, and `_interrupt_again` called with it.
    """
    from dynaproof.checkers.state_space.explore import INTERRUPTION, Exploration, Limits
    from dynaproof.checkers.state_space.liveness import check_liveness

    exploration = Exploration(one, symmetry=options.symmetry, por=options.por)
    limits = Limits(options.max_states, options.max_mb, options.max_seconds)
    with console.progress(f"exploring {name}") as advance:
        try:
            result = exploration.run(threads=options.threads, limits=limits, progress=_reporter(advance))
        except KeyboardInterrupt:
            found = exploration.interrupted()
            if found is None:
                raise
            return found, None
    try:
        lasso = check_liveness(one) if one.eventually and result.exhausted else None
    except KeyboardInterrupt:
        return replace(result, exhausted=False, limit=INTERRUPTION), None
    return result, lasso


def _interrupt_again(result: "Result") -> None:
    """Go on with the interruption that ended an exploration, if one did, now that its result is shown."""
    from dynaproof.checkers.state_space.explore import INTERRUPTION

    if result.limit == INTERRUPTION:
        raise KeyboardInterrupt


def _reporter(advance: Callable[[float, str], None]) -> Callable[[int, int, int], None]:
    begun = time.monotonic()

    def report(states: int, depth: int, size: int) -> None:
        rate = states / max(time.monotonic() - begun, 1e-9)
        advance(states, f"{states:,} states, depth {depth}, {rate:,.0f} states/s, {size >> 20:,} MB")

    return report


# ---------------------------------------------------------------- what is printed


def _show(name: str, result: "Result", lasso: "Lasso | None", options: Options, json: bool) -> None:
    if json:
        console.emit(_object(name, result, lasso, options))
        return
    for line in _lines(name, result, lasso, options):
        console.tell(line)


def _object(name: str, result: "Result", lasso: "Lasso | None", options: Options) -> dict[str, object]:
    from dynaproof.checkers.state_space.trace import as_object

    violation: dict[str, object] | None = None
    if result.violation is not None:
        violation = {"name": result.violation.name, **as_object(result.violation.trace, result.variables)}
    elif lasso is not None:
        violation = {
            "name": lasso.condition,
            **as_object(lasso.path, result.variables),
            "cycle": as_object(lasso.cycle, result.variables)["steps"],
        }
    return {
        "model": name,
        "constants": dict(result.constants),
        "distinct": result.distinct,
        "generated": result.generated,
        "depth": result.depth,
        "seconds": round(result.seconds, 6),
        "states_per_second": result.states_per_second,
        "peak_mb": round(result.peak_bytes / (1 << 20), 1),
        "exhausted": result.exhausted,
        "violation": violation,
        "provenance": _provenance(name, result.constants, options),
    }


def _provenance(name: str, constants: Mapping[str, int], options: object) -> Provenance:
    told = repr((name, sorted(constants.items()), options))
    return provenance(configuration=sha256(told.encode()).hexdigest())


def _lines(name: str, result: "Result", lasso: "Lasso | None", options: Options) -> list[str]:
    from dynaproof.checkers.state_space.trace import describe

    reduced = [word for word, used in (("symmetry", options.symmetry), ("por", options.por)) if used]
    megabytes = result.peak_bytes / (1 << 20)
    speed = f"{result.seconds:.2f} s, {result.states_per_second:,} states/s, {megabytes:,.0f} MB"
    lines = [
        f"{name} ({_bounds(result.constants)}): {', '.join([_verdict(result, lasso), *reduced])}",
        f"  {result.distinct:,} distinct states of {result.generated:,} generated, depth {result.depth}",
        f"  {speed}; made ready in {result.compile_seconds:.2f} s",
    ]
    if result.violation is not None:
        return [*lines, "", *describe(result.violation.trace, result.variables)]
    if lasso is not None:
        lines += ["", *describe(lasso.path, result.variables)]
        if lasso.cycle:
            lines += ["   and from there, again and again:"]
            lines += describe(lasso.cycle, result.variables, after=lasso.path[-1][1], first=len(lasso.path))
        else:
            lines += ["   and from there nothing more need happen"]
    return [*lines, *_gaps(result)]


def _gaps(result: "Result") -> list[str]:
    """What an exhausted model should have shown, and did not."""
    if not result.exhausted:
        return []
    lines = []
    if result.not_fired:
        lines.append(f"  never enabled: {', '.join(result.not_fired)}")
    if result.not_reached:
        lines.append(f"  never seen: {', '.join(result.not_reached)}")
    return lines


def _bounds(constants: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={value}" for name, value in constants.items())


def _verdict(result: "Result", lasso: "Lasso | None") -> str:
    if lasso is not None:
        return f"{lasso.condition} may never come true"
    if result.violation is not None:
        return f"{result.violation.name} is violated, in {len(result.violation.trace) - 1} steps"
    if result.exhausted:
        return "no violation, exhausted"
    return f"no violation so far, not exhausted (limit of {result.limit})"


def _list(json: bool) -> int:
    """Every model at its default bounds, with symmetry where it may be used."""
    from dynaproof.checkers.state_space.catalogue import NAMES, find

    worst = 0
    for name in NAMES:
        made = find(name)()
        options = Options(symmetry=made.symmetric, max_seconds=LISTING_SECONDS)
        result, lasso = _run(made, name, options)
        if json:
            console.emit(_object(name, result, lasso, options))
        else:
            verdict = ", ".join([_verdict(result, lasso), *(["symmetry"] if made.symmetric else [])])
            counts = f"{result.distinct:>11,} states, depth {result.depth:>3}, {result.seconds:6.2f} s"
            for line in [f"{name:17} {_bounds(made.constants)}", f"  {counts}: {verdict}", *_gaps(result)]:
                console.tell(line)
        _interrupt_again(result)
        failed = result.violation is not None or lasso is not None or bool(_gaps(result))
        worst = max(worst, int(failed))
    return worst


def _prove(one: "Model", invariant: str | None, bmc: int | None, json: bool) -> int:
    from dynaproof.checkers.state_space.induction import bounded, inductive

    answer = bounded(one, bmc) if bmc is not None else inductive(one, invariant)
    if json:
        asked = (invariant, bmc)
        console.emit(
            {**answer.as_object(), "provenance": _provenance(type(one).__name__, one.constants, asked)}
        )
    else:
        for line in answer.lines():
            console.tell(line)
    return 0 if answer.holds else 1


def _draw(one: "Model", name: str, path: Path, json: bool) -> int:
    from dynaproof.checkers.state_space.graph import write_graph

    states, transitions = write_graph(one, path)
    if json:
        counted = {"distinct": states, "transitions": transitions}
        origin = _provenance(name, one.constants, "graph")
        console.emit(
            {
                "model": name,
                "constants": dict(one.constants),
                "graph": str(path),
                **counted,
                "provenance": origin,
            }
        )
        return 0
    drawn = f"{path}: {states} states, {transitions} transitions"
    console.tell(drawn)
    return 0

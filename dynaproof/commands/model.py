"""`dynaproof model`: models explored exhaustively, proved, or checked up to a depth."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from dynaproof import console, exits
from dynaproof.arguments import above_zero, file_to_write, not_together, outputs_apart
from dynaproof.commands import Flag
from dynaproof.commands.model_output import (
    Options,
    as_json,
    bounds,
    broken_promise,
    ended_early,
    gaps,
    origin,
    show,
    table,
    unreachable,
    verdict,
)
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import maker

if TYPE_CHECKING:
    from dynaproof.checkers.state_space.explore import Result
    from dynaproof.checkers.state_space.liveness import Lasso
    from dynaproof.model.language import Model

Settings = Annotated[tuple[str, ...], Parameter(name="--set", negative="")]
Names = Annotated[tuple[str, ...], Parameter(negative="")]

LISTING_SECONDS = 60.0
"""How long at most the list of models explores each of them."""


def model(
    name: str | None = None,
    invariant: str | None = None,
    /,
    *,
    settings: Settings = (),
    without: Names = (),
    only: str | None = None,
    allow_unreachable: Names = (),
    deadlock: Flag = False,
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

    Interrupted (Ctrl-C), it reports what it has found, as not exhausted. Exit status 3 if a limit ended it
    before it found a violation or had seen all states.

    Args:
        name: One of the models, or FILE.py (FILE.py:Class) for your own.
        invariant: With --induction, the invariant to prove; without it, all of them together.
        settings: A constant of the model, as NAME=VALUE; may be repeated.
        without: An action that never happens; may be repeated.
        only: Check this promise and no other.
        allow_unreachable: A `sometimes` that may never be seen; may be repeated.
        deadlock: Fail where nothing is enabled in a state that is not terminal.
        symmetry: One state for all permutations of interchangeable identities.
        por: Leave out orders of independent actions that no invariant can tell apart.
        bug: Explore a seeded bug instead (`all`: each of them); clean if its own promise is broken.
        threads: How many threads.
        max_states: Stop at this many states, and say that the model was not exhausted.
        max_mb: Stop at this much memory for states; by default at half of what is available.
        max_seconds: Stop after this time.
        induction: Ask Z3 whether the invariants are inductive, instead of exploring.
        bmc: Ask Z3 for a violation within this many steps, instead of exploring.
        graph: Write the graph of all states of a small model, as .svg or .graphml.
        json: Print one JSON object per model.
    """
    from dynaproof.checkers.state_space.catalogue import NAMES, find
    from dynaproof.checkers.user_file import UserFileError
    from dynaproof.model.language import ModelError
    from dynaproof.model.language.model import narrowed

    limits = {"--threads": threads, "--max-states": max_states, "--max-mb": max_mb}
    above_zero({**limits, "--max-seconds": max_seconds})
    not_together(induction=induction, bmc=bmc, graph=graph, bug=bug)
    not_together(only=only, bug=bug)
    not_together(only=only, induction=induction)
    _not_explored(
        "--induction" if induction else "--bmc" if bmc is not None else None if graph is None else "--graph",
        {
            "--symmetry": symmetry,
            "--por": por,
            "--threads": threads > 1,
            "--max-states": max_states is not None,
            "--max-mb": max_mb is not None,
            "--max-seconds": max_seconds is not None,
            "--deadlock": deadlock,
            "--allow-unreachable": bool(allow_unreachable),
        },
    )
    file_to_write("--graph", graph, ".svg", ".graphml")
    if bmc is not None and bmc < 0:
        raise UserError(f"--bmc is {bmc}; it takes a number of steps")
    if invariant is not None and not induction:
        raise UserError(f"unexpected argument {invariant!r}", "an invariant is named only with --induction")
    if name is None:
        if (
            settings
            or without
            or allow_unreachable
            or deadlock
            or any(one is not None and one is not False for one in (only, bug, induction, bmc, graph))
        ):
            raise UserError("which model?", f"name one of {', '.join(NAMES)}, or a FILE.py")
        return _list(json)
    outputs_apart({"--graph": graph}, [name.partition(":")[0]])
    limits_given = (max_states, max_mb, max_seconds)
    options = Options(symmetry, por, threads, *limits_given, without, only, deadlock, allow_unreachable)
    try:
        chosen = find(name)
        if bug is not None:
            return _hunt(_bugs(chosen, bug), name, settings, options, json)
        made = narrowed(_made(chosen, settings), without=without, promise=only)
        if induction or bmc is not None:
            return _prove(made, invariant, bmc, json)
        if graph is not None:
            return _draw(made, name, graph, json)
        return _explore(made, name, options, json)
    except KeyError:
        raise unknown_name("model", name, NAMES) from None
    except UserFileError as error:
        raise UserError(str(error)) from None
    except ModelError as error:
        raise UserError(f"{name}: {error}") from None


def _not_explored(instead: str | None, given: dict[str, bool]) -> None:
    """Reject options of an exploration where Z3 is asked instead, or all states are drawn."""
    does = "draws all states of a small model" if instead == "--graph" else "explores no states"
    for option in [name for name, is_given in given.items() if is_given and instead is not None]:
        raise UserError(f"{instead} {does}, so {option} would change nothing", "leave it out")


def _made(kind: "type[Model]", settings: tuple[str, ...]) -> "Model":
    from dynaproof.model.language import Constant

    known = [name for owner in kind.__mro__ for name, one in vars(owner).items() if isinstance(one, Constant)]
    constants = {}
    for setting in settings:
        constant, _, value = setting.partition("=")
        if constant not in known:
            raise unknown_name("constant", constant, known, of=kind.__name__)
        try:
            constants[constant] = int(value)
        except ValueError:
            raise UserError(f"--set {setting}: a constant is set as NAME=NUMBER") from None
    return kind(**constants)


def _bugs(kind: "type[Model]", bug: str) -> "list[type[Model]]":
    from dynaproof.checkers.mutation.model_bugs.catalogue import bugs_of

    known = bugs_of(kind)
    found = [one for one in known if bug in {"all", one.__name__}]
    if not found:
        raise unknown_name("seeded bug", bug, [one.__name__ for one in known], of=kind.__name__)
    return found


def _hunt(
    kinds: "list[type[Model]]", name: str, settings: tuple[str, ...], options: Options, json: bool
) -> int:
    """Explore seeded bugs: clean if each breaks the promise that it must break, whatever else breaks."""
    from dynaproof.model.language.model import narrowed

    rows: list[tuple[str, ...]] = [("bug", "promise", "steps", "seconds")]
    missed = unknown = 0
    for kind in kinds:
        made = narrowed(_made(kind, settings), without=options.without, promise=kind.violates)
        result, lasso = _run(made, kind.__name__, options)
        show(f"{name}:{kind.__name__}", result, lasso, options, json)
        _interrupt_again(result)
        unseen = result.exhausted and kind.violates in result.not_reached
        if broken_promise(result, lasso) != kind.violates and not unseen:
            if ended_early(result, lasso):
                console.say(f"{kind.__name__}: {kind.violates} is not violated before the limit")
                unknown += 1
            else:
                console.say(f"{kind.__name__}: {kind.violates} should be violated, and is not")
                missed += 1
        rows.append((kind.__name__, str(kind.violates), _steps(result, lasso), f"{result.seconds:.2f}"))
    if len(kinds) > 1 and not json:
        for line in ["", *table(rows)]:
            console.show(line)
    return exits.FAILED if missed else exits.UNKNOWN if unknown else exits.CLEAN


def _steps(result: "Result", lasso: "Lasso | None") -> str:
    if lasso is not None:
        return str(len(lasso.path) - 1 + len(lasso.cycle))
    return "-" if result.violation is None else str(len(result.violation.trace) - 1)


def _explore(one: "Model", name: str, options: Options, json: bool) -> int:
    known = [each.name for each in one.sometimes]
    for allowed in options.allow_unreachable:
        if allowed not in known:
            raise unknown_name("`sometimes`", allowed, known, of=type(one).__name__)
    for warning in _warnings(one, name, options):
        console.say(f"warning: {name}: {warning}")
    result, lasso = _run(one, name, options)
    show(name, result, lasso, options, json)
    _interrupt_again(result)
    if broken_promise(result, lasso) is not None or unreachable(one, result, options):
        return exits.FAILED
    return exits.UNKNOWN if ended_early(result, lasso) else exits.CLEAN


def _warnings(one: "Model", name: str, options: Options) -> list[str]:
    """Warn of probable mistakes; the tests check the system's models for these."""
    from dynaproof.checkers.state_space.catalogue import NAMES
    from dynaproof.checkers.state_space.layout import Layout
    from dynaproof.checkers.state_space.lint import doubts
    from dynaproof.checkers.state_space.symmetry import scalar_sets

    if name in NAMES:
        return []
    found = [f"{doubt.text} (line {doubt.line})" for doubt in doubts(one)]
    if options.symmetry and not scalar_sets(Layout(one)):
        found.append("--symmetry changes nothing: no variable of the model has a Scalar")
    return found


def _run(one: "Model", name: str, options: Options) -> "tuple[Result, Lasso | None]":
    """Explore a model; if that exhausts it without a violation, check its `eventually` conditions too.

    If the result's limit is an interruption, show the result, then call `_interrupt_again` with it.
    """
    from dynaproof.checkers.state_space.explore import INTERRUPTION, Exploration, Limits, Violation
    from dynaproof.checkers.state_space.liveness import MAX_STATES, check_liveness
    from dynaproof.checkers.state_space.memory import half_of_available_mb
    from dynaproof.checkers.state_space.transitions import TooManyStatesError

    exploration = Exploration(one, symmetry=options.symmetry, por=options.por)
    megabytes = options.max_mb if options.max_mb is not None else half_of_available_mb()
    limits = Limits(options.max_states, megabytes, options.max_seconds)
    with console.progress(f"exploring {name}") as advance:
        try:
            result = exploration.run(threads=options.threads, limits=limits, progress=_reporter(advance))
        except KeyboardInterrupt:
            found = exploration.interrupted()
            if found is None:
                raise
            return found, None
    deadlock = exploration.first_deadlock()
    if options.deadlock and deadlock is not None and result.violation is None:
        result = replace(result, violation=Violation("deadlock", exploration.path_to(deadlock), "deadlock"))
    if not one.eventually or result.violation is not None:
        return result, None
    if not result.exhausted:
        return _without_liveness(result, one, f"limit of {result.limit}"), None
    try:
        return result, check_liveness(one)
    except TooManyStatesError:
        reduced = [word for word, used in (("symmetry", options.symmetry), ("por", options.por)) if used]
        without = f" without {' and '.join(reduced)}" if reduced else ""
        return _without_liveness(result, one, f"more than {MAX_STATES:,} states{without}"), None
    except KeyboardInterrupt:
        return replace(result, exhausted=False, limit=INTERRUPTION), None


def _without_liveness(result: "Result", one: "Model", reason: str) -> "Result":
    unjudged = tuple((condition.name, reason) for condition in one.eventually)
    return replace(result, unjudged=(*result.unjudged, *unjudged))


def _interrupt_again(result: "Result") -> None:
    """Raise again the interruption that ended an exploration, if one did, now that its result is shown."""
    from dynaproof.checkers.state_space.explore import INTERRUPTION

    if result.limit == INTERRUPTION:
        raise KeyboardInterrupt


def _reporter(advance: Callable[[float, str], None]) -> Callable[[int, int, int], None]:
    begun = time.monotonic()

    def report(states: int, depth: int, size: int) -> None:
        rate = states / max(time.monotonic() - begun, 1e-9)
        advance(states, f"{states:,} states, depth {depth}, {rate:,.0f} states/s, {size >> 20:,} MB")

    return report


def _list(json: bool) -> int:
    """Explore every model at its default bounds, with symmetry where it may be used."""
    from dynaproof.checkers.state_space.catalogue import NAMES, find

    failed = unknown = False
    for name in NAMES:
        made = find(name)()
        options = Options(symmetry=made.symmetric, max_seconds=LISTING_SECONDS)
        result, lasso = _run(made, name, options)
        if json:
            console.emit(as_json(name, result, lasso, options))
        else:
            verdicts = ", ".join([verdict(result, lasso), *(["symmetry"] if made.symmetric else [])])
            counts = f"{result.distinct:>11,} states, depth {result.depth:>3}, {result.seconds:6.2f} s"
            for line in [f"{name:17} {bounds(made.constants)}", f"  {counts}: {verdicts}", *gaps(result)]:
                console.show(line)
        _interrupt_again(result)
        failed |= broken_promise(result, lasso) is not None or bool(unreachable(made, result, options))
        unknown |= ended_early(result, lasso)
    return exits.FAILED if failed else exits.UNKNOWN if unknown else exits.CLEAN


def _prove(one: "Model", invariant: str | None, bmc: int | None, json: bool) -> int:
    from dynaproof.checkers.state_space.induction import bounded, inductive

    answer = bounded(one, bmc) if bmc is not None else inductive(one, invariant)
    if json:
        asked = (invariant, bmc)
        console.emit({**answer.as_object(), "provenance": origin(type(one).__name__, one.constants, asked)})
    else:
        for line in answer.lines():
            console.show(line)
    if answer.unknown is not None:
        return exits.UNKNOWN
    return exits.CLEAN if answer.holds else exits.FAILED


def _draw(one: "Model", name: str, path: Path, json: bool) -> int:
    from dynaproof.checkers.state_space.graph import write_graph

    states, transitions = write_graph(one, path, maker())
    if json:
        counted = {"distinct": states, "transitions": transitions}
        made_from = origin(name, one.constants, "graph")
        console.emit(
            {
                "model": name,
                "constants": dict(one.constants),
                "graph": str(path),
                **counted,
                "provenance": made_from,
            }
        )
        return 0
    drawn = f"{path}: {states} states, {transitions} transitions"
    console.show(drawn)
    return 0

"""What `dynaproof model` prints about an exploration: text for people, objects for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from dynaproof import console
from dynaproof.provenance import Provenance, provenance

if TYPE_CHECKING:
    from dynaproof.checkers.state_space.explore import Result
    from dynaproof.checkers.state_space.liveness import Lasso
    from dynaproof.model.language import Model


BROKEN = {
    "always": " is violated",
    "always_possible": " can no longer come true",
    "assert": " fails",
    "deadlock": "",
}
"""What is said about a broken promise, by its kind."""


@dataclass(frozen=True)
class Options:
    """How a model is explored, where that stops, and what does not count as a failure."""

    symmetry: bool = False
    por: bool = False
    threads: int = 1
    max_states: int | None = None
    max_mb: int | None = None
    max_seconds: float | None = None
    without: tuple[str, ...] = ()
    only: str | None = None
    deadlock: bool = False
    allow_unreachable: tuple[str, ...] = ()


def show(name: str, result: "Result", lasso: "Lasso | None", options: Options, json: bool) -> None:
    """Print what an exploration found."""
    if json:
        console.emit(as_json(name, result, lasso, options))
        return
    for line in lines(name, result, lasso, options):
        console.show(line)


def as_json(name: str, result: "Result", lasso: "Lasso | None", options: Options) -> dict[str, object]:
    """An exploration for programs."""
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
        "unjudged": [{"promise": promise, "because": reason} for promise, reason in result.unjudged],
        "never_enabled": list(result.not_fired),
        "never_seen": list(result.not_reached),
        "true_at_once": list(result.true_at_once),
        "deadlocks": result.deadlocks,
        "deadlock_depth": result.deadlock_depth,
        "provenance": origin(name, result.constants, options),
    }


def origin(name: str, constants: Mapping[str, int], options: object) -> Provenance:
    """The provenance of an answer: the model, its constants and the options are its configuration."""
    described = repr((name, sorted(constants.items()), options))
    return provenance(configuration=sha256(described.encode()).hexdigest())


def lines(name: str, result: "Result", lasso: "Lasso | None", options: Options) -> list[str]:
    """An exploration for people."""
    from dynaproof.checkers.state_space.trace import describe

    reduced = [word for word, used in (("symmetry", options.symmetry), ("por", options.por)) if used]
    megabytes = result.peak_bytes / (1 << 20)
    speed = f"{result.seconds:.2f} s, {result.states_per_second:,} states/s, {megabytes:,.0f} MB"
    lines = [
        f"{name} ({bounds(result.constants)}): {', '.join([verdict(result, lasso), *reduced])}",
        f"  {result.distinct:,} distinct states of {result.generated:,} generated, depth {result.depth}",
        f"  {speed}; made ready in {result.compile_seconds:.2f} s",
    ]
    lines += _ends(result)
    if result.violation is not None:
        return [*lines, "", *describe(result.violation.trace, result.variables)]
    if lasso is not None:
        lines += ["", *describe(lasso.path, result.variables)]
        if lasso.cycle:
            lines += ["   and from there, again and again:"]
            lines += describe(lasso.cycle, result.variables, after=lasso.path[-1][1], first=len(lasso.path))
        else:
            lines += ["   and from there nothing more need happen"]
    return [*lines, *gaps(result)]


def gaps(result: "Result") -> list[str]:
    """What an exhausted model should have shown, and did not."""
    if not result.exhausted:
        return []
    unseen = {"never enabled": result.not_fired, "never seen": result.not_reached}
    unseen["true at once"] = result.true_at_once
    return [f"  {what}: {', '.join(names)}" for what, names in unseen.items() if names]


def _ends(result: "Result") -> list[str]:
    """Deadlocks, and the promises about which nothing is said."""
    lines = []
    if result.deadlocks:
        states = "1 state" if result.deadlocks == 1 else f"{result.deadlocks:,} states"
        nearest = f"the nearest after {_steps(result.deadlock_depth or 0)}"
        lines.append(f"  deadlock: nothing is enabled in {states}, {nearest}")
    lines += [f"  not judged: {promise} ({reason})" for promise, reason in result.unjudged]
    return lines


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


def unreachable(model: "Model", result: "Result", options: Options) -> list[str]:
    """The `sometimes` conditions that an exhausted model should show and never does.

    They show that the bounds which the author declared are large enough. So under other constants, with an
    action left out, or in a subclass that inherits the condition and may have narrowed what happens, one
    that is not seen is reported, but is not a failure.
    """
    defaults = type(model)().constants
    if not result.exhausted or options.without or dict(result.constants) != defaults:
        return []
    stated, allowed = vars(type(model)), options.allow_unreachable
    return [one for one in result.not_reached if one in stated and one not in allowed]


def broken_promise(result: "Result", lasso: "Lasso | None") -> str | None:
    """The promise that was found broken, whatever its kind."""
    if lasso is not None:
        return lasso.condition
    return None if result.violation is None else result.violation.name


def ended_early(result: "Result", lasso: "Lasso | None") -> bool:
    """Whether a limit ended the exploration before there was a verdict."""
    return not result.exhausted and broken_promise(result, lasso) is None


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows in columns, the first row their names; numbers, in the last two columns, are flush right."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            text.rjust(width) if at >= len(row) - 2 else text.ljust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def bounds(constants: Mapping[str, int]) -> str:
    """The constants of a model as text."""
    return ", ".join(f"{name}={value}" for name, value in constants.items())


def verdict(result: "Result", lasso: "Lasso | None") -> str:
    """The verdict in one phrase."""
    if lasso is not None:
        return f"{lasso.condition} may never come true"
    if result.violation is not None:
        broken = result.violation
        return f"{broken.name}{BROKEN[broken.kind]}, in {_steps(len(broken.trace) - 1)}"
    if result.exhausted:
        return "no violation, exhausted"
    return f"no violation so far, not exhausted (limit of {result.limit})"

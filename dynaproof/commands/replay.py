"""`dynaproof replay`, `shrink` and `trace`: the commands for a single run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dynaproof import console
from dynaproof.arguments import above_zero, file_to_write, folder_to_write, not_together, outputs_apart
from dynaproof.commands import Flag
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import maker, provenance
from dynaproof.rerunning import LAST_STEPS, command_line, failure_lines, seeded_as, step_line, traced

if TYPE_CHECKING:
    from dynaproof.checkers.runs.config import Failure, RunResult
    from dynaproof.checkers.runs.run_file import RunFile
    from dynaproof.checkers.runs.trace import Step

TRACED = 30
"""How many steps `trace` prints."""


def replay(run: Path, /, *, until: int | None = None, json: Flag = False) -> int:
    """Replay a run file exactly, and compare the outcome with the one in the file.

    Args:
        run: The run file.
        until: Stop after this step, counted from the end of the setup, and show the steps before it.
        json: Print one JSON object.
    """
    from dynaproof.checkers.runs.run_file import rerun
    from dynaproof.checkers.scenarios.catalogue import find
    from dynaproof.checkers.strategies.replaying import Divergence

    kept = opened(run)
    if until is not None:
        return replay_until(run, kept, until, json)
    try:
        with seeded_as(kept):
            outcome = rerun(kept, find(kept.config.scenario))
    except Divergence as error:
        return diverged(run, kept, error, json)
    same = outcome == kept.result
    if json:
        console.emit(
            {
                "run": str(run),
                "same": same,
                "digest": outcome.digest,
                "failure": outcome.failure,
                "events": outcome.events,
                "diverged": None,
                "provenance": origin(kept),
            }
        )
    else:
        console.show(f"{outcome.events} events, digest {outcome.digest}")
        console.show(comparison(kept, outcome))
        if not same:
            console.show(
                f"  the code, yours or dynaproof's, is not what wrote the file: {kept.made_by or 'unknown'}"
            )
        if outcome.failure is not None:
            show_failure(kept, outcome.failure)
    return 0 if outcome.failure is None and same else 1


def comparison(kept: "RunFile", outcome: "RunResult") -> str:
    """Whether a run is the same as its file's, and if not, how it differs."""
    recorded = kept.result
    if outcome == recorded:
        return "the same run"
    if outcome.digest != recorded.digest:
        return f"ANOTHER RUN: the file has {recorded.digest}"
    if recorded.failure is None or recorded.failure == outcome.failure:
        return "the same events, ANOTHER OUTCOME"
    failure = recorded.failure
    return f"the same events, ANOTHER OUTCOME: the file has {failure.spec} fail at step {failure.step}"


def replay_until(run: Path, kept: "RunFile", until: int, json: bool) -> int:
    """Run up to one step."""
    from dynaproof.checkers.strategies.replaying import Divergence

    if until < 1:
        raise UserError(f"--until is {until}; steps are counted from 1")
    steps: list[Step] = []
    try:
        outcome = traced(kept, steps, until=until)
    except Divergence as error:
        return diverged(run, kept, error, json)
    ended = steps[-1].number if steps else 0
    if ended < until and outcome.failure == kept.result.failure:
        raise no_step(until, ended)
    if json:
        failure = outcome.failure
        console.emit(
            {
                "run": str(run),
                "until": ended,
                "tau_us": steps[-1].tau if steps else 0,
                "last": [step.sentence for step in steps[-LAST_STEPS:]],
                "failure": failure,
                "provenance": origin(kept),
            }
        )
    else:
        show_steps(steps[-LAST_STEPS:])
        if outcome.failure is not None:
            show_failure(kept, outcome.failure, last=False)
    return 1 if outcome.failure is not None else 0


def diverged(run: Path, kept: "RunFile", error: Any, json: bool) -> int:
    """Say at which step the recorded run is no longer possible."""
    if json:
        console.emit(
            {
                "run": str(run),
                "same": False,
                "digest": None,
                "failure": None,
                "events": None,
                "diverged": {
                    "step": error.step + 1,
                    "expected": " ".join(map(str, error.expected)),
                    "enabled": [" ".join(map(str, name)) for name in error.enabled],
                },
                "provenance": origin(kept),
            }
        )
        return 1
    console.show(f"DIVERGED at step {error.step + 1}: {' '.join(map(str, error.expected))} was recorded")
    enabled = ", ".join(" ".join(map(str, name)) for name in error.enabled[:LAST_STEPS]) or "nothing"
    console.show(f"  possible there: {enabled}")
    console.show(
        f"  the code is not what wrote the file ({kept.made_by or 'unknown'}): use that, or explore again"
    )
    return 1


def shrink(run: Path, /, *, out: Path | None = None, json: Flag = False) -> int:
    """Shrink a failing run: leave out whatever its failure does not need.

    Args:
        run: The run file.
        out: Where to write the smaller run; by default beside the first, ending in `.small.json`.
        json: Print one JSON object.
    """
    from dynaproof.checkers.runs.run_file import save
    from dynaproof.checkers.runs.shrink import smaller
    from dynaproof.checkers.scenarios.catalogue import find
    from dynaproof.checkers.strategies.replaying import Divergence

    path = out if out is not None else run.with_suffix(".small.json")
    outputs_apart({"--out": path}, [run])
    kept = opened(run)
    folder_to_write("--out", path.parent)
    if path.parent.is_dir():
        file_to_write("--out", path)
    if kept.result.failure is None:
        raise UserError(f"{run}: this run breaks no promise, so there is nothing to shrink")
    try:
        with seeded_as(kept):
            small = smaller(find(kept.config.scenario), kept)
    except Divergence:
        small = None
    if small is None:
        raise UserError(f"{run}: the run does not fail any more as it did", "replay it to see where")
    failure = small.result.failure
    assert failure is not None
    save(path, small, maker())
    found = {
        "run": str(path),
        "spec": failure.spec,
        "events": kept.result.failure.step,
        "shrunk_events": failure.step,
        "minimal": small.minimal,
        "replay": command_line("replay", path),
    }
    if json:
        console.emit({**found, "provenance": origin(small)})
    else:
        console.show(f"{failure.spec}: {kept.result.failure.step} events, now {failure.step}: {path}")
        if not small.minimal:
            console.show(f"shrinking ended with its budget; more may go: {command_line('shrink', path)}")
    return 0


def trace(
    run: Path,
    /,
    *,
    last: int | None = None,
    step: int | None = None,
    node: str | None = None,
    json: Flag = False,
) -> int:
    """Print a run's steps as sentences; with --step, what it changed, and the state at that step.

    The state is that of the whole system as tables, if the scenario has them (those of a region do); else,
    or with --node, what each node knew.

    Args:
        run: The run file.
        last: How many steps, up to the end; 30 without it.
        step: One step, counted from the end of the setup.
        node: Only the steps at this node, or only what this node knew.
        json: Print one JSON object per step.
    """
    from dynaproof.checkers.runs.overview import OverviewError
    from dynaproof.checkers.scenarios.catalogue import find
    from dynaproof.checkers.strategies.replaying import Divergence

    above_zero({"--last": last})
    not_together(step=step, last=last)
    kept = opened(run)
    names = find(kept.config.scenario).node_names(kept.config)
    if node is not None and node not in names:
        raise unknown_name("node", node, names)
    if step is not None and step < 1:
        raise UserError(f"--step is {step}; steps are counted from 1")
    steps: list[Step] = []
    try:
        outcome = traced(kept, steps, wanted=step, until=step)
    except Divergence as error:
        return diverged(run, kept, error, json)
    except OverviewError as error:
        raise UserError(str(error)) from error
    if step is not None:
        if not steps or steps[-1].number != step:
            raise no_step(step, steps[-1].number if steps else 0)
        show_step(kept, steps[-1], node, json)
    else:
        chosen = [one for one in steps if node in {None, one.node}][-(last or TRACED) :]
        if json:
            for one in chosen:
                console.emit({**row(one), "provenance": origin(kept)})
        else:
            show_steps(chosen)
    if outcome.failure is not None and not json and step is None:
        console.show(f"{outcome.failure.spec}: {outcome.failure.sentence}")
    return 0


# --- Printing ---


def row(step: "Step") -> dict[str, object]:
    """A step for programs."""
    return {
        "step": step.number,
        "tau_us": step.tau,
        "node": step.node,
        "sentence": step.sentence,
        "changes": step.changes(),
    }


def show_steps(steps: "list[Step]") -> None:
    """Steps, one a line."""
    for step in steps:
        console.show(step_line(step))


def show_step(kept: "RunFile", step: "Step", node: str | None, json: bool) -> None:
    """Print one step with the state of the system at it: its tables, or what one node knew, or each node."""
    known = {name: facts for name, facts in step.everyone.items() if node in {None, name}}
    tables = step.overviews if node is None else ()
    if json:
        data = {table.name: table.as_data() for table in tables}
        console.emit({**row(step), "known": known, "overview": data, "provenance": origin(kept)})
        return
    show_steps([step])
    console.show("changed")
    for change in step.changes() or ["nothing that the node knows"]:
        console.show(f"    {change}")
    for table in tables:
        for line in table.lines():
            console.show(line)
    if tables:
        console.show(f"what one node knew: --node NAME, one of {', '.join(known)}")
        return
    for name, facts in known.items():
        console.show(f"{name} knew")
        for what, value in facts.items():
            console.show(f"    {what:28} {value}")


def show_failure(kept: "RunFile", failure: "Failure", last: bool = True) -> None:
    """A broken promise, and the last steps."""
    for line in failure_lines(kept, failure, last):
        console.show(line)


# --- Run files ---


def no_step(step: int, ended: int) -> UserError:
    """The error for a step beyond the end of a run, for the caller to raise."""
    return UserError(f"there is no step {step}: the run has {ended} after its setup")


def opened(run: Path) -> "RunFile":
    """The run in a file; raises UserError if it cannot be used."""
    from dynaproof.checkers.runs.run_file import RunFileError, load
    from dynaproof.checkers.scenarios.catalogue import find

    try:
        return load(run, find)
    except RunFileError as error:
        raise UserError(str(error)) from error


def origin(kept: "RunFile") -> object:
    """The provenance of what is reported about a run."""
    from dynaproof.checkers.runs.run_file import configuration_digest

    return provenance(seed=kept.config.seed, configuration=configuration_digest(kept.config))

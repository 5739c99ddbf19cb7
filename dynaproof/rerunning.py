"""Runs a run file again and reports on it: the same lines from a command, a test and a notebook."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynaproof.checkers.campaign import Found
    from dynaproof.checkers.runs.config import Failure
    from dynaproof.checkers.runs.run_file import RunFile
    from dynaproof.checkers.runs.trace import Step

LAST_STEPS = 8
"""How many steps of a failure are shown."""


def command_line(*arguments: object) -> str:
    """A command as the reader types it: with `./run` in a checkout, else with `dynaproof`."""
    script = Path(__file__).resolve().parent.parent / "run"
    called = "./run" if script.is_file() and script.parent == Path.cwd() else "dynaproof"
    return " ".join(map(str, (called, *arguments)))


def found_again(found: "Found", scenario: str, strategy: str, seed: int) -> str:
    """The command that replays a failure of a campaign, or finds it again if its run is in no file."""
    from dynaproof.checkers.user_file import WITH

    if found.run is not None:
        return command_line("replay", found.run)
    first, *specs = scenario.split(WITH)
    own = [word for one in specs for word in ("--spec", one)]
    campaign = ("--strategy", strategy, "--seed", seed, "--schedules", found.schedule + 1)
    return command_line("explore", first, *own, *campaign)


def seeded_as(kept: "RunFile") -> AbstractContextManager[None]:
    """Have the seeded bug that the run was made with, while it is run again."""
    from dynaproof.checkers.patches import seeded
    from dynaproof.seeding import bug_named

    return seeded(bug_named(kept.config.scenario, kept.mutant))


def traced(kept: "RunFile", steps: "list[Step]", wanted: int | None = None, until: int | None = None) -> Any:
    """Run a file again and gather its steps; returns its outcome."""
    from dynaproof.checkers.runs import trace as tracing
    from dynaproof.checkers.scenarios.catalogue import find

    with seeded_as(kept):
        return tracing.trace(kept, find(kept.config.scenario), steps.append, wanted, until)


def step_line(step: "Step") -> str:
    """A step as one line."""
    return f"{step.number:6} {step.tau / 1e6:12.6f} s  {step.sentence}"


def failure_lines(kept: "RunFile", failure: "Failure", last: bool = True) -> list[str]:
    """A broken promise: its sentence, what broke it, and the last steps as sentences."""
    from dynaproof.checkers.scenarios.catalogue import find

    promised = {one.name: one.sentence for one in find(kept.config.scenario).specs}
    lines = [f"FAILED {failure.spec} at step {failure.step}"]
    if failure.spec in promised:
        lines.append(f"  promised: {promised[failure.spec]}")
    lines.append(f"  found: {failure.sentence}")
    if last:
        steps: list[Step] = []
        traced(kept, steps)
        lines += ["the last steps", *map(step_line, steps[-LAST_STEPS:])]
    return lines

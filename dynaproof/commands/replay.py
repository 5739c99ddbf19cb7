"""`dynaproof replay`, `shrink` and `trace`: what is done with one run."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dynaproof import console
from dynaproof.commands import Flag
from dynaproof.errors import UserError, unknown_name
from dynaproof.provenance import provenance

if TYPE_CHECKING:
    from checkers.simulator.run import Outcome, RunConfig
    from checkers.simulator.run_file import RunFile


def replay(run: Path, /, *, json: Flag = False) -> int:
    """Run a run file again, and compare it with what the file says came of it.

    Args:
        run: The run file.
        json: Print one JSON object.
    """
    kept = opened(run)
    outcome = executor(kept.mutant)(kept.config)
    same = outcome.digest == kept.outcome.digest
    if json:
        console.emit(
            {
                "run": str(run),
                "same": same,
                "digest": outcome.digest,
                "failure": outcome.failure,
                "events": outcome.events,
                "provenance": provenance(seed=kept.config.seed),
            }
        )
    else:
        text = console.results()
        text.print(f"{outcome.events} events, digest {outcome.digest}", markup=False, soft_wrap=True)
        text.print(
            "the same run" if same else f"ANOTHER RUN: the file has {kept.outcome.digest}", markup=False
        )
        if outcome.failure is not None:
            text.print(f"FAILED {outcome.failure.spec} at step {outcome.failure.step}", markup=False)
            text.print(f"  {outcome.failure.sentence}", markup=False)
    return 0 if outcome.failure is None and same else 1


def shrink(run: Path, /, *, out: Path | None = None, json: Flag = False) -> int:
    """Leave out of a failing run what its failure does not need.

    Args:
        run: The run file.
        out: Where to write the smaller run; by default beside the first, ending in `.small.json`.
        json: Print one JSON object.
    """
    from checkers.simulator.run_file import RUN_FORMAT, RunFile, save
    from checkers.simulator.shrink import shrink as smaller

    kept = opened(run)
    if kept.outcome.failure is None:
        raise UserError(f"{run}: this run breaks no promise, so there is nothing to shrink")
    config, outcome = smaller(kept.config, kept.outcome, executor(kept.mutant))
    assert outcome.failure is not None
    path = out if out is not None else run.with_suffix(".small.json")
    save(path, RunFile(RUN_FORMAT, kept.mutant, config, outcome))
    found = {"run": str(path), "spec": outcome.failure.spec, "shrunk_events": outcome.failure.step}
    if json:
        console.emit({**found, "provenance": provenance(seed=config.seed)})
    else:
        console.results().print(f"{found['spec']} at step {found['shrunk_events']}: {path}", markup=False)
    return 0


def trace(run: Path, /, *, last: int = 30, node: str | None = None) -> int:
    """Print the last events of a run.

    Args:
        run: The run file.
        last: How many events.
        node: Only the events at this node.
    """
    from checkers.simulator.partition import PartitionRun, finish

    kept = opened(run)
    lines: list[str] = []

    class Traced(PartitionRun):
        def step(self) -> bool:
            before = len(self.world.trace)
            more = super().step()
            if len(self.world.trace) > before:
                kind, subject, number, tau = self.world.trace[-1]
                payload = None if self.world.last is None else self.world.last.payload
                what = type(payload).__name__ if payload is not None else ""
                if node is None or subject == node or subject.endswith(f">{node}"):
                    step = self.world.steps - self.fixture_steps
                    lines.append(f"{step:6} {tau / 1e6:12.6f} s  {kind:10} {subject:8} #{number:<5} {what}")
            return more

    traced = Traced(kept.config, host(kept.mutant))
    traced.world.keep_trace = True
    outcome = finish(traced)
    for line in lines[-last:]:
        console.results().print(line, markup=False, soft_wrap=True)
    if outcome.failure is not None:
        console.results().print(
            f"{outcome.failure.spec}: {outcome.failure.sentence}", markup=False, soft_wrap=True
        )
    return 0


def opened(run: Path) -> "RunFile":
    """The run file, or a clear refusal."""
    from checkers.simulator.run_file import RunFileError, load

    try:
        return load(run)
    except RunFileError as error:
        raise UserError(str(error)) from error


def host(mutant: str | None) -> type:
    """The storage node that the run was made with."""
    from checkers.mutation.catalogue import MUTANTS
    from impl.storage.host import StorageNode

    if mutant is None:
        return StorageNode
    if mutant not in MUTANTS:
        raise unknown_name("mutant", mutant, list(MUTANTS))
    return MUTANTS[mutant].node_class


def executor(mutant: str | None) -> "Callable[[RunConfig], Outcome]":
    """What executes a configuration."""
    from checkers.simulator.partition import execute

    node_class = host(mutant)
    return lambda config: execute(config, node_class)

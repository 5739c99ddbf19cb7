"""What the public functions return: plain fields, sentences as text, and a card in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dynaproof.checkers.campaign import Found, State
from dynaproof.checkers.report import card
from dynaproof.checkers.runs.config import Failure, RunResult
from dynaproof.checkers.runs.run_file import RunFile
from dynaproof.checkers.runs.trace import Step
from dynaproof.checkers.scenarios.catalogue import find
from dynaproof.rerunning import found_again, step_line

if TYPE_CHECKING:
    from dynaproof.checkers.linearizability import Result
    from dynaproof.specs.history import History, Operation


def failed(failure: Failure) -> str:
    """A broken promise in one line."""
    return f"{failure.spec} fails at step {failure.step}: {failure.sentence}"


class Campaign(Struct, frozen=True):
    """What a campaign saw: totals, and each failure with its shrunk run."""

    scenario: str
    strategy: str
    seed: int
    state: State
    runs: tuple[RunFile, ...]
    """The shrunk runs of the failures."""

    @property
    def schedules(self) -> int:
        """How many runs there were."""
        return self.state.totals.schedules

    @property
    def events(self) -> int:
        """Steps of all runs."""
        return self.state.totals.events

    @property
    def failures(self) -> tuple[Found, ...]:
        """The broken promises."""
        return tuple(self.state.failures)

    @property
    def faults(self) -> dict[str, int]:
        """How often each fault struck."""
        return dict(self.state.totals.faults)

    @property
    def sometimes(self) -> dict[str, int]:
        """How often each situation that the campaign should reach was reached: 0 means never."""
        seen = self.state.totals.sometimes
        return {name: seen.get(name, 0) for name in find(self.scenario).wanted}

    @property
    def digest(self) -> str:
        """SHA-256 over all runs: equal for equal campaigns, on every machine."""
        return self.state.totals.digest()

    def again(self, found: Found) -> str:
        """The command that replays one of its failures, or finds it again if its run is in no file."""
        return found_again(found, self.scenario, self.strategy, self.seed)

    def rows(self) -> list[tuple[object, ...]]:
        """What is shown of it."""
        found = [("schedules", self.schedules), ("events", self.events)]
        found += [(f"fault: {name}", count) for name, count in sorted(self.faults.items())]
        found += [(f"sometimes: {name}", count) for name, count in self.sometimes.items()]
        rows: list[tuple[object, ...]] = [*found]
        for run, found_one in zip(self.runs, self.failures, strict=True):
            failure = run.result.failure
            assert failure is not None, "a campaign keeps the runs that fail"
            rows.append(("failure", failed(failure)))
            if found_one.unsaved is not None:
                rows.append(("not saved", found_one.unsaved))
            if found_one.run is not None:
                rows.append(("replay", self.again(found_one)))
        return [*rows, ("digest", self.digest)]

    def __str__(self) -> str:
        lines = [f"{name}: {value}" for name, value in self.rows()]
        return "\n".join([f"{self.scenario}, {self.strategy}, seed {self.seed}", *lines])

    def _repr_html_(self) -> str:
        broken = len(self.runs)
        told = {0: "no promise is broken", 1: "a run breaks a promise"}.get(
            broken, f"{broken} runs break promises"
        )
        counts = {"schedules": self.schedules, "events": self.events}
        falling = (*find(self.scenario).fault_kinds(), *sorted(self.faults))
        parts = [
            card.sentence(f"strategy {self.strategy}, seed {self.seed}"),
            card.table(counts),
            *(self._failing(run, found) for run, found in zip(self.runs, self.failures, strict=True)),
            card.bars("faults", {name: self.faults.get(name, 0) for name in falling}),
            card.bars("sometimes", self.sometimes),
            card.lines([f"digest {self.digest}"]),
        ]
        return card.card(f"campaign of {self.scenario}", told, "bad" if broken else "good", parts)

    def _failing(self, run: RunFile, found: Found) -> str:
        """A failure on the card of its campaign."""
        failure = run.result.failure
        assert failure is not None, "a campaign keeps the runs that fail"
        where = [] if found.run is None else [self.again(found)]
        unsaved = [] if found.unsaved is None else [f"not saved: {found.unsaved}"]
        return card.lines([f"schedule {found.schedule}, shrunk: {failed(failure)}", *unsaved, *where])


class Replay(Struct, frozen=True):
    """A run that was run again."""

    run: RunFile
    result: RunResult
    last: tuple[Step, ...]
    """The steps before the failure."""

    @property
    def same(self) -> bool:
        """Whether it was the same run, to the last bit."""
        return self.result == self.run.result

    @property
    def failure(self) -> Failure | None:
        """The promise that it breaks."""
        return self.result.failure

    def __str__(self) -> str:
        lines = [f"{self.result.events} events, digest {self.result.digest}"]
        lines.append("the same run" if self.same else "ANOTHER RUN")
        if self.failure is not None:
            lines += [failed(self.failure), *map(step_line, self.last)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        counts = {"events": self.result.events, "simulated seconds": f"{self.result.simulated_us / 1e6:,.6f}"}
        parts = [card.table(counts), card.sentence("the same run" if self.same else "ANOTHER RUN")]
        return _run_card(self.run, self.failure, self.last, parts)


class Shrunk(Struct, frozen=True):
    """A failing run, and a smaller one that fails in the same way."""

    before: RunFile
    run: RunFile
    last: tuple[Step, ...]

    @property
    def failure(self) -> Failure:
        """The promise that it breaks."""
        assert self.run.result.failure is not None, "what is shrunk fails"
        return self.run.result.failure

    @property
    def minimal(self) -> bool:
        """Whether nothing more can be left out."""
        return self.run.minimal

    def __str__(self) -> str:
        assert self.before.result.failure is not None, "only what fails is shrunk"
        sizes = f"{self.before.result.failure.step} steps, now {self.failure.step}"
        return "\n".join([f"{sizes}: {failed(self.failure)}", *map(step_line, self.last)])

    def _repr_html_(self) -> str:
        assert self.before.result.failure is not None, "only what fails is shrunk"
        counts = {"steps": self.failure.step, "before": self.before.result.failure.step}
        return _run_card(self.run, self.failure, self.last, [card.table(counts)])


class Trace(Struct, frozen=True):
    """The steps of a run."""

    run: RunFile
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return "\n".join(map(step_line, self.steps))

    def _repr_html_(self) -> str:
        told = []
        for step in self.steps:
            told += [step_line(step), *(f"{'':24}{change}" for change in step.changes())]
        return _run_card(self.run, self.run.result.failure, (), [card.lines(told)])


def _run_card(run: RunFile, failure: Failure | None, last: tuple[Step, ...], parts: list[str]) -> str:
    """A card about one run."""
    title = f"run of {run.config.scenario}, seed {run.config.seed}, {run.config.strategy}"
    if failure is None:
        return card.card(title, "no promise is broken", "good", parts)
    promised = {spec.name: spec.sentence for spec in find(run.config.scenario).specs}
    why = [card.sentence(f"found: {failure.sentence}")]
    if failure.spec in promised:
        why.insert(0, card.sentence(f"promised: {promised[failure.spec]}"))
    return card.card(
        title,
        f"{failure.spec} is broken at step {failure.step}",
        "bad",
        [*why, *parts, card.lines([step_line(step) for step in last])],
    )


class Verdict:
    """Whether a history is linearizable, and why not."""

    def __init__(self, history: History, result: Result) -> None:
        self.history = history
        self.result = result
        self.verdict: str = result.verdict
        """`linearizable`, `not linearizable` or `unknown`."""
        self.sentence: str = result.sentence
        self.key: str | None = result.key
        self.witness: tuple[int, ...] = tuple(int(row) for row in result.witness)
        """The rows of the history that show a violation, from 0."""

    def __bool__(self) -> bool:
        return self.verdict == "linearizable"

    def __str__(self) -> str:
        return f"{self.verdict}: {self.sentence}"

    def _repr_html_(self) -> str:
        result = self.result
        colours: dict[str, card.Colour] = {"linearizable": "good", "not linearizable": "bad"}
        counts: dict[str, object] = {"operations": result.operations, "keys": result.keys}
        counts["decided by"] = f"{result.algorithm} ({result.engine})"
        parts = [
            card.sentence(self.sentence),
            card.sentence(result.progress or ""),
            card.table(counts),
            card.spans([_span(self.history[row]) for row in self.witness]),
        ]
        told = self.verdict if result.cause is None else f"{self.verdict}: {result.cause}"
        return card.card(self.history.file or "history", told, colours.get(self.verdict, "open"), parts)


def _span(operation: Operation) -> tuple[str, int, int | None]:
    """An operation of a witness as a bar."""
    from dynaproof.checkers.linearizability.explain import did
    from dynaproof.specs.history import NEVER

    ended = None if operation.ret == NEVER else operation.ret
    return f"client {operation.process}: {did(operation)}", operation.call, ended

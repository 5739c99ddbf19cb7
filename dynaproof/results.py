"""What the public functions give: plain fields, a sentence as text, and a table in a notebook.

Nothing here needs a network: `_repr_html_` is one element with its styles.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from msgspec import Struct

from dynaproof.checkers.campaign import Found, State
from dynaproof.checkers.runs.config import Failure, RunResult
from dynaproof.checkers.runs.run_file import RunFile
from dynaproof.checkers.runs.trace import Step
from dynaproof.checkers.scenarios.catalogue import find

if TYPE_CHECKING:
    from dynaproof.checkers.linearizability import Result
    from dynaproof.specs.history import History


def table(title: str, rows: Iterable[tuple[object, ...]]) -> str:
    """An HTML table."""
    body = "".join(
        "<tr>" + "".join(f'<td style="text-align:left">{escape(str(cell))}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><caption>{escape(title)}</caption><tbody>{body}</tbody></table>"


def line_of(step: Step) -> str:
    """A step in a line."""
    return f"{step.number:6} {step.tau / 1e6:12.6f} s  {step.sentence}"


def failed(failure: Failure) -> str:
    """A broken promise in a line."""
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
        """How often each fault fell."""
        return dict(self.state.totals.faults)

    @property
    def sometimes(self) -> dict[str, int]:
        """How often each situation was reached that the campaign should reach: 0 means never."""
        seen = self.state.totals.sometimes
        return {name: seen.get(name, 0) for name in find(self.scenario).wanted}

    @property
    def digest(self) -> str:
        """SHA-256 over all runs: equal for equal campaigns, on every machine."""
        return self.state.totals.digest()

    def rows(self) -> list[tuple[object, ...]]:
        """What is shown of it."""
        found = [("schedules", self.schedules), ("events", self.events)]
        found += [(f"fault: {name}", count) for name, count in sorted(self.faults.items())]
        found += [(f"sometimes: {name}", count) for name, count in self.sometimes.items()]
        rows: list[tuple[object, ...]] = [*found]
        broken = [run.result.failure for run in self.runs if run.result.failure is not None]
        rows += [("failure", failed(one)) for one in broken]
        return [*rows, ("digest", self.digest)]

    def __str__(self) -> str:
        lines = [f"{name}: {value}" for name, value in self.rows()]
        return "\n".join([f"{self.scenario}, {self.strategy}, seed {self.seed}", *lines])

    def _repr_html_(self) -> str:
        return table(f"{self.scenario}, {self.strategy}, seed {self.seed}", self.rows())


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
            lines += [failed(self.failure), *map(line_of, self.last)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return table("replay", [(line,) for line in str(self).splitlines()])


class Shrunk(Struct, frozen=True):
    """A failing run, and a smaller one that fails alike."""

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
        return "\n".join([f"{sizes}: {failed(self.failure)}", *map(line_of, self.last)])

    def _repr_html_(self) -> str:
        return table("shrunk", [(line,) for line in str(self).splitlines()])


class Trace(Struct, frozen=True):
    """The steps of a run."""

    run: RunFile
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return "\n".join(map(line_of, self.steps))

    def _repr_html_(self) -> str:
        rows = [(step.number, step.node, step.sentence, "; ".join(step.changes())) for step in self.steps]
        return table("trace", rows)


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
        rows: list[tuple[object, ...]] = [("verdict", self.verdict), ("why", self.sentence)]
        rows += [(f"row {row}", self.history[row]) for row in self.witness]
        return table("verdict", rows)

"""Exhaustive exploration of a model by machine code: counts, depth, shortest counterexamples.

`explore(model)` does it all. The search is breadth first; a violation is reported with a shortest trace,
whose steps plain Python repeats (`interpreter`), so that what is printed has also been checked by the oracle.
"""

import ctypes
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np

from dynaproof.checkers.report import card
from dynaproof.checkers.state_space import engine
from dynaproof.checkers.state_space.equivariance import refuse_asymmetric
from dynaproof.checkers.state_space.expressions import evaluate
from dynaproof.checkers.state_space.interpreter import AssertionFails, Interpreter, Label, State
from dynaproof.checkers.state_space.lower import lower
from dynaproof.checkers.state_space.memory import Memory, together
from dynaproof.checkers.state_space.possibility import out_of_reach
from dynaproof.checkers.state_space.program import prepare
from dynaproof.checkers.state_space.trace import describe
from dynaproof.checkers.state_space.values import Fault
from dynaproof.model.language import Model, ModelError
from dynaproof.model.language.model import of_kind

ALONE = 4096
"""One thread explores levels smaller than this."""
INTERRUPTION = "interruption"
"""The limit of a run that Ctrl-C ended."""


@dataclass(frozen=True)
class Violation:
    """A broken promise: its name, and the shortest way there; the first state has no label.

    For an `assert` the last step is the one that fails, with the state before it.
    """

    name: str
    trace: tuple[tuple[Label | None, State], ...]
    kind: Literal["always", "always_possible", "assert", "deadlock"] = "always"


@dataclass(frozen=True)
class Result:
    """What an exploration found.

    `generated` counts the initial states and every enabled transition; `depth` the states on the longest of
    the shortest paths; `seconds` is without compilation, `compile_seconds` is compilation with all that comes
    before it. `limit` names the limit that ended the run, if one did. `deadlocks` counts the states in which
    nothing is enabled and that are not `terminal`, `deadlock_depth` the steps to the nearest; `true_at_once`
    names the `eventually` conditions that hold in every initial state, `unjudged` the promises that the run
    cannot judge, each with the reason.
    """

    model: str
    constants: Mapping[str, int]
    distinct: int
    generated: int
    depth: int
    seconds: float
    compile_seconds: float
    peak_bytes: int
    exhausted: bool
    violation: Violation | None
    fired: frozenset[str]
    not_fired: tuple[str, ...]
    reached: frozenset[str]
    not_reached: tuple[str, ...]
    variables: tuple[str, ...]
    threads: int = 1
    symmetry: bool = False
    por: bool = False
    limit: str | None = None
    deadlocks: int = 0
    deadlock_depth: int | None = None
    true_at_once: tuple[str, ...] = ()
    unjudged: tuple[tuple[str, str], ...] = ()
    levels: tuple[int, ...] = field(default=(), repr=False)

    @property
    def states_per_second(self) -> int:
        """Distinct states per second."""
        return round(self.distinct / self.seconds) if self.seconds > 0 else 0

    def _repr_html_(self) -> str:
        """A card for notebooks, with the trace of a violation."""
        counts = {"distinct states": self.distinct, "generated": self.generated, "depth": self.depth}
        colour: card.Colour
        steps: list[str] = []
        if self.violation is not None:
            verdict, colour = f"{self.violation.name} is broken", "bad"
            steps = describe(self.violation.trace, self.variables)
        elif self.exhausted:
            verdict, colour = "every state keeps every promise", "good"
        else:
            verdict, colour = f"no violation so far, ended by the limit of {self.limit}", "open"
        gaps = {"never enabled": self.not_fired, "never seen": self.not_reached} if self.exhausted else {}
        parts = [
            card.table({**self.constants, **counts}),
            *(card.sentence(f"{what}: {', '.join(names)}") for what, names in gaps.items() if names),
            card.lines(steps),
        ]
        return card.card(f"model {self.model}", verdict, colour, parts)


@dataclass(frozen=True)
class Limits:
    """Where to stop: distinct states, memory of the exploration, and seconds."""

    states: int | None = None
    megabytes: int | None = None
    seconds: float | None = None


def explore(
    model: Model,
    *,
    symmetry: bool = False,
    por: bool = False,
    threads: int = 1,
    limits: Limits | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> Result:
    """Explore all reachable states of a model, until one violates an invariant or a limit is met.

    `progress` is called now and then with distinct states, depth and bytes. Raises ModelError for mistakes in
    the model's text, with the action and the line.
    """
    return Exploration(model, symmetry=symmetry, por=por).run(
        threads=threads, limits=limits, progress=progress
    )


class Exploration(Memory):
    """One model, compiled; `run` explores it. After a run `states()` gives what it found.

    A run that Ctrl-C ends raises KeyboardInterrupt, and `interrupted()` returns what it had found.
    """

    def __init__(
        self, model: Model, *, symmetry: bool = False, por: bool = False, cached: bool = True
    ) -> None:
        begun = time.perf_counter()
        self.model, self.symmetry, self.por = model, symmetry, por
        if symmetry and por:
            raise ModelError("symmetry and partial order reduction are not used together")
        super().__init__(prepare(model, symmetry=symmetry, por=por, cached=cached), len(model.sometimes))
        self.code = self.program.code
        self.layout = self.program.layout
        self._work = self.code.function("work", 3)
        self._start = self.code.function("start", 3)
        self._settle = self.code.function("settle", 2)
        self._expand = self.code.function("expand", 3)
        self._canonical = self.code.function("canonical", 1)
        self.limits = Limits()
        self.levels: list[int] = []
        self.search_begun: float | None = None
        self.compile_seconds = time.perf_counter() - begun

    # ---------------------------------------------------------------- the search

    def run(
        self,
        *,
        threads: int = 1,
        limits: Limits | None = None,
        progress: Callable[[int, int, int], None] | None = None,
    ) -> Result:
        """Explore; see `explore`."""
        self.limits = limits or Limits()
        self.most_states, self.most_bytes = self.limits.states, None
        self.search_begun, self.levels = None, []
        self._prepare(threads)
        begun = self.search_begun = time.perf_counter()
        context = self.context.ctypes.data
        for words in self.program.starts:
            state = np.array([_signed(word) for word in words], dtype=np.int64)
            self._start(context, self.workers[0].ctypes.data, state.ctypes.data)
        self._settle(context, self.workers[0].ctypes.data)
        levels, first, voids, limit = self.levels, 0, 0, None
        self.most_bytes = None if self.limits.megabytes is None else self.limits.megabytes << 20
        while limit is None and not self._get("STOP") and first < self._get("COUNT"):
            end = self._get("COUNT")
            levels.append(end - first - (self._voids() - voids))
            voids = self._voids()
            self._set("NEXT", first)
            self._set("END", end)
            while self._get("NEXT") < end and not self._get("STOP"):
                try:
                    self._slice(threads if end - first >= ALONE else 1)
                    self._grow()
                    limit = self._over(time.perf_counter() - begun)
                except MemoryError:
                    limit = "memory"
                if progress is not None:
                    progress(self._distinct(), len(levels), self._bytes())
                if limit is not None:
                    break
            first = end
        result = self._result(time.perf_counter() - begun, limit)
        if self.symmetry and result.violation is None:
            refuse_asymmetric(self.model, self)
        return self._judged(result)

    def interrupted(self) -> Result | None:
        """What a run that Ctrl-C ended has found, as not exhausted; None if it had not begun to search."""
        if self.search_begun is None:
            return None
        return self._result(time.perf_counter() - self.search_begun, INTERRUPTION)

    def _slice(self, threads: int) -> None:
        context, until = self.context.ctypes.data, self._get("NEXT") + engine.SLICE * threads
        calls = [partial(self._work, context, own.ctypes.data, until) for own in self.workers[:threads]]
        try:
            together(calls)
        finally:  # What was found is counted after Ctrl-C too.
            # The last block first: what it gives back may lie right behind the previous one.
            for own in sorted(self.workers, key=lambda own: int(own[engine.BLOCK_END // 8]), reverse=True):
                self._settle(context, own.ctypes.data)

    def _over(self, seconds: float) -> str | None:
        limits = self.limits
        if limits.states is not None and self._distinct() >= limits.states:
            return "states"
        if limits.megabytes is not None and self.peak_bytes >= limits.megabytes << 20:
            return "memory"
        return "seconds" if limits.seconds is not None and seconds >= limits.seconds else None

    def _result(self, seconds: float, limit: str | None) -> Result:
        violation = self._explained_fault() if self._get("FAULTY") else self._violation()
        generated = sum(int(own[engine.GENERATED // 8]) for own in self.workers) + len(self.program.starts)
        every = self.wanted
        for own in self.workers:
            every &= int(own[engine.WANTED // 8])
        unseen = [one.name for at, one in enumerate(self.model.sometimes) if every >> at & 1]
        fired = {
            instance.label.action
            for at, instance in enumerate(self.program.instances)
            if any(marks[at] for *_, marks in self.buffers)
        }
        depth = len(self.levels)
        if violation is not None:
            depth = len(violation.trace)
        return Result(
            model=type(self.model).__name__,
            constants=dict(self.model.constants),
            distinct=self._distinct(),
            generated=generated,
            depth=depth,
            seconds=seconds,
            compile_seconds=self.compile_seconds,
            peak_bytes=self.peak_bytes,
            exhausted=limit is None and violation is None,
            violation=violation,
            fired=frozenset(fired),
            not_fired=tuple(one.name for one in self.model.actions if one.name not in fired),
            reached=frozenset(one.name for one in self.model.sometimes if one.name not in unseen),
            not_reached=tuple(unseen),
            variables=tuple(self.model.types),
            threads=len(self.workers),
            symmetry=self.symmetry,
            por=self.por,
            limit=limit,
            deadlocks=sum(int(own[engine.DEADLOCKS // 8]) for own in self.workers),
            deadlock_depth=self._deadlock_depth(),
            true_at_once=self._true_at_once(),
            levels=tuple(self.levels),
        )

    def _judged(self, result: Result) -> Result:
        """The result with the verdict on what must stay possible, or with what prevented that verdict."""
        names = [one.name for one in of_kind(self.model, "always_possible")]
        if not names or result.violation is not None:
            return result
        if result.limit is not None or self.por:
            reason = f"limit of {result.limit}" if result.limit is not None else "partial order reduction"
            return replace(result, unjudged=tuple((name, reason) for name in names))
        until = None
        if self.limits.seconds is not None:
            until = time.perf_counter() + self.limits.seconds - result.seconds
        unjudged = []
        for number, name in enumerate(names):
            try:
                stuck = out_of_reach(self, number, until=until)
            except (TimeoutError, MemoryError) as error:
                limit = "seconds" if isinstance(error, TimeoutError) else "memory"
                unjudged.append((name, f"limit of {limit}"))
                continue
            if stuck is not None:
                violation = Violation(name, self.path_to(stuck), "always_possible")
                return replace(result, violation=violation, unjudged=tuple(unjudged))
        return replace(result, unjudged=tuple(unjudged))

    def first_deadlock(self) -> int | None:
        """The index of a nearest state in which nothing is enabled and that is not terminal."""
        first = [int(one[engine.FIRST_DEADLOCK // 8]) for one in self.workers if one[engine.DEADLOCKS // 8]]
        return min(first, default=None)

    def _deadlock_depth(self) -> int | None:
        index, depth = self.first_deadlock(), 0
        if index is None:
            return None
        while self.parent_of(index) != engine.ROOT:
            index, depth = self.parent_of(index), depth + 1
        return depth

    def _true_at_once(self) -> tuple[str, ...]:
        """The `eventually` conditions that hold in every initial state: they say nothing of what happens."""
        goals, every = self.code.function("goals", 2), (1 << len(self.model.eventually)) - 1
        for words in self.program.starts if every else ():
            state = np.array([_signed(word) for word in words], dtype=np.int64)
            every = goals(state.ctypes.data, every)
        return tuple(one.name for at, one in enumerate(self.model.eventually) if every >> at & 1)

    # ---------------------------------------------------------------- states and traces

    def state_of(self, words: tuple[int, ...]) -> State:
        """The values of the variables in a packed state."""
        return self.layout.decode(self.layout.unpack(words))

    def states(self) -> list[State]:
        """All states that the last run found, in the order of discovery."""
        return [
            self.state_of(self.words_of(index))
            for index in range(self._get("COUNT"))
            if self.parent_of(index) != engine.VOID
        ]

    def representative(self, state: State) -> tuple[int, ...]:
        """The words that stand for a state and, under symmetry, for all its permutations."""
        words = self.layout.pack(self.layout.encode(state))
        buffer = np.array([_signed(word) for word in words], dtype=np.int64)
        self._canonical(buffer.ctypes.data)
        return tuple(int(word) & ((1 << 64) - 1) for word in buffer)

    def path_to(self, index: int) -> tuple[tuple[Label | None, State], ...]:
        """A shortest behaviour to a state that was found, by the interpreter."""
        chain = [index]
        while self.parent_of(chain[-1]) != engine.ROOT:
            chain.append(self.parent_of(chain[-1]))
        goals = [self.words_of(one) for one in reversed(chain)]
        interpreter = Interpreter(self.model)
        current = next(one for one in interpreter.initial_states() if self.representative(one) == goals[0])
        trace: list[tuple[Label | None, State]] = [(None, current)]
        for goal in goals[1:]:
            label, current = next(
                (label, made)
                for label, made in interpreter.successors(current)
                if self.representative(made) == goal
            )
            trace.append((label, current))
        return tuple(trace)

    def _violation(self) -> Violation | None:
        index = self._get("VIOLATED") - 1
        if index < 0:
            return None
        trace = self.path_to(index)
        interpreter = Interpreter(self.model)
        # Raises where the text of a property is itself in error.
        for one in self.model.always:
            if not interpreter.holds(one, trace[-1][1]):
                return Violation(one.name, trace)
        for one in self.model.properties:
            interpreter.holds(one, trace[-1][1])
        for condition in lower(self.model).conditions():
            self._refuse_hidden(condition.name, condition.faults, self.words_of(index))
        raise AssertionError("the interpreter finds no violation where machine code found one")

    def _refuse_hidden(self, where: str, faults: Iterable[Fault], words: tuple[int, ...]) -> None:
        """Reject a fault that Python does not meet: it stops at the first item that decides an all() or
        any(), but machine code looks at every item.
        """
        cells = self.layout.unpack(words)
        for fault in faults:
            if evaluate([fault.condition], cells)[0]:
                raise ModelError(
                    f"{fault.problem}, in an item of all() or any() that Python may not look at, and machine "
                    "code does: bound what the comprehension ranges over",
                    where,
                    fault.line,
                )

    def _explained_fault(self) -> Violation:
        """Let the interpreter raise the error that machine code met; a failed `assert` is a violation."""
        index = self._get("FAULTY") - 1
        trace = self.path_to(index)
        interpreter = Interpreter(self.model)
        try:
            for _ in interpreter.successors(trace[-1][1]):
                pass
        except AssertionFails as broken:
            return Violation(broken.name, (*trace, (broken.label, trace[-1][1])), "assert")
        for instance in lower(self.model).instances:
            self._refuse_hidden(str(instance.label), (*instance.early, *instance.late), self.words_of(index))
        raise AssertionError("the interpreter finds no error where machine code found one")


def _signed(word: int) -> int:
    return ctypes.c_int64(word).value


assert sys.byteorder == "little", "packed states are little-endian"

"""Runs a model as what it is, plain Python: slow, obvious, and the oracle for every faster engine.

A state is the tuple of the variables' values in the order of their declaration. Exploration is breadth
first, so the first violation found is one with a shortest trace.
"""

import itertools
import sys
import traceback
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from dynaproof.checkers.state_space.mistakes import MISTAKES, explained
from dynaproof.checkers.state_space.source import syntax
from dynaproof.model.language import Action, Disabled, Model, ModelError, Property
from dynaproof.model.language.model import of_kind
from dynaproof.model.language.types import Value

State = tuple[Value, ...]


class Label(NamedTuple):
    """An action with the values of its parameters."""

    action: str
    arguments: tuple[Value, ...] = ()

    def __str__(self) -> str:
        return f"{self.action}({', '.join(shown(one) for one in self.arguments)})"


def shown(value: Value) -> str:
    """A value of a state as text, sets in order."""
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(shown(one) for one in value)) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(shown(one) for one in value) + ("," if len(value) == 1 else "") + ")"
    return str(value)


class AssertionFails(Exception):  # noqa: N818 - a broken promise, not an error of the model's text
    """An `assert` in an action does not hold: the step breaks a promise of the model."""

    def __init__(self, label: Label, line: int | None, text: str) -> None:
        self.label = label
        self.name = f"assert of {label.action}, line {line}" + (f": {text.splitlines()[0]}" if text else "")
        super().__init__(self.name)


@dataclass(frozen=True)
class Explored:
    """What breadth-first exploration found; `depth` counts the states on the longest of the shortest paths.

    `deadlocks` counts the states in which nothing is enabled and no `terminal` condition holds.
    """

    distinct: int
    generated: int
    depth: int
    exhausted: bool
    states: dict[State, tuple[State | None, Label | None]]
    violated: str | None = None
    trace: tuple[tuple[Label | None, State], ...] = ()
    reached: frozenset[str] = frozenset()
    fired: frozenset[str] = frozenset()
    deadlocks: int = 0


class Interpreter:
    """Runs the methods of one model instance on given states."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.names = tuple(model.types)
        methods = [(one.name, one.method) for one in (*model.actions, *model.starts)]
        for name, method in [*methods, *((one.name, one.method) for one in model.properties)]:
            try:
                syntax(method)
            except ModelError as error:
                raise error.at(name, None) from None

    def initial_states(self) -> list[State]:
        """The initial states, each once, in the order in which they are made."""
        declared = tuple(self.model.declared_initial().values())
        if not self.model.starts:
            return [declared]
        return list(
            dict.fromkeys(made for start in self.model.starts for _, made in self.steps(start, declared))
        )

    def successors(self, state: State) -> Iterator[tuple[Label, State]]:
        """Every enabled action with its parameters and the state that it leads to, repeats included."""
        for action in self.model.actions:
            yield from self.steps(action, state)

    def steps(self, action: Action, state: State) -> Iterator[tuple[Label, State]]:
        """The enabled instances of one action."""
        for arguments in itertools.product(*(kind.values() for kind in action.parameters.values())):
            label = Label(action.name, arguments)
            made = self.step(action, label, state)
            if made is not None:
                yield label, made

    def step(self, action: Action, label: Label, state: State) -> State | None:
        """The state after the action; None if its guard does not hold.

        Raises ModelError with the mistake's place, and AssertionFails for an `assert` that does not hold.
        """
        step = self.model.begin(dict(zip(self.names, state, strict=True)))
        try:
            action(self.model, *label.arguments)
        except Disabled:
            return None
        except AssertionError as error:
            line = _line(action.method.__code__.co_filename)
            if action.start:
                raise ModelError("an assertion fails", str(label), line) from None
            raise AssertionFails(label, line, str(error)) from None
        except ModelError as error:
            raise error.at(str(label), _line(action.method.__code__.co_filename)) from None
        except MISTAKES as error:
            place = _line(action.method.__code__.co_filename)
            problem = explained(error, action.method.__code__.co_filename)
            raise ModelError(problem, str(label), place) from error
        return tuple(step.new.values())

    def holds(self, one: Property, state: State) -> bool:
        """Whether the property's condition is true in the state."""
        self.model.begin(dict(zip(self.names, state, strict=True)))
        try:
            return one(self.model)
        except ModelError as error:
            raise error.at(one.name, _line(one.method.__code__.co_filename)) from None
        except AssertionError:
            place = _line(one.method.__code__.co_filename)
            raise ModelError("an assertion fails: a promise gives its condition", one.name, place) from None
        except MISTAKES as error:
            place = _line(one.method.__code__.co_filename)
            problem = explained(error, one.method.__code__.co_filename)
            raise ModelError(problem, one.name, place) from error

    def explore(self, max_states: int = 1_000_000) -> Explored:
        """All reachable states, breadth first, until the first violation of an invariant or the limit."""
        parents: dict[State, tuple[State | None, Label | None]] = {}
        reached: set[str] = set()
        fired: set[str] = set()
        generated, depth, deadlocks = 0, 0, 0
        frontier: list[State] = []
        violations: list[tuple[str, State]] = []

        def visit(state: State, parent: State | None, label: Label | None) -> None:
            if state in parents:
                return
            parents[state] = (parent, label)
            frontier.append(state)
            broken = next((one.name for one in self.model.always if not self.holds(one, state)), None)
            if broken is not None:
                violations.append((broken, state))
                return
            reached.update(one.name for one in self.model.sometimes if self.holds(one, state))

        def finish(*, exhausted: bool) -> Explored:
            if exhausted and not violations:
                violations.extend(self._out_of_reach(parents))
            name, last = violations[0] if violations else (None, None)
            trace = () if last is None else _trace(parents, last)
            seen = (frozenset(reached), frozenset(fired))
            return Explored(len(parents), generated, depth, exhausted, parents, name, trace, *seen, deadlocks)

        for state in self.initial_states():
            generated += 1
            visit(state, None, None)
        while frontier:
            depth += 1
            if violations:
                return finish(exhausted=False)
            level, frontier = frontier, []
            for state in level:
                try:
                    steps = list(self.successors(state))
                except AssertionFails as broken:
                    depth += 1
                    path = (*_trace(parents, state), (broken.label, state))
                    seen = (frozenset(reached), frozenset(fired))
                    return Explored(
                        len(parents), generated, depth, False, parents, broken.name, path, *seen, deadlocks
                    )
                if not steps and not any(self.holds(one, state) for one in of_kind(self.model, "terminal")):
                    deadlocks += 1
                for label, made in steps:
                    generated += 1
                    fired.add(label.action)
                    visit(made, state, label)
                if violations:
                    depth += 1
                    return finish(exhausted=False)
                if len(parents) > max_states:
                    return finish(exhausted=False)
        return finish(exhausted=True)

    def _out_of_reach(self, states: Collection[State]) -> Iterator[tuple[str, State]]:
        """For each `always_possible` condition, the first state from which it can no longer come true."""
        if not of_kind(self.model, "always_possible"):
            return
        before: dict[State, list[State]] = {state: [] for state in states}
        for state in states:
            for _, made in self.successors(state):
                before[made].append(state)
        for one in of_kind(self.model, "always_possible"):
            waiting = [state for state in states if self.holds(one, state)]
            reaching = set(waiting)
            while waiting:
                for state in before[waiting.pop()]:
                    if state not in reaching:
                        reaching.add(state)
                        waiting.append(state)
            stuck = next((state for state in states if state not in reaching), None)
            if stuck is not None:
                yield one.name, stuck


def _trace(
    parents: dict[State, tuple[State | None, Label | None]], last: State
) -> tuple[tuple[Label | None, State], ...]:
    steps: list[tuple[Label | None, State]] = []
    at: State | None = last
    while at is not None:
        parent, label = parents[at]
        steps.append((label, at))
        at = parent
    return tuple(reversed(steps))


def _line(file: str) -> int | None:
    """The innermost line of the model's file in the traceback of the exception being handled."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    return next((frame.lineno for frame in reversed(frames) if frame.filename == file), None)

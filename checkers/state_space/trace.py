"""Behaviours of a model as text."""

from collections.abc import Sequence

from dynaproof.checkers.state_space.interpreter import Label, State, shown

Trace = Sequence[tuple[Label | None, State]]


def describe(trace: Trace, names: Sequence[str], *, after: State | None = None, first: int = 0) -> list[str]:
    """A trace as lines of text: each step's action, and the variables that it changed.

    `after` is the state before the trace, if it continues from one; `first` the number of its first step.
    """
    lines = []
    before = after
    for at, (label, state) in enumerate(trace, first):
        lines.append(f"{at}. {'initial state' if label is None else str(label)}")
        for position, name in enumerate(names):
            if before is None or before[position] != state[position]:
                lines.append(f"     {name} = {shown(state[position])}")
        before = state
    return lines


def as_object(trace: Trace, names: Sequence[str]) -> dict[str, object]:
    """A trace for programs: the steps, and in each state every variable as text."""
    return {
        "steps": [None if label is None else str(label) for label, _ in trace],
        "states": [
            {name: shown(value) for name, value in zip(names, state, strict=True)} for _, state in trace
        ],
    }

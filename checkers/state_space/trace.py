"""Behaviours of a model as text."""

from typing import Any

from checkers.state_space.interpreter import Label, State


def describe(trace: tuple[tuple[Label | None, State], ...], names: list[str]) -> list[str]:
    """A trace as lines of text: each step's action, and the variables that it changed."""
    lines = []
    before: State | None = None
    for at, (label, state) in enumerate(trace):
        lines.append(f"{at}. {'initial state' if label is None else label}")
        for position, name in enumerate(names):
            if before is None or before[position] != state[position]:
                lines.append(f"     {name} = {shown(state[position])}")
        before = state
    return lines


def shown(value: Any) -> str:
    """A value of a state as text, sets in order."""
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(shown(one) for one in value)) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(shown(one) for one in value) + ("," if len(value) == 1 else "") + ")"
    return str(value)

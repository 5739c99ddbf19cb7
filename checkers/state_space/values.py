"""The values with which a model's text computes when its state is unknown: Python's values over expressions.

A concrete int, bool, str, None or tuple stands for itself; an `Expr` is an unknown integer, `Truth` an
unknown bool, `Atom` an unknown member of a few named values, and sets and sequences have unknown members or
length. `Algebra` has the operations on them, each with the meaning that Python gives it. What Python would
refuse at run time (a number outside its type, None used as a number) becomes a fault: a condition under
which the text is in error.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from dynaproof.checkers.state_space.expressions import Expr, Node
from dynaproof.checkers.state_space.layout import ArrayPlace, SeqPlace, SetPlace

MAX_SPREAD = 4096
ASSERTION = "an assertion fails"
"""The fault of an `assert`, which is a promise of the model and not a mistake in it."""
Symbolic: TypeAlias = Any


@dataclass(frozen=True, eq=False)
class Truth:
    """An unknown truth value."""

    node: Expr


@dataclass(frozen=True, eq=False)
class Atom:
    """An unknown one of `values`; `code` is its position."""

    values: tuple[Any, ...]
    code: Node


@dataclass(frozen=True, eq=False)
class SetValue:
    """A set: for each possible member, whether it is in. `targets` is where `add` writes."""

    bits: dict[Any, Node]
    targets: tuple[tuple[Node, SetPlace], ...] = ()


@dataclass(frozen=True, eq=False)
class SeqValue:
    """A sequence of unknown length: its first `length` items. `targets` is where `append` writes."""

    length: Node
    items: tuple[Symbolic, ...]
    targets: tuple[tuple[Node, SeqPlace], ...] = ()


@dataclass(frozen=True, eq=False)
class ArrayValue:
    """An array of the old state, or one of several under a condition each; exactly one condition holds."""

    places: tuple[tuple[Node, ArrayPlace], ...]


@dataclass(frozen=True, eq=False)
class Items:
    """What a loop or `any` goes over: values, each present under a condition."""

    parts: tuple[tuple[Node, Symbolic], ...]


@dataclass(frozen=True)
class Fault:
    """The text is in error in the states where `condition` holds."""

    condition: Node
    problem: str
    line: int


def is_number(value: Symbolic) -> bool:
    """Whether the value is an integer, known or not (Python's bools are not meant)."""
    return isinstance(value, Expr) or (isinstance(value, int) and not isinstance(value, bool))


def is_truth(value: Symbolic) -> bool:
    """Whether the value is a bool, known or not."""
    return isinstance(value, bool | Truth)

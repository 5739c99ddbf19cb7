"""A model's own text on a state without bounds: guards and updates as written, as many slots and ballots as a
run has.

The interpreter and the machine code hold every value within its declared type, which is what makes a model
finite. An implementation has no such bounds. Here the same methods run on arrays that are dictionaries, so
an action is enabled exactly when its text says so. Reads see the old state, and writes go to the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import isfunction
from typing import Any, TypeAlias

from dynaproof.model.language import Action, Array, Constant, Disabled, Model, Range, Scalar, Set
from dynaproof.model.language.types import Type, Value

Label: TypeAlias = tuple[Any, ...]
"""An action's name and its arguments."""
Undo: TypeAlias = list[tuple[Any, Any, Any]]
"""What an action wrote, with what was there before."""

ABSENT = object()


class Cells:
    """An array: a dictionary from full indices to values, with one default."""

    __slots__ = ("cells", "default", "writes")

    def __init__(self, default: Value, writes: list[tuple[Cells | Members, Any, Any]]) -> None:
        self.default = default
        self.cells: dict[Any, Value] = {}
        self.writes = writes

    def __getitem__(self, index: Any) -> Any:
        return self.cells.get(index, self.default)

    def __setitem__(self, index: Any, value: Value) -> None:
        self.writes.append((self, index, value))

    def put(self, index: Any, value: Value) -> Value:
        """Write at once; returns what was there."""
        before = self.cells.get(index, self.default)
        self.cells[index] = value
        return before


class Members:
    """A set."""

    __slots__ = ("members", "writes")

    def __init__(self, writes: list[tuple[Cells | Members, Any, Any]]) -> None:
        self.members: dict[Any, bool] = {}
        self.writes = writes

    def __contains__(self, member: Any) -> bool:
        return member in self.members

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.members)

    def add(self, member: Any) -> None:
        """Make it a member in the new state."""
        self.writes.append((self, member, True))

    def discard(self, member: Any) -> None:
        """Make it no member in the new state."""
        self.writes.append((self, member, False))

    def put(self, member: Any, value: bool) -> bool:
        """Write at once; returns whether it was a member."""
        before = member in self.members
        if value:
            self.members[member] = True
        else:
            self.members.pop(member, None)
        return before


class Unbounded:
    """One state of a model whose variables are arrays and sets; its methods are the model's.

    `constants` bound only what the text loops over. Attributes are those of the model's class: variables,
    constants, ranges, helper methods.
    """

    def __init__(self, kind: type[Model], constants: dict[str, int]) -> None:
        self.kind = kind
        self.writes: list[tuple[Cells | Members, Any, Any]] = []
        self.model = kind(**constants)
        self.variables: dict[str, Cells | Members] = {}
        self.actions: dict[str, Callable[..., None]] = {}
        for owner in reversed(kind.__mro__[: kind.__mro__.index(Model)]):
            for name, value in vars(owner).items():
                self._adopt(name, value)

    def _adopt(self, name: str, value: Any) -> None:
        if isinstance(value, Constant):
            setattr(self, name, self.model.constants[name])
        elif isinstance(value, Scalar | Range):
            setattr(self, name, getattr(self.model, name))
        elif isinstance(value, Action):
            self.actions[name] = value.method.__get__(self)
        elif isinstance(value, Type):
            self.variables[name] = made = self._variable(name, self.model.types[name])
            setattr(self, name, made)
        elif isfunction(value) and not name.startswith("__"):
            setattr(self, name, value.__get__(self))

    def _variable(self, name: str, kind: Type) -> Cells | Members:
        if isinstance(kind, Set):
            return Members(self.writes)
        if not isinstance(kind, Array):
            raise TypeError(f"{name}: only arrays and sets can go without bounds")
        element: Type = kind
        while isinstance(element, Array):
            element = element.element
        return Cells(element.initial(), self.writes)

    def attempt(self, label: Label) -> Undo | None:
        """Do an action; None, and nothing done, if its guard does not hold."""
        self.writes.clear()
        try:
            self.actions[label[0]](*label[1:])
        except Disabled:
            return None
        return [(place, index, place.put(index, value)) for place, index, value in self.writes]

    def undo(self, done: Undo) -> None:
        """Take an action back."""
        for place, index, before in reversed(done):
            place.put(index, before)

"""One step of a model as plain Python sees it: reads give the old state, writes go to the new one.

A `Step` holds the old values and collects the new. For an array, a set or a sequence the text gets a view: it
reads like the old value, and its writing methods (`x[i] = v`, `s.add(v)`, `q.append(v)`) go to the new one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Self

from dynaproof.model.language.errors import ModelError
from dynaproof.model.language.types import Array, Seq, Set, Type, Value

Path = tuple[int, ...]


class Step:
    """The old state, frozen, and what the running action has written to the new one."""

    def __init__(self, types: Mapping[str, Type], old: Mapping[str, Value]) -> None:
        self.types = types
        self.old = old
        self.new: dict[str, Value] = dict(old)

    def read(self, name: str) -> Value:
        """The old value of a variable, as the text may use it."""
        return self.view(name, (), self.types[name], self.old[name])

    def view(self, name: str, path: Path, kind: Type, value: Value) -> Value:
        """An old value as the text may use it: composites as views that write to the new state."""
        if isinstance(kind, Array):
            return ArrayView(self, name, path, kind, value)
        if isinstance(kind, Set):
            return SetView(self, name, path, value)
        if isinstance(kind, Seq):
            return SeqView(self, name, path, value)
        return value

    def write(self, name: str, path: Path, value: Value) -> None:
        """Set a variable, or an element of it, in the new state; raises ModelError outside its bounds."""
        kind = self.types[name]
        for _ in path:
            assert isinstance(kind, Array)
            kind = kind.element
        try:
            frozen = kind.freeze(value)
        except ModelError as error:
            raise ModelError(f"{name}{self._suffix(name, path)}: {error.problem}") from None
        self.new[name] = _replaced(self.new[name], path, frozen)

    def now(self, name: str, path: Path) -> Value:
        """The value as written so far in this step."""
        value = self.new[name]
        for position in path:
            value = value[position]
        return value

    def _suffix(self, name: str, path: Path) -> str:
        kind, text = self.types[name], ""
        for position in path:
            assert isinstance(kind, Array)
            text += f"[{kind.index()[position]!r}]"
            kind = kind.element
        return text


def _replaced(value: Value, path: Path, element: Value) -> Value:
    if not path:
        return element
    position = path[0]
    return (*value[:position], _replaced(value[position], path[1:], element), *value[position + 1 :])


class ArrayView:
    """An array of the old state; assigning an element writes the new state."""

    __slots__ = ("_kind", "_name", "_path", "_step", "_value")

    def __init__(self, step: Step, name: str, path: Path, kind: Array, value: Value) -> None:
        self._step, self._name, self._path, self._kind, self._value = step, name, path, kind, value

    def _position(self, index: Any) -> int:
        try:
            return self._kind.index().index(index)
        except ValueError:
            raise ModelError(f"{self._name}: {index!r} is not an index of {self._kind.describe()}") from None

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, tuple):
            view: Any = self
            for one in index:
                view = view[one]
            return view
        position = self._position(index)
        path = (*self._path, position)
        return self._step.view(self._name, path, self._kind.element, self._value[position])

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, tuple):
            view: Any = self
            for one in index[:-1]:
                view = view[one]
            view[index[-1]] = value
            return
        self._step.write(self._name, (*self._path, self._position(index)), value)

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in self._kind.index())

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        return bool(self._value == (other._value if isinstance(other, ArrayView) else other))

    __hash__ = None  # type: ignore[assignment]


class SetView(frozenset[Any]):
    """A set of the old state; `add` and `discard` write the new state."""

    _step: Step
    _name: str
    _path: Path

    def __new__(cls, step: Step, name: str, path: Path, value: frozenset[Any]) -> Self:
        view = super().__new__(cls, value)
        view._step, view._name, view._path = step, name, path
        return view

    def add(self, member: Any) -> None:
        """Put a member into the set of the new state."""
        self._step.write(self._name, self._path, self._step.now(self._name, self._path) | {member})

    def discard(self, member: Any) -> None:
        """Take a member out of the set of the new state, if it is in it."""
        self._step.write(self._name, self._path, self._step.now(self._name, self._path) - {member})


class SeqView(tuple[Any, ...]):  # noqa: SLOT001 - a tuple of varying length cannot have slots
    """A sequence of the old state; `append` writes the new state."""

    _step: Step
    _name: str
    _path: Path

    def __new__(cls, step: Step, name: str, path: Path, value: tuple[Any, ...]) -> Self:
        view = super().__new__(cls, value)
        view._step, view._name, view._path = step, name, path
        return view

    def append(self, element: Any) -> None:
        """Put an element at the end of the sequence of the new state."""
        self._step.write(self._name, self._path, (*self._step.now(self._name, self._path), element))

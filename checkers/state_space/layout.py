"""How a state of a model packs into a few 64-bit words.

A cell is an unsigned integer of a few bits. A scalar variable is one cell (the position of its value among
its type's values), a set one cell per possible member, an array the cells of its elements, a sequence its
length and the cells of its elements, zero beyond the length. So states are equal if and only if their words
are. A cell lies in one word; cells fill the words in the order of declaration.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from dynaproof.model.language import Array, Int, Model, ModelError, Seq, Set, Tuple
from dynaproof.model.language.types import Type, Value

WORD_BITS = 64


@dataclass(frozen=True)
class Cell:
    """An unsigned integer of the packed state: `bits` bits at `shift` of word `word`."""

    number: int
    bits: int
    word: int
    shift: int
    name: str


@dataclass(frozen=True)
class ScalarPlace:
    """Where a scalar is; `cell` is None for a type with a single value."""

    kind: Type
    cell: Cell | None


@dataclass(frozen=True)
class SetPlace:
    """Where a set is: one cell for each possible member, in the order of `universe`."""

    kind: Set
    universe: tuple[Value, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class ArrayPlace:
    """Where an array is: one place for each index."""

    kind: Array
    index: tuple[Value, ...]
    elements: tuple["Place", ...]


@dataclass(frozen=True)
class TuplePlace:
    """Where a tuple is: one place for each field."""

    kind: Tuple
    fields: tuple["Place", ...]


@dataclass(frozen=True)
class SeqPlace:
    """Where a sequence is: its length and its elements."""

    kind: Seq
    length: ScalarPlace
    elements: tuple["Place", ...]


Place: TypeAlias = ScalarPlace | SetPlace | ArrayPlace | TuplePlace | SeqPlace


def code_of(kind: Type, value: Value) -> int:
    """The number that stands for a scalar value in a cell."""
    if isinstance(kind, Int):
        assert isinstance(kind.low, int)
        return int(value) - kind.low
    return kind.values().index(value)


def count_of(kind: Type) -> int:
    """How many values a scalar type has."""
    if isinstance(kind, Int):
        assert isinstance(kind.low, int)
        assert isinstance(kind.high, int)
        return kind.high - kind.low + 1
    return len(kind.values())


def value_of(kind: Type, code: int) -> Value:
    """The scalar value that a cell's number stands for."""
    if isinstance(kind, Int):
        assert isinstance(kind.low, int)
        return code + kind.low
    return kind.values()[code]


@dataclass
class Layout:
    """The places of a model's variables, and the cells in order."""

    model: Model
    places: dict[str, Place] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    words: int = 1
    _used: int = 0

    def __post_init__(self) -> None:
        for name, kind in self.model.types.items():
            self.places[name] = self._place(kind, name)

    def _cell(self, bits: int, name: str) -> Cell:
        if bits > WORD_BITS - 2:
            raise ModelError(f"{name} needs {bits} bits; a scalar may have {WORD_BITS - 2}")
        if self._used + bits > WORD_BITS:
            self.words, self._used = self.words + 1, 0
        cell = Cell(len(self.cells), bits, self.words - 1, self._used, name)
        self._used += bits
        self.cells.append(cell)
        return cell

    def _scalar(self, kind: Type, name: str) -> ScalarPlace:
        bits = (count_of(kind) - 1).bit_length()
        return ScalarPlace(kind, self._cell(bits, name) if bits else None)

    def _place(self, kind: Type, name: str) -> Place:
        if isinstance(kind, Array):
            elements = (self._place(kind.element, f"{name}[{index}]") for index in kind.index())
            return ArrayPlace(kind, kind.index(), tuple(elements))
        if isinstance(kind, Set):
            universe = kind.universe()
            return SetPlace(kind, universe, tuple(self._cell(1, f"{name}[{one}]") for one in universe))
        if isinstance(kind, Tuple):
            return TuplePlace(
                kind, tuple(self._place(one, f"{name}[{at}]") for at, one in enumerate(kind.fields))
            )
        if isinstance(kind, Seq):
            assert isinstance(kind.limit, int)
            length = self._scalar(Int(0, kind.limit), f"len({name})")
            return SeqPlace(
                kind, length, tuple(self._place(kind.element, f"{name}[{at}]") for at in range(kind.limit))
            )
        return self._scalar(kind, name)

    @property
    def bits(self) -> int:
        """How many bits a state needs."""
        return sum(cell.bits for cell in self.cells)

    def encode(self, state: Sequence[Value]) -> list[int]:
        """The cells of a state (values of the variables in order)."""
        cells = [0] * len(self.cells)
        for place, value in zip(self.places.values(), state, strict=True):
            for cell, number in _encode(place, value):
                cells[cell.number] = number
        return cells

    def decode(self, cells: Sequence[int]) -> tuple[Value, ...]:
        """The state of these cells."""
        return tuple(_decode(place, cells) for place in self.places.values())

    def pack(self, cells: Sequence[int]) -> tuple[int, ...]:
        """The words of these cells."""
        words = [0] * self.words
        for cell in self.cells:
            words[cell.word] |= cells[cell.number] << cell.shift
        return tuple(words)

    def unpack(self, words: Sequence[int]) -> list[int]:
        """The cells of these words."""
        return [int(words[cell.word]) >> cell.shift & ((1 << cell.bits) - 1) for cell in self.cells]


def _encode(place: Place, value: Value) -> Iterator[tuple[Cell, int]]:
    if isinstance(place, ScalarPlace):
        if place.cell is not None:
            yield place.cell, code_of(place.kind, value)
    elif isinstance(place, SetPlace):
        for cell, member in zip(place.cells, place.universe, strict=True):
            yield cell, int(member in value)
    elif isinstance(place, SeqPlace):
        yield from _encode(place.length, len(value))
        for element, part in zip(place.elements, value, strict=False):
            yield from _encode(element, part)
    else:
        parts = place.elements if isinstance(place, ArrayPlace) else place.fields
        for inner, part in zip(parts, value, strict=True):
            yield from _encode(inner, part)


def _decode(place: Place, cells: Sequence[int]) -> Value:
    if isinstance(place, ScalarPlace):
        return value_of(place.kind, 0 if place.cell is None else cells[place.cell.number])
    if isinstance(place, SetPlace):
        members = zip(place.cells, place.universe, strict=True)
        return frozenset(member for cell, member in members if cells[cell.number])
    if isinstance(place, SeqPlace):
        return tuple(_decode(element, cells) for element in place.elements[: _decode(place.length, cells)])
    parts = place.elements if isinstance(place, ArrayPlace) else place.fields
    return tuple(_decode(inner, cells) for inner in parts)

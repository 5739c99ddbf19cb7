"""Symmetry: one representative for all permutations of a model's scalar sets.

The representative of a state is the least of its permutations, in an order of our choice, so it is exact:
two states have the same one if and only if a permutation takes one to the other (Ip and Dill, Better
Verification Through Symmetry, 1996). Where no cell is indexed twice by a set and none holds a member of it,
the state is a row of columns, one for each member, and sorting whole columns is enough; for any other set all
permutations are tried.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from dynaproof.checkers.state_space.layout import (
    ArrayPlace,
    Cell,
    Layout,
    Place,
    ScalarPlace,
    SeqPlace,
    SetPlace,
    count_of,
    value_of,
)
from dynaproof.checkers.state_space.lower import Lowered
from dynaproof.checkers.state_space.machine import Block
from dynaproof.model.language import Messages, ModelError, Option, Scalar, Tuple
from dynaproof.model.language.types import Type

MAX_PERMUTATIONS = 720

Permutation: TypeAlias = Mapping[str, Sequence[int]]
"""For each scalar set, the image of each member."""


@dataclass(frozen=True)
class Spot:
    """A cell with the positions and members that lead to it, each with its type (None: not a typed value).

    `within` has the sequences that it is in, each as the cell of its length and the position: beyond the
    length the cell is zero, whatever a permutation makes of the value that zero stands for.
    """

    cell: Cell
    kind: Type
    path: tuple[tuple[Type | None, Any], ...]
    within: tuple[tuple[Cell, int], ...] = ()

    def key(self) -> tuple[Any, ...]:
        """What distinguishes this cell from all others."""
        return tuple(value for _, value in self.path)


def spots(layout: Layout) -> list[Spot]:
    """Every cell of the layout with its path."""
    found: list[Spot] = []
    for name, place in layout.places.items():
        found.extend(_spots(place, ((None, name),)))
    return found


def _spots(
    place: Place, path: tuple[tuple[Type | None, Any], ...], within: tuple[tuple[Cell, int], ...] = ()
) -> Iterator[Spot]:
    if isinstance(place, ScalarPlace):
        if place.cell is not None:
            yield Spot(place.cell, place.kind, path, within)
    elif isinstance(place, SetPlace):
        for cell, member in zip(place.cells, place.universe, strict=True):
            yield Spot(cell, Scalar(2), (*path, (_member_type(place, member), member)), within)
    elif isinstance(place, ArrayPlace):
        for index, one in zip(place.index, place.elements, strict=True):
            yield from _spots(one, (*path, (place.kind.dimensions[0], index)), within)
    elif isinstance(place, SeqPlace):
        yield from _spots(place.length, (*path, (None, "length")), within)
        for at, one in enumerate(place.elements):
            assert place.length.cell is not None
            yield from _spots(one, (*path, (None, at)), (*within, (place.length.cell, at)))
    else:
        for at, one in enumerate(place.fields):
            yield from _spots(one, (*path, (None, at)), within)


def _member_type(place: SetPlace, member: Any) -> Type:
    if isinstance(place.kind, Messages):
        return Tuple(_Fixed(), *place.kind.kinds[member[0]])
    return place.kind.elements[0] if len(place.kind.elements) == 1 else Tuple(*place.kind.elements)


class _Fixed(Type):
    """The type of whatever no permutation changes."""


def moved(kind: Type | None, value: Any, permutation: Permutation) -> Any:
    """The image of a value of a type."""
    if isinstance(kind, Scalar) and kind.label in permutation:
        return permutation[kind.label][value]
    if isinstance(kind, Option):
        return None if value is None else moved(kind.inner, value, permutation)
    if isinstance(kind, Tuple):
        return tuple(moved(one, part, permutation) for one, part in zip(kind.fields, value, strict=True))
    return value


def mentions(kind: Type | None, label: str) -> int:
    """How many members of a scalar set a value of the type can hold."""
    if isinstance(kind, Scalar):
        return int(kind.label == label)
    if isinstance(kind, Option):
        return mentions(kind.inner, label)
    if isinstance(kind, Tuple):
        return sum(mentions(one, label) for one in kind.fields)
    return 0


def scalar_sets(layout: Layout) -> dict[str, int]:
    """The scalar sets that the model's variables mention, with their sizes."""
    sizes: dict[str, int] = {}
    for spot in spots(layout):
        for kind in (spot.kind, *(one for one, _ in spot.path)):
            for scalar in _scalars(kind):
                assert isinstance(scalar.size, int)
                if scalar.label:
                    sizes[scalar.label] = scalar.size
    return sizes


def _scalars(kind: Type | None) -> Iterator[Scalar]:
    if isinstance(kind, Scalar):
        yield kind
    elif isinstance(kind, Option):
        yield from _scalars(kind.inner)
    elif isinstance(kind, Tuple):
        for one in kind.fields:
            yield from _scalars(one)


@dataclass(frozen=True)
class Plan:
    """Which sets are sorted, each with its columns of cells, and the permutations of the others."""

    columns: dict[str, list[list[Cell]]]
    permutations: list[Permutation]


def plan(layout: Layout) -> Plan:
    """How to find representatives: sort where that is exact, else try all."""
    every = spots(layout)
    columns: dict[str, list[list[Cell]]] = {}
    tried: dict[str, int] = {}
    sets = scalar_sets(layout)
    for label, size in sorted(sets.items(), key=lambda one: (-one[1], one[0])):
        if _sortable(every, label, columns):
            columns[label] = _columns(every, label, size)
        else:
            tried[label] = size
    count = math.prod(math.factorial(size) for size in tried.values())
    if count > MAX_PERMUTATIONS:
        raise ModelError(f"symmetry would try {count} permutations of {', '.join(tried)}")
    products = itertools.product(*(itertools.permutations(range(size)) for size in tried.values()))
    return Plan(columns, [dict(zip(tried, one, strict=True)) for one in products])


def _sortable(every: Iterable[Spot], label: str, sorted_already: Iterable[str]) -> bool:
    for spot in every:
        indexes = sum(mentions(kind, label) for kind, _ in spot.path)
        if indexes > 1 or mentions(spot.kind, label):
            return False
        if indexes and any(mentions(kind, other) for other in sorted_already for kind, _ in spot.path):
            return False
    return True


def _columns(every: Iterable[Spot], label: str, size: int) -> list[list[Cell]]:
    """For each member of the set, its cells, in the same order for all members."""
    found: list[list[tuple[str, Cell]]] = [[] for _ in range(size)]
    for spot in every:
        for member in range(size):
            # Swapping a member with 0 takes its cells to the paths of 0's cells: that pairs the columns.
            swapped = list(range(size))
            swapped[0], swapped[member] = member, 0
            if _holds(spot.path, label, member):
                rest = tuple(moved(kind, value, {label: swapped}) for kind, value in spot.path)
                found[member].append((repr(rest), spot.cell))
    return [[cell for _, cell in sorted(column, key=lambda one: one[0])] for column in found]


def _holds(path: Iterable[tuple[Type | None, Any]], label: str, member: int) -> bool:
    """Whether a path that holds at most one member of the set holds this one."""

    def inside(kind: Type | None, value: Any) -> bool:
        if isinstance(kind, Scalar):
            return kind.label == label and bool(value == member)
        if isinstance(kind, Option):
            return value is not None and inside(kind.inner, value)
        if isinstance(kind, Tuple):
            return any(inside(one, part) for one, part in zip(kind.fields, value, strict=True))
        return False

    return any(inside(kind, value) for kind, value in path)


@dataclass(frozen=True)
class Image:
    """Where a permutation takes a cell, and what it makes of each of its values."""

    source: Spot
    target: Cell
    values: list[int]

    @property
    def keeps_values(self) -> bool:
        """Whether the cell only moves."""
        return self.values == list(range(len(self.values)))


def images(layout: Layout, permutation: Permutation) -> list[Image]:
    """The image of every cell."""
    every = spots(layout)
    places = {spot.key(): spot.cell for spot in every}
    result = []
    for spot in every:
        target = places[tuple(moved(kind, value, permutation) for kind, value in spot.path)]
        values = list(range(1 << spot.cell.bits))
        if any(mentions(spot.kind, label) for label in permutation):
            known = {value_of(spot.kind, code): code for code in range(count_of(spot.kind))}
            for value, code in known.items():
                values[code] = known[moved(spot.kind, value, permutation)]
        result.append(Image(spot, target, values))
    return result


def permuted(layout: Layout, cells: Sequence[int], permutation: Permutation) -> list[int]:
    """The cells of a permuted state; slow, for tests and small graphs."""
    return moved_cells(images(layout, permutation), cells)


def moved_cells(every: Iterable[Image], cells: Sequence[int]) -> list[int]:
    """The cells of a state, each where its image is, with what the permutation makes of its value."""
    result = [0] * len(cells)
    for one in every:
        if all(at < cells[length.number] for length, at in one.source.within):
            result[one.target.number] = one.values[cells[one.source.cell.number]]
    return result


# ---------------------------------------------------------------- machine code


def canonical_function(lowered: Lowered, symmetry: bool) -> str:
    """The LLVM text of `canonical(state)`, which puts the representative in the state's place."""
    layout = lowered.layout
    if not symmetry:
        return "define i64 @canonical(i64 %at) nounwind alwaysinline {\nstart:\n  ret i64 0\n}\n"
    chosen = plan(layout)
    block = Block(layout.cells)
    block.lines.append("  %state = inttoptr i64 %at to ptr")
    block.load_words(layout.words)
    original = [block.words[at] for at in range(layout.words)]
    best: list[str] | None = None
    for permutation in chosen.permutations:
        words = _permute(block, layout, original, permutation)
        for columns in chosen.columns.values():
            words = _sort(block, words, columns)
        best = words if best is None else _least(block, best, words)
    assert best is not None
    for at, word in enumerate(best):
        place = block.emit(f"getelementptr i64, ptr %state, i64 {at}")
        block.lines.append(f"  store i64 {word}, ptr {place}")
    body = "\n".join(block.lines)
    return f"define i64 @canonical(i64 %at) nounwind {{\nstart:\n{body}\n  ret i64 0\n}}\n"


def _get(block: Block, words: Sequence[str], cell: Cell) -> str:
    shifted = block.emit(f"lshr i64 {words[cell.word]}, {cell.shift}") if cell.shift else words[cell.word]
    return block.emit(f"and i64 {shifted}, {(1 << cell.bits) - 1}")


def _put(block: Block, parts: dict[int, list[str]], cell: Cell, value: str) -> None:
    shifted = block.emit(f"shl i64 {value}, {cell.shift}") if cell.shift else value
    parts.setdefault(cell.word, []).append(shifted)


def _kept(block: Block, words: Sequence[str], replaced: Iterable[Cell]) -> list[str]:
    """The words without these cells."""
    masks = [0] * len(words)
    for cell in replaced:
        masks[cell.word] |= ((1 << cell.bits) - 1) << cell.shift
    return [
        block.emit(f"and i64 {word}, {_signed(~mask)}") if mask else word
        for word, mask in zip(words, masks, strict=True)
    ]


def _joined(block: Block, words: list[str], parts: Mapping[int, Sequence[str]]) -> list[str]:
    for at, values in parts.items():
        for value in values:
            words[at] = block.emit(f"or i64 {words[at]}, {value}")
    return words


def _permute(block: Block, layout: Layout, words: list[str], permutation: Permutation) -> list[str]:
    changed = [
        one for one in images(layout, permutation) if one.source.cell != one.target or not one.keeps_values
    ]
    parts: dict[int, list[str]] = {}
    for one in changed:
        value = _get(block, words, one.source.cell)
        if not one.keeps_values:
            value = _mapped(block, value, one.values)
            for length, at in one.source.within if one.values[0] else ():
                present = block.emit(f"icmp ult i64 {at}, {_get(block, words, length)}")
                value = block.emit(f"select i1 {present}, i64 {value}, i64 0")
        _put(block, parts, one.target, value)
    return _joined(block, _kept(block, words, [one.target for one in changed]), parts)


def _mapped(block: Block, value: str, values: Sequence[int]) -> str:
    """Look up a small number in a table; the table is a constant if it fits into a word."""
    bits = (len(values) - 1).bit_length()
    if len(values) * bits <= 64:
        table = sum(image << at * bits for at, image in enumerate(values))
        place = block.emit(f"mul i64 {value}, {bits}")
        shifted = block.emit(f"lshr i64 {_signed(table)}, {place}")
        return block.emit(f"and i64 {shifted}, {(1 << bits) - 1}")
    result = value
    for code, image in enumerate(values):
        if code != image:
            here = block.emit(f"icmp eq i64 {value}, {code}")
            result = block.emit(f"select i1 {here}, i64 {image}, i64 {result}")
    return result


def _sort(block: Block, words: list[str], columns: list[list[Cell]]) -> list[str]:
    """Sort the columns: each is gathered into a few numbers, compared as a whole, and put back in order."""
    keys = [_gather(block, words, column) for column in columns]
    for end in range(len(keys) - 1, 0, -1):
        for at in range(end):
            greater = _less(block, keys[at + 1], keys[at])
            pairs = list(zip(keys[at], keys[at + 1], strict=True))
            keys[at] = [block.emit(f"select i1 {greater}, i64 {two}, i64 {one}") for one, two in pairs]
            keys[at + 1] = [block.emit(f"select i1 {greater}, i64 {one}, i64 {two}") for one, two in pairs]
    parts: dict[int, list[str]] = {}
    for key, column in zip(keys, columns, strict=True):
        for number, (at, shift) in enumerate(_arranged(column)):
            cell = column[number]
            shifted = block.emit(f"lshr i64 {key[at]}, {shift}") if shift else key[at]
            _put(block, parts, cell, block.emit(f"and i64 {shifted}, {(1 << cell.bits) - 1}"))
    return _joined(block, _kept(block, words, [cell for column in columns for cell in column]), parts)


def _arranged(column: Sequence[Cell]) -> list[tuple[int, int]]:
    """Where each cell of a column lies in the numbers into which the column is gathered."""
    found, at, shift = [], 0, 0
    for cell in column:
        if shift + cell.bits > 63:
            at, shift = at + 1, 0
        found.append((at, shift))
        shift += cell.bits
    return found


def _gather(block: Block, words: Sequence[str], column: Sequence[Cell]) -> list[str]:
    arranged = _arranged(column)
    numbers = ["0"] * (arranged[-1][0] + 1 if arranged else 0)
    for cell, (at, shift) in zip(column, arranged, strict=True):
        value = _get(block, words, cell)
        shifted = block.emit(f"shl i64 {value}, {shift}") if shift else value
        numbers[at] = shifted if numbers[at] == "0" else block.emit(f"or i64 {numbers[at]}, {shifted}")
    return numbers


def _less(block: Block, left: Sequence[str], right: Sequence[str]) -> str:
    """Whether one row of numbers comes before another, the last number counting most."""
    result = "false"
    for one, two in zip(left, right, strict=True):
        smaller = block.emit(f"icmp ult i64 {one}, {two}")
        equal = block.emit(f"icmp eq i64 {one}, {two}")
        result = block.emit(f"select i1 {equal}, i1 {result}, i1 {smaller}")
    return result


def _least(block: Block, left: list[str], right: list[str]) -> list[str]:
    smaller = _less(block, left, right)
    return [
        block.emit(f"select i1 {smaller}, i64 {one}, i64 {two}") for one, two in zip(left, right, strict=True)
    ]


def _signed(number: int) -> int:
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number

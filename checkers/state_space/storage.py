"""Reading variables of the old state as values, and writing values into cells of the new state."""

from collections.abc import Iterable
from typing import Any

from dynaproof.checkers.state_space.algebra import Algebra
from dynaproof.checkers.state_space.expressions import Expr, Node, high, low
from dynaproof.checkers.state_space.layout import (
    ArrayPlace,
    Layout,
    Place,
    ScalarPlace,
    SeqPlace,
    SetPlace,
    TuplePlace,
    count_of,
    value_of,
)
from dynaproof.checkers.state_space.values import (
    ArrayValue,
    Atom,
    Items,
    SeqValue,
    SetValue,
    Symbolic,
    Truth,
    is_number,
    is_truth,
)
from dynaproof.model.language import Bool, Int, Scalar
from dynaproof.model.language.types import Type

Writes = dict[int, Node]


class Storage(Algebra):
    """The algebra together with a layout: places can be read and written."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self._read: dict[int, tuple[Place, Symbolic]] = {}

    # ---------------------------------------------------------------- reading

    def read(self, place: Place) -> Symbolic:
        """The old value of a place; read once, because models read the same places again and again."""
        known = self._read.get(id(place))
        if known is None:
            # The place is kept beside its value: while it lives, no other object has its id.
            known = self._read[id(place)] = (place, self._read_afresh(place))
        return known[1]

    def _read_afresh(self, place: Place) -> Symbolic:
        if isinstance(place, ArrayPlace):
            return ArrayValue(((1, place),))
        if isinstance(place, SetPlace):
            bits = {one: self.old(cell.number) for one, cell in zip(place.universe, place.cells, strict=True)}
            return SetValue(bits, ((1, place),))
        if isinstance(place, TuplePlace):
            return tuple(self.read(one) for one in place.fields)
        if isinstance(place, SeqPlace):
            length = self.number(self.read(place.length))
            return SeqValue(length, tuple(self.read(one) for one in place.elements), ((1, place),))
        if place.cell is None:
            return value_of(place.kind, 0)
        code = self.graph.cell(place.cell.number, count_of(place.kind) - 1)
        return self._from_code(place.kind, code)

    def _from_code(self, kind: Type, code: Node) -> Symbolic:
        if isinstance(kind, Bool):
            assert isinstance(code, Expr)
            return Truth(code)
        if isinstance(kind, Int):
            assert isinstance(kind.low, int)
            return self.graph.add(code, kind.low)
        return code if isinstance(kind, Scalar) else Atom(kind.values(), code)

    def old(self, number: int) -> Node:
        """The old value of a cell that may use all its bits, or fewer."""
        return self.graph.cell(number, self._highest(number))

    def _highest(self, number: int) -> int:
        return self._limits()[number]

    def _limits(self) -> dict[int, int]:
        if not hasattr(self, "_limit_of"):
            self._limit_of: dict[int, int] = {}
            for place in self.layout.places.values():
                self._limit_of.update(_limits(place))
        return self._limit_of

    def select(self, array: ArrayValue, index: Symbolic) -> list[tuple[Node, Place]]:
        """The places of an element, one per possible index value; a fault where the index is none of them."""
        found: list[tuple[Node, Place]] = []
        inside: Node = 0
        for condition, one in array.places:
            for position, value in enumerate(one.index):
                here = self.graph.both(condition, self.eq(index, value))
                if isinstance(here, Expr) or here:
                    found.append((here, one.elements[position]))
                    inside = self.graph.any_of(inside, here)
        index_is_any = not isinstance(index, Expr) or not _covers(array.places[0][1].index, index)
        if index_is_any and (isinstance(index, Expr | Atom) or not found):
            among = array.places[0][1].kind.dimensions[0].describe()
            what = "an index" if isinstance(index, Expr | Atom) else repr(index)
            self.fault(f"{what} is not in {among}", self.graph.negate(inside))
        return found or [(1, array.places[0][1].elements[0])]

    def element(self, array: ArrayValue, index: Symbolic) -> Symbolic:
        """The old value of an element."""
        found = self.select(array, index)
        if isinstance(found[0][1], ArrayPlace):
            return ArrayValue(tuple((when, one) for when, one in found if isinstance(one, ArrayPlace)))
        result = self.read(found[-1][1])
        for condition, place in found[-2::-1]:
            result = self.ite(condition, self.read(place), result)
        if isinstance(result, SetValue):
            return SetValue(
                result.bits, tuple((when, one) for when, one in found if isinstance(one, SetPlace))
            )
        if isinstance(result, SeqValue):
            targets = tuple((when, one) for when, one in found if isinstance(one, SeqPlace))
            return SeqValue(result.length, result.items, targets)
        return result

    def items(self, value: Symbolic) -> Items:
        if isinstance(value, ArrayValue):
            return Items(tuple((1, self.element(value, index)) for index in value.places[0][1].index))
        return super().items(value)

    # ---------------------------------------------------------------- writing

    def put(self, writes: Writes, cell: int, node: Node, condition: Node) -> None:
        """Set a cell of the new state, where the condition holds."""
        writes[cell] = self.graph.ite(condition, node, writes.get(cell, self.old(cell)))

    def write(self, writes: Writes, place: Place, value: Symbolic, condition: Node = 1) -> None:
        """Set a place of the new state where the condition holds; a value not of its type is a fault."""
        before, self.path = self.path, self.graph.both(self.path, condition)
        try:
            for cell, node in self._cells(place, value):
                self.put(writes, cell, node, condition)
        finally:
            self.path = before

    def _cells(self, place: Place, value: Symbolic) -> Iterable[tuple[int, Node]]:
        if isinstance(place, ScalarPlace):
            code = self.encode(place.kind, value, _name(place))
            if place.cell is not None:
                yield place.cell.number, code
        elif isinstance(place, SetPlace):
            yield from self._set_cells(place, value)
        elif isinstance(place, TuplePlace):
            if not isinstance(value, tuple) or len(value) != len(place.fields):
                self.fault(f"{_name(place)}: the value is not in {place.kind.describe()}")
                return
            for one, part in zip(place.fields, value, strict=True):
                yield from self._cells(one, part)
        elif isinstance(place, ArrayPlace):
            yield from self._array_cells(place, value)
        else:
            yield from self._sequence_cells(place, value)

    def _set_cells(self, place: SetPlace, value: Symbolic) -> Iterable[tuple[int, Node]]:
        if not isinstance(value, SetValue | frozenset):
            value = self.make_set(self.items(value).parts)
        bits = self.bits(value)
        for member, bit in bits.items():
            if member not in place.universe:
                self.fault(f"{_name(place)}: {member!r} cannot be a member of {place.kind.describe()}", bit)
        for member, cell in zip(place.universe, place.cells, strict=True):
            yield cell.number, bits.get(member, 0)

    def _array_cells(self, place: ArrayPlace, value: Symbolic) -> Iterable[tuple[int, Node]]:
        parts: list[Symbolic]
        if isinstance(value, ArrayValue):
            parts = [self.element(value, index) for index in value.places[0][1].index]
        else:
            items = self.items(value).parts
            if any(isinstance(present, Expr) for present, _ in items):
                raise self.unknown("an array is assigned a list whose length depends on the state")
            parts = [one for _, one in items]
        if len(parts) != len(place.elements):
            self.fault(f"{_name(place)}: {len(parts)} elements for {place.kind.describe()}")
            return
        for one, part in zip(place.elements, parts, strict=True):
            yield from self._cells(one, part)

    def _sequence_cells(self, place: SeqPlace, value: Symbolic) -> Iterable[tuple[int, Node]]:
        if isinstance(value, Items | list):
            raise self.unknown(
                "a sequence is assigned from a tuple, not from a list or a filtered comprehension"
            )
        sequence = self.sequence(value)
        assert isinstance(place.kind.limit, int)
        self.fault(
            f"{_name(place)}: longer than {place.kind.limit}",
            self.graph.lt(place.kind.limit, sequence.length),
        )
        yield from self._cells(place.length, self._at_most(sequence.length, place.kind.limit))
        before = self.path
        for position, one in enumerate(place.elements):
            present = self.graph.lt(position, sequence.length)
            self.path = self.graph.both(before, present)
            if position < len(sequence.items) and (isinstance(present, Expr) or present):
                for cell, node in self._cells(one, sequence.items[position]):
                    yield cell, self.graph.ite(present, node, 0)
            else:
                yield from ((cell, 0) for cell in _limits(one))
            self.path = before

    def _at_most(self, node: Node, limit: int) -> Node:
        return node if high(node) <= limit else self.graph.ite(self.graph.lt(limit, node), limit, node)

    def encode(self, kind: Type, value: Symbolic, name: str) -> Node:
        """The cell's number for a value of a scalar type; a fault where it is not of that type."""
        meaning = kind.describe()
        if isinstance(value, SetValue | SeqValue | ArrayValue | Items | frozenset | range):
            self.fault(f"{name}: the value is not in {meaning}")
            return 0
        if isinstance(kind, Bool):
            if not is_truth(value):
                self.fault(f"{name}: the value is not in {meaning}")
                return 0
            return self.truth(value)
        if isinstance(kind, Int | Scalar):
            lowest = kind.low if isinstance(kind, Int) else 0
            assert isinstance(lowest, int)
            if is_truth(value) or not (is_number(value) or isinstance(value, Atom)):
                self.fault(
                    f"{name}: {value!r} is not in {meaning}" if not is_truth(value) else f"{name}: a bool"
                )
                return 0
            node = self.number(value)
            highest = lowest + count_of(kind) - 1
            outside = self.graph.any_of(self.graph.lt(node, lowest), self.graph.lt(highest, node))
            self.fault(f"{name}: the value is not in {meaning}", outside)
            return self._within(self.graph.sub(node, lowest), highest - lowest)
        return self.recode(self.atom(value), kind.values(), f"{name}: {meaning}")

    def _within(self, node: Node, highest: int) -> Node:
        """The same node; values outside are noted as a fault, so a plain number outside may become any."""
        if not isinstance(node, Expr) and not 0 <= node <= highest:
            return 0
        return node

    def merge(self, condition: Node, then: Writes, other: Writes) -> Writes:
        """What has been written at the point where two branches meet."""
        merged: Writes = {}
        for cell in (*then, *(cell for cell in other if cell not in then)):
            old = self.old(cell)
            merged[cell] = self.graph.ite(condition, then.get(cell, old), other.get(cell, old))
        return merged


def _limits(place: Place) -> dict[int, int]:
    """The highest value of each cell of a place."""
    if isinstance(place, ScalarPlace):
        return {} if place.cell is None else {place.cell.number: count_of(place.kind) - 1}
    if isinstance(place, SetPlace):
        return {cell.number: 1 for cell in place.cells}
    if isinstance(place, TuplePlace):
        inner: tuple[Place, ...] = place.fields
    elif isinstance(place, ArrayPlace):
        inner = place.elements
    else:
        inner = (place.length, *place.elements)
    return {cell: limit for one in inner for cell, limit in _limits(one).items()}


def _name(place: Place) -> str:
    if isinstance(place, ScalarPlace):
        return place.cell.name if place.cell is not None else place.kind.describe()
    if isinstance(place, SetPlace):
        return place.kind.describe()
    if isinstance(place, SeqPlace):
        return place.kind.describe()
    return place.kind.describe()


def _covers(index: tuple[Any, ...], node: Expr) -> bool:
    return all(is_number(one) for one in index) and low(node) >= min(index) and high(node) <= max(index)

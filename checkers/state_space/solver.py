"""Models as Z3 terms: cells become bit vectors (one bit: a Bool), expressions terms of the same meaning.

All numbers have one width, wide enough for every interval that occurs, so nothing wraps.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import z3

from dynaproof.checkers.state_space.expressions import Expr, Node, high, in_order, low
from dynaproof.checkers.state_space.layout import ArrayPlace, Place, ScalarPlace, SeqPlace, SetPlace, count_of
from dynaproof.checkers.state_space.lower import Instance, Lowered

Term = Any
"""A Z3 term; the library has no types of its own that say more."""


class Translation:
    """The terms of a lowered model over any number of copies of its state."""

    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self.cells = lowered.layout.cells
        every = in_order(
            [
                *(node for one in lowered.instances for node in (one.guard, *one.updates.values())),
                *(fault.condition for one in lowered.instances for fault in (*one.early, *one.late)),
                *(one.node for one in (*lowered.always, *lowered.sometimes, *lowered.eventually)),
                *(fault.condition for one in lowered.always for fault in one.faults),
            ]
        )
        constants = (int(part) for node in every for part in node.args if not isinstance(part, Expr))
        widest = max(
            (max(abs(low(one)), abs(high(one))) for one in every),
            default=1,
        )
        self.width = max([widest, 1, *(abs(one) for one in constants)]).bit_length() + 2

    def state(self, name: str) -> list[Term]:
        """The cells of a fresh copy of the state."""
        return [
            z3.Bool(f"{cell.name}@{name}") if cell.bits == 1 else z3.BitVec(f"{cell.name}@{name}", self.width)
            for cell in self.cells
        ]

    def value(self, cell: int, number: int) -> Term:
        """A constant for a cell."""
        return z3.BoolVal(bool(number)) if self.cells[cell].bits == 1 else z3.BitVecVal(number, self.width)

    def typed(self, state: Sequence[Term]) -> Term:
        """The term that every cell holds a value of its type, and sequences are zero beyond their length."""
        return z3.And(
            *(one for place in self.lowered.layout.places.values() for one in self._typed(place, state))
        )

    def _typed(self, place: Place, state: Sequence[Term]) -> Iterable[Term]:
        if isinstance(place, ScalarPlace):
            if place.cell is not None and place.cell.bits > 1:
                term = state[place.cell.number]
                yield z3.ULT(term, z3.BitVecVal(count_of(place.kind), self.width))
        elif isinstance(place, SeqPlace):
            yield from self._typed(place.length, state)
            for at, one in enumerate(place.elements):
                yield from self._typed(one, state)
                if place.length.cell is not None:
                    length = self._number(state[place.length.cell.number])
                    empty = z3.And(*(self._is_zero(cell, state) for cell in _cells(one)))
                    yield z3.Or(z3.BitVecVal(at, self.width) < length, empty)
        elif not isinstance(place, SetPlace):
            for one in place.elements if isinstance(place, ArrayPlace) else place.fields:
                yield from self._typed(one, state)

    def _is_zero(self, cell: int, state: Sequence[Term]) -> Term:
        return state[cell] == self.value(cell, 0)

    def _number(self, term: Term) -> Term:
        if z3.is_bool(term):
            return z3.If(term, z3.BitVecVal(1, self.width), z3.BitVecVal(0, self.width))
        return term

    def _truth(self, term: Term) -> Term:
        return term if z3.is_bool(term) else term != z3.BitVecVal(0, self.width)

    def terms(self, roots: Sequence[Node], state: Sequence[Term]) -> list[Term]:
        """The terms of expressions over a copy of the state."""
        made: dict[int, Term] = {}

        def of(node: Node) -> Term:
            return made[node.number] if isinstance(node, Expr) else z3.BitVecVal(int(node), self.width)

        for node in in_order(roots):
            made[node.number] = self._term(node, of, state)
        return [of(root) for root in roots]

    def truths(self, roots: Sequence[Node], state: Sequence[Term]) -> list[Term]:
        """The same for conditions."""
        return [self._truth(one) for one in self.terms(roots, state)]

    def _term(self, node: Expr, of: Any, state: Sequence[Term]) -> Term:
        if node.op == "cell":
            assert isinstance(node.args[0], int)
            return state[node.args[0]]
        parts = [of(one) for one in node.args]
        if node.op in {"and", "or"}:
            join = z3.And if node.op == "and" else z3.Or
            return join(*(self._truth(one) for one in parts))
        if node.op == "not":
            return z3.Not(self._truth(parts[0]))
        if node.op == "ite":
            condition, then, other = self._truth(parts[0]), parts[1], parts[2]
            if z3.is_bool(then) and z3.is_bool(other):
                return z3.If(condition, then, other)
            return z3.If(condition, self._number(then), self._number(other))
        left, right = (self._number(one) for one in parts)
        if node.op == "eq":
            return left == right
        if node.op == "lt":
            return left < right
        if node.op == "add":
            return left + right
        if node.op == "sub":
            return left - right
        if node.op == "mul":
            return left * right
        # Python's remainder by a positive number is never negative, which is what Z3's signed modulo gives.
        remainder = left % right
        return remainder if node.op == "mod" else (left - remainder) / right

    def step(self, instance: Instance, old: Sequence[Term], new: Sequence[Term]) -> Term:
        """The term that the instance leads from one state to the other."""
        cells = list(instance.updates)
        guard, *values = self.terms([instance.guard, *instance.updates.values()], old)
        written = dict(zip(cells, values, strict=True))
        parts = [self._truth(guard)]
        for cell, (before, after) in enumerate(zip(old, new, strict=True)):
            if cell not in written:
                parts.append(after == before)
            elif z3.is_bool(after):
                parts.append(after == self._truth(written[cell]))
            else:
                parts.append(after == self._number(written[cell]))
        return z3.And(*parts)

    def after(self, instance: Instance, old: Sequence[Term]) -> list[Term]:
        """The cells into which the instance turns a state, whether or not it is enabled."""
        values = self.terms(list(instance.updates.values()), old)
        new = list(old)
        for cell, value in zip(instance.updates, values, strict=True):
            new[cell] = self._truth(value) if z3.is_bool(old[cell]) else self._number(value)
        return new

    def read(self, model: Any, state: Sequence[Term]) -> list[int]:
        """The numbers of the cells in a solution."""
        numbers = []
        for term in state:
            value = model.eval(term, model_completion=True)
            numbers.append(int(z3.is_true(value)) if z3.is_bool(term) else value.as_long())
        return numbers


def _cells(place: Place) -> list[int]:
    if isinstance(place, ScalarPlace):
        return [] if place.cell is None else [place.cell.number]
    if isinstance(place, SetPlace):
        return [cell.number for cell in place.cells]
    if isinstance(place, SeqPlace):
        return [*_cells(place.length), *(cell for one in place.elements for cell in _cells(one))]
    inner = place.elements if isinstance(place, ArrayPlace) else place.fields
    return [cell for one in inner for cell in _cells(one)]

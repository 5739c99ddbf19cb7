"""The operations on symbolic values: arithmetic, comparison, sets, sequences and arrays, as expressions.

The values themselves are in `values`.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dynaproof.checkers.state_space.expressions import Expr, Graph, Node, high, low
from dynaproof.checkers.state_space.values import (
    MAX_SPREAD,
    ArrayValue,
    Atom,
    Fault,
    Items,
    SeqValue,
    SetValue,
    Symbolic,
    Truth,
    is_number,
    is_truth,
)
from dynaproof.model.language import ModelError


@dataclass
class Algebra:
    """The operations; `path` is the condition under which the text is being read, `line` where."""

    graph: Graph = field(default_factory=Graph)
    path: Node = 1
    line: int = 0
    faults: list[Fault] = field(default_factory=list)

    def fault(self, problem: str, condition: Node = 1) -> None:
        """Note that the text is in error where it is being read, if the condition holds there."""
        bad = self.graph.both(self.path, condition)
        if isinstance(bad, Expr) or bad:
            self.faults.append(Fault(bad, problem, self.line))

    def unknown(self, problem: str) -> ModelError:
        """The error of a construct outside the vocabulary, whatever the state."""
        return ModelError(problem, None, self.line)

    # ---------------------------------------------------------------- truth and numbers

    def as_truth(self, node: Node) -> Symbolic:
        """The bool that a node of value 0 or 1 stands for."""
        return Truth(node) if isinstance(node, Expr) else bool(node)

    def truth(self, value: Symbolic) -> Node:
        """Whether Python would take the value as true."""
        if isinstance(value, Truth):
            return value.node
        if isinstance(value, Expr):
            return self.graph.negate(self.graph.eq(value, 0))
        if isinstance(value, Atom):
            true = (self.graph.eq(value.code, at) for at, one in enumerate(value.values) if one)
            return self.graph.any_of_many(true)
        if isinstance(value, SetValue):
            return self.graph.any_of_many(value.bits.values())
        if isinstance(value, SeqValue):
            return self.graph.lt(0, value.length)
        if isinstance(value, Items):
            return self.graph.any_of_many(condition for condition, _ in value.parts)
        return int(bool(value))

    def number(self, value: Symbolic) -> Node:
        """The value as an integer; a fault where it is not one."""
        if isinstance(value, Truth):
            return value.node
        if isinstance(value, Expr | int):
            return value
        if not isinstance(value, Atom):
            self.fault(f"{_show(value)} is used as a number")
            return 0
        result: Node = 0
        offsets = {one - at for at, one in enumerate(value.values) if is_number(one)}
        if len(offsets) == 1:
            result = self.graph.add(value.code, offsets.pop())
        for at, one in enumerate(value.values):
            if not is_number(one):
                self.fault(f"{one!r} is used as a number", self.graph.eq(value.code, at))
            elif len(offsets) > 1:
                result = self.graph.ite(self.graph.eq(value.code, at), one, result)
        return result

    # ---------------------------------------------------------------- atoms and choices

    def spread(self, value: Symbolic) -> list[tuple[Node, Any]]:
        """Every concrete value that this one may have, each with the condition under which it has it."""
        if isinstance(value, Truth):
            return [(self.graph.negate(value.node), False), (value.node, True)]
        found: list[tuple[Node, Any]] = []
        if isinstance(value, Expr):
            if high(value) - low(value) > MAX_SPREAD:
                raise self.unknown(
                    f"a number between {low(value)} and {high(value)} has too many values here"
                )
            found = [(self.graph.eq(value, one), one) for one in range(low(value), high(value) + 1)]
        elif isinstance(value, Atom):
            found = [(self.graph.eq(value.code, at), one) for at, one in enumerate(value.values)]
        elif isinstance(value, tuple):
            for parts in itertools.product(*(self.spread(part) for part in value)):
                condition = self.graph.all_of_many(one for one, _ in parts)
                found.append((condition, tuple(one for _, one in parts)))
            if len(found) > MAX_SPREAD:
                raise self.unknown("a tuple has too many values here")
        elif isinstance(value, SetValue | SeqValue | ArrayValue | Items):
            raise self.unknown(f"{_show(value)} cannot be a member or an index")
        else:
            return [(1, value)]
        return [(condition, one) for condition, one in found if isinstance(condition, Expr) or condition]

    def atom(self, value: Symbolic) -> Atom:
        """The value as an unknown member of a few values."""
        if isinstance(value, Atom):
            return value
        if isinstance(value, Expr):
            if high(value) - low(value) > MAX_SPREAD:
                raise self.unknown("a number of too many values is mixed with another kind of value")
            return Atom(tuple(range(low(value), high(value) + 1)), self.graph.sub(value, low(value)))
        choices = self.spread(value)
        code: Node = 0
        for at, (condition, _) in enumerate(choices):
            code = self.graph.ite(condition, at, code)
        return Atom(tuple(one for _, one in choices), code)

    def recode(self, atom: Atom, values: Sequence[Any], meaning: str) -> Node:
        """The position of the atom among other values; a fault where it is none of them."""
        if tuple(values) == atom.values and all(
            type(one) is type(other) for one, other in zip(values, atom.values, strict=True)
        ):
            return atom.code
        positions = {(type(one), one): at for at, one in enumerate(values)}
        placed = [positions.get((type(one), one)) for one in atom.values]
        shifts = {position - at for at, position in enumerate(placed) if position is not None}
        code: Node = self.graph.add(atom.code, next(iter(shifts))) if len(shifts) == 1 else 0
        for at, position in enumerate(placed):
            here = self.graph.eq(atom.code, at)
            if position is None:
                self.fault(f"{atom.values[at]!r} is not in {meaning}", here)
            elif len(shifts) > 1:
                code = self.graph.ite(here, position, code)
        return code

    def ite(self, condition: Node, then: Symbolic, other: Symbolic) -> Symbolic:
        """One value or the other, of whatever kind they are."""
        graph = self.graph
        if not isinstance(condition, Expr):
            return then if condition else other
        if then is other:
            return then
        if is_number(then) and is_number(other):
            return graph.ite(condition, then, other)
        if is_truth(then) and is_truth(other):
            return self.as_truth(graph.either(condition, self.truth(then), self.truth(other)))
        if isinstance(then, ArrayValue) and isinstance(other, ArrayValue):
            no = graph.negate(condition)
            first = tuple((graph.both(condition, when), place) for when, place in then.places)
            return ArrayValue(first + tuple((graph.both(no, when), place) for when, place in other.places))
        if isinstance(then, SetValue | frozenset) and isinstance(other, SetValue | frozenset):
            left, right = self.bits(then), self.bits(other)
            members = dict.fromkeys((*left, *right))
            return SetValue(
                {one: graph.either(condition, left.get(one, 0), right.get(one, 0)) for one in members}
            )
        if isinstance(then, SeqValue | tuple) and isinstance(other, SeqValue | tuple):
            return self._either_sequence(condition, then, other)
        if isinstance(then, Items | tuple | list) and isinstance(other, Items | tuple | list):
            no = graph.negate(condition)
            parts = [(graph.both(condition, when), one) for when, one in self.items(then).parts]
            parts += [(graph.both(no, when), one) for when, one in self.items(other).parts]
            return Items(tuple(parts))
        left_atom, right_atom = self.atom(then), self.atom(other)
        if _same_values(left_atom.values, right_atom.values):
            return Atom(left_atom.values, graph.ite(condition, left_atom.code, right_atom.code))
        known = {(type(one), one): one for one in (*left_atom.values, *right_atom.values)}
        # None first keeps the values it is mixed with in one run, as in `Option`, so that the code is a sum.
        ordered = sorted(known.values(), key=lambda one: (one is not None, str(type(one)), one))
        joined = tuple(ordered)
        codes = (self.recode(left_atom, joined, ""), self.recode(right_atom, joined, ""))
        return Atom(joined, graph.ite(condition, *codes))

    def _either_sequence(self, condition: Node, then: Symbolic, other: Symbolic) -> Symbolic:
        if isinstance(then, tuple) and isinstance(other, tuple) and len(then) == len(other):
            return tuple(self.ite(condition, one, two) for one, two in zip(then, other, strict=True))
        left, right = self.sequence(then), self.sequence(other)
        both = min(len(left.items), len(right.items))
        items = [self.ite(condition, left.items[at], right.items[at]) for at in range(both)]
        rest = (*left.items[both:], *right.items[both:])
        return SeqValue(self.graph.ite(condition, left.length, right.length), (*items, *rest))

    # ---------------------------------------------------------------- comparing

    def eq(self, left: Symbolic, right: Symbolic) -> Node:
        """Whether Python would find the two equal."""
        graph = self.graph
        if isinstance(left, Truth) or isinstance(right, Truth):
            if not (is_truth(left) or is_number(left)) or not (is_truth(right) or is_number(right)):
                return 0
            return graph.eq(self.number(left), self.number(right))
        if isinstance(left, Expr | int) and isinstance(right, Expr | int):
            return graph.eq(left, right)
        if isinstance(left, SetValue | frozenset) and isinstance(right, SetValue | frozenset):
            one, two = self.bits(left), self.bits(right)
            return graph.all_of_many(
                graph.eq(one.get(member, 0), two.get(member, 0)) for member in dict.fromkeys((*one, *two))
            )
        if isinstance(left, tuple) and isinstance(right, tuple):
            if len(left) != len(right):
                return 0
            return graph.all_of_many(self.eq(one, two) for one, two in zip(left, right, strict=True))
        if isinstance(left, SeqValue | tuple) and isinstance(right, SeqValue | tuple):
            a, b = self.sequence(left), self.sequence(right)
            same = [graph.eq(a.length, b.length)]
            for at, (one, two) in enumerate(zip(a.items, b.items, strict=False)):
                same.append(graph.any_of(graph.negate(graph.lt(at, a.length)), self.eq(one, two)))
            return graph.all_of_many(same)
        if isinstance(left, ArrayValue | Items) or isinstance(right, ArrayValue | Items):
            raise self.unknown("arrays are compared element by element")
        if isinstance(left, Expr | Atom) or isinstance(right, Expr | Atom):
            return self._eq_atoms(left, right)
        return int(bool(left == right))

    def _eq_atoms(self, left: Symbolic, right: Symbolic) -> Node:
        if isinstance(left, SetValue | SeqValue) or isinstance(right, SetValue | SeqValue):
            return 0
        one, two = self.atom(left), self.atom(right)
        if _same_values(one.values, two.values):
            return self.graph.eq(one.code, two.code)
        found: Node = 0
        positions = {value: at for at, value in enumerate(two.values)}
        for at, value in enumerate(one.values):
            if value in positions:
                here = self.graph.both(self.graph.eq(one.code, at), self.graph.eq(two.code, positions[value]))
                found = self.graph.any_of(found, here)
        return found

    def less(self, left: Symbolic, right: Symbolic) -> Node:
        """Whether left is less than right: numbers, tuples of them, or sets (a proper subset)."""
        if isinstance(left, tuple) and isinstance(right, tuple):
            if not left or not right:
                return int(len(left) < len(right))
            first = self.less(left[0], right[0])
            tie = self.eq(left[0], right[0])
            return self.graph.any_of(first, self.graph.both(tie, self.less(left[1:], right[1:])))
        if isinstance(left, SetValue | frozenset) and isinstance(right, SetValue | frozenset):
            return self.graph.both(self.subset(left, right), self.graph.negate(self.eq(left, right)))
        return self.graph.lt(self.number(left), self.number(right))

    # ---------------------------------------------------------------- sets

    def bits(self, value: SetValue | frozenset[Any]) -> dict[Any, Node]:
        """For each possible member, whether it is in the set."""
        return value.bits if isinstance(value, SetValue) else dict.fromkeys(_ordered(value), 1)

    def make_set(self, parts: Iterable[tuple[Node, Symbolic]]) -> Symbolic:
        """The set of the values that are present."""
        bits: dict[Any, Node] = {}
        for present, value in parts:
            for condition, one in self.spread(value):
                bits[one] = self.graph.any_of(bits.get(one, 0), self.graph.both(present, condition))
        return SetValue(bits)

    def contains(self, group: Symbolic, value: Symbolic) -> Node:
        """Whether the value is a member."""
        graph = self.graph
        if isinstance(group, SetValue | frozenset):
            bits = self.bits(group)
            if not _is_symbolic(value):
                return bits.get(value, 0)
            return graph.any_of_many(graph.both(bit, self.eq(value, one)) for one, bit in bits.items())
        if isinstance(group, range) and is_number(value) and group.step == 1:
            below = graph.lt(value, group.start)
            return graph.both(graph.negate(below), graph.lt(value, group.stop))
        return graph.any_of_many(
            graph.both(when, self.eq(value, one)) for when, one in self.items(group).parts
        )

    def subset(self, left: Symbolic, right: Symbolic) -> Node:
        """Whether every member of left is one of right."""
        others = self.bits(right)
        return self.graph.all_of_many(
            self.graph.any_of(self.graph.negate(bit), others.get(one, 0))
            for one, bit in self.bits(left).items()
        )

    # ---------------------------------------------------------------- sequences and loops

    def sequence(self, value: SeqValue | tuple[Symbolic, ...]) -> SeqValue:
        """The value as a sequence."""
        return value if isinstance(value, SeqValue) else SeqValue(len(value), value)

    def items(self, value: Symbolic) -> Items:
        """What a loop over the value goes over."""
        if isinstance(value, Items):
            return value
        if isinstance(value, SetValue):
            return Items(tuple((bit, one) for one, bit in value.bits.items()))
        if isinstance(value, SeqValue):
            return Items(tuple((self.graph.lt(at, value.length), one) for at, one in enumerate(value.items)))
        if isinstance(value, frozenset):
            return Items(tuple((1, one) for one in _ordered(value)))
        if isinstance(value, range | tuple | list):
            return Items(tuple((1, one) for one in value))
        raise self.unknown(f"cannot loop over {_show(value)}")

    def length(self, value: Symbolic) -> Node:
        """How many members or items there are."""
        if isinstance(value, SeqValue):
            return value.length
        if isinstance(value, ArrayValue):
            return len(value.places[0][1].index)
        total: Node = 0
        for present, _ in self.items(value).parts:
            total = self.graph.add(total, present)
        return total

    def at(self, value: SeqValue | tuple[Symbolic, ...], index: Symbolic) -> Symbolic:
        """The item at a position, counted from the end where negative; a fault beyond the ends."""
        sequence = self.sequence(value)
        where = self.number(index)
        if not isinstance(where, Expr) and where < 0:
            where = self.graph.add(sequence.length, where)
        elif low(where) < 0:
            where = self.graph.ite(self.graph.lt(where, 0), self.graph.add(where, sequence.length), where)
        beyond = self.graph.any_of(
            self.graph.lt(where, 0), self.graph.negate(self.graph.lt(where, sequence.length))
        )
        self.fault("an index is beyond the end of a sequence", beyond)
        found: list[Symbolic] = []  # At most one; None may be an item, so it cannot mean that there is none.
        for position, one in enumerate(sequence.items):
            here = self.graph.eq(where, position)
            if isinstance(here, Expr) or here:
                found = [self.ite(here, one, found[0]) if found else one]
        if not found:
            return sequence.items[0] if sequence.items else 0
        return found[0]

    def part(self, value: SeqValue | tuple[Symbolic, ...], start: Symbolic, stop: Symbolic) -> Symbolic:
        """The items from start (inclusive) to stop (exclusive); None leaves an end open."""
        sequence, graph = self.sequence(value), self.graph
        first = self._bound(0 if start is None else self.number(start), sequence.length)
        last = self._bound(sequence.length if stop is None else self.number(stop), sequence.length)
        count = graph.ite(graph.lt(first, last), graph.sub(last, first), 0)
        items = []
        for position in range(len(sequence.items)):
            if position >= high(count):
                break
            found: list[Symbolic] = []
            for at in range(len(sequence.items) - 1, position - 1, -1):
                here, one = graph.eq(first, at - position), sequence.items[at]
                if isinstance(here, Expr) or here:
                    found = [self.ite(here, one, found[0]) if found else one]
            items.append(found[0] if found else sequence.items[position])
        return SeqValue(count, tuple(items)) if isinstance(count, Expr) else tuple(items[:count])

    def _bound(self, at: Node, length: Node) -> Node:
        graph = self.graph
        if low(at) < 0:
            from_end = graph.add(at, length)
            floored = graph.ite(graph.lt(from_end, 0), 0, from_end)
            at = graph.ite(graph.lt(at, 0), floored, at)
        return graph.ite(graph.lt(length, at), length, at)

    def joined(self, left: Symbolic, right: Symbolic) -> Symbolic:
        """One sequence after the other."""
        if isinstance(left, tuple) and isinstance(right, tuple):
            return left + right
        one, two = self.sequence(left), self.sequence(right)
        items = []
        for position in range(len(one.items) + len(two.items)):
            here = [one.items[position]] if position < len(one.items) else []
            for at, item in enumerate(two.items):
                starts = self.graph.eq(one.length, position - at)
                if isinstance(starts, Expr) or starts:
                    here = [self.ite(starts, item, here[0]) if here else item]
            if not here:
                break
            items.append(here[0])
        return SeqValue(self.graph.add(one.length, two.length), tuple(items))


def _same_values(left: tuple[Any, ...], right: tuple[Any, ...]) -> bool:
    return left == right and all(type(one) is type(two) for one, two in zip(left, right, strict=True))


def _is_symbolic(value: Symbolic) -> bool:
    if isinstance(value, tuple):
        return any(_is_symbolic(one) for one in value)
    return isinstance(value, Expr | Truth | Atom | SetValue | SeqValue | ArrayValue | Items)


def _ordered(members: Iterable[Any]) -> list[Any]:
    return sorted(members, key=lambda one: (str(type(one)), one if not isinstance(one, tuple) else repr(one)))


def _show(value: Symbolic) -> str:
    kinds = {Truth: "a truth value", Expr: "a number", SetValue: "a set", SeqValue: "a sequence"}
    return kinds.get(type(value), "an array" if isinstance(value, ArrayValue) else repr(value))

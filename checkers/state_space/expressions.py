"""Expressions over the cells of a packed state: one acyclic graph, shared, simplified as it is built.

A cell is an unsigned integer of a few bits (`layout`). An expression is an integer or a truth value (0 or
1), with an interval in which it is known to lie. Equal expressions are the same object, so that they are
computed once. Machine code (`machine`) and Z3 terms (`induction`) are made from these.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Node: TypeAlias = "Expr | int"
"""An expression, or a plain number (False and True count as 0 and 1)."""


class Expr:
    """One operation on other expressions; made by the functions below, never directly.

    `op` is one of: cell (argument: its number), add, sub, mul, div, mod (of positive constants), eq, lt,
    and, or, not, ite (condition, then, else). `low` and `high` bound the value.
    """

    __slots__ = ("args", "high", "low", "number", "op")

    def __init__(self, op: str, args: tuple[Node, ...], low: int, high: int, number: int) -> None:
        self.op, self.args, self.low, self.high, self.number = op, args, low, high, number

    def __repr__(self) -> str:
        return f"{self.op}({', '.join(map(repr, self.args))})"

    def __bool__(self) -> bool:
        raise TypeError("an expression has no truth value before it is evaluated")


def low(node: Node) -> int:
    """The least value that the node can have."""
    return node.low if isinstance(node, Expr) else int(node)


def high(node: Node) -> int:
    """The greatest value that the node can have."""
    return node.high if isinstance(node, Expr) else int(node)


class Graph:
    """The expressions of one model: makes each of them once, simplified."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Expr] = {}
        self._equal: dict[tuple[int, int], Node] = {}

    def _make(self, op: str, args: tuple[Node, ...], lowest: int, highest: int) -> Node:
        if lowest == highest:
            return lowest
        key = (op, *[one.number if isinstance(one, Expr) else ("n", int(one)) for one in args])
        found = self._known.get(key)
        if found is None:
            found = Expr(op, args, lowest, highest, len(self._known))
            self._known[key] = found
        return found

    def cell(self, number: int, highest: int) -> Node:
        """The old value of a cell, known to lie between 0 and `highest`."""
        key = ("cell", ("n", number))
        found = self._known.get(key)
        if found is None:
            found = Expr("cell", (number,), 0, highest, len(self._known))
            self._known[key] = found
        return found

    def add(self, left: Node, right: Node) -> Node:
        """Left plus right."""
        if not isinstance(left, Expr) and not isinstance(right, Expr):
            return int(left) + int(right)
        if not isinstance(left, Expr):
            left, right = right, left
        if not isinstance(right, Expr):
            if right == 0:
                return left
            assert isinstance(left, Expr)
            if left.op == "add" and not isinstance(left.args[1], Expr):
                return self.add(left.args[0], left.args[1] + right)
        return self._make("add", (left, right), low(left) + low(right), high(left) + high(right))

    def sub(self, left: Node, right: Node) -> Node:
        """Left minus right."""
        if not isinstance(right, Expr):
            return self.add(left, -int(right))
        if left is right:
            return 0
        return self._make("sub", (left, right), low(left) - high(right), high(left) - low(right))

    def mul(self, left: Node, right: Node) -> Node:
        """Left times right."""
        if not isinstance(left, Expr) and not isinstance(right, Expr):
            return int(left) * int(right)
        if not isinstance(left, Expr):
            left, right = right, left
        if not isinstance(right, Expr) and right in {0, 1}:
            return left if right else 0
        ends = [a * b for a in (low(left), high(left)) for b in (low(right), high(right))]
        return self._make("mul", (left, right), min(ends), max(ends))

    def div(self, left: Node, right: int) -> Node:
        """Left divided by a positive constant, rounded down."""
        if not isinstance(left, Expr):
            return left // right
        return left if right == 1 else self._make("div", (left, right), left.low // right, left.high // right)

    def mod(self, left: Node, right: int) -> Node:
        """The remainder of that division, never negative."""
        if not isinstance(left, Expr):
            return left % right
        if left.low >= 0 and left.high < right:
            return left
        return self._make("mod", (left, right), 0, right - 1)

    def eq(self, left: Node, right: Node) -> Node:
        """Whether two numbers are equal."""
        if left is right:
            return 1
        if high(left) < low(right) or low(left) > high(right):
            return 0
        if not isinstance(left, Expr):
            left, right = right, left
        if not isinstance(left, Expr):
            return int(left == right)
        if not isinstance(right, Expr):
            if left.low == 0 and left.high == 1:
                return left if right == 1 else self.negate(left)
            if left.op == "add" and not isinstance(left.args[1], Expr):
                return self.eq(left.args[0], right - left.args[1])
            if _chooses_a_number(left):
                return self._eq_choice(left, right)
        elif left.number > right.number:
            left, right = right, left
        return self._make("eq", (left, right), 0, 1)

    def _eq_choice(self, root: Expr, right: int) -> Node:
        """Whether nested choices among numbers give this one: a choice among truth values.

        The nesting may be deeper than Python's stack, and shared: each choice is looked at once.
        """
        stack = [root]
        while stack:
            condition, then, other = stack[-1].args
            open_ones = [
                one
                for one in (then, other)
                if isinstance(one, Expr)
                and one.low <= right <= one.high
                and _chooses_a_number(one)
                and (one.number, right) not in self._equal
            ]
            if open_ones:
                stack.extend(open_ones)
                continue
            node = stack.pop()
            if (node.number, right) not in self._equal:
                equal = self.either(condition, self._known_eq(then, right), self._known_eq(other, right))
                self._equal[node.number, right] = equal
        return self._equal[root.number, right]

    def _known_eq(self, node: Node, right: int) -> Node:
        known = self._equal.get((node.number, right)) if isinstance(node, Expr) else None
        return self.eq(node, right) if known is None else known

    def lt(self, left: Node, right: Node) -> Node:
        """Whether left is less than right."""
        if high(left) < low(right):
            return 1
        if left is right or low(left) >= high(right):
            return 0
        return self._make("lt", (left, right), 0, 1)

    def both(self, left: Node, right: Node) -> Node:
        """Logical and."""
        if not isinstance(left, Expr):
            return right if left else 0
        if not isinstance(right, Expr):
            return left if right else 0
        if left is right:
            return left
        if left is self.negate(right):
            return 0
        return self._make("and", (left, right), 0, 1)

    def any_of(self, left: Node, right: Node) -> Node:
        """Logical or."""
        if not isinstance(left, Expr):
            return 1 if left else right
        if not isinstance(right, Expr):
            return 1 if right else left
        if left is right:
            return left
        if left is self.negate(right):
            return 1
        return self._make("or", (left, right), 0, 1)

    def negate(self, one: Node) -> Node:
        """Logical not."""
        if not isinstance(one, Expr):
            return int(not one)
        if one.op == "not":
            return one.args[0]
        return self._make("not", (one,), 0, 1)

    def ite(self, condition: Node, then: Node, other: Node) -> Node:
        """One number or the other."""
        if not isinstance(condition, Expr):
            return then if condition else other
        if then is other or (not isinstance(then, Expr) and not isinstance(other, Expr) and then == other):
            return then
        if condition.op == "not":
            return self.ite(condition.args[0], other, then)
        if isinstance(then, Expr) and then.op == "ite" and then.args[0] is condition:
            then = then.args[1]
        if isinstance(other, Expr) and other.op == "ite" and other.args[0] is condition:
            other = other.args[2]
        if low(then) >= 0 and high(then) <= 1 and low(other) >= 0 and high(other) <= 1:
            return self.either(condition, then, other)
        return self._make(
            "ite", (condition, then, other), min(low(then), low(other)), max(high(then), high(other))
        )

    def either(self, condition: Node, then: Node, other: Node) -> Node:
        """One truth value or the other."""
        if not isinstance(condition, Expr):
            return then if condition else other
        if then is other:
            return then
        if not isinstance(then, Expr):
            if then:
                return self.any_of(condition, other)
            return self.both(self.negate(condition), other)
        if not isinstance(other, Expr):
            if other:
                return self.any_of(self.negate(condition), then)
            return self.both(condition, then)
        return self._make("ite", (condition, then, other), 0, 1)

    def all_of_many(self, nodes: Iterable[Node]) -> Node:
        """The conjunction of all."""
        result: Node = 1
        for node in nodes:
            result = self.both(result, node)
        return result

    def any_of_many(self, nodes: Iterable[Node]) -> Node:
        """The disjunction of all."""
        result: Node = 0
        for node in nodes:
            result = self.any_of(result, node)
        return result


def _chooses_a_number(node: Expr) -> bool:
    """Whether the node is a choice, one of whose arms is a plain number."""
    return node.op == "ite" and not (isinstance(node.args[1], Expr) and isinstance(node.args[2], Expr))


def conjuncts(node: Node) -> Iterator[Node]:
    """The parts of a conjunction, in the order in which they were written."""
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, Expr) and one.op == "and":
            stack += [one.args[1], one.args[0]]
        else:
            yield one


def in_order(roots: Iterable[Node]) -> list[Expr]:
    """Every expression that the roots need, arguments before what uses them."""
    seen: set[int] = set()
    order: list[Expr] = []
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, expanded = stack.pop()
        if not isinstance(node, Expr):
            continue
        if expanded:
            order.append(node)
        elif node.number not in seen:
            seen.add(node.number)
            stack.append((node, True))
            if node.op != "cell":
                stack.extend((one, False) for one in reversed(node.args))
    return order


def cells_read(roots: Iterable[Node]) -> frozenset[int]:
    """The numbers of all cells that the roots depend on."""
    found = []
    for node in in_order(roots):
        if node.op == "cell":
            assert isinstance(node.args[0], int)
            found.append(node.args[0])
    return frozenset(found)


def evaluate(roots: Sequence[Node], cells: Sequence[int]) -> list[int]:
    """The values of the roots if the cells have these values; slow, for checks and traces."""
    values: dict[int, int] = {}

    def value(node: Node) -> int:
        return values[node.number] if isinstance(node, Expr) else int(node)

    for node in in_order(roots):
        if node.op == "cell":
            assert isinstance(node.args[0], int)
            values[node.number] = cells[node.args[0]]
        else:
            values[node.number] = _OPERATIONS[node.op](*(value(one) for one in node.args))
    return [value(root) for root in roots]


_OPERATIONS: Mapping[str, Callable[..., int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
    "eq": lambda a, b: int(a == b),
    "lt": lambda a, b: int(a < b),
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "not": lambda a: 1 - a,
    "ite": lambda c, a, b: a if c else b,
}

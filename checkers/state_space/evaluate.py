"""Reading the expressions of a model's text: from a syntax tree to a symbolic value.

It reads the subset of Python that `docs/models.md` lists; anything else is a ModelError with its line. Calls
of helper methods and functions are read in place (`execute` has the statements).
"""

import ast
import inspect
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dynaproof.checkers.state_space.expressions import Expr, Node
from dynaproof.checkers.state_space.storage import Storage, Writes
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
from dynaproof.model.language import Action, Property, require

MAX_CALLS = 64


@dataclass(frozen=True)
class SelfRef:
    """The model itself, the `self` of its methods."""


@dataclass(frozen=True)
class Bound:
    """A method of the model or of a value, not called yet."""

    name: str
    owner: Symbolic
    function: Callable[..., Any] | None = None


@dataclass
class Flow:
    """The state of the reading: local names, cells written, and the conjunction of what was required."""

    names: dict[str, Symbolic]
    writes: Writes = field(default_factory=dict)
    guard: Node = 1

    def copy(self) -> "Flow":
        """A copy that can go another way."""
        return Flow(dict(self.names), dict(self.writes), self.guard)


@dataclass(frozen=True)
class Scope:
    """The function being read: what its free names mean."""

    function: Callable[..., Any]
    free: dict[str, Any]


def scope_of(function: Callable[..., Any]) -> Scope:
    """The scope of a function: its closure and its module's names."""
    closed = inspect.getclosurevars(function).nonlocals if function.__closure__ else {}
    return Scope(function, {**function.__globals__, **closed})


_COMPARISONS = {ast.Lt: (False, False), ast.Gt: (True, False), ast.GtE: (False, True), ast.LtE: (True, True)}
_CONCRETE = {ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow}
_BUILTINS = {"abs", "all", "any", "bool", "enumerate", "frozenset", "int", "len", "list", "max", "min"}
_BUILTINS |= {"range", "reversed", "set", "sum", "tuple", "zip"}


class Evaluator(Storage):
    """Reads expressions; `flow` and `scope` say where."""

    flow: Flow
    scope: Scope
    depth = 0

    def value(self, node: ast.expr) -> Symbolic:
        """The value of an expression."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise self.unknown(f"`{ast.unparse(node)}` is outside the vocabulary of models")
        self.line = node.lineno
        return method(node)

    def fault(self, problem: str, condition: Node = 1) -> None:
        super().fault(problem, self.graph.both(self.flow.guard, condition))

    def under(self, condition: Node) -> "_Under":
        """Faults inside happen only where the condition holds."""
        return _Under(self, condition)

    # ---------------------------------------------------------------- names and constants

    def _constant(self, node: ast.Constant) -> Symbolic:
        return node.value

    def _name(self, node: ast.Name) -> Symbolic:
        if node.id in self.flow.names:
            return self.flow.names[node.id]
        if node.id in self.scope.free:
            return self.scope.free[node.id]
        if node.id in _BUILTINS:
            return Bound(node.id, None)
        raise self.unknown(f"the name `{node.id}` is not defined")

    def _attribute(self, node: ast.Attribute) -> Symbolic:
        owner = self.value(node.value)
        if not isinstance(owner, SelfRef):
            if isinstance(owner, SetValue | SeqValue | frozenset | tuple):
                return Bound(node.attr, owner)
            if inspect.ismodule(owner):
                return getattr(owner, node.attr)
            raise self.unknown(f"`{ast.unparse(node)}` is outside the vocabulary of models")
        model = self.layout.model
        place = self.layout.places.get(node.attr)
        if place is not None:
            return self.read(place)
        found = inspect.getattr_static(type(model), node.attr, None)
        if isinstance(found, Action | Property):
            return Bound(node.attr, owner, found.method)
        if isinstance(found, staticmethod):
            return found.__func__
        if inspect.isfunction(found):
            return Bound(node.attr, owner, found)
        try:
            return getattr(model, node.attr)
        except AttributeError:
            raise self.unknown(f"the model has no `{node.attr}`") from None

    # ---------------------------------------------------------------- operators

    def _boolop(self, node: ast.BoolOp) -> Symbolic:
        result: Node = 1 if isinstance(node.op, ast.And) else 0
        value: Symbolic = None
        for part in node.values:
            condition = result if isinstance(node.op, ast.And) else self.graph.negate(result)
            if not isinstance(condition, Expr) and not condition:
                return value if not isinstance(value, Truth) else self.as_truth(result)
            with self.under(condition):
                value = self.value(part)
                joined = self.truth(value)
            result = (
                self.graph.both(result, joined)
                if isinstance(node.op, ast.And)
                else self.graph.any_of(result, joined)
            )
        return self.as_truth(result)

    def _unaryop(self, node: ast.UnaryOp) -> Symbolic:
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return self.as_truth(self.graph.negate(self.truth(value)))
        if isinstance(node.op, ast.USub):
            return self.graph.sub(0, self.number(value))
        raise self.unknown(f"`{ast.unparse(node)}` is outside the vocabulary of models")

    def _binop(self, node: ast.BinOp) -> Symbolic:
        return self.binary(node.op, self.value(node.left), self.value(node.right), node)

    def binary(self, op: ast.operator, left: Symbolic, right: Symbolic, node: ast.AST) -> Symbolic:
        """The value of an operator on two values."""
        sets = isinstance(left, SetValue | frozenset) and isinstance(right, SetValue | frozenset)
        if sets and isinstance(op, ast.BitOr | ast.BitAnd | ast.Sub):
            return self._set_operation(op, left, right)
        if (
            isinstance(op, ast.Add)
            and isinstance(left, SeqValue | tuple)
            and isinstance(right, SeqValue | tuple)
        ):
            return self.joined(left, right)
        numbers = all(is_number(one) or is_truth(one) or isinstance(one, Atom) for one in (left, right))
        if not numbers:
            raise self.unknown(f"`{ast.unparse(node)}`: these values have no such operator")
        one, two = self.number(left), self.number(right)
        if isinstance(op, ast.Add):
            return self.graph.add(one, two)
        if isinstance(op, ast.Sub):
            return self.graph.sub(one, two)
        if isinstance(op, ast.Mult):
            return self.graph.mul(one, two)
        if isinstance(op, ast.FloorDiv | ast.Mod) and not isinstance(two, Expr) and two > 0:
            return self.graph.div(one, two) if isinstance(op, ast.FloorDiv) else self.graph.mod(one, two)
        concrete = _CONCRETE.get(type(op))
        if concrete is not None and not isinstance(one, Expr) and not isinstance(two, Expr):
            return concrete(one, two)
        raise self.unknown(f"`{ast.unparse(node)}`: division is by positive constants only")

    def _set_operation(self, op: ast.operator, left: Symbolic, right: Symbolic) -> Symbolic:
        one, two = self.bits(left), self.bits(right)
        members = dict.fromkeys((*one, *two))
        graph = self.graph
        if isinstance(op, ast.BitOr):
            return SetValue({each: graph.any_of(one.get(each, 0), two.get(each, 0)) for each in members})
        if isinstance(op, ast.BitAnd):
            return SetValue({each: graph.both(one.get(each, 0), two.get(each, 0)) for each in members})
        return SetValue(
            {each: graph.both(one.get(each, 0), graph.negate(two.get(each, 0))) for each in members}
        )

    def _compare(self, node: ast.Compare) -> Symbolic:
        result: Node = 1
        left = self.value(node.left)
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            with self.under(result):
                right = self.value(right_node)
                result = self.graph.both(result, self._comparison(op, left, right))
            left = right
        return self.as_truth(result)

    def _comparison(self, op: ast.cmpop, left: Symbolic, right: Symbolic) -> Node:
        graph = self.graph
        if isinstance(op, ast.Eq | ast.Is):
            return self.eq(left, right)
        if isinstance(op, ast.NotEq | ast.IsNot):
            return graph.negate(self.eq(left, right))
        if isinstance(op, ast.In):
            return self.contains(right, left)
        if isinstance(op, ast.NotIn):
            return graph.negate(self.contains(right, left))
        if isinstance(left, SetValue | frozenset) and isinstance(op, ast.LtE | ast.GtE):
            return self.subset(left, right) if isinstance(op, ast.LtE) else self.subset(right, left)
        swapped, negated = _COMPARISONS[type(op)]
        found = self.less(right, left) if swapped else self.less(left, right)
        return graph.negate(found) if negated else found

    def _ifexp(self, node: ast.IfExp) -> Symbolic:
        condition = self.truth(self.value(node.test))
        if not isinstance(condition, Expr):
            return self.value(node.body if condition else node.orelse)
        with self.under(condition):
            then = self.value(node.body)
        with self.under(self.graph.negate(condition)):
            other = self.value(node.orelse)
        return self.ite(condition, then, other)

    # ---------------------------------------------------------------- collections

    def _tuple(self, node: ast.Tuple) -> Symbolic:
        return tuple(self._elements(node.elts))

    def _list(self, node: ast.List) -> Symbolic:
        return list(self._elements(node.elts))

    def _set(self, node: ast.Set) -> Symbolic:
        return self.make_set((1, one) for one in self._elements(node.elts))

    def _elements(self, nodes: list[ast.expr]) -> Iterator[Symbolic]:
        for node in nodes:
            if isinstance(node, ast.Starred):
                for present, one in self.items(self.value(node.value)).parts:
                    if isinstance(present, Expr):
                        raise self.unknown(f"`{ast.unparse(node)}`: its length depends on the state")
                    yield one
            else:
                yield self.value(node)

    def _subscript(self, node: ast.Subscript) -> Symbolic:
        owner = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            if node.slice.step is not None or not isinstance(owner, SeqValue | tuple):
                raise self.unknown(f"`{ast.unparse(node)}` is outside the vocabulary of models")
            ends = (None if one is None else self.value(one) for one in (node.slice.lower, node.slice.upper))
            return self.part(owner, *ends)
        return self.item(owner, self.value(node.slice))

    def item(self, owner: Symbolic, index: Symbolic) -> Symbolic:
        """The element of an array, or the item of a sequence or tuple."""
        if isinstance(owner, ArrayValue):
            if isinstance(index, tuple) and index not in owner.places[0][1].index:
                for one in index:
                    owner = self.item(owner, one)
                return owner
            return self.element(owner, index)
        if isinstance(owner, Atom):
            return self._atom_item(owner, index)
        if isinstance(owner, tuple | list | range) and not isinstance(index, Expr | Atom | Truth):
            if -len(owner) <= index < len(owner):
                return owner[index]
            self.fault(f"index {index} is beyond the end of a sequence")
            return owner[0] if owner else 0
        if isinstance(owner, SeqValue | tuple):
            return self.at(owner, index)
        raise self.unknown("this value has no elements")

    def _atom_item(self, owner: Atom, index: Symbolic) -> Symbolic:
        found: list[Symbolic] = []  # At most one; None may be an element, so it cannot mean absence.
        for at, one in enumerate(owner.values):
            here = self.graph.eq(owner.code, at)
            if isinstance(one, tuple):
                found = [self.ite(here, one[index], found[0]) if found else one[index]]
            else:
                self.fault(f"{one!r} has no elements", here)
        return found[0] if found else None

    # ---------------------------------------------------------------- comprehensions

    def _generatorexp(self, node: ast.GeneratorExp) -> Symbolic:
        return Items(tuple(self._comprehended(node.elt, node.generators)))

    def _listcomp(self, node: ast.ListComp) -> Symbolic:
        parts = list(self._comprehended(node.elt, node.generators))
        if all(not isinstance(present, Expr) for present, _ in parts):
            return [one for _, one in parts]
        return Items(tuple(parts))

    def _setcomp(self, node: ast.SetComp) -> Symbolic:
        return self.make_set(self._comprehended(node.elt, node.generators))

    def _comprehended(
        self, element: ast.expr, generators: list[ast.comprehension]
    ) -> Iterator[tuple[Node, Symbolic]]:
        """The elements with the conditions of their filters; names bound inside do not leave."""
        if not generators:
            yield 1, self.value(element)
            return
        first, rest = generators[0], generators[1:]
        saved = dict(self.flow.names)
        for present, one in self.items(self.value(first.iter)).parts:
            self.bind(first.target, one)
            condition = present
            for test in first.ifs:
                with self.under(condition):
                    condition = self.graph.both(condition, self.truth(self.value(test)))
            if isinstance(condition, Expr) or condition:
                with self.under(condition):
                    for inner, value in list(self._comprehended(element, rest)):
                        yield self.graph.both(condition, inner), value
            self.flow.names = dict(saved)

    def bind(self, target: ast.expr, value: Symbolic) -> None:
        """Bind a value to a name or a tuple of names."""
        if isinstance(target, ast.Name):
            self.flow.names[target.id] = value
        elif isinstance(target, ast.Tuple):
            parts = value
            if isinstance(value, Atom):
                parts = [self._atom_item(value, at) for at in range(len(target.elts))]
            if not isinstance(parts, tuple | list) or len(parts) != len(target.elts):
                raise self.unknown(f"`{ast.unparse(target)}` cannot be unpacked from this value")
            for one, part in zip(target.elts, parts, strict=True):
                self.bind(one, part)
        else:
            raise self.unknown(f"`{ast.unparse(target)}` cannot be a loop variable")

    # ---------------------------------------------------------------- calls

    def _call(self, node: ast.Call) -> Symbolic:
        target = self.value(node.func)
        arguments = list(self._elements(node.args))
        named = {one.arg: self.value(one.value) for one in node.keywords if one.arg is not None}
        self.line = node.lineno
        if target is require:
            self.flow.guard = self.graph.both(self.flow.guard, self.truth(arguments[0]))
            return None
        if isinstance(target, Bound):
            if target.function is not None:
                return self.call(target.function, [target.owner, *arguments], named)
            if target.owner is None:
                return self.builtin(target.name, arguments, named)
            return self.method(target, arguments)
        if inspect.isfunction(target):
            return self.call(target, arguments, named)
        raise self.unknown(f"`{ast.unparse(node.func)}` cannot be called in a model")

    def call(
        self, function: Callable[..., Any], arguments: list[Symbolic], named: dict[str, Symbolic]
    ) -> Symbolic:
        """Read a helper in place."""
        raise NotImplementedError

    def builtin(self, name: str, arguments: list[Symbolic], named: dict[str, Symbolic]) -> Symbolic:
        """Call one of Python's functions."""
        raise NotImplementedError

    def method(self, target: Bound, arguments: list[Symbolic]) -> Symbolic:
        """Call a method of a set or a sequence."""
        raise NotImplementedError


class _Under:
    def __init__(self, evaluator: Evaluator, condition: Node) -> None:
        self.evaluator, self.condition = evaluator, condition
        self.before: Node = 1

    def __enter__(self) -> None:
        self.before = self.evaluator.path
        self.evaluator.path = self.evaluator.graph.both(self.before, self.condition)

    def __exit__(self, *exception: object) -> None:
        self.evaluator.path = self.before

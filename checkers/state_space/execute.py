"""Reading the statements of a model's text: what an action requires, and what it writes.

Where a branch depends on the state both ways are read, and what they wrote is joined by conditional
expressions. A branch that may leave early (`return`, `break`, `continue`) is read together with all that
follows it.
"""

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from dynaproof.checkers.state_space.evaluate import (
    MAX_CALLS,
    Bound,
    Evaluator,
    Flow,
    Scope,
    SelfRef,
    scope_of,
)
from dynaproof.checkers.state_space.expressions import Expr, Node, low
from dynaproof.checkers.state_space.layout import Layout, SeqPlace, SetPlace
from dynaproof.checkers.state_space.source import syntax
from dynaproof.checkers.state_space.values import ASSERTION, ArrayValue, Items, SeqValue, SetValue, Symbolic
from dynaproof.model.language.types import Type


@dataclass(frozen=True)
class _Pass:
    """One turn of a loop: bind the loop's variable, read the body; the turn happens where `present` holds."""

    loop: ast.For
    present: Node
    value: Symbolic


@dataclass(frozen=True)
class _EndOfTurn:
    """Where `continue` goes."""


@dataclass(frozen=True)
class _EndOfLoop:
    """Where `break` goes."""


Work: TypeAlias = "tuple[Any, Work] | None"
"""What is still to be read: a linked list of statements and marks."""


def _ahead(parts: list[Any], rest: Work) -> Work:
    for one in reversed(parts):
        rest = (one, rest)
    return rest


def _past(mark: type, work: Work) -> Work:
    while work is not None:
        head, work = work
        if isinstance(head, mark):
            return work
    raise AssertionError("break and continue are inside a loop")


def _leaves(statements: list[ast.stmt]) -> bool:
    kinds = ast.Return | ast.Break | ast.Continue
    return any(isinstance(node, kinds) for one in statements for node in ast.walk(one))


class Executor(Evaluator):
    """Reads whole methods of a model."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout)
        self.flow = Flow({})
        self.scope = Scope(lambda: None, {})
        self._known: dict[Callable[..., Any], tuple[Scope, inspect.Signature]] = {}

    def read_method(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Flow, Symbolic]:
        """Read an action or a property with these arguments: what it requires, writes and returns."""
        self.flow = Flow({})
        self.faults = []
        self.path = 1
        result = self.call(function, [SelfRef(), *arguments], {})
        return self.flow, result

    # ---------------------------------------------------------------- functions

    def call(
        self, function: Callable[..., Any], arguments: list[Symbolic], named: dict[str, Symbolic]
    ) -> Symbolic:
        definition = syntax(function)
        saved_names, saved_scope = self.flow.names, self.scope
        self.depth += 1
        if self.depth > MAX_CALLS:
            raise self.unknown(f"`{definition.name}` calls itself without a bound")
        try:
            if function not in self._known:
                self._known[function] = (scope_of(function), inspect.signature(function))
            self.scope, signature = self._known[function]
            self.flow.names = self._parameters(signature, definition, arguments, named)
            flow, result = self._run(_ahead(list(definition.body), None), self.flow)
        finally:
            self.scope = saved_scope
            self.depth -= 1
        flow.names = saved_names
        self.flow = flow
        return result

    def _parameters(
        self,
        signature: inspect.Signature,
        definition: ast.FunctionDef,
        given: list[Symbolic],
        named: dict[str, Symbolic],
    ) -> dict[str, Symbolic]:
        try:
            bound = signature.bind(*given, **named)
        except TypeError as error:
            raise self.unknown(f"`{definition.name}`: {error}") from None
        bound.apply_defaults()
        return dict(bound.arguments)

    # ---------------------------------------------------------------- statements

    def _run(self, work: Work, flow: Flow) -> tuple[Flow, Symbolic]:
        """Read all of the work; gives the flow at its end and what was returned."""
        while work is not None:
            head, work = work
            self.flow = flow
            if isinstance(head, _EndOfTurn | _EndOfLoop):
                continue
            self.line = getattr(head, "lineno", self.line)
            if isinstance(head, ast.Return):
                result = None if head.value is None else self.value(head.value)
                return self.flow, result
            if isinstance(head, ast.Break):
                work = _past(_EndOfLoop, work)
            elif isinstance(head, ast.Continue):
                work = _past(_EndOfTurn, work)
            elif isinstance(head, ast.If):
                condition = self.truth(self.value(head.test))
                if not isinstance(condition, Expr):
                    work = _ahead(list(head.body if condition else head.orelse), work)
                elif _leaves([head]):
                    return self._both_ways(
                        condition, _ahead(list(head.body), work), _ahead(list(head.orelse), work)
                    )
                else:
                    self._both_ways(condition, _ahead(list(head.body), None), _ahead(list(head.orelse), None))
            elif isinstance(head, ast.For):
                work = self._loop(head, work)
            elif isinstance(head, _Pass):
                inside = [*head.loop.body, _EndOfTurn()]
                if not isinstance(head.present, Expr):
                    if head.present:
                        self.bind(head.loop.target, head.value)
                        work = _ahead(inside, work)
                elif _leaves(head.loop.body):
                    return self._both_ways(head.present, _ahead(inside, work), work, head)
                else:
                    self._both_ways(head.present, _ahead(inside, None), None, head)
            else:
                self._statement(head)
            flow = self.flow
        return flow, None

    def _both_ways(
        self, condition: Expr, then: Work, other: Work, turn: _Pass | None = None
    ) -> tuple[Flow, Symbolic]:
        start = self.flow
        self.flow = start.copy()
        with self.under(condition):
            if turn is not None:
                self.bind(turn.loop.target, turn.value)
            one, first = self._run(then, self.flow)
        self.flow = start.copy()
        with self.under(self.graph.negate(condition)):
            two, second = self._run(other, self.flow)
        self.flow = self._joined(condition, one, two)
        return self.flow, self.ite(condition, first, second)

    def _joined(self, condition: Node, one: Flow, two: Flow) -> Flow:
        names = dict(one.names)
        for name, value in two.names.items():
            names[name] = self.ite(condition, names[name], value) if name in names else value
        guard = self.graph.either(condition, one.guard, two.guard)
        return Flow(names, self.merge(condition, one.writes, two.writes), guard)

    def _loop(self, loop: ast.For, rest: Work) -> Work:
        if loop.orelse:
            raise self.unknown("`for ... else` is outside the vocabulary of models")
        turns = [_Pass(loop, present, one) for present, one in self.items(self.value(loop.iter)).parts]
        return _ahead([*turns, _EndOfLoop()], rest)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Expr):
            self.value(node.value)
        elif isinstance(node, ast.Assign):
            value = self.value(node.value)
            for target in node.targets:
                self._assign(target, value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._assign(node.target, self.value(node.value))
        elif isinstance(node, ast.AugAssign):
            value = self.binary(node.op, self.value(node.target), self.value(node.value), node)
            self._assign(node.target, value)
        elif isinstance(node, ast.Assert):
            self.fault(ASSERTION, self.graph.negate(self.truth(self.value(node.test))))
        elif not isinstance(node, ast.Pass):
            raise self.unknown(f"`{ast.unparse(node)}` is outside the vocabulary of models")

    def _assign(self, target: ast.expr, value: Symbolic) -> None:
        self.line = target.lineno
        if isinstance(target, ast.Name | ast.Tuple):
            self.bind(target, value)
        elif isinstance(target, ast.Attribute):
            owner = self.value(target.value)
            place = self.layout.places.get(target.attr)
            if isinstance(owner, SelfRef) and place is None:
                declared = inspect.getattr_static(type(self.layout.model), target.attr, None)
                if isinstance(declared, Type):
                    kind = type(declared).__name__
                    raise self.unknown(f"`{ast.unparse(target)}`: a {kind} declares no variable")
            if not isinstance(owner, SelfRef) or place is None:
                raise self.unknown(f"`{ast.unparse(target)}` is not a variable of the model")
            self.write(self.flow.writes, place, value)
        elif isinstance(target, ast.Subscript):
            array = self.value(target.value)
            index = self.value(target.slice)
            if (
                isinstance(index, tuple)
                and isinstance(array, ArrayValue)
                and index not in array.places[0][1].index
            ):
                for one in index[:-1]:
                    array = self.item(array, one)
                index = index[-1]
            if not isinstance(array, ArrayValue):
                raise self.unknown(f"`{ast.unparse(target)}` is not an element of an array")
            for condition, place in self.select(array, index):
                self.write(self.flow.writes, place, value, condition)
        else:
            raise self.unknown(f"`{ast.unparse(target)}` cannot be assigned")

    # ---------------------------------------------------------------- methods of values

    def method(self, target: Bound, arguments: list[Symbolic]) -> Symbolic:
        owner = target.owner
        if isinstance(owner, SetValue) and target.name in {"add", "discard"} and len(arguments) == 1:
            for condition, place in owner.targets:
                self._change_member(place, arguments[0], condition, present=target.name == "add")
            return None
        if isinstance(owner, SeqValue) and target.name == "append" and len(arguments) == 1:
            for condition, sequence in owner.targets:
                self._append(sequence, arguments[0], condition)
            return None
        raise self.unknown(f"`{target.name}` is not a method that models have")

    def _change_member(self, place: SetPlace, member: Symbolic, condition: Node, *, present: bool) -> None:
        writes, inside = self.flow.writes, 0
        known: Node = inside
        for cell, one in zip(place.cells, place.universe, strict=True):
            here = self.eq(member, one)
            if isinstance(here, Expr) or here:
                known = self.graph.any_of(known, here)
                self.put(writes, cell.number, int(present), self.graph.both(condition, here))
        if present:
            self.fault(
                f"the value cannot be a member of {place.kind.describe()}",
                self.graph.both(condition, self.graph.negate(known)),
            )

    def _append(self, place: SeqPlace, value: Symbolic, condition: Node) -> None:
        graph, writes = self.graph, self.flow.writes
        assert isinstance(place.kind.limit, int)
        cell = place.length.cell
        length: Node = 0 if cell is None else writes.get(cell.number, self.old(cell.number))
        full = graph.negate(graph.lt(length, place.kind.limit))
        self.fault(f"{place.kind.describe()} is full", graph.both(condition, full))
        for position, one in enumerate(place.elements):
            here = graph.both(condition, graph.eq(length, position))
            if isinstance(here, Expr) or here:
                self.write(writes, one, value, here)
        if cell is not None:
            longer = graph.ite(full, length, graph.add(length, 1))
            self.put(writes, cell.number, longer, condition)

    # ---------------------------------------------------------------- Python's functions

    def builtin(self, name: str, arguments: list[Symbolic], named: dict[str, Symbolic]) -> Symbolic:
        graph = self.graph
        if name in {"any", "all"}:
            parts = self.items(arguments[0]).parts
            if name == "any":
                return self.as_truth(
                    graph.any_of_many(graph.both(when, self.truth(one)) for when, one in parts)
                )
            return self.as_truth(
                graph.all_of_many(graph.any_of(graph.negate(when), self.truth(one)) for when, one in parts)
            )
        if name == "sum":
            total: Node = 0
            for when, one in self.items(arguments[0]).parts:
                with self.under(when):
                    total = graph.add(total, graph.ite(when, self.number(one), 0))
            return total
        if name == "len":
            return self.length(arguments[0])
        if name in {"min", "max"}:
            return self._extreme(name, arguments, named)
        if name == "abs":
            node = self.number(arguments[0])
            return node if low(node) >= 0 else graph.ite(graph.lt(node, 0), graph.sub(0, node), node)
        if name == "bool":
            return self.as_truth(self.truth(arguments[0]))
        if name == "int":
            return self.number(arguments[0])
        if name in {"set", "frozenset"}:
            return self.make_set(self.items(arguments[0]).parts if arguments else ())
        return self._concrete(name, arguments)

    def _concrete(self, name: str, arguments: list[Symbolic]) -> Symbolic:
        """Functions on things whose length is known: range, enumerate, zip, reversed, tuple, list."""
        if name == "range":
            ends = [self.number(one) for one in arguments]
            known = [one for one in ends if isinstance(one, int)]
            return range(*known) if len(known) == len(ends) else self._unknown_range(ends)
        lists = []
        for one in arguments:
            if isinstance(one, SeqValue) and name == "tuple":
                return SeqValue(one.length, one.items)
            parts = self.items(one).parts
            if name == "enumerate":
                return Items(tuple((present, (at, value)) for at, (present, value) in enumerate(parts)))
            if any(isinstance(present, Expr) for present, _ in parts):
                raise self.unknown(f"`{name}` of something whose length depends on the state")
            lists.append([value for _, value in parts])
        if name == "zip":
            return list(zip(*lists, strict=False))
        if name == "reversed":
            return lists[0][::-1]
        made = lists[0] if lists else []
        return tuple(made) if name == "tuple" else made

    def _unknown_range(self, ends: list[Node]) -> Items:
        """A range whose ends depend on the state: every number that it may have, each under its condition."""
        if len(ends) > 2:
            raise self.unknown("a range with a step has constant ends")
        start, stop = (0, ends[0]) if len(ends) == 1 else ends
        top = stop.high if isinstance(stop, Expr) else stop
        parts: list[tuple[Node, Symbolic]] = []
        for one in range(low(start), top):
            above = self.graph.negate(self.graph.lt(one, start))
            parts.append((self.graph.both(above, self.graph.lt(one, stop)), one))
        return Items(tuple(parts))

    def _extreme(self, name: str, arguments: list[Symbolic], named: dict[str, Symbolic]) -> Symbolic:
        parts = (
            self.items(arguments[0]).parts if len(arguments) == 1 else tuple((1, one) for one in arguments)
        )
        found: Node = 0
        best: Symbolic = None
        for when, one in parts:
            if isinstance(when, Expr) or when:
                better: Node = 1
                if best is not None:
                    with self.under(self.graph.both(found, when)):
                        better = self.less(one, best) if name == "min" else self.less(best, one)
                take = self.graph.both(when, self.graph.any_of(self.graph.negate(found), better))
                best = one if best is None else self.ite(take, one, best)
                found = self.graph.any_of(found, when)
        if "default" in named:
            return named["default"] if best is None else self.ite(found, best, named["default"])
        self.fault(f"{name}() of nothing", self.graph.negate(found))
        return 0 if best is None else best

"""Does a model's text agree with its declarations? Read from its syntax trees, before anything runs.

Two things are rejected, each with its line:

- a comparison with a label that an `Enum` does not have, or with a kind of message that is never sent: it
  would always be false, and say nothing;
- with symmetry, a text that tells the members of a `Scalar` apart. One state then stands for all its
  permutations, which is right only if members are compared for equality, used as indexes, stored and sent,
  never named by a number, ordered or computed with.

The types of expressions are inferred from the declarations, through local names and helpers; where a type is
not known nothing is said. `equivariance` checks the rest of symmetry.
"""

import ast
import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

from dynaproof.checkers.state_space.source import syntax
from dynaproof.model.language import (
    Array,
    Enum,
    Int,
    Majorities,
    Messages,
    Model,
    ModelError,
    Option,
    Range,
    Scalar,
    Seq,
    Set,
    Tuple,
)
from dynaproof.model.language.types import Type

Kind: TypeAlias = Type | None
"""What is known of a value: its type, or nothing."""

MAX_CALLS = 12
_ORDERS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ORDERING = {"min", "max", "sorted"}
_COMPUTING = {"sum", "range", "abs", "divmod", "pow", "int", "bool"}


def refuse_contradictions(model: Model, *, symmetry: bool) -> None:
    """Raise a ModelError, with its line, for a text that contradicts the declarations."""
    reader = _Reader(model, symmetry)
    for action in (*model.actions, *model.starts):
        reader.read(action.name, action.method, list(action.parameters.values()))
    for one in model.properties:
        reader.read(one.name, one.method, [])


def _scalar(kind: Kind) -> Scalar | None:
    """The scalar set of which a value of the type is a member, if it is one (or None)."""
    inner = kind.inner if isinstance(kind, Option) else kind
    return inner if isinstance(inner, Scalar) and inner.label else None


def _element(kind: Kind) -> Kind:
    """The type of the items of a loop over a value."""
    if isinstance(kind, Array):
        return kind.element
    if isinstance(kind, Seq):
        return kind.element
    if isinstance(kind, Majorities):
        return Set(kind.members)
    if isinstance(kind, Set) and not isinstance(kind, Messages):
        return kind.elements[0] if len(kind.elements) == 1 else Tuple(*kind.elements)
    return None


class _Reader:
    """Reads methods with the types of their arguments; helpers in place, once per combination of types."""

    def __init__(self, model: Model, symmetry: bool) -> None:
        self.model, self.symmetry = model, symmetry
        self.names: dict[str, Kind] = {}
        self.returned: list[Kind] = []
        self.known: dict[tuple[Any, ...], Kind] = {}
        self.depth = 0
        self.function: Callable[..., Any] | None = None

    def read(self, name: str, method: Callable[..., Any], arguments: list[Kind]) -> None:
        """Read an action or a property."""
        try:
            self.call(method, [None, *arguments], {})
        except ModelError as error:
            raise error.at(name, None) from None

    def call(self, function: Callable[..., Any], arguments: list[Kind], named: dict[str, Kind]) -> Kind:
        """The type of what a function returns for arguments of these types."""
        key = (function, *(_name(one) for one in arguments), *((at, _name(one)) for at, one in named.items()))
        if key in self.known or self.depth >= MAX_CALLS:
            return self.known.get(key)
        self.known[key] = None
        saved = self.names, self.returned, self.function
        definition = syntax(function)
        parameters = [one.arg for one in (*definition.args.posonlyargs, *definition.args.args)]
        self.names = dict(zip(parameters, arguments, strict=False)) | named
        self.returned, self.function = [], function
        self.depth += 1
        try:
            self.block(definition.body)
            self.known[key] = _joined(self.returned)
        finally:
            self.names, self.returned, self.function = saved
            self.depth -= 1
        return self.known[key]

    def scalar(self, kind: Kind) -> Scalar | None:
        """The scalar set with interchangeable members of which a value of the type is a member, if any."""
        return _scalar(kind) if self.symmetry else None

    def refuse(self, node: ast.AST, what: str, scalar: Scalar) -> ModelError:
        text = (
            f"`{ast.unparse(node)}` {what} {scalar.label}, whose members are interchangeable with --symmetry"
        )
        return ModelError(text, None, getattr(node, "lineno", None))

    # ---------------------------------------------------------------- statements

    def block(self, statements: list[ast.stmt]) -> None:
        for one in statements:
            self.statement(one)

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Return):
            self.returned.append(None if node.value is None else self.kind(node.value))
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self.assign(target, node.value, self.kind(node.value))
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self.assign(node.target, node.value, self.kind(node.value))
        elif isinstance(node, ast.AugAssign):
            self.kind(ast.copy_location(ast.BinOp(_loaded(node.target), node.op, node.value), node))
        elif isinstance(node, ast.For):
            self.bind(node.target, _element(self.kind(node.iter)))
            self.block(node.body)
        elif isinstance(node, ast.If):
            self.kind(node.test)
            self.block(node.body)
            self.block(node.orelse)
        elif isinstance(node, ast.Expr | ast.Assert):
            self.kind(node.value if isinstance(node, ast.Expr) else node.test)

    def assign(self, target: ast.expr, value: ast.expr, kind: Kind) -> None:
        if isinstance(target, ast.Name | ast.Tuple):
            self.bind(target, kind)
            return
        written = ast.copy_location(ast.Assign([target], value), target)
        self.same(written, self.kind(_loaded(target)), value, kind)

    def bind(self, target: ast.expr, kind: Kind) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = kind
        elif isinstance(target, ast.Tuple):
            fields = kind.fields if isinstance(kind, Tuple) else (None,) * len(target.elts)
            for one, field in zip(target.elts, fields, strict=False):
                self.bind(one, field)

    # ---------------------------------------------------------------- expressions

    def kind(self, node: ast.expr) -> Kind:
        """The type of an expression; its parts are checked on the way."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is not None:
            found: Kind = method(node)
            return found
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.kind(child)
        return None

    def _name(self, node: ast.Name) -> Kind:
        return self.names.get(node.id)

    def _attribute(self, node: ast.Attribute) -> Kind:
        if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
            self.kind(node.value)
            return None
        if node.attr in self.model.types:
            return self.model.types[node.attr]
        declared = inspect.getattr_static(type(self.model), node.attr, None)
        if isinstance(declared, Scalar):
            return Set(declared.resolve(self.model.constants))
        if isinstance(declared, Majorities):
            return declared.resolve(self.model.constants)
        if isinstance(declared, Range):
            return Set(declared.resolve(self.model.constants))
        return None

    def _subscript(self, node: ast.Subscript) -> Kind:
        owner, index = self.kind(node.value), node.slice
        if isinstance(index, ast.Slice):
            return owner if isinstance(owner, Seq) else None
        kind = self.kind(index)
        indexes = index.elts if isinstance(index, ast.Tuple) else [index]
        for at, one in enumerate(indexes):
            if isinstance(owner, Array):
                given = kind.fields[at] if isinstance(kind, Tuple) else kind if len(indexes) == 1 else None
                self.same(node, owner.dimensions[0], one, given)
                owner = owner.element
            elif isinstance(owner, Tuple) and isinstance(one, ast.Constant) and isinstance(one.value, int):
                owner = (
                    owner.fields[one.value] if -len(owner.fields) <= one.value < len(owner.fields) else None
                )
            elif (
                isinstance(owner, Set) and len(owner.elements) == 1 and isinstance(owner.elements[0], Scalar)
            ):
                raise self.refuse(node, "picks a member by its place in", owner.elements[0])
            else:
                owner = owner.element if isinstance(owner, Seq) else None
        return owner

    def _tuple(self, node: ast.Tuple) -> Kind:
        kinds = [self.kind(one) for one in node.elts]
        known = [one if one is not None else _UNKNOWN for one in kinds]
        return Tuple(*known) if any(one is not None for one in kinds) else None

    def _ifexp(self, node: ast.IfExp) -> Kind:
        self.kind(node.test)
        return _joined([self.kind(node.body), self.kind(node.orelse)])

    def _binop(self, node: ast.BinOp) -> Kind:
        left, right = self.kind(node.left), self.kind(node.right)
        for one in (left, right):
            scalar = self.scalar(one)
            if scalar is not None:
                raise self.refuse(node, "computes with a member of", scalar)
        if isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub) and isinstance(left, Set):
            return left
        return left if isinstance(left, Seq) else None

    def _compare(self, node: ast.Compare) -> Kind:
        parts = [node.left, *node.comparators]
        kinds = [self.kind(one) for one in parts]
        for at, op in enumerate(node.ops):
            left, right = kinds[at], kinds[at + 1]
            if type(op) in _ORDERS:
                for one in (left, right):
                    scalar = self.scalar(one)
                    if scalar is not None:
                        raise self.refuse(node, "orders members of", scalar)
            elif isinstance(op, ast.In | ast.NotIn):
                self._member(node, parts[at], left, parts[at + 1], right)
            else:
                self.same(node, left, parts[at + 1], right)
                self.same(node, right, parts[at], left)
                self.label(node, left, parts[at + 1])
                self.label(node, right, parts[at])
        return None

    def _member(self, node: ast.expr, one: ast.expr, kind: Kind, group: ast.expr, group_kind: Kind) -> None:
        if isinstance(group_kind, Messages):
            self._message(node, group_kind, one, kind)
            self.message_label(node, group_kind, one)
            return
        self.same(node, _element(group_kind), one, kind)
        self.label(node, _element(group_kind), one)
        if isinstance(group, ast.Tuple | ast.Set | ast.List):
            for each in group.elts:
                self.same(node, kind, each, self.kind(each))
                self.label(node, kind, each)

    def label(self, node: ast.expr, kind: Kind, value: ast.expr) -> None:
        """Reject a comparison of a value that is one of some names with a name that is none of them."""
        inner = kind.inner if isinstance(kind, Option) else kind
        if isinstance(inner, Enum) and isinstance(value, ast.Constant) and isinstance(value.value, str):
            if value.value not in inner.names:
                raise self.never(node, f"{value.value!r} is not in {inner.describe()}")
        elif isinstance(inner, Tuple) and isinstance(value, ast.Tuple):
            for field, one in zip(inner.fields, value.elts, strict=False):
                self.label(node, field, one)

    def message_label(self, node: ast.expr, kind: Messages, sent: ast.expr) -> None:
        """Reject a test for a message of a kind that is never sent."""
        first = sent.elts[0] if isinstance(sent, ast.Tuple) and sent.elts else None
        if isinstance(first, ast.Constant) and first.value not in kind.kinds:
            raise self.never(node, f"there is no message {first.value!r} among {', '.join(kind.kinds)}")

    def never(self, node: ast.expr, why: str) -> ModelError:
        """The error of a comparison that gives the same result in every state."""
        differs = isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.NotEq | ast.NotIn)
        always = "always holds" if differs else "can never hold"
        return ModelError(f"`{ast.unparse(node)}` {always}: {why}", None, node.lineno)

    def _message(self, node: ast.expr, kind: Messages, sent: ast.expr, sent_kind: Kind) -> None:
        if isinstance(sent, ast.Tuple) and sent.elts and isinstance(sent.elts[0], ast.Constant):
            fields = kind.kinds.get(str(sent.elts[0].value), ())
            for at, (field, one) in enumerate(zip(fields, sent.elts[1:], strict=False), 1):
                self.same(node, field, one, sent_kind.fields[at] if isinstance(sent_kind, Tuple) else None)

    def _comprehended(self, generators: list[ast.comprehension]) -> dict[str, Kind]:
        saved = dict(self.names)
        for one in generators:
            self.bind(one.target, _element(self.kind(one.iter)))
            for test in one.ifs:
                self.kind(test)
        return saved

    def _generatorexp(self, node: ast.GeneratorExp | ast.ListComp | ast.SetComp) -> Kind:
        saved = self._comprehended(node.generators)
        kind = self.kind(node.elt)
        self.names = saved
        return None if kind is None else Set(kind)

    _listcomp = _setcomp = _generatorexp

    def _set(self, node: ast.Set) -> Kind:
        kind = _joined([self.kind(one) for one in node.elts])
        return None if kind is None else Set(kind)

    def _call(self, node: ast.Call) -> Kind:
        kinds = [self.kind(one) for one in node.args]
        named = {one.arg: self.kind(one.value) for one in node.keywords if one.arg is not None}
        if isinstance(node.func, ast.Name):
            return self._called(node, node.func.id, kinds, named)
        if not isinstance(node.func, ast.Attribute):
            return None
        owner = self.kind(node.func.value)
        if node.func.attr in {"add", "discard", "append"} and len(kinds) == 1:
            if isinstance(owner, Messages):
                self._message(node, owner, node.args[0], kinds[0])
            else:
                self.same(node, _element(owner), node.args[0], kinds[0])
            return None
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "self":
            found = inspect.getattr_static(type(self.model), node.func.attr, None)
            if isinstance(found, staticmethod):
                return self.call(found.__func__, kinds, named)
            method = getattr(found, "method", found)
            if inspect.isfunction(method):
                return self.call(method, [None, *kinds], named)
        return None

    def _called(self, node: ast.Call, name: str, kinds: list[Kind], named: dict[str, Kind]) -> Kind:
        elements = [_element(one) for one in kinds] if len(kinds) == 1 else kinds
        for one in elements if name in _ORDERING else [*elements, *kinds] if name in _COMPUTING else ():
            scalar = self.scalar(one)
            if scalar is not None:
                verb = "orders members of" if name in _ORDERING else "computes with members of"
                raise self.refuse(node, verb, scalar)
        if name in {"set", "frozenset", "list", "tuple"} and len(kinds) == 1:
            element = _element(kinds[0])
            return None if element is None else Set(element)
        function = self.function.__globals__.get(name) if self.function is not None else None
        if inspect.isfunction(function) and not function.__module__.startswith("dynaproof.model.language"):
            return self.call(function, kinds, named)
        return None

    def same(self, node: ast.AST, wanted: Kind, value: ast.expr, kind: Kind) -> None:
        """Reject a value that names a member, or is one of another set, where members of a set are meant."""
        scalar = self.scalar(wanted)
        if scalar is not None:
            if isinstance(value, ast.IfExp):
                self.same(node, wanted, value.body, self.kind(value.body))
                self.same(node, wanted, value.orelse, self.kind(value.orelse))
            elif _is_literal(value):
                raise self.refuse(node, "names a member of", scalar)
            elif isinstance(kind, Int):
                raise self.refuse(node, "takes a number for a member of", scalar)
            other = self.scalar(kind)
            if other is not None and other.label != scalar.label:
                raise self.refuse(node, f"takes a member of {other.label} for one of", scalar)
        elif isinstance(wanted, Tuple) and isinstance(value, ast.Tuple):
            parts = kind.fields if isinstance(kind, Tuple) else (None,) * len(value.elts)
            for field, one, part in zip(wanted.fields, value.elts, parts, strict=False):
                self.same(node, field, one, part)
        elif isinstance(wanted, Set) and isinstance(value, ast.Set):
            for one in value.elts:
                self.same(node, _element(wanted), one, self.kind(one))
        elif isinstance(wanted, Option) and isinstance(wanted.inner, Tuple):
            self.same(node, wanted.inner, value, kind)


class _Unknown(Type):
    """The type of a part of a tuple about which nothing is known."""


_UNKNOWN = _Unknown()


def _is_literal(value: ast.expr) -> bool:
    inner = value.operand if isinstance(value, ast.UnaryOp) else value
    return isinstance(inner, ast.Constant) and isinstance(inner.value, int)


def _loaded(target: ast.expr) -> ast.expr:
    """An assignment's target as an expression that is read."""
    return ast.fix_missing_locations(
        ast.copy_location(ast.parse(ast.unparse(target), mode="eval").body, target)
    )


def _joined(kinds: list[Kind]) -> Kind:
    """The type that several values have, as far as they agree: a member or None is an `Option`."""
    scalars = {one.label: one for one in map(_scalar, kinds) if one is not None}
    if len(scalars) == 1:
        return Option(next(iter(scalars.values())))
    return kinds[0] if kinds and all(_name(one) == _name(kinds[0]) for one in kinds) else None


def _name(kind: Kind) -> str:
    if isinstance(kind, Scalar):
        return f"Scalar {kind.label}"
    if isinstance(kind, Option):
        return f"Option {_name(kind.inner)}"
    if isinstance(kind, Tuple):
        return f"Tuple {[_name(one) for one in kind.fields]}"
    if isinstance(kind, Array):
        return f"Array {_name(kind.dimensions[0])} {_name(kind.element)}"
    if isinstance(kind, Seq):
        return f"Seq {_name(kind.element)}"
    if isinstance(kind, Set) and not isinstance(kind, Messages):
        return f"Set {[_name(one) for one in kind.elements]}"
    return "unknown" if kind is None or kind is _UNKNOWN else f"{type(kind).__name__} {kind.describe()}"

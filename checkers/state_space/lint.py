"""What a model's text may say but probably does not mean: warnings, each with its line.

- A variable that is read after the same step has written it gives its old value.
- A variable that no method mentions was perhaps meant as a type, and makes states larger for no use.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from dynaproof.checkers.state_space.source import syntax
from dynaproof.model.language import Action, Array, Messages, Model, ModelError, Option, Seq, Set, Tuple

_WRITING = {"add", "discard", "append"}


@dataclass(frozen=True, order=True)
class Doubt:
    """What is probably not meant, and where."""

    line: int
    text: str


def doubts(model: Model) -> list[Doubt]:
    """All warnings about a model's own file, in the order of its lines, one for each place."""
    home = sys.modules[type(model).__module__].__file__
    own = [one for one in (*model.actions, *model.starts) if one.method.__code__.co_filename == home]
    found = {one for action in own for one in _Steps(action).doubts()}
    return sorted(found | set(_unused(model)))


class _Steps:
    """The statements of an action in their order, with what has been written so far."""

    def __init__(self, action: Action) -> None:
        self.action = action
        self.found: list[Doubt] = []

    def doubts(self) -> list[Doubt]:
        """Every read of something that the same step has written before."""
        self.block(syntax(self.action.method).body, {})
        return self.found

    def block(self, statements: list[ast.stmt], written: dict[str, int]) -> dict[str, int]:
        for one in statements:
            written = self.statement(one, written)
        return written

    def statement(self, node: ast.stmt, written: dict[str, int]) -> dict[str, int]:
        if isinstance(node, ast.If):
            self.read(node.test, written)
            return self.block(node.body, dict(written)) | self.block(node.orelse, dict(written))
        if isinstance(node, ast.For):
            self.read(node.iter, written)
            return self.block(node.body, dict(written))
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr) and (child not in targets or isinstance(node, ast.AugAssign)):
                self.read(child, written)
        changed = {ast.unparse(one): one.lineno for one in (*targets, *_changed(node)) if _is_place(one)}
        return written | changed

    def read(self, node: ast.expr, written: dict[str, int]) -> None:
        for place in _read(node):
            text = ast.unparse(place)
            for other, line in written.items():
                if text == other or text.startswith(f"{other}[") or other.startswith(f"{text}["):
                    self.found.append(
                        Doubt(
                            place.lineno,
                            f"`{text}` is its value before the step, though line {line} has written it: "
                            "a step reads the old state",
                        )
                    )


def _is_place(node: ast.AST) -> bool:
    """Whether it is a variable of the model, or an element of one."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def _changed(node: ast.stmt) -> Iterator[ast.expr]:
    """What `add`, `discard` and `append` change in a statement."""
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in _WRITING:
            yield one.func.value


def _read(node: ast.expr) -> Iterator[ast.expr]:
    """The variables and elements that an expression reads, each as its largest part."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _WRITING:
        inside: list[ast.AST] = list(node.args)
    elif isinstance(node, ast.Call) and _is_place(node.func):
        inside = [*node.args, *(one.value for one in node.keywords)]  # A model's helper is not a variable.
    elif _is_place(node):
        yield node
        inside = []
        while isinstance(node, ast.Subscript):
            inside.append(node.slice)
            node = node.value
    else:
        inside = list(ast.iter_child_nodes(node))
    for one in inside:
        if isinstance(one, ast.expr):
            yield from _read(one)
        elif isinstance(one, ast.comprehension):
            for part in (one.iter, *one.ifs):
                yield from _read(part)
        elif isinstance(one, ast.keyword):
            yield from _read(one.value)


# ---------------------------------------------------------------- declarations


def _unused(model: Model) -> Iterator[Doubt]:
    """Variables that no method of the model mentions."""
    mentioned = {
        node.attr
        for owner in type(model).__mro__
        for value in vars(owner).values()
        for node in _nodes(value)
        if isinstance(node, ast.Attribute)
    }
    declared = {name: value for owner in type(model).__mro__[::-1] for name, value in vars(owner).items()}
    for name in model.types:
        if name in mentioned or not any(name in vars(owner) for owner in _own_classes(type(model))):
            continue
        users = [other for other, value in declared.items() if _uses(value, declared[name])]
        text = f"{name} declares a variable that nothing reads or writes"
        if users:
            text += (
                f", and {users[0]} uses it as a type: declare a type that is no variable outside of the class"
            )
        yield Doubt(_line_of(type(model), name), text)


def _own_classes(kind: type[Model]) -> list[type]:
    """The class and those of its bases that are in the same module."""
    return [owner for owner in kind.__mro__ if owner.__module__ == kind.__module__]


def _nodes(value: object) -> Iterator[ast.AST]:
    method = getattr(value, "method", getattr(value, "__func__", value))
    if inspect.isfunction(method) and not method.__module__.startswith("dynaproof.model.language"):
        yield from ast.walk(syntax(method))


def _uses(value: object, wanted: object) -> bool:
    """Whether a declaration contains this very type."""
    if isinstance(value, Action):
        return any(one is wanted for one in value.parameters.values())
    inner: tuple[object, ...] = ()
    if isinstance(value, Array):
        inner = (*value.dimensions, value.element)
    elif isinstance(value, Messages):
        inner = tuple(one for fields in value.kinds.values() for one in fields)
    elif isinstance(value, Set):
        inner = value.elements
    elif isinstance(value, Tuple):
        inner = value.fields
    elif isinstance(value, Option):
        inner = (value.inner,)
    elif isinstance(value, Seq):
        inner = (value.element,)
    return any(one is wanted or _uses(one, wanted) for one in inner)


def _line_of(kind: type[Model], name: str) -> int:
    """The line of a declaration; the line of the class if the text is not known."""
    for owner in kind.__mro__:
        if name not in vars(owner):
            continue
        lines, first = inspect.getsourcelines(owner)
        body = ast.parse(textwrap.dedent("".join(lines))).body[0]
        assert isinstance(body, ast.ClassDef)
        for node in body.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if any(isinstance(one, ast.Name) and one.id == name for one in targets):
                return first + node.lineno - 1
        return first
    raise ModelError(f"{kind.__name__} declares no {name!r}")

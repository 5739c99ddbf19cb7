"""A model with a seeded bug: a subclass made of what a patch changes in the model's text.

The patched text is executed as a module of its own, and what differs in its classes (methods, constants,
variables, further actions) becomes the body of a subclass of the model. So nothing that is loaded changes,
and whoever takes a model takes one with a bug: its states have the same views, it is a bug of the model as
users state theirs, and `inspect` shows its text.

*Invariant.* The subclass has every place that the patch changes and nothing else.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from types import CodeType, ModuleType, new_class
from typing import Any

from dynaproof.checkers.patches import Bug, BugError, Edit, texts
from dynaproof.model.language import Action, Model, Property


class ModelBug(Bug, frozen=True, kw_only=True):
    """A seeded bug of a model, and the promise that exploration must find broken."""

    violates: str


def model_bug(name: str, sentence: str, *edits: Edit, violates: str) -> ModelBug:
    """A bug, its edits written one after the other; its name is that of the class that it makes."""
    return ModelBug(name, sentence, edits, violates=violates)


def patched(kind: type[Model], bug: ModelBug) -> type[Model]:
    """The model with the bug.

    Raises:
        BugError: the bug does not fit the model's text.
    """
    body: dict[str, Any] = {"__doc__": bug.sentence}
    home = sys.modules[kind.__module__]
    for module, source, changed in texts(bug):
        places = list(_changed(bug, kind, module, source, changed))
        home = _executed(bug, module, changed)
        for owner, name in places:
            value = vars(getattr(home, owner))[name]
            method = value.method if isinstance(value, Action | Property) else value
            if getattr(getattr(method, "__code__", None), "co_freevars", ()):
                raise BugError(f"{bug.name}: {owner}.{name} would need another closure")
            body[name] = value
    made = new_class(bug.name, (kind,), {"violates": bug.violates}, lambda names: names.update(body))
    made.__module__ = home.__name__
    setattr(home, bug.name, made)
    return made


# --- The text ---


def _changed(
    bug: Bug, kind: type[Model], module: ModuleType, source: str, changed: str
) -> Iterator[tuple[str, str]]:
    """The class and the name of every place of a model that differs, in the order of the text."""
    try:
        after = ast.parse(changed)
    except SyntaxError as error:
        raise BugError(
            f"{bug.name}: {module.__name__} with it is no Python: {error.msg}, line {error.lineno}"
        ) from error
    own = {one.__name__: one for one in kind.__mro__ if one.__module__ == module.__name__}
    old, new = _classes(ast.parse(source), own), _classes(after, own)
    if ast.dump(old.rest) != ast.dump(new.rest):
        raise BugError(f"{bug.name}: it changes {module.__name__} outside the classes of {kind.__name__}")
    places = [
        (owner, name) for (owner, name), text in new.members.items() if old.members.get((owner, name)) != text
    ]
    if not places:
        raise BugError(f"{bug.name}: {module.__name__} with it says the same as without")
    missing = [name for owner, name in old.members if (owner, name) not in new.members]
    if missing:
        raise BugError(f"{bug.name}: it takes {', '.join(missing)} out of {module.__name__}")
    for owner, name in places:
        holder = next((one for one in kind.__mro__ if name in vars(one)), own[owner])
        if holder is not own[owner]:
            raise BugError(f"{bug.name}: {kind.__name__} has {name} of {holder.__name__}, not of {owner}")
        yield owner, name


class _Classes(ast.NodeTransformer):
    """Takes the members of some classes out of a module's syntax: `members` by class and name, and `rest`."""

    def __init__(self, own: dict[str, type]) -> None:
        self.own = own
        self.members: dict[tuple[str, str], str] = {}
        self.rest: ast.AST = ast.Module([], [])

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        if node.name in self.own:
            others = []
            for statement in node.body:
                name = _name(statement)
                if name is None:
                    others.append(statement)
                else:
                    self.members[node.name, name] = ast.dump(statement)
            node.body = others
        return node


def _classes(tree: ast.Module, own: dict[str, type]) -> _Classes:
    found = _Classes(own)
    found.rest = found.visit(tree)
    return found


def _name(statement: ast.stmt) -> str | None:
    """The name that a statement of a class body gives; None for a docstring."""
    if isinstance(statement, ast.FunctionDef):
        return statement.name
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None


# --- The module ---


class _Text(InspectLoader):
    """Gives the patched text to whoever asks for a module's source, such as `inspect`."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file

    def get_source(self, fullname: str) -> str:
        return self.text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.text, self.file, "exec", dont_inherit=True)


def _executed(bug: Bug, module: ModuleType, text: str) -> ModuleType:
    name, file = (f"{one} with {bug.name}" for one in (module.__name__, module.__file__))
    loader = _Text(text, file)
    made = module_from_spec(ModuleSpec(name, loader, origin=file))
    sys.modules[name] = made
    loader.exec_module(made)
    return made

"""Seeded bugs: patches of the source, each in force for as long as a block lasts.

A bug replaces text that stands in exactly one place of a file by other text; if the text stands nowhere or
twice, that is a `BugError`, never a bug that survives. The patched file is compiled, and each function of the
loaded module takes over the code of its patched self: anything that holds a function (a subclass, a table, a
bound method) runs the patched one, for the function is the same object. So a bug changes bodies of functions
only. A user's file may be loaded under several names (its own, `__main__`, that of `user_file.py`); whichever
of them an edit names, every loaded copy is patched.

*Invariant.* When the block ends, every function has the code that it had before, and so has the text that
`inspect` shows of it.

A kill is the violation of a named spec: an exception proves nothing, unless the bug is that a handler lacks
a guard (`unguarded`), so that the original raises. A spec that raises has judged nothing, so it never kills.
"""

from __future__ import annotations

import ast
import importlib
import linecache
import os
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from difflib import unified_diff
from functools import lru_cache, partial
from importlib.machinery import SourceFileLoader
from types import CodeType, FunctionType, ModuleType
from typing import Any

from msgspec import Struct

from dynaproof.checkers.user_code import SPECS_NEVER_RAISE, Guard


class Edit(Struct, frozen=True):
    """One place of a source file: `old` becomes `new`.

    Both may be dedented: their lines after the first count from the indentation of the line where `old`
    begins. `old` stands once in the file, or in the function `within` (its qualified name) if that is given.
    """

    module: str
    """The dotted name under which the file is imported."""
    old: str
    new: str
    within: str = ""


class Bug(Struct, frozen=True):
    """One seeded bug: what it breaks, in a sentence, and the edits that make it."""

    name: str
    sentence: str
    edits: tuple[Edit, ...]
    unguarded: bool = False
    scenario: str = "partition"
    """The scenario in which a bug of ours is hunted; a bug of a user's file is hunted in the scenario asked
    for.
    """
    breaks: tuple[str, ...] = ()
    """The promises that it breaks itself. Any other promise that it dies of is a side effect."""

    def breaks_itself(self, spec: str) -> bool:
        """Whether the violation of this spec is what the bug is about."""
        return spec in self.breaks

    def counts(self, spec: str) -> bool:
        """Whether the violation of this spec is a kill."""
        return spec != SPECS_NEVER_RAISE and (self.unguarded or spec != "handlers_never_raise")


def bug(
    name: str,
    sentence: str,
    *edits: Edit,
    unguarded: bool = False,
    scenario: str = "partition",
    breaks: tuple[str, ...] = (),
) -> Bug:
    """A bug, its edits written one after the other."""
    return Bug(name, sentence, edits, unguarded, scenario, breaks)


class BugError(Exception):
    """A bug whose old text does not fit its source."""


KEPT = 16
"""How many files are kept as a tree and as code: bugs of one file are hunted one after another."""

_active: list[Bug] = []


def active() -> tuple[Bug, ...]:
    """The bugs that are in force, in the order in which they were seeded."""
    return tuple(_active)


@contextmanager
def seeded(bug: Bug | None) -> Iterator[None]:
    """Apply the bug in this process while the block runs; None: no bug.

    Raises:
        BugError: the bug does not fit the source.
    """
    if bug is None:
        yield
        return
    with ExitStack() as undo:
        _seed(bug, undo)
        yield


def seed_for_good(bugs: Sequence[Bug]) -> None:
    """Seed bugs for the rest of a process that exists for them, such as a worker of a campaign."""
    for bug in bugs:
        _seed(bug, ExitStack())


def _seed(bug: Bug, undo: ExitStack) -> None:
    for module, source, changed in texts(bug):
        for copy in _copies(module):
            _patch(bug, copy, source, changed, undo)
    _active.append(bug)
    undo.callback(_active.remove, bug)


def difference(bug: Bug) -> str:
    """What the bug changes, as a unified diff.

    Raises:
        BugError: the bug does not fit the source.
    """
    lines = [f"{bug.name}: {bug.sentence}"]
    for module, source, changed in texts(bug):
        label = "/".join(module.__name__.split(".")) + ".py"
        lines += unified_diff(
            source.splitlines(), changed.splitlines(), label, f"{label} with {bug.name}", lineterm="", n=2
        )
    return "\n".join(lines)


# --- The text ---


def texts(bug: Bug) -> Iterator[tuple[ModuleType, str, str]]:
    """Each module that the bug changes, with its text before and after.

    Raises:
        BugError: the bug does not fit the source.
    """
    for name, edits in _by_module(bug).items():
        with Guard(partial(_unimportable, bug, name)):
            module = importlib.import_module(name)
        source = _source(module)
        yield module, source, _edited(bug, module, source, edits)


def _unimportable(bug: Bug, name: str, error: BaseException) -> BugError:
    return BugError(
        f"{bug.name}: its edit names the module {name!r}, which cannot be imported "
        f"({type(error).__name__}: {error}); a bug beside its nodes takes Edit(__name__, ...)"
    )


def _copies(module: ModuleType) -> list[ModuleType]:
    """This module, and every other one that is loaded from the same file."""
    file = _file(module)
    name, path = os.path.basename(file), os.path.realpath(file)
    found: dict[int, ModuleType] = {id(module): module}
    loaded: list[Any] = list(sys.modules.values())  # A user's code may have put anything there.
    for other in loaded:
        held = vars(other).get("__file__") if isinstance(other, ModuleType) else None
        if isinstance(held, str) and os.path.basename(held) == name and os.path.realpath(held) == path:
            found[id(other)] = other
    return list(found.values())


def _by_module(bug: Bug) -> dict[str, list[Edit]]:
    found: dict[str, list[Edit]] = {}
    for edit in bug.edits:
        found.setdefault(edit.module, []).append(edit)
    return found


def _file(module: ModuleType) -> str:
    if not module.__file__:
        raise BugError(f"{module.__name__} has no source file to patch")
    return module.__file__


def _source(module: ModuleType) -> str:
    """The text of a module that is in force: with the bugs that were seeded before."""
    return "".join(linecache.getlines(_file(module), vars(module)))


def _edited(bug: Bug, module: ModuleType, source: str, edits: list[Edit]) -> str:
    for edit in edits:
        start, end = _span(bug, module, source, edit)
        places = [place for place in _places(source, edit.old) if start <= place[0] and place[1] <= end]
        if len(places) != 1:
            where = f"{edit.within} of {_file(module)}" if edit.within else _file(module)
            hint = "" if edit.within or not places else "; name its function: Edit(..., within=FUNCTION)"
            raise BugError(
                f"{bug.name}: its old text stands {len(places)} times in {where}: {edit.old!r}{hint}"
            )
        ((first, last, indent),) = places
        source = source[:first] + "\n".join(_indented(edit.new, indent)) + source[last:]
    return source


def _span(bug: Bug, module: ModuleType, source: str, edit: Edit) -> tuple[int, int]:
    """Where the old text may stand: anywhere in the file, or in one function."""
    if not edit.within:
        return 0, len(source)
    found: ast.Module | ast.FunctionDef | ast.ClassDef = _parsed(source)
    for name in edit.within.split("."):
        inner = [n for n in found.body if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name == name]
        if len(inner) != 1:
            raise BugError(f"{bug.name}: {_file(module)} has no {edit.within}")
        (found,) = inner
    assert not isinstance(found, ast.Module)
    lines = source.splitlines(keepends=True)
    return len("".join(lines[: found.lineno - 1])), len("".join(lines[: found.end_lineno]))


@lru_cache(maxsize=KEPT)
def _parsed(source: str) -> ast.Module:
    """The tree of a text; nobody may change it."""
    return ast.parse(source)


@lru_cache(maxsize=KEPT)
def _compiled(source: str, file: str) -> tuple[str, tuple[CodeType, ...]]:
    """What a text has outside its functions' bodies, and the code of its functions in order."""
    outside = _outside_functions(ast.parse(source))
    return outside, tuple(_functions(compile(source, file, "exec", dont_inherit=True)))


def _places(source: str, old: str) -> Iterator[tuple[int, int, str]]:
    """Where a text stands: its start, its end, and the indentation of the line where it begins."""
    for found in re.finditer(re.escape(_lines(old)[0]), source):
        line = source[source.rfind("\n", 0, found.start()) + 1 :]
        indent = line[: len(line) - len(line.lstrip(" "))]
        text = "\n".join(_indented(old, indent))
        if source.startswith(text, found.start()):
            yield found.start(), found.start() + len(text), indent


def _lines(text: str) -> list[str]:
    return textwrap.dedent(text).strip("\n").split("\n") if "\n" in text else [text]


def _indented(text: str, indent: str) -> list[str]:
    first, *others = _lines(text)
    return [first, *(indent + line if line else line for line in others)]


# --- The code ---


def _patch(bug: Bug, module: ModuleType, source: str, changed: str, undo: ExitStack) -> None:
    """Give every function of the module the code of the changed text, until `undo`."""
    file = _file(module)
    try:
        tree = ast.parse(changed)
    except SyntaxError as error:
        raise BugError(
            f"{bug.name}: {file} with it is no Python: {error.msg}, line {error.lineno}"
        ) from error
    outside, before = _compiled(source, file)
    if outside != _outside_functions(tree):
        raise BugError(f"{bug.name}: it changes {file} outside the body of a function")
    after = list(_functions(compile(changed, file, "exec", dont_inherit=True)))
    replaced = dict(zip(before, after, strict=True))
    live = _written(module, before)
    changed_code = {old for old, new in replaced.items() if not _same(old, new)}
    if not changed_code:
        raise BugError(f"{bug.name}: {file} with it does the same as without")
    missing = changed_code - set(live.values())
    if missing:
        names = ", ".join(sorted(code.co_qualname for code in missing))
        raise BugError(f"{bug.name}: {module.__name__} does not run {names} as {file} has it")
    if any(_is_kernel(k) and k.py_func.__code__ in changed_code for k in vars(module).values()):
        _interpret_kernels(undo)
    for function, original in live.items():
        if original in replaced:
            if replaced[original].co_freevars != original.co_freevars:
                raise BugError(f"{bug.name}: {original.co_qualname} would need another closure")
            undo.callback(setattr, function, "__code__", function.__code__)
            function.__code__ = replaced[original]
    _show(file, changed, undo)


def _written(module: ModuleType, before: Sequence[CodeType]) -> dict[FunctionType, CodeType]:
    """Every function that the module runs, with its code as the file has it.

    That is the code that runs, unless another loader compiled the module (pytest rewrites the assertions of
    some). Then it is the code of the same name at the same line.
    """
    functions = dict.fromkeys(_live_functions(module, module.__name__))
    if module.__spec__ is None or isinstance(module.__spec__.loader, SourceFileLoader):
        return {function: function.__code__ for function in functions}
    standing = {_standing(code): code for code in before}
    found = {function: standing.get(_standing(function.__code__)) for function in functions}
    return {function: code for function, code in found.items() if code is not None}


def _standing(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


class _WithoutBodies(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.body = []
        return node


def _outside_functions(tree: ast.Module) -> str:
    return ast.dump(_WithoutBodies().visit(tree))


def _functions(code: CodeType) -> Iterator[CodeType]:
    """The code of the functions that a module or a class body defines, in order."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & _OF_A_FUNCTION:
                yield constant
            else:
                yield from _functions(constant)


_OF_A_FUNCTION = 2  # `inspect.CO_NEWLOCALS`: a class body has none.


def _same(one: CodeType, other: CodeType) -> bool:
    """Whether two pieces of code do the same, wherever they stand."""
    return _without_places(one) == _without_places(other)


def _without_places(code: CodeType) -> CodeType:
    constants = tuple(_without_places(c) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_firstlineno=1, co_linetable=b"", co_consts=constants)


def _live_functions(holder: Any, module: str) -> Iterator[FunctionType]:
    """The functions that a module defines, in its classes too, through properties and wrappers."""
    for value in list(vars(holder).values()):
        if isinstance(value, type):
            if value.__module__ == module and value.__qualname__.startswith(_prefix(holder)):
                yield from _live_functions(value, module)
        else:
            yield from _unwrapped(value, module)


def _prefix(holder: Any) -> str:
    return f"{holder.__qualname__}." if isinstance(holder, type) else ""


def _unwrapped(value: Any, module: str) -> Iterator[FunctionType]:
    if isinstance(value, FunctionType) and value.__module__ == module:
        yield value
    for name in ("fget", "fset", "__func__", "__wrapped__", "py_func"):
        inner = getattr(value, name, None)
        if inner is not None and inner is not value:
            yield from _unwrapped(inner, module)


def _show(file: str, text: str, undo: ExitStack) -> None:
    """Let `inspect` show the changed text; an entry without a time is never compared with the file."""
    before = linecache.cache.get(file)
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)

    def hide() -> None:
        if before is None:
            linecache.cache.pop(file, None)
        else:
            linecache.cache[file] = before

    undo.callback(hide)


# --- Machine code: while a kernel has a bug, all kernels run as the Python that they are written in ---


def _is_kernel(value: Any) -> bool:
    return hasattr(value, "py_func")


def _interpret_kernels(undo: ExitStack) -> None:
    for name, module in sorted(sys.modules.items()):
        if name.startswith("dynaproof."):
            for key, value in list(vars(module).items()):
                if _is_kernel(value):
                    undo.callback(setattr, module, key, value)
                    setattr(module, key, value.py_func)

"""Objects of a user, by `FILE.py:NAME`: each file is imported once, under a name that hides no module."""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any
from zlib import crc32


class UserFileError(Exception):
    """There is no such file or object; the message says what was looked for."""


def object_in(name: str) -> Any:
    """The object of `FILE.py:NAME`.

    Raises:
        UserFileError: there is no such file, it cannot be imported, or nothing of that name is in it.
    """
    file, _, attribute = name.rpartition(":")
    module = imported(Path(file))
    if not hasattr(module, attribute):
        raise UserFileError(f"{file} has no {attribute}")
    return getattr(module, attribute)


def name_of(thing: object) -> str:
    """`FILE.py:NAME` of an object that a file which has been imported defines, seen from the current folder.

    Raises:
        UserFileError: no file names it at its top level.
    """
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file is None or not file.endswith(".py"):
            continue
        names = [name for name, value in list(vars(module).items()) if value is thing]
        defined = _assigned(Path(file)).intersection(names) if names else ()
        if defined:
            path = os.path.relpath(file)
            return f"{file if path.startswith(os.pardir) else path}:{min(defined)}"
    raise UserFileError(
        f"a {type(thing).__name__} must have a name at the top level of a file, by which a run file and "
        "other processes find it"
    )


def _assigned(path: Path) -> frozenset[str]:
    """The names that a file gives values to at its top level; what it imports is not among them."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError):  # A file that has changed since it was imported.
        return frozenset()
    targets: list[ast.expr] = []
    for statement in body:
        if isinstance(statement, ast.Assign):
            targets += statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets.append(statement.target)
    return frozenset(one.id for one in targets if isinstance(one, ast.Name))


def imported(path: Path) -> ModuleType:
    """The module of a file."""
    if not path.is_file():
        raise UserFileError(f"{path}: there is no such file")
    name = f"user_file_{path.stem}_{crc32(str(path.resolve()).encode()):08x}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserFileError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # Whatever a user's file raises is a mistake in that file.
        del sys.modules[name]
        line = line_in(path, error)
        at = path if line is None else f"{path}, line {line}"
        raise UserFileError(f"{at}: {type(error).__name__}: {error}") from error
    return module


def line_in(path: Path, error: Exception) -> int | None:
    """The last line of a file that an error went through."""
    if isinstance(error, SyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((one.lineno for one in reversed(frames) if Path(one.filename) == path), None)

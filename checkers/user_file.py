"""Objects of a user, by `FILE.py:NAME`: each file is imported once, under a name that hides no module."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any
from zlib import crc32

from msgspec import Struct

from dynaproof.checkers.runs.kind import KindError
from dynaproof.checkers.runs.scenario import ScenarioError
from dynaproof.impl.handlers import HandlerError
from dynaproof.specs.spec import SpecError

SENTENCES = (KindError, ScenarioError, SpecError)
"""Errors of our own whose message is a sentence that needs no name before it."""


_under_way: list[Path] = []


def being_imported() -> Path | None:
    """The file that is being imported now: what it calls then, every process calls that imports it."""
    return _under_way[-1] if _under_way else None


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
        others = [
            key for key, value in vars(module).items() if not key.startswith("_") and is_theirs(module, value)
        ]
        listed = f"; it has {', '.join(others)}" if others else ""
        raise UserFileError(f"{file} has no {attribute}{listed}")
    return getattr(module, attribute)


def is_theirs(module: ModuleType, value: object) -> bool:
    """Whether a value is a class or function that a module defines, or a scenario, a spec or the like."""
    if isinstance(value, type | FunctionType):
        return value.__module__ == module.__name__
    return isinstance(value, Struct)


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
    _under_way.append(path)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # Whatever a user's file raises is a mistake in that file.
        del sys.modules[name]
        line = line_in(path, error)
        at = path if line is None else f"{path}, line {line}"
        if isinstance(error, HandlerError):  # It names its own line: that of the method, not of the class.
            raise UserFileError(str(error)) from error
        said = str(error) if isinstance(error, SENTENCES) else f"{type(error).__name__}: {error}"
        raise UserFileError(f"{at}: {said}") from error
    finally:
        _under_way.pop()
    return module


def line_in(path: Path, error: Exception) -> int | None:
    """The last line of a file that an error went through."""
    if isinstance(error, SyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next(
        (one.lineno for one in reversed(frames) if Path(one.filename).resolve() == path.resolve()), None
    )

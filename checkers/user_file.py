"""Objects of a user, by `FILE.py:NAME`: each file is imported once, under a name that hides no module.

The one importer for scenarios, specs, strategies, models and objects: what is wrong with any of them is said
in the same words.
"""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any
from zlib import crc32

from msgspec import Struct

from dynaproof.checkers.user_code import Guard
from dynaproof.impl.handlers import HandlerError

OURS = "dynaproof."
"""Errors of modules below this are our own: their message is a sentence that needs no name before it."""

WITH = " with "
"""Between a scenario's name and what is added to it: `partition with FILE.py:NAME`."""

PREFIX = "user_file_"
"""What the name of every module of a user's file begins with."""

_under_way: list[Path] = []


def being_imported() -> Path | None:
    """The file that is being imported now: what it calls now, every process that imports it calls."""
    return _under_way[-1] if _under_way else None


class UserFileError(LookupError):
    """There is no such file or object, or it is of the wrong kind; the message is a sentence."""


class UsersCodeError(Exception):
    """What a user's code raised where nobody judges it, in an observer or a fault say, with file and line."""


def file_of(name: str) -> str:
    """The file of `FILE.py:NAME`, whatever is added to it; empty for a name that is in no file."""
    first = name.partition(WITH)[0]
    return first.rpartition(":")[0] if ".py:" in first else ""


def attribute_of(module: ModuleType, file: str, attribute: str) -> Any:
    """What has this name in a module; messages call the module `file`.

    Raises:
        UserFileError: nothing has.
    """
    if not hasattr(module, attribute):
        others = [
            key for key, value in vars(module).items() if not key.startswith("_") and is_theirs(module, value)
        ]
        listed = f"; it has {', '.join(others)}" if others else ""
        raise UserFileError(f"{file} has no {attribute}{listed}")
    return getattr(module, attribute)


def fitting(name: str, fits: Callable[[Any], bool], wanted: str) -> Any:
    """The object of `FILE.py:NAME`, which must fit; `wanted` says what fits, as in "a scenario is a
    Scenario".

    Raises:
        UserFileError: it cannot be imported, or does not fit.
    """
    file, _, attribute = name.rpartition(":")
    return fitting_in(imported(Path(file)), file, attribute, fits, wanted)


def fitting_in(
    module: ModuleType, file: str, attribute: str, fits: Callable[[Any], bool], wanted: str
) -> Any:
    """As `fitting`, for a name in a module; messages call the module `file`."""
    found = attribute_of(module, file, attribute)
    if fits(found):
        return found
    others = [key for key, value in vars(module).items() if fits(value)]
    has = f" ({file} has {', '.join(others)})" if others else ""
    raise UserFileError(f"{file}:{attribute} is {article(found)}, and {wanted}{has}")


def article(found: object) -> str:
    """What an object is, in words."""
    return f"the class {found.__name__}" if isinstance(found, type) else f"a {type(found).__name__}"


def is_theirs(module: ModuleType, value: object) -> bool:
    """Whether a value is a class or function that a module defines, or a scenario, a spec or the like."""
    if isinstance(value, type | FunctionType):
        return value.__module__ == module.__name__
    return isinstance(value, Struct)


def imported(path: Path) -> ModuleType:
    """The module of a file; from here on, it may import its neighbours.

    They are looked for last, so that none of them hides a module of anybody else's.
    """
    if not path.is_file():
        raise UserFileError(f"{path}: there is no such file")
    name = f"{PREFIX}{path.stem}_{crc32(str(path.resolve()).encode()):08x}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserFileError(f"{path} is no Python file")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _under_way.append(path)
    try:
        with Guard(partial(_mistake, path)):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    finally:
        _under_way.pop()
    return module


def blamed(error: BaseException) -> BaseException:
    """An error as that of a user's file, if its code raised it; else, or if it is one of ours, as it is."""
    if type(error).__module__.startswith(OURS):
        return error
    theirs = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__", "").startswith(PREFIX)
    ]
    if not theirs:
        return error
    file, line = theirs[-1]
    return UsersCodeError(f"{file}, line {line}: {type(error).__name__}: {error}")


def _mistake(path: Path, error: BaseException) -> UserFileError:
    """What is wrong with a file whose import raised an error."""
    if isinstance(error, HandlerError):  # It names its own line: that of the method, not of the class.
        return UserFileError(str(error))
    line = line_in(path, error)
    at = path if line is None else f"{path}, line {line}"
    own = type(error).__module__.startswith(OURS)
    words = error.msg if isinstance(error, SyntaxError) else error  # Its own would name the line again.
    said = str(words) if own else f"{type(error).__name__}: {words}"
    return UserFileError(f"{at}: {said}")


def line_in(path: Path, error: BaseException) -> int | None:
    """The last line of a file that an error went through."""
    if isinstance(error, SyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next(
        (one.lineno for one in reversed(frames) if Path(one.filename).resolve() == path.resolve()), None
    )

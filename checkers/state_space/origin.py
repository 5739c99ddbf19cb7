"""A name for all that a model's machine code is made from: the same name means the same code.

The name is a digest of the engine's sources, of Python and the machine, of the model's class, constants and
declarations, and of every module that the model's text can reach by its names (except Python's own): its
file, its plain values, and which function each name stands for. If what runs may differ from what the files
say, there is no name: for a class made inside a function, a function put in from elsewhere or closing over
values, a file edited since it was imported. The text of a module is what its loader gives: the file's, or
that with a seeded bug. Objects that are not plain are assumed to be as their file made them.
"""

import hashlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from importlib.abc import InspectLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from dynaproof.checkers.state_space.compiled import machine_name
from dynaproof.model import language
from dynaproof.model.language import Action, Model, Property
from dynaproof.model.language.types import Type

MAX_MODULES = 100
"""A model that reaches more modules has no name: reading them would take longer than it saves."""

_SET_BY_MODEL = {"constants", "types", "actions", "starts", "properties", "_step"}


def name_of(made: Model, **flags: bool) -> str | None:
    """The name of a model's code under these flags; None if the files may not say all."""
    kind = type(made)
    home = sys.modules.get(kind.__module__)
    if home is None or getattr(home, kind.__qualname__, None) is not kind:
        return None
    modules = _reached(_homes(kind))
    if modules is None or vars(made).keys() != _SET_BY_MODEL:
        return None
    codes = {name: _codes(module) for name, module in modules.items()}
    parts = [sys.version, machine_name(), _ENGINE, kind.__module__, kind.__qualname__]
    parts += [repr(sorted(made.constants.items())), repr(sorted(flags.items())), *_declared(made)]
    for name, module in modules.items():
        told = _told(module, codes)
        if told is None:
            return None
        parts += [name, *told]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _homes(kind: type[Model]) -> Iterator[ModuleType]:
    """The modules of a model's classes, and of what they get from elsewhere: a patch may touch several."""
    for one in kind.__mro__:
        yield sys.modules[one.__module__]
        for value in vars(one).values():
            method = value.method if isinstance(value, Action | Property) else value
            if isinstance(method, FunctionType):
                yield sys.modules[method.__module__]


def _engine() -> str:
    """The sources of the engine and of the vocabulary."""
    digest = hashlib.sha256()
    for folder in (Path(__file__).parent, Path(language.__file__).parent):
        for file in sorted(folder.glob("*.py")):
            digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


_ENGINE = _engine()  # Read at import: later the files may have been edited.


def _declared(made: Model) -> Iterator[str]:
    for name, kind in made.types.items():
        yield f"{name}: {kind.describe()}"
    for action in (*made.actions, *made.starts):
        parameters = {name: _values(kind) for name, kind in action.parameters.items()}
        yield f"{action.name} {parameters} {action.fair} {action.start}"
    for one in made.properties:
        yield f"{one.name} {one.kind}"


def _values(kind: Type) -> str:
    return _shown(kind.values()) or ""


def _reached(start: Iterable[ModuleType]) -> dict[str, ModuleType] | None:
    """The modules whose names a text of these modules can use, in order; None if there are too many."""
    found: dict[str, ModuleType] = {}
    waiting = list(start)
    while waiting:
        module = waiting.pop()
        name = module.__name__
        if name in found or name.partition(".")[0] in sys.stdlib_module_names or _is_engine(name):
            continue
        found[name] = module
        if len(found) > MAX_MODULES:
            return None
        for label, value in list(vars(module).items()):
            if label.startswith("__"):  # How the module was loaded, which no model's text uses.
                continue
            home = value if isinstance(value, ModuleType) else _home(value)
            if home is not None:
                waiting.append(home)
    return dict(sorted(found.items()))


def _is_engine(name: str) -> bool:
    return name.startswith(("dynaproof.model.language", "dynaproof.checkers.state_space"))


def _home(value: object) -> ModuleType | None:
    where = value if isinstance(value, FunctionType | type) else type(value)
    return sys.modules.get(where.__module__)


def _codes(module: ModuleType) -> set[CodeType]:
    """The code of every function in the module's text, as it is now; empty if that is not known."""
    spec = module.__spec__
    if spec is None or not isinstance(spec.loader, InspectLoader):
        return set()
    found: set[CodeType] = set()
    waiting = [spec.loader.get_code(module.__name__)]
    while waiting:
        code = waiting.pop()
        if code is not None:
            found.add(code)
            waiting += [one for one in code.co_consts if isinstance(one, CodeType)]
    return found


def _told(module: ModuleType, codes: dict[str, set[CodeType]]) -> list[str] | None:
    """The module's text, plain values and functions; None if a function is not as written in a text."""
    if not codes[module.__name__]:
        return None
    assert module.__spec__ is not None
    assert isinstance(module.__spec__.loader, InspectLoader)
    text = module.__spec__.loader.get_source(module.__name__)
    if text is None:
        return None
    told = [text]
    for label, value in _named(module):
        for function in _functions(value):
            where = function.__module__
            if where.partition(".")[0] in sys.stdlib_module_names or _is_engine(where):
                continue
            if function.__code__ not in codes.get(where, ()):
                return None
            if set(function.__code__.co_freevars) - {"__class__"}:
                return None
            told.append(f"{label}: {where} {function.__qualname__} {function.__code__.co_firstlineno}")
        shown = _shown(value)
        if shown is not None:
            told.append(f"{label} = {shown}")
    return told


def _named(module: ModuleType) -> Iterator[tuple[str, object]]:
    """The module's names, and those of its classes."""
    for name, value in sorted(vars(module).items()):
        if name.startswith("__"):
            continue
        yield name, value
        if inspect.isclass(value) and value.__module__ == module.__name__:
            for inner, part in sorted(vars(value).items()):
                if inner not in {"__dict__", "__weakref__", "__doc__", "__annotations__", "__module__"}:
                    yield f"{name}.{inner}", part


def _functions(value: object) -> Iterator[FunctionType]:
    if isinstance(value, Action | Property):
        value = value.method
    elif isinstance(value, staticmethod | classmethod):
        value = value.__func__
    elif isinstance(value, property):
        for one in (value.fget, value.fset, value.fdel):
            yield from _functions(one)
    if isinstance(value, FunctionType):
        yield value


def _shown(value: object) -> str | None:
    """A plain value as text; None for what is not plain."""
    if value is None or isinstance(value, int | str | bytes | float):
        return repr(value)
    if isinstance(value, dict):
        value = tuple(value.items())
    if not isinstance(value, tuple | list | set | frozenset):
        return None
    parts = [_shown(one) for one in value]
    known = [one for one in parts if one is not None]
    if len(known) != len(parts):
        return None
    if isinstance(value, set | frozenset):
        known.sort()
    return f"{type(value).__name__}({', '.join(known)})"

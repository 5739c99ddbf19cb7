"""The models that there are, by name; and models of users, by file."""

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from dynaproof.model.language import Model, ModelError

NAMES: dict[str, str] = {
    "two_phase_commit": "dynaproof.model.two_phase_commit:TwoPhaseCommit",
    "paxos": "dynaproof.model.paxos:Paxos",
    "multi_paxos": "dynaproof.model.multi_paxos:MultiPaxos",
    "reconfiguration": "dynaproof.model.reconfiguration:Reconfiguration",
    "lease": "dynaproof.model.lease:Lease",
    "catch_up": "dynaproof.model.catch_up:CatchUp",
    "split": "dynaproof.model.split:Split",
    "request_id": "dynaproof.model.request_id:RequestId",
    "shard": "dynaproof.model.shard:Shard",
    "restore": "dynaproof.model.restore:Restore",
    "dns_plan": "dynaproof.model.dns_plan:DnsPlan",
}
"""Where each model of the system is."""


def find(name: str) -> type[Model]:
    """The model of a name: of `NAMES`, or `FILE.py` or `FILE.py:Class` of a user's.

    Raises KeyError for an unknown name, ModelError for a file that has no model (or several, and none named);
    its text does not name the file, which whoever asks knows.
    """
    if name in NAMES:
        module, _, attribute = NAMES[name].partition(":")
        found: type[Model] = getattr(importlib.import_module(module), attribute)
        return found
    path, _, attribute = name.partition(":")
    if not path.endswith(".py"):
        raise KeyError(name)
    models = {one.__name__: one for one in models_of(load(Path(path))) if one.violates is None}
    if attribute:
        if attribute not in models:
            raise ModelError(f"there is no model {attribute!r} in it; there is {', '.join(models) or 'none'}")
        return models[attribute]
    if not models:
        raise ModelError("there is no model in it: no class that derives from Model")
    if len(models) > 1:
        raise ModelError(
            f"there are {len(models)} models in it: name one of them, as in {path}:{next(iter(models))}"
        )
    return next(iter(models.values()))


def load(path: Path) -> ModuleType:
    """A user's file as a module."""
    spec = importlib.util.spec_from_file_location(f"model_file_{path.stem}", path)
    if spec is None or spec.loader is None or not path.exists():
        raise ModelError("there is no such file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except ModelError as error:
        raise error.at(None, _line_in(path, error)) from None
    except Exception as error:  # Whatever a user's file raises is a mistake in that file.
        if isinstance(error, SyntaxError):  # Its own words name the file and the line again.
            raise ModelError(f"{type(error).__name__}: {error.msg}", None, error.lineno) from error
        raise ModelError(f"{type(error).__name__}: {error}", None, _line_in(path, error)) from error
    return module


def _line_in(path: Path, error: Exception) -> int | None:
    frames = traceback.extract_tb(error.__traceback__)
    return next((one.lineno for one in reversed(frames) if Path(one.filename) == path), None)


def models_of(module: ModuleType) -> Iterator[type[Model]]:
    """The models that a module defines, in the order of their text."""
    for value in vars(module).values():
        if inspect.isclass(value) and issubclass(value, Model) and value.__module__ == module.__name__:
            yield value

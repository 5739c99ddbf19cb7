"""Scenarios and strategies that were given as objects: the names under which processes and run files find
them. One that stands in a file is named `FILE.py:NAME`, so that other processes can import it; any other is
known by its own name, to this process only.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from msgspec import structs

from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.scenarios.catalogue import GIVEN, SCENARIOS
from dynaproof.checkers.seam import Strategy
from dynaproof.checkers.strategies.catalogue import GIVEN as GIVEN_STRATEGIES
from dynaproof.checkers.strategies.catalogue import users_kind


def name_of(scenario: Scenario) -> str:
    """The name of a scenario, by which `find` gives it from here on."""
    if any(one is scenario for one in SCENARIOS.values()):
        return scenario.name
    of_nodes = [kind.node.__module__ for kind in scenario.kinds if kind.node is not None]
    name = in_file(scenario, of_nodes) or scenario.name
    GIVEN[name] = structs.replace(scenario, name=name)
    return name


def strategy_name_of(made: type[Strategy]) -> str:
    """The name of a strategy's class, by which `strategy_named` gives it from here on."""
    name = in_file(made, [made.__module__]) or made.__name__
    if ".py:" not in name:
        GIVEN_STRATEGIES[name] = users_kind(made, name)
    return name


def in_file(held: object, first: Sequence[str]) -> str | None:
    """`FILE.py:NAME` of an object that a module holds, looked for in `first` first; None if no module holds
    it.
    """
    for module in candidates(first):
        file = getattr(module, "__file__", None)
        for name, value in list(vars(module).items()):
            if value is held and file:
                return f"{relative(Path(file))}:{name}"
    return None


def candidates(first: Sequence[str]) -> list[ModuleType]:
    """Modules that may hold an object of a user's: these first, then all others that are not ours."""
    names = [*first]
    names += [name for name in sys.modules if not name.startswith("dynaproof.")]
    return [
        sys.modules[name] for name in dict.fromkeys(names) if isinstance(sys.modules.get(name), ModuleType)
    ]


def relative(file: Path) -> Path:
    """The path of a file relative to the current folder, if it lies below."""
    resolved = file.resolve()
    here = Path.cwd().resolve()
    return resolved.relative_to(here) if resolved.is_relative_to(here) else resolved

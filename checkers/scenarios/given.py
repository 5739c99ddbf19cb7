"""Scenarios that were given as objects: the name under which processes and run files find one.

One that stands in a file is `FILE.py:NAME`, so that other processes can import it; any other is known under
its own name, to this process only.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from msgspec import structs

from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.scenarios.catalogue import GIVEN, SCENARIOS


def name_of(scenario: Scenario) -> str:
    """The name of a scenario, by which `find` gives it from here on."""
    if any(one is scenario for one in SCENARIOS.values()):
        return scenario.name
    name = in_file(scenario) or scenario.name
    GIVEN[name] = structs.replace(scenario, name=name)
    return name


def in_file(scenario: Scenario) -> str | None:
    """`FILE.py:NAME` of a scenario that a module holds; None where none does."""
    for module in candidates(scenario):
        file = getattr(module, "__file__", None)
        for name, value in list(vars(module).items()):
            if value is scenario and file:
                return f"{relative(Path(file))}:{name}"
    return None


def candidates(scenario: Scenario) -> list[ModuleType]:
    """Modules that may hold it: those of its nodes first, then all others that are not ours."""
    names = [kind.node.__module__ for kind in scenario.kinds if kind.node is not None]
    names += [name for name in sys.modules if not name.startswith("dynaproof.")]
    return [
        sys.modules[name] for name in dict.fromkeys(names) if isinstance(sys.modules.get(name), ModuleType)
    ]


def relative(file: Path) -> Path:
    """A file as it is called from here, where it lies below."""
    resolved = file.resolve()
    here = Path.cwd().resolve()
    return resolved.relative_to(here) if resolved.is_relative_to(here) else resolved

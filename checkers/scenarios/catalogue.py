"""All scenarios by name, and the lookup of a name: one of ours, or a user's `FILE.py:NAME`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import structs

from dynaproof.checkers.runs import exploring
from dynaproof.checkers.runs.config import RunResult
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.scenarios.endurance import ENDURANCE
from dynaproof.checkers.scenarios.light_load import LIGHT_LOAD
from dynaproof.checkers.scenarios.partition import PARTITION
from dynaproof.checkers.strategies.catalogue import strategy_of
from dynaproof.checkers.user_file import UserFileError, imported, object_in
from dynaproof.checkers.world.listening import Observer

SCENARIOS: dict[str, Scenario] = {one.name: one for one in (PARTITION, LIGHT_LOAD, ENDURANCE)}

GIVEN: dict[str, Scenario] = {}
"""Scenarios that were given to this process as objects, by the names that stand for them."""

DEFAULT_SCENARIO = PARTITION.name

SEEDS_APART = 1_000_003
"""Between the seeds of two campaigns of neighbouring seeds: more than a campaign has schedules."""


def find(name: str, scenarios: Mapping[str, Scenario] = SCENARIOS) -> Scenario:
    """The scenario of a name.

    Raises:
        LookupError: there is none; the message is a sentence.
    """
    if name in scenarios:
        return scenarios[name]
    if name in GIVEN:
        return GIVEN[name]
    if ".py:" not in name:
        raise LookupError(
            f"no scenario is named {name!r} (there are {', '.join(scenarios)}, or FILE.py:NAME)"
        )
    try:
        found = object_in(name)
    except UserFileError as error:
        raise LookupError(str(error)) from error
    if not isinstance(found, Scenario):
        raise LookupError(f"{name} is {article(found)}, and a scenario is a Scenario{near(name)}")
    return structs.replace(found, name=name)


def article(found: object) -> str:
    """What an object is, in words."""
    return f"the class {found.__name__}" if isinstance(found, type) else f"a {type(found).__name__}"


def near(name: str) -> str:
    """The scenarios that the same file does have."""
    file = name.rpartition(":")[0]
    others = [key for key, value in vars(imported(Path(file))).items() if isinstance(value, Scenario)]
    return f" ({file} has {', '.join(others)})" if others else ""


def drawn(scenario: Scenario, seed: int, strategy: str) -> Any:
    """The configuration of a seed; it names the scenario as it was looked up."""
    return structs.replace(scenario.draw(seed, strategy), scenario=scenario.name)


def config_of(scenario: str, strategy: str, base: int, schedule: int) -> Any:
    """The configuration of one schedule of a campaign; a portfolio takes the strategies in turn."""
    return drawn(find(scenario), base * SEEDS_APART + schedule, strategy_of(strategy, schedule))


def execute(config: Any, observers: Sequence[Observer] = ()) -> RunResult:
    """Run a configuration of the scenario that it names to its end, or to its first failure."""
    return exploring.execute(find(config.scenario), config, observers)

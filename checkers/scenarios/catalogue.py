"""All scenarios by name, and the lookup of a name: one of ours, or a user's `FILE.py:NAME`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from dynaproof.checkers.runs import exploring
from dynaproof.checkers.runs.config import RunResult
from dynaproof.checkers.runs.refining import Refinement
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.scenarios.batches import BATCHES
from dynaproof.checkers.scenarios.busy import BUSY
from dynaproof.checkers.scenarios.busy_table import BUSY_TABLE
from dynaproof.checkers.scenarios.copy_under_load import COPY_UNDER_LOAD
from dynaproof.checkers.scenarios.endurance import ENDURANCE
from dynaproof.checkers.scenarios.global_admission import GLOBAL_ADMISSION
from dynaproof.checkers.scenarios.large_items import LARGE_ITEMS
from dynaproof.checkers.scenarios.light_load import LIGHT_LOAD
from dynaproof.checkers.scenarios.many_groups import MANY_GROUPS
from dynaproof.checkers.scenarios.membership import MEMBERSHIP
from dynaproof.checkers.scenarios.metadata_moves import METADATA_MOVES
from dynaproof.checkers.scenarios.on_demand import ON_DEMAND
from dynaproof.checkers.scenarios.partition import PARTITION
from dynaproof.checkers.scenarios.repair import OF_REPAIR
from dynaproof.checkers.scenarios.restart_under_load import RESTART_UNDER_LOAD
from dynaproof.checkers.scenarios.router_restarts import ROUTER_RESTARTS
from dynaproof.checkers.scenarios.scaled import OF_SCALING
from dynaproof.checkers.scenarios.slow_reader import SLOW_READER
from dynaproof.checkers.scenarios.split import OF_SPLITS
from dynaproof.checkers.scenarios.table import TABLE
from dynaproof.checkers.scenarios.table_faults import OF_TABLES
from dynaproof.checkers.scenarios.throttled import OF_CAPACITY
from dynaproof.checkers.strategies.catalogue import strategy_named, strategy_of
from dynaproof.checkers.user_file import WITH, fitting
from dynaproof.checkers.world.listening import Observer
from dynaproof.specs.spec import Spec

OURS = (
    PARTITION,
    LIGHT_LOAD,
    ENDURANCE,
    BUSY,
    RESTART_UNDER_LOAD,
    COPY_UNDER_LOAD,
    SLOW_READER,
    LARGE_ITEMS,
    ROUTER_RESTARTS,
    MEMBERSHIP,
    MANY_GROUPS,
    BATCHES,
    TABLE,
    *OF_TABLES,
    *OF_REPAIR,
    METADATA_MOVES,
    *OF_SPLITS,
    BUSY_TABLE,
    *OF_CAPACITY,
    GLOBAL_ADMISSION,
    ON_DEMAND,
    *OF_SCALING,
)

SCENARIOS: dict[str, Scenario] = {one.name: one for one in OURS}

GIVEN: dict[str, Scenario] = {}
"""Scenarios that were given to this process as objects, by the names that stand for them."""

DEFAULT_SCENARIO = PARTITION.name

SEEDS_APART = 1_000_003
"""How far apart the seeds of two neighbouring campaigns are: more than a campaign has schedules."""


def find(name: str, scenarios: Mapping[str, Scenario] = SCENARIOS) -> Scenario:
    """The scenario of a name; `NAME with FILE.py:NAME` is one with a spec, or a refinement, added.

    Raises:
        LookupError: there is none; the message is a sentence.
    """
    if name in scenarios:
        return scenarios[name]
    if name in GIVEN:
        return GIVEN[name]
    first, *added = name.split(WITH)
    if added:
        return structs.replace(with_added(find(first, scenarios), added), name=name)
    if ".py:" not in name:
        raise LookupError(
            f"no scenario is named {name!r} (there are {', '.join(scenarios)}, or FILE.py:NAME)"
        )
    found: Scenario = fitting(name, lambda one: isinstance(one, Scenario), "a scenario is a Scenario")
    return structs.replace(found, name=name)


def with_added(scenario: Scenario, added: Sequence[str]) -> Scenario:
    """A scenario that is also judged by these specs of users, or followed through their models."""
    for name in added:
        one = fitting(
            name,
            lambda found: isinstance(found, Spec | Refinement),
            "what is added to a scenario is a @spec or a Refinement",
        )
        if isinstance(one, Refinement):
            scenario = structs.replace(scenario, refines=(*scenario.refines, one))
            continue
        seen = (*scenario.sometimes, one.name) if one.kind == "sometimes" else scenario.sometimes
        scenario = structs.replace(scenario, specs=(*scenario.specs, one), sometimes=seen)
    return scenario


def drawn(scenario: Scenario, seed: int, strategy: str) -> Any:
    """The configuration of a seed; it names scenario and strategy as they were looked up.

    What is drawn depends on the strategy's own name, and not on where its file lies.
    """
    config = scenario.draw(seed, strategy_named(strategy).name)
    return structs.replace(config, scenario=scenario.name, strategy=strategy)


def config_of(scenario: str, strategy: str, base: int, schedule: int) -> Any:
    """The configuration of one schedule of a campaign; a portfolio takes the strategies in turn."""
    return drawn(find(scenario), base * SEEDS_APART + schedule, strategy_of(strategy, schedule))


def execute(config: Any, observers: Sequence[Observer] = ()) -> RunResult:
    """Run a configuration of the scenario that it names to its end, or to its first failure."""
    return exploring.execute(find(config.scenario), config, observers)

"""What can be explored: each scenario draws the configuration of a seed."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, structs

from dynaproof.checkers.simulator.run import STRATEGIES, RunConfig, draw, draw_faults
from dynaproof.checkers.simulator.world import Options
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.router.client import ClientSettings

ENDURANCE_STEPS = 10_000_000
"""Steps with faults of one run of the scenario `endurance`."""


class Scenario(Struct, frozen=True):
    """A name, a sentence, and `draw(seed, strategy)`."""

    name: str
    sentence: str
    draw: Callable[[int, str], RunConfig]


def _partition(seed: int, strategy: str) -> RunConfig:
    return draw("partition", seed, strategy)


def _endurance(seed: int, strategy: str) -> RunConfig:
    config = draw("endurance", seed, strategy)
    return structs.replace(
        config,
        operations=1 << 40,
        length=ENDURANCE_STEPS,
        faults=draw_faults("endurance", seed, strategy, ENDURANCE_STEPS, ENDURANCE_STEPS // 500),
    )


def _light_load(seed: int, strategy: str) -> RunConfig:
    settings = Settings()
    return structs.replace(
        draw("light-load", seed, strategy),
        settings=settings,
        client=ClientSettings(think_us=20_000_000),
        options=Options(),
        loss=0,
        duplication=0,
        clients=3,
        operations=200,
        keys=4,
        length=40_000,
        faults=(),
        end="all",
    )


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "partition",
            "one replica group in three zones, three clients, few keys; crashes, cuts, rot, clocks",
            _partition,
        ),
        Scenario(
            "light-load",
            "the same group without faults, each client a few times a minute: mostly heartbeats",
            _light_load,
        ),
        Scenario(
            "endurance",
            f"the same group under load and faults, {ENDURANCE_STEPS:,} steps a run, in bounded memory",
            _endurance,
        ),
    )
}

DEFAULT_SCENARIO = "partition"


def config_of(scenario: str, strategy: str, base: int, schedule: int) -> RunConfig:
    """The configuration of one schedule of a campaign; a portfolio takes the strategies in turn."""
    name = STRATEGIES[schedule % len(STRATEGIES)] if strategy == "portfolio" else strategy
    return SCENARIOS[scenario].draw(base * 1_000_003 + schedule, name)

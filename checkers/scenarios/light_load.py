"""The scenario `light-load`: the group of `partition` without faults, and with little to do."""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.scenarios.partition import PARTITION, draw
from dynaproof.checkers.workloads.client import ClientSettings
from dynaproof.checkers.world.options import Options
from dynaproof.impl.partition.settings import Settings


def draw_light_load(seed: int, strategy: str) -> GroupConfig:
    """The configuration of one seed."""
    return structs.replace(
        draw("light-load", seed, strategy),
        settings=Settings(),
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


LIGHT_LOAD = structs.replace(
    PARTITION,
    name="light-load",
    sentence="the same group without faults, each client a few times a minute: mostly heartbeats",
    draw=draw_light_load,
)

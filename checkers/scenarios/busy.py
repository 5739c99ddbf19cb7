"""The scenario `busy`: 64 impatient clients on one group, without faults or with them, by seed."""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.runs.config import Chance, draw_faults
from dynaproof.checkers.scenarios.partition import FAULTS
from dynaproof.checkers.scenarios.under_load import UNDER_LOAD, calm, draw_load

LENGTH = 10_000
"""Events of a run before its end, at the least."""


def draw_busy(seed: int, strategy: str) -> GroupConfig:
    """The configuration of one seed: half of those in timed order are without faults."""
    config = draw_load("busy", seed, strategy, clients=64, length=LENGTH)
    pick = Chance(f"busy/{strategy}/{seed}")
    if pick(2):
        return calm(config)
    label = f"busy/{strategy}/{seed}"
    return structs.replace(config, faults=draw_faults(FAULTS, label, config.length, 1 + pick(6)))


BUSY = structs.replace(
    UNDER_LOAD,
    name="busy",
    sentence="64 impatient clients on the same group, without faults and with them",
    draw=draw_busy,
)

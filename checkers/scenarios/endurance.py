"""The scenario `endurance`: the group of `partition` for millions of steps, in bounded memory."""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.runs.config import draw_faults
from dynaproof.checkers.scenarios.partition import FAULTS, FROM_OUTSIDE, PARTITION, draw

STEPS = 10_000_000
"""Steps with faults of one run."""

STEPS_PER_FAULT = 500


def draw_endurance(seed: int, strategy: str) -> GroupConfig:
    """The configuration of one seed."""
    return structs.replace(
        draw("endurance", seed, strategy),
        operations=1 << 40,
        length=STEPS,
        faults=draw_faults(
            (*FAULTS, *FROM_OUTSIDE), f"endurance/{strategy}/{seed}", STEPS, STEPS // STEPS_PER_FAULT
        ),
    )


ENDURANCE = structs.replace(
    PARTITION,
    name="endurance",
    sentence=f"the same group under load and faults, {STEPS:,} steps a run, in bounded memory",
    draw=draw_endurance,
)

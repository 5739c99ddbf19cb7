"""The scenario `restart-under-load`: a replica is down for a while, and must get level again under the
load.
"""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.runs.config import FOREMOST, Chance, Fault, draw_faults, in_order
from dynaproof.checkers.runs.world_faults import CRASH
from dynaproof.checkers.scenarios.partition import FAULTS
from dynaproof.checkers.scenarios.under_load import UNDER_LOAD, calm, draw_load
from dynaproof.specs.sometimes import (
    CATCH_UP_BY_COPY,
    KEPT_BEHIND_A_GAP,
    LEADER_CHANGED,
    LEVEL_AGAIN,
    WAITED_FOR_ROOM,
)

NAME = "restart-under-load"

LENGTH = 6_000
"""Events of a run before its end, at the least."""


def draw_restart(seed: int, strategy: str) -> GroupConfig:
    """The configuration of one seed: one long absence, and in half of them other faults besides."""
    config = draw_load(NAME, seed, strategy, clients=32, length=LENGTH)
    label = f"{NAME}/{strategy}/{seed}"
    pick = Chance(label)
    target = (0, 1, 2, FOREMOST)[pick(4)]
    restart = Fault(CRASH.name, 500 + pick(1_000), target, 1_000 + pick(3_000), pick(1 << 20))
    if pick(2):
        return calm(config, (restart,))
    others = draw_faults(FAULTS, label, config.length, 1 + pick(3))
    return structs.replace(config, faults=in_order((restart,), others))


SEEN = tuple(
    one.name
    for one in (
        LEADER_CHANGED,
        WAITED_FOR_ROOM,
        KEPT_BEHIND_A_GAP,
        LEVEL_AGAIN,
        CATCH_UP_BY_COPY,
    )
)
"""What its campaigns should see."""

RESTART_UNDER_LOAD = structs.replace(
    UNDER_LOAD,
    sometimes=SEEN,
    name=NAME,
    sentence="32 impatient clients, and a replica that is down for thousands of events",
    draw=draw_restart,
)

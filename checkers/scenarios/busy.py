"""The scenario `busy`: 64 impatient clients on one group, without faults or with them, by seed."""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.runs.config import Chance
from dynaproof.checkers.scenarios.under_load import UNDER_LOAD, calm_or_faulty, draw_load
from dynaproof.specs.sometimes import (
    CATCH_UP_BY_COPY,
    KEPT_BEHIND_A_GAP,
    LATE_LEASE_READ,
    LEADER_CHANGED,
    REPLY_LOST,
    WAITED_FOR_ROOM,
)

LENGTH = 19_000
"""Events of a run before its end, at the least."""


def draw_busy(seed: int, strategy: str) -> GroupConfig:
    """The configuration of one seed: half of those in timed order are without faults."""
    config = draw_load("busy", seed, strategy, clients=64, length=LENGTH)
    return calm_or_faulty(config, Chance(f"busy/{strategy}/{seed}"))


SEEN = tuple(
    one.name
    for one in (
        LEADER_CHANGED,
        WAITED_FOR_ROOM,
        KEPT_BEHIND_A_GAP,
        REPLY_LOST,
        CATCH_UP_BY_COPY,
        LATE_LEASE_READ,
    )
)
"""What its campaigns should see."""

BUSY = structs.replace(
    UNDER_LOAD,
    sometimes=SEEN,
    name="busy",
    sentence="64 impatient clients on the same group, without faults and with them",
    draw=draw_busy,
)

"""The scenario `slow-reader`: a reader of the log that is slower than the writes, and stops for a while."""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.runs.config import Chance
from dynaproof.checkers.scenarios.under_load import UNDER_LOAD, calm_or_faulty, draw_load
from dynaproof.checkers.workloads.log_reader import ReaderSettings
from dynaproof.checkers.workloads.workload import ENDLESS
from dynaproof.specs.sometimes import (
    HELD_LOG_COPIED,
    HOLD_LAPSED,
    LOG_HELD,
    LOG_READ,
)

NAME = "slow-reader"

LENGTH = 6_000
"""Events of a run before its end, at the least."""


def draw_slow_reader(seed: int, strategy: str) -> GroupConfig:
    """The configuration of one seed: the reader asks seldom or for little."""
    config = draw_load(NAME, seed, strategy, clients=24, length=LENGTH)
    pick = Chance(f"{NAME}/{strategy}/{seed}")
    pause = max(1, config.settings.heartbeat_us // (2, 64)[pick(2)])
    config = structs.replace(config, reader=ReaderSettings(pause, limit=(1, 4)[pick(2)], questions=ENDLESS))
    return calm_or_faulty(config, pick)


SEEN = tuple(
    one.name
    for one in (
        LOG_READ,
        LOG_HELD,
        HOLD_LAPSED,
        HELD_LOG_COPIED,
    )
)
"""What its campaigns should see."""

SLOW_READER = structs.replace(
    UNDER_LOAD,
    sometimes=SEEN,
    name=NAME,
    sentence="24 impatient clients, and a reader of the log that cannot keep up with them",
    draw=draw_slow_reader,
)

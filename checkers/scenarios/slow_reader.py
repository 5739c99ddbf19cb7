"""The scenario `slow-reader`: a reader of the log that is slower than the writes, and stops for a while."""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.runs.config import Chance
from dynaproof.checkers.scenarios.under_load import UNDER_LOAD, calm_or_faulty, draw_load, fewest_retained
from dynaproof.checkers.workloads.log_reader import ReaderSettings
from dynaproof.checkers.workloads.workload import ENDLESS
from dynaproof.impl.partition.settings import Settings
from dynaproof.specs.sometimes import (
    HELD_LOG_COPIED,
    HOLD_LAPSED,
    LOG_HELD,
    LOG_READ,
)

NAME = "slow-reader"

LENGTH = 6_000
"""The fewest events of a run before its end."""


def draw_slow_reader(seed: int, strategy: str) -> GroupConfig:
    """The configuration of one seed: the reader asks seldom or for little, and in half of them the log is
    long only where it is held.
    """
    config = draw_load(NAME, seed, strategy, clients=24, length=LENGTH)
    label = f"{NAME}/{strategy}/{seed}"
    if Chance(f"{label}/holds")(2):
        config = structs.replace(config, settings=little_but_held(config.settings))
    pick = Chance(label)
    pause = max(1, config.settings.heartbeat_us // (2, 64)[pick(2)])
    config = structs.replace(config, reader=ReaderSettings(pause, limit=(1, 4)[pick(2)], questions=ENDLESS))
    return calm_or_faulty(config, pick)


def little_but_held(settings: Settings) -> Settings:
    """As little of the log is retained as is allowed, and several times as much is held for a reader."""
    retained = fewest_retained(settings)
    lag = 4 * retained
    return structs.replace(
        settings,
        checkpoint_slots=64,
        retained_slots=retained,
        hold_lag_slots=lag,
        hold_lag_bytes=Settings().hold_lag_bytes,
        held_slots=2 * lag,
        held_bytes=Settings().held_bytes,
    )


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

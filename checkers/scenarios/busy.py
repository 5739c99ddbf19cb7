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
from dynaproof.specs.views.load_facts import Pace

CLIENTS = 64

LENGTH = 15_000
"""The fewest events of a run before its end: twenty writes of each client take about as many."""

WINDOWS = (8, 32)
"""Slots in flight: fewer than clients, so that requests wait for room."""

PATIENCE = 8
"""A client whose turn takes long to come asks again meanwhile, but at most this often."""


def draw_busy(seed: int, strategy: str) -> GroupConfig:
    """The configuration of one seed: half of those in timed order are without faults."""
    config = draw_load("busy", seed, strategy, clients=CLIENTS, length=LENGTH)
    pick = Chance(f"busy/{strategy}/{seed}")
    config = calm_or_faulty(config, pick)
    window = WINDOWS[pick(len(WINDOWS))]
    options, client = config.options, config.client
    pace = Pace(max(options.latencies), max(options.sync_us), window, config.settings.window_bytes)
    turn_us = CLIENTS // window * pace.answer_us
    attempt_us = min(max(client.attempt_us, turn_us // PATIENCE), client.timeout_us // 2)
    return structs.replace(
        config,
        settings=structs.replace(config.settings, in_flight_slots=window),
        client=structs.replace(client, attempt_us=attempt_us),
    )


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

"""The scenario `restart-under-load`: a replica is down for a while, and must get level again under load."""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.kinds.replica_faults import HANDOVER
from dynaproof.checkers.runs.config import FOREMOST, Chance, Fault, draw_faults, in_order
from dynaproof.checkers.runs.world_faults import CRASH, CRASH_IN_SYNC
from dynaproof.checkers.scenarios.partition import FAULTS
from dynaproof.checkers.scenarios.under_load import UNDER_LOAD, calm, draw_load, fewest_retained
from dynaproof.impl.paxos.sizes import HEADER_BYTES, NO_OP_BYTES
from dynaproof.specs.sometimes import (
    CATCH_UP_BY_COPY,
    KEPT_BEHIND_A_GAP,
    LEADER_CHANGED,
    LEVEL_AGAIN,
    WAITED_FOR_ROOM,
)

NAME = "restart-under-load"

LENGTH = 6_000
"""The fewest events of a run before its end."""

CRASHES, MANY = (CRASH, CRASH_IN_SYNC), 16
"""What falls in some of the runs, and how often."""

FEW_BYTES = 900
"""A window of a few small items: if one handler has more than fits in it, tails get as long as they may."""


def draw_restart(seed: int, strategy: str) -> GroupConfig:
    """The configuration of one seed: one long absence, in half of them a change of leader meanwhile, and in
    half of them other faults besides.
    """
    label = f"{NAME}/{strategy}/{seed}"
    config = draw_load(NAME, seed, strategy, clients=32, length=LENGTH)
    config = draw_bounds(config, Chance(f"{label}/bounds"))
    pick = Chance(label)
    target = (0, 1, 2, FOREMOST)[pick(4)]
    restart = Fault(CRASH.name, 500 + pick(1_000), target, 1_000 + pick(3_000), pick(1 << 20))
    absence: tuple[Fault, ...] = (restart,)
    if Chance(f"{label}/leaders")(2):
        half_way = restart.step + restart.steps // 2
        absence = (restart, Fault(HANDOVER.name, half_way, FOREMOST, 1, 0))
    if pick(2):
        return calm(config, absence)
    others = draw_faults(FAULTS, label, config.length, 1 + pick(3))
    crashes = draw_faults(CRASHES, f"{label}/crashes", config.length, (0, MANY)[pick(2)])
    return structs.replace(config, faults=in_order(absence, others, crashes))


def draw_bounds(config: GroupConfig, pick: Chance) -> GroupConfig:
    """Bounds that a replica that was away meets: how much of the log is kept for it, how much may be in
    flight, and how much is written in a heartbeat.
    """
    settings, client = config.settings, config.client
    if pick(2):
        settings = structs.replace(settings, retained_slots=fewest_retained(settings))
    if pick(2):
        room = FEW_BYTES + NO_OP_BYTES + HEADER_BYTES  # A message holds a window and a no-op.
        settings = structs.replace(settings, window_bytes=FEW_BYTES, message_bytes=room)
    if pick(2):
        client = structs.replace(client, think_us=settings.heartbeat_us)
    return structs.replace(config, settings=settings, client=client)


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

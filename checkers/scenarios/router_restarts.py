"""The scenario `router-restarts`: the clients of the group crash over and over, with requests under way."""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.client_faults import CLIENT_CRASH
from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.runs.config import Chance, draw_faults, in_order
from dynaproof.checkers.scenarios.partition import FAULTS
from dynaproof.checkers.scenarios.under_load import UNDER_LOAD, calm, draw_load
from dynaproof.specs.sometimes import (
    CLIENT_CRASHED,
    LEADER_CHANGED,
    REPLY_LOST,
    WAITED_FOR_ROOM,
)

NAME = "router-restarts"

LENGTH = 4_000
"""The fewest events of a run before its end."""


def draw_router_restarts(seed: int, strategy: str) -> GroupConfig:
    """The configuration of one seed: dozens of crashes of clients, in half of them other faults besides."""
    config = draw_load(NAME, seed, strategy, clients=16, length=LENGTH)
    label = f"{NAME}/{strategy}/{seed}"
    pick = Chance(label)
    crashes = draw_faults((CLIENT_CRASH,), f"{label}/clients", config.length, 24 + pick(24))
    if pick(2):
        return calm(config, crashes)
    others = draw_faults(FAULTS, label, config.length, 1 + pick(4))
    return structs.replace(config, faults=in_order(others, crashes))


SEEN = tuple(
    one.name
    for one in (
        CLIENT_CRASHED,
        LEADER_CHANGED,
        REPLY_LOST,
        WAITED_FOR_ROOM,
    )
)
"""What its campaigns should see."""

ROUTER_RESTARTS = structs.replace(
    UNDER_LOAD,
    sometimes=SEEN,
    name=NAME,
    sentence="16 impatient clients that crash over and over with requests under way",
    draw=draw_router_restarts,
)

"""Tables under global admission: routers draw tokens from the token service in advance, and spend them on hot
keys and uneven ones, while routers with tokens crash, the service crashes, and draws and their answers are
lost, repeated and late.
"""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.client_faults import CLIENT_CRASH
from dynaproof.checkers.kinds.region_kinds import ADMINS, HOSTS_OF_REGION
from dynaproof.checkers.kinds.replica_faults import HANDOVER
from dynaproof.checkers.kinds.token_service import (
    SERVICE_CRASH,
    SPENDER_CRASH,
    SPENDING_ROUTERS,
    TOKEN_SERVICE,
)
from dynaproof.checkers.runs.config import Chance, Fault, draw_faults, in_order
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.world_faults import CRASH, GRAY_LINK, MESSAGE_LOSS, PARTITION
from dynaproof.checkers.scenarios.throttled import KINDS, THROTTLED_TABLE, ThrottledConfig, draw_throttled
from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.tokens.settings import TokenSettings
from dynaproof.specs.sometimes_of_capacity import (
    LATE_DRAW,
    ROUTER_DIED_WITH_TOKENS,
    TOKENS_BEGAN_AGAIN,
    TOKENS_RETURNED,
    TOKENS_SHORT,
    TOKENS_UNHEARD,
)

NAME = "global-admission"

COPIES = 4_096
"""Chance that a message comes twice, in parts of 65536, in at least half of the schedules."""

LARGEST_UNITS = 3
"""The most that a write of these scenarios' users takes."""


def faults_of(pick: Chance, label: str, length: int) -> tuple[Fault, ...]:
    """Faults of the service and of routers, and a few of all nodes."""
    own = tuple(
        Fault(
            (SERVICE_CRASH, SPENDER_CRASH)[pick(2)].name,
            1 + pick(length * 3 // 4),
            pick(64),
            10 + pick(600),
            pick(1 << 20),
        )
        for _ in range(pick(4))
    )
    return in_order(
        own,
        draw_faults((CRASH, HANDOVER, GRAY_LINK, MESSAGE_LOSS, PARTITION), label, length, pick(3)),
    )


def draw_global(seed: int, strategy: str) -> ThrottledConfig:
    """The configuration of one seed: in some, users ask for one key, in others for a few, one hotter."""
    config = draw_throttled(NAME, seed, strategy, faults_of)
    pick = Chance(f"{NAME}/{strategy}/{seed}/tokens")
    heartbeat = config.settings.heartbeat_us
    router = structs.replace(
        config.router,
        tokens=TokenSettings(most=LARGEST_UNITS * (1, 4)[pick(2)] * MICRO, tables=(2, 2_048)[pick(2)]),
        hold_us=heartbeat * (1, 4)[pick(2)],
        draw_us=heartbeat * (1, 2)[pick(2)],
    )
    return structs.replace(
        config,
        duplication=max(config.duplication, (0, COPIES)[pick(2)]),
        given=structs.replace(config.given, adapts="global"),
        router=router,
        user=structs.replace(config.user, keys=(1, 9)[pick(2)]),
        uneven=3,
        updates=pick(2),
    )


GLOBAL_ADMISSION: Scenario = structs.replace(
    THROTTLED_TABLE,
    name=NAME,
    sentence="a table under global admission, whose routers draw tokens in advance",
    draw=draw_global,
    kinds=(HOSTS_OF_REGION, SPENDING_ROUTERS, ADMINS, KINDS[-1], TOKEN_SERVICE),
    faults=(CRASH, HANDOVER, GRAY_LINK, MESSAGE_LOSS, PARTITION, SERVICE_CRASH, SPENDER_CRASH, CLIENT_CRASH),
    sometimes=(
        TOKENS_SHORT.name,
        TOKENS_UNHEARD.name,
        TOKENS_RETURNED.name,
        ROUTER_DIED_WITH_TOKENS.name,
        TOKENS_BEGAN_AGAIN.name,
        LATE_DRAW.name,
    ),
)

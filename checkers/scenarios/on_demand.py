"""An on-demand table, which takes twice its previous peak, while admins crash: the peak outlives them."""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.client_faults import CLIENT_CRASH
from dynaproof.checkers.kinds.region_faults import ADMIN_CRASH, ADMIN_CUT
from dynaproof.checkers.kinds.replica_faults import HANDOVER
from dynaproof.checkers.runs.config import Chance, Fault, draw_faults, in_order
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.world_faults import CRASH, GRAY_LINK
from dynaproof.checkers.scenarios.throttled import THROTTLED_TABLE, ThrottledConfig, draw_throttled
from dynaproof.specs.sometimes_of_capacity import READ_THROTTLED, TAKES_MORE, WRITE_THROTTLED

NAME = "on-demand"


def faults_of(pick: Chance, label: str, length: int) -> tuple[Fault, ...]:
    """The active admin crashes, or is cut off, and a few other things happen."""
    kinds = ((ADMIN_CRASH,), (ADMIN_CRASH, ADMIN_CUT))[pick(2)]
    admins = tuple(
        Fault(kinds[pick(len(kinds))].name, 1 + pick(length), pick(64), 10 + pick(600), pick(1 << 20))
        for _ in range(1 + pick(6))
    )
    return in_order(admins, draw_faults((CRASH, HANDOVER, GRAY_LINK), label, length, pick(4)))


def draw_on_demand(seed: int, strategy: str) -> ThrottledConfig:
    """The configuration of one seed: windows of a few looks of the admin."""
    config = draw_throttled(NAME, seed, strategy, faults_of, length=6_000)
    pick = Chance(f"{NAME}/{strategy}/{seed}/window")
    heartbeat, lease = config.settings.heartbeat_us, config.settings.lease_us
    admin = structs.replace(
        config.admin,
        survey_us=heartbeat // (1, 2)[pick(2)],
        on_demand_window_us=heartbeat * (1, 4)[pick(2)],
        takeover_us=lease,
    )
    given = structs.replace(config.given, adapts="on_demand")
    user = structs.replace(config.user, keys=(4, 9)[pick(2)])
    return structs.replace(config, given=given, admin=admin, user=user)


ON_DEMAND: Scenario = structs.replace(
    THROTTLED_TABLE,
    name=NAME,
    sentence="an on-demand table, which takes twice its previous peak",
    draw=draw_on_demand,
    faults=(CRASH, HANDOVER, GRAY_LINK, ADMIN_CRASH, ADMIN_CUT, CLIENT_CRASH),
    sometimes=(WRITE_THROTTLED.name, READ_THROTTLED.name, TAKES_MORE.name),
)

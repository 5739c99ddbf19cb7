"""The scenario `busy-table`: many users on a table of a few partitions, without faults.

From the first step on, if all that is due happens when it is due, every partition answers within a few round
trips, keeps its replicas level and refuses nothing (every group's promises under load).
"""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.region import RegionConfig
from dynaproof.checkers.runs.config import Chance, Fault
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.scenarios.fair_end import pace_of
from dynaproof.checkers.scenarios.region_end import stop
from dynaproof.checkers.scenarios.region_run import groups_of
from dynaproof.checkers.scenarios.table import TABLE, draw_region, start_users
from dynaproof.checkers.scenarios.table_draws import with_sort_keys
from dynaproof.checkers.scenarios.under_load import calm_options
from dynaproof.checkers.strategies.catalogue import strategy_named
from dynaproof.checkers.workloads.user import ENDLESS
from dynaproof.impl.partition.settings import Settings
from dynaproof.specs.sometimes import TRAVELLED_TOGETHER
from dynaproof.specs.sometimes_of_regions import PAGED_OVER

NAME = "busy-table"

USERS = 24


def no_faults(_pick: Chance, _label: str, _length: int) -> tuple[Fault, ...]:
    """Nothing goes wrong."""
    return ()


def draw_busy(seed: int, strategy: str) -> RegionConfig:
    """The configuration of one seed: calm, with users that hardly think."""
    pick = Chance(f"{NAME}/{strategy}/{seed}/busy")
    config = draw_region(NAME, seed, strategy, 4_000 + pick(2_000), no_faults)
    settings = structs.replace(
        config.settings,
        in_flight_slots=max(4, config.settings.in_flight_slots),
        waiting_requests=1_024,
        page_bytes=(1_024, 8_192)[pick(2)],
        checkpoint_slots=(64, 256)[pick(2)],
        checkpoint_bytes=Settings().checkpoint_bytes,
        retained_slots=(1_024, 16_384)[pick(2)],
        retained_bytes=Settings().retained_bytes,
        cache_bytes=Settings().cache_bytes,
    )
    options = calm_options(config.options, pick)
    user = structs.replace(
        config.user,
        think_us=(1, 200, settings.heartbeat_us // 64)[pick(3)],
        operations=ENDLESS,
        keys=(USERS, 4 * USERS)[pick(2)],
        partitions=(1, 4)[pick(2)],
    )
    config = structs.replace(
        config,
        settings=settings,
        options=options,
        user=user,
        users=USERS,
        loss=0,
        duplication=0,
        end="all",
    )
    return with_sort_keys(config, pick)


def start_and_watch(run: Run) -> None:
    """The load begins; answers are measured from the first step on."""
    start_users(run)
    if run.fair and strategy_named(run.config.strategy).timed:
        for group in groups_of(run):
            group.observation.load.watch(pace_of(run), run.world.tau)


def stop_and_rest(run: Run) -> None:
    """No user begins anything more, and nothing is measured."""
    for group in groups_of(run):
        group.observation.load.rest(run.world.tau)
    stop(run)


BUSY_TABLE = structs.replace(
    TABLE,
    name=NAME,
    sentence=f"{USERS} users on a table of one partition or four, without faults",
    draw=draw_busy,
    sometimes=(PAGED_OVER.name, TRAVELLED_TOGETHER.name),
    begin=start_and_watch,
    actions={**TABLE.actions, "stop": stop_and_rest},
)

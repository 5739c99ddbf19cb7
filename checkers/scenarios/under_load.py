"""What the scenarios under load share: many impatient clients on the group of `partition`, their draw, and
the time from which the run is judged.
"""

from __future__ import annotations

from msgspec import structs

from dynaproof.checkers.kinds.group import GroupConfig
from dynaproof.checkers.kinds.region import RegionConfig
from dynaproof.checkers.runs.config import Chance, Fault, draw_faults
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.scenarios.fair_end import pace_of
from dynaproof.checkers.scenarios.partition import FAULTS, PARTITION, draw, start_clients
from dynaproof.checkers.strategies.catalogue import strategy_named
from dynaproof.checkers.workloads.workload import ENDLESS, Mix
from dynaproof.checkers.world.options import Options
from dynaproof.impl.outbox import OutboxLimits
from dynaproof.impl.partition.settings import Settings
from dynaproof.specs.promises.load import NEAR_SLOTS

CALM_LATENCIES = ((300, 500, 900), (100, 1_000, 20_000))
CALM_SYNC_US = ((100, 200), (100, 5_000))
"""The network and the disks without faults: nothing takes so long that a lease could end meanwhile."""

WINDOW_BYTES, MESSAGE_BYTES, WAITING_BYTES = 1 << 19, 1 << 20, 1 << 23
"""What the service allows: the small bounds in bytes of `partition` are not for items of many sizes."""

CALM_CAPACITY = 1 << 20
"""Messages in flight on a link without faults: nothing is shed."""


def draw_load(scenario: str, seed: int, strategy: str, *, clients: int, length: int) -> GroupConfig:
    """The constants of `partition`, with many clients that hardly think."""
    config = draw(scenario, seed, strategy)
    pick = Chance(f"{scenario}/{strategy}/{seed}/load")
    heartbeat = config.settings.heartbeat_us
    settings = structs.replace(
        config.settings,
        window_bytes=WINDOW_BYTES,
        message_bytes=MESSAGE_BYTES,
        admitted_writes_per_s=Settings().admitted_writes_per_s,
        admitted_bytes_per_s=Settings().admitted_bytes_per_s,
        waiting_requests=(clients, 1_024)[pick(2)],
        waiting_bytes=WAITING_BYTES,
        page_bytes=(1_024, 8_192)[pick(2)],
        checkpoint_slots=(64, 256)[pick(2)],
        retained_slots=(1_024, 16_384)[pick(2)],  # More than is chosen while a message is on its way.
        retained_bytes=Settings().retained_bytes,
        cache_bytes=Settings().cache_bytes,
    )
    return structs.replace(
        config,
        settings=settings,
        item_bytes=0,
        client=structs.replace(
            config.client,
            attempt_us=heartbeat // (2, 8)[pick(2)],
            think_us=(1, 200, heartbeat // 64)[pick(3)],
        ),
        clients=clients,
        operations=ENDLESS,
        keys=(clients, 4 * clients)[pick(2)],
        mix=Mix(reads=3),
        length=length + pick(length // 4),
        readers=0,
    )


def fewest_retained(settings: Settings) -> int:
    """The least that may be retained under load, so that a replica as near as promised catches up by log."""
    return settings.in_flight_slots + NEAR_SLOTS + settings.ahead_slots


def calm_options(options: Options, pick: Chance) -> Options:
    """The same network and disks, with the latencies of a calm day, and room for whatever is sent."""
    return structs.replace(
        options,
        latencies=CALM_LATENCIES[pick(len(CALM_LATENCIES))],
        sync_us=CALM_SYNC_US[pick(len(CALM_SYNC_US))],
        capacity=CALM_CAPACITY,
        outbox=OutboxLimits(),
        late_us=0,
    )


def calm(config: GroupConfig, faults: tuple[Fault, ...] = ()) -> GroupConfig:
    """The same configuration without faults, or with these only, and nothing lost, repeated or shed."""
    pick = Chance(f"{config.scenario}/{config.strategy}/{config.seed}/calm")
    return structs.replace(
        config,
        options=calm_options(config.options, pick),
        loss=0,
        duplication=0,
        faults=faults,
        end="all",
    )


def calm_or_faulty(config: GroupConfig, pick: Chance) -> GroupConfig:
    """Half of the configurations are without faults; a few fall in the others."""
    if pick(2):
        return calm(config)
    label = f"{config.scenario}/{config.strategy}/{config.seed}"
    return structs.replace(config, faults=draw_faults(FAULTS, label, config.length, 1 + pick(6)))


def is_calm(config: GroupConfig | RegionConfig) -> bool:
    """Whether nothing but crashes falls, and all that is due happens when it is due."""
    quiet = not config.loss and not config.duplication and config.options.capacity == CALM_CAPACITY
    return quiet and strategy_named(config.strategy).timed


def start_and_watch(run: Run) -> None:
    """The load begins; without faults, answers are measured from the first step on."""
    start_clients(run)
    if run.fair and is_calm(run.config):
        run.observation.load.watch(pace_of(run), run.world.tau)  # type: ignore[attr-defined]


UNDER_LOAD: Scenario = structs.replace(PARTITION, begin=start_and_watch)
"""What the scenarios under load are made of."""

"""The scenario `partition`: one replica group in three zones, a few clients, few keys; faults, then a fair
end.

Setup: the replicas are created and a leader serves. Then `length` steps under the configuration's strategy
and faults. Then the faults stop, time is fair again, and what must happen eventually is judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from dynaproof.checkers.kinds.client import CLIENTS, READERS, REQUESTS
from dynaproof.checkers.kinds.client_faults import CLIENT_CRASH
from dynaproof.checkers.kinds.group import (
    CLIENT,
    READER,
    REPLICAS,
    Group,
    GroupConfig,
    GroupObservation,
    command_voters,
    first_config,
)
from dynaproof.checkers.kinds.replica_faults import HANDOVER, LOST_TAIL, PAGE_ROT, ROT, STRANGER
from dynaproof.checkers.kinds.replica_host import replica_host
from dynaproof.checkers.runs.config import ENDS, TARGETS, Chance, Fault, draw_faults, in_order
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.world_faults import (
    CRASH,
    CRASH_BEHIND_PAGES,
    CRASH_IN_SYNC,
    FAILED_SYNC,
    GRAY_LINK,
    LOST_DISK,
    MESSAGE_LOSS,
    ONE_WAY_CUT,
    SLOW_NODE,
    WALL_STEP,
)
from dynaproof.checkers.runs.world_faults import (
    PARTITION as CUT_OFF,
)
from dynaproof.checkers.scenarios.fair_end import ACT_SENTENCES, ACTIONS, PROVIDES, go_on, judge_end
from dynaproof.checkers.workloads.client import ClientSettings
from dynaproof.checkers.world.options import RATE_ONE, Options
from dynaproof.impl.node import ONLY_LANE, NodeId
from dynaproof.impl.outbox import OutboxLimits
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.paxos.sizes import HEADER_BYTES, NO_OP_BYTES
from dynaproof.specs.observe.impl.place import replica_of
from dynaproof.specs.promises import OF_A_GROUP
from dynaproof.specs.sometimes import SOMETIMES

FAULTS = (
    CRASH,
    CRASH_IN_SYNC,
    FAILED_SYNC,
    LOST_DISK,
    ROT,
    PAGE_ROT,
    CUT_OFF,
    ONE_WAY_CUT,
    GRAY_LINK,
    WALL_STEP,
    SLOW_NODE,
    MESSAGE_LOSS,
    HANDOVER,
)
"""In the order in which they are drawn."""

OUTBOXES = (OutboxLimits(), OutboxLimits(), OutboxLimits(messages=4), OutboxLimits(bytes=1_024))
"""Bounds of what may wait in a node for its syncs."""

FROM_OUTSIDE = (CLIENT_CRASH, STRANGER)
"""Faults of nodes outside the group; drawn apart from the group's own faults,"""

OF_OUTSIDE = (0, 1, 2, 4)
"""this often, each number in a quarter of the configurations."""

LARGEST_ITEM = 400_000
"""About the largest item that DynamoDB allows,"""
PAGE_BYTES = 8_192
"""and the pages of trees that hold such items."""


# --- Setup ---


def create_replicas(run: Run) -> None:
    """The hosts start, and each gets the command to make its replica."""
    for node in REPLICAS:
        run.world.start(run.world.at(node))
    command_voters(run.world, first_config())


def replicas_are_made(run: Run) -> bool:
    """All voters are there."""
    group = Group(run)
    return len(group.replicas()) == group.expected_replicas()


def campaign(run: Run) -> None:
    """One of them begins to campaign: an event. A replica with a slow clock would hardly ever win an
    election, so the first leader is drawn.
    """
    begin_to_campaign(run, REPLICAS[run.config.seed % len(REPLICAS)])


def begin_to_campaign(run: Run, node: NodeId) -> None:
    """The replica of that node begins to campaign."""
    first = run.world.at(node)
    run.world.fault("campaign", first, 0)
    replica = replica_of(first, ONLY_LANE)
    if replica is not None:  # A run from which something was left out may have made none.
        run.world.run(first, replica.start_campaign)


def a_leader_serves(run: Run) -> bool:
    """From here on clients can be answered."""
    return Group(run).leader() is not None


def start_clients(run: Run) -> None:
    """The load begins, and the log is read."""
    for place in (*run.places_of(CLIENT), *run.places_of(READER)):
        run.world.start(place)


# --- Configurations ---


def draw_copies(pick: Chance, heartbeat: int) -> dict[str, int]:
    """Bounds of copies and of what is held for them, by the names of the settings."""
    return {
        "copy_messages": (1, 4)[pick(2)],
        "views": 1 + pick(2),
        "view_us": (heartbeat // 4, heartbeat * 2)[pick(2)],
        "view_bytes": (1_000, 1 << 29)[pick(2)],
        "copiers": (1, 8)[pick(2)],
        "digests_kept": (4, 65_536)[pick(2)],
    }


def draw(scenario: str, seed: int, strategy: str) -> GroupConfig:
    """The configuration of one seed: time constants, bounds and clocks are drawn too, as faults are."""
    pick = Chance(f"{scenario}/{strategy}/{seed}")
    scale = (1, 1, 4, 10)[pick(4)]
    heartbeat = 1_500_000 // scale
    drift = (200, 50_000, 100_000, 300_000)[pick(4)]
    lease = heartbeat * (2, 4)[pick(2)]
    if drift > 100_000:
        lease = heartbeat * 4  # Two fast heartbeats of a slow leader would hardly fit into a shorter one.
    pages = Chance(f"{scenario}/{strategy}/{seed}/pages")
    settings = Settings(
        heartbeat_us=heartbeat,
        lease_us=lease,
        drift_ppm=drift,
        election_us=heartbeat * 2 // (1, 8)[pick(2)],
        retry_us=heartbeat // 4,
        closed_us=heartbeat * 3,
        contact_us=(lease * 3, heartbeat * 2)[Chance(f"{scenario}/{strategy}/{seed}/contact")(2)],
        checkpoint_slots=(8, 16, 64)[pick(3)],
        retained_slots=(4, 16)[pick(2)],
        in_flight_slots=(2, 4, 32)[pick(3)],
        chunk_slots=(4, 64)[pick(2)],
        waiting_attempts=(2, 16)[seed // 2 % 2],
        page_bytes=(160, 256, 8_192)[seed % 3],
        chunk_pages=1 + pick(2),
        cache_bytes=(4_000, 16_000, 67_108_864, 67_108_864)[pages(4)],
        scrub_us=heartbeat * (2, 20)[pages(2)],
        scrub_step_us=heartbeat // (1, 4)[pages(2)],
        scrub_pages=(1, 4, 64)[pages(3)],
    )
    settings = structs.replace(settings, **bounds_of_the_log(f"{scenario}/{strategy}/{seed}"))
    spread = RATE_ONE * drift // 1_000_000
    extremes = pick(3)
    if extremes == 0:  # One slow clock, the others fast: where ignoring the drift matters most.
        slow = pick(3)
        rates = tuple(RATE_ONE + (-spread if node == slow else spread) for node in range(8))
    elif extremes == 1:
        rates = tuple(RATE_ONE + spread * (pick(3) - 1) for _ in range(8))
    else:
        rates = tuple(RATE_ONE + pick(2 * spread + 1) - spread for _ in range(8))
    latencies = ((300, 500, 900), (100, 1_000, 20_000), (500, 500, 500, heartbeat // 2, heartbeat))[pick(3)]
    options = Options(
        latencies=latencies,
        sync_us=((100, 200), (100, 5_000), (200, heartbeat // 8))[pick(3)],
        rates=rates,
        walls=tuple(pick(100_000) for _ in range(8)),
        capacity=(4, 16, 256)[pick(3)],
    )
    length = 600 + pick(600)
    outside = Chance(f"{scenario}/{strategy}/{seed}/outside")
    room = OUTBOXES[Chance(f"{scenario}/{strategy}/{seed}/outboxes")(len(OUTBOXES))]
    settings, item_bytes, clients = draw_sizes(settings, Chance(f"{scenario}/sizes/{seed}"))
    settings = structs.replace(
        settings,
        **draw_memory(Chance(f"{scenario}/{strategy}/{seed}/memory"), settings, lease * 8),
        **draw_copies(Chance(f"{scenario}/{strategy}/{seed}/copies"), heartbeat),
    )
    return GroupConfig(
        scenario=scenario,
        seed=seed,
        strategy=strategy,
        settings=settings,
        client=ClientSettings(
            timeout_us=lease * 8,
            attempt_us=heartbeat // 2,
            backoff_us=heartbeat // 8,
            think_us=heartbeat // 16,
        ),
        options=structs.replace(options, outbox=room),
        loss=(0, 0, 1_500, 6_000)[pick(4)],
        duplication=(0, 0, 3_000)[pick(3)],
        timer_weight=(8, 24, 64)[pick(3)],
        clients=clients,
        operations=42 // clients,
        keys=1 + pick(4),
        item_bytes=item_bytes,
        length=length,
        faults=in_order(
            draw_faults(FAULTS, f"{scenario}/{strategy}/{seed}", length, 1 + pick(6)),
            draw_faults(
                FROM_OUTSIDE, f"{scenario}/{strategy}/{seed}/outside", length, OF_OUTSIDE[outside(4)]
            ),
        ),
        end=ENDS[pick(len(ENDS))],
        readers=(0, 0, 1, 2)[pick(4)],
    )


def draw_partition(seed: int, strategy: str) -> GroupConfig:
    """The configuration of one seed, with what the scenarios that build on this one do not draw: second
    copies that come leases later, a window of one slot, crashes between the two syncs of a checkpoint, synced
    tails that are lost.
    """
    config = draw("partition", seed, strategy)
    pick = Chance(f"partition/{strategy}/{seed}/seldom")
    late_us = config.settings.lease_us * (0, 1, 3)[pick(3)] if config.duplication else 0
    window = (1, *(config.settings.in_flight_slots,) * 3)[pick(4)]
    crashes = in_order(
        Fault(CRASH_BEHIND_PAGES.name, 1 + pick(config.length * 3 // 4), pick(TARGETS), 100 + pick(300), 0)
        for _ in range((0, 1, 3)[pick(3)])
    )
    lost = in_order(
        Fault(LOST_TAIL.name, 1 + pick(config.length * 3 // 4), pick(TARGETS), 10 + pick(300), pick(1 << 20))
        for _ in range((0, 0, 1, 2)[pick(4)])
    )
    return structs.replace(
        config,
        settings=structs.replace(config.settings, in_flight_slots=window),
        options=structs.replace(config.options, late_us=late_us),
        faults=in_order(config.faults, crashes, lost),
    )


def draw_sizes(settings: Settings, pick: Chance) -> tuple[Settings, int, int]:
    """The bounds in bytes, how large items get, and how many clients there are: at times items are as large
    as the service allows, and at times the bounds are so small, and the clients so many, that they fill a
    window.
    """
    clients = 3
    large = pick(16)
    window, item_bytes = (524_288, LARGEST_ITEM) if large == 0 else (524_288, 0)
    if large > 7:
        window = (300, 900, 2_400)[pick(3)]
        item_bytes = (0, 0, window, window // 2)[pick(4)]
        clients = (3, 7, 14)[pick(3)]
    drawn = structs.replace(
        settings,
        window_bytes=window,
        # A message holds a window, a no-op, and what is beside its records.
        message_bytes=2 * window if window > 2_400 else window + NO_OP_BYTES + HEADER_BYTES,
        waiting_requests=(1_024, 1, 4)[pick(3)],
        waiting_bytes=(8_388_608, 8_388_608, 300)[pick(3)],
        # In the smallest pages one such item would be a tree of thousands.
        page_bytes=settings.page_bytes if item_bytes < LARGEST_ITEM else PAGE_BYTES,
    )
    return drawn, item_bytes, clients


def draw_memory(pick: Chance, settings: Settings, timeout: int) -> dict[str, int]:
    """The bounds of what is remembered of requests, at times so small that few writes reach them; deadlines
    may lie as far ahead as those of a client whose clock and the leader's have stepped apart.
    """
    span = timeout + 2 * settings.epsilon_us + 2_000_000
    few, light = (False, False, False, True)[pick(4)], (False, False, False, True)[pick(4)]
    return {
        "deadline_span_us": span,
        "admitted_writes_per_s": 1 if few else 20_000,
        "admitted_bytes_per_s": 100 if light else 20_971_520,
        "refused_attempts": (2, 4_096)[pick(2)],
    }


def bounds_of_the_log(name: str) -> dict[str, int]:
    """Bounds in bytes of what the log keeps, and how far its readers may be behind: at times so small that a
    run meets them.
    """
    pick = Chance(f"{name}/log")
    lag_slots, lag_bytes = ((24, 1 << 29), (4_096, 1 << 29), (500_000, 2_000), (16, 1_200))[pick(4)]
    return {
        "checkpoint_bytes": (700, 2_000, 1 << 22)[pick(3)],
        "retained_bytes": (300, 1_500, 1 << 26)[pick(3)],
        "log_cache_bytes": (0, 3_000, 1 << 22)[pick(3)],
        "hold_lag_slots": lag_slots,
        "hold_lag_bytes": lag_bytes,
        "held_slots": 2 * lag_slots,
        "held_bytes": 2 * lag_bytes,
        "read_slots": (2, 8, 1_024)[pick(3)],
        "read_bytes": (400, 1 << 20)[pick(2)],
    }


def load(config: GroupConfig) -> int:
    """How many operations there are."""
    return config.operations * config.clients


def smaller(config: GroupConfig) -> Iterator[GroupConfig]:
    """Fewer clients, operations, keys."""
    if config.clients > 1:
        yield structs.replace(config, clients=config.clients - 1)
    for operations in (1, 2, config.operations // 2, config.operations - 1):
        if 0 < operations < config.operations:
            yield structs.replace(config, operations=operations)
    if config.keys > 1:
        yield structs.replace(config, keys=1)


PARTITION = Scenario(
    name="partition",
    sentence="one replica group in three zones, a few clients, few keys; crashes, cuts, rot, clocks",
    draw=draw_partition,
    kinds=(replica_host(), CLIENTS, READERS),
    specs=OF_A_GROUP,
    sometimes=tuple(SOMETIMES),
    provides=PROVIDES,
    config=GroupConfig,
    faults=(*FAULTS, *FROM_OUTSIDE, CRASH_BEHIND_PAGES, LOST_TAIL),
    observe=GroupObservation,
    place=create_replicas,
    stages=((replicas_are_made, "campaign"),),
    ready=a_leader_serves,
    begin=start_clients,
    relieve=go_on,
    end=judge_end,
    actions={"campaign": campaign, **ACTIONS},
    act_sentences={"campaign": "{} is made to campaign", **ACT_SENTENCES},
    load=load,
    smaller=smaller,
    requests=REQUESTS,
)

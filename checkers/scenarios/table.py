"""The scenario `table`: a region with one table of a few partitions, over three zones with two storage nodes
each, the metadata, three routers, two admins and five users.

Setup: the region boots from its configuration, an admin becomes active, and a user creates the table. Then
things go wrong on all nodes, which lose no synced state, while users ask. When the faults have stopped, every
partition mends, what was begun ends, and nothing is left that the metadata does not name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import structs

from dynaproof.checkers.kinds.client_faults import CLIENT_CRASH
from dynaproof.checkers.kinds.region import ADMIN, USER, RegionConfig
from dynaproof.checkers.kinds.region_kinds import KINDS
from dynaproof.checkers.kinds.region_observation import RegionObservation
from dynaproof.checkers.kinds.region_overview import region_overview
from dynaproof.checkers.kinds.replica_faults import HANDOVER
from dynaproof.checkers.runs.config import Chance, Fault, draw_faults, in_order
from dynaproof.checkers.runs.fault import FaultKind
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.world_faults import (
    CRASH,
    CRASH_IN_SYNC,
    FAILED_SYNC,
    GRAY_LINK,
    MESSAGE_LOSS,
    ONE_WAY_CUT,
    SLOW_NODE,
    WALL_STEP,
)
from dynaproof.checkers.runs.world_faults import PARTITION as CUT_OFF
from dynaproof.checkers.scenarios.partition import draw
from dynaproof.checkers.scenarios.region_end import PROVIDES, go_on, judge_end, rest, stop, watch
from dynaproof.checkers.scenarios.region_probe import probe
from dynaproof.checkers.scenarios.region_run import file
from dynaproof.checkers.scenarios.table_draws import bounded, unruly
from dynaproof.checkers.scenarios.under_load import CALM_LATENCIES
from dynaproof.checkers.workloads.user import User, UserSettings
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.capacity.rates import Provisioned
from dynaproof.impl.metadata.orders import CreateTable, DeleteTable
from dynaproof.impl.metadata.records import TableRecord
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.router.caller import CallerSettings
from dynaproof.impl.router.settings import RouterSettings
from dynaproof.specs.promises import OF_A_REGION
from dynaproof.specs.sometimes import LEADER_CHANGED
from dynaproof.specs.sometimes_of_regions import (
    HANDED_OVER,
    METADATA_LED_ANEW,
    PAGED_OVER,
    PAGED_OVER_A_CHANGE,
    QUERY_PAGED,
    TWO_ADMINS,
)
from dynaproof.specs.views.group_facts import Unanswered
from dynaproof.specs.views.region import Unended

NEVER_DEAD_US = 1 << 50
"""No node is taken for dead if none loses anything."""

FAULTS: tuple[FaultKind, ...] = (
    CRASH,
    CRASH_IN_SYNC,
    FAILED_SYNC,
    CUT_OFF,
    ONE_WAY_CUT,
    GRAY_LINK,
    WALL_STEP,
    SLOW_NODE,
    MESSAGE_LOSS,
    HANDOVER,
)
"""In the order in which they are drawn: whatever loses no synced state."""


# --- Setup ---


def boot(run: Run) -> None:
    """All nodes but the users start, on empty disks."""
    for place in run.world.places.values():
        if run.kind(place).name != USER:
            run.world.start(place)


def an_admin_is_active(run: Run) -> bool:
    """An admin is active, and has heard of all storage nodes."""
    for place in run.places_of(ADMIN):
        admin = place.node
        if admin.term.active and len(admin.nodes.heard) == 3 * run.config.rows:  # type: ignore[attr-defined]
            return True
    return False


def create(run: Run, given: Provisioned | None = None) -> None:
    """The first user creates the tables, each with this capacity: an event."""
    place = run.places_of(USER)[0]
    run.world.fault("create", place, 0)
    run.world.start(place)
    user, settings = place.node, run.config.user
    assert isinstance(user, User)
    user.ask_first(
        *(
            CreateTable(User.table(index), settings.schema, settings.partitions, settings.replicas, given)
            for index in range(settings.tables)
        )
    )
    user.left = settings.tables


def tables_are_active(run: Run) -> bool:
    """From here on users can be answered."""
    tables = run.observation.metadata.of(TableRecord)  # type: ignore[attr-defined]
    return len(tables) == run.config.user.tables and all(one.status == "active" for one in tables)


def says_what_it_waits_for(run: Run, what: str) -> None:
    """The setup did not get that far, so there is nothing that users could ask for."""
    file(run, Unended(f"the setup, in which it is waited until {what},", run.world.tau))


def start_users(run: Run) -> None:
    """The load begins."""
    first, *others = run.places_of(USER)
    assert isinstance(first.node, User)
    first.node.left = run.config.user.operations
    if run.config.user.kept:
        first.node.ask_first(DeleteTable(User.table(run.config.user.tables - 1)))
    run.world.run(first, first.node.begin)
    for place in others:
        run.world.start(place)


# --- Configurations ---


def draw_region(
    name: str, seed: int, strategy: str, length: int, faults: Callable[[Chance, str, int], tuple[Fault, ...]]
) -> RegionConfig:
    """The configuration of one seed: the constants of `partition`, and those of routers and admins, which
    follow the heartbeat.
    """
    base = draw(name, seed, strategy)
    label = f"{name}/{strategy}/{seed}/region"
    pick = Chance(label)
    heartbeat = base.settings.heartbeat_us
    lease = heartbeat * (4 if base.settings.drift_ppm > 100_000 else 2)
    timeout = lease * 8
    settings: Settings = structs.replace(
        base.settings,
        lease_us=lease,
        repairs_itself=False,
        closed_us=heartbeat * (8, 20)[pick(2)],
        scrub_us=heartbeat * 40,
        scrub_step_us=heartbeat * 8,
        cache_bytes=max(base.settings.cache_bytes, 8_000),
        # Metadata is written as long as there are nodes, so a copy may outlast every view.
        digests_kept=max(base.settings.digests_kept, 1_024),
        # Records of workflows name all replicas of a table.
        window_bytes=524_288,
        message_bytes=1_048_576,
        page_bytes=max(base.settings.page_bytes, 256),
        deadline_span_us=2 * timeout + 2 * base.settings.epsilon_us + 2_000_000,
        admitted_writes_per_s=20_000,
        admitted_bytes_per_s=20_971_520,
        scan_items=(2, 5, 1_000)[pick(3)],
        scan_bytes=(200, 1 << 20)[pick(2)],
        waiting_bytes=8_388_608,
    )
    caller = CallerSettings(
        attempt_us=heartbeat // (2, 4)[pick(2)],
        backoff_us=heartbeat // 64,
        most_backoff_us=heartbeat // (1, 4)[pick(2)],
    )
    config = RegionConfig(
        scenario=name,
        seed=seed,
        strategy=strategy,
        settings=settings,
        options=structs.replace(
            base.options,
            latencies=CALM_LATENCIES[pick(len(CALM_LATENCIES))],
            late_us=(0, lease, lease * 3)[pick(3)],
        ),
        loss=base.loss,
        duplication=base.duplication,
        timer_weight=base.timer_weight,
        length=length,
        faults=faults(pick, label, length),
        end=base.end,
        report_us=heartbeat * (1, 3)[pick(2)],
        admin=AdminSettings(
            takeover_us=lease * (1, 2)[pick(2)],
            touch_us=heartbeat // (1, 2)[pick(2)],
            command_retry_us=heartbeat // (2, 4)[pick(2)],
            most_retry_us=heartbeat * 2,
            call_us=timeout // 2,
            orders=(1, 64)[pick(2)],
            workflows=(1, 64)[pick(2)],
            heard_us=heartbeat * 100,
            survey_us=heartbeat * 2,
            dead_us=NEVER_DEAD_US,
            balances=False,
            caller=caller,
        ),
        router=RouterSettings(
            timeout_us=timeout,
            refresh_us=heartbeat * (1, 8)[pick(2)],
            refreshes=(1, 16)[pick(2)],
            scan_items=(2, 1_000)[pick(2)],
            requests=(3, 1_024)[pick(2)],
            scans_at_once=(1, 16)[pick(2)],
            tables=(1, 1_024)[pick(2)],
            sessions=(5, 4_096)[pick(2)],
            caller=caller,
        ),
        user=UserSettings(
            timeout_us=timeout + lease,
            think_us=heartbeat // (4, 16)[pick(2)],
            operations=12,
            keys=(2, 5, 9)[pick(3)],
            page=(1, 3, 20)[pick(3)],
        ),
        users=5,
    )
    return bounded(config)


def faults_of(pick: Chance, label: str, length: int) -> tuple[Fault, ...]:
    """Faults of all kinds, on all nodes."""
    return in_order(
        draw_faults(FAULTS, label, length, 1 + pick(6)),
        draw_faults((CLIENT_CRASH,), f"{label}/users", length, pick(2)),
    )


def draw_table(seed: int, strategy: str) -> RegionConfig:
    """The configuration of one seed."""
    pick = Chance(f"{NAME}/{strategy}/{seed}/table")
    config = draw_region(NAME, seed, strategy, 1_500 + pick(1_000), faults_of)
    replicas, partitions = (3, 3, 3, 5)[pick(4)], (3, 3, 1, 4)[pick(4)]
    user = structs.replace(config.user, replicas=replicas, partitions=partitions)
    return unruly(structs.replace(config, user=user))


def load(config: RegionConfig) -> int:
    """How many operations there are."""
    return config.user.operations * config.users + config.user.partitions


def smaller(config: RegionConfig) -> Iterator[RegionConfig]:
    """Fewer users, operations, keys, partitions, and no sort keys."""
    user = config.user
    if config.users > 1:
        yield structs.replace(config, users=config.users - 1)
    for operations in (1, user.operations // 2, user.operations - 1):
        if 0 < operations < user.operations:
            yield structs.replace(config, user=structs.replace(user, operations=operations))
    for field in ("keys", "partitions", "tables"):
        if getattr(user, field) > 1:
            yield structs.replace(config, user=structs.replace(user, **{field: 1}))
    if user.sort_keys:
        yield structs.replace(config, user=structs.replace(user, sort_keys=0))


NAME = "table"

SEEN = tuple(
    one.name
    for one in (
        LEADER_CHANGED,
        HANDED_OVER,
        METADATA_LED_ANEW,
        PAGED_OVER,
        PAGED_OVER_A_CHANGE,
        QUERY_PAGED,
        TWO_ADMINS,
    )
)
"""What its campaigns should see."""

TABLE = Scenario(
    name=NAME,
    sentence="a table of a few partitions on six storage nodes, with metadata, routers, admins",
    draw=draw_table,
    kinds=KINDS,
    specs=tuple(spec for spec in OF_A_REGION if Unanswered not in spec.on),
    sometimes=SEEN,
    provides=PROVIDES,
    config=RegionConfig,
    faults=(*FAULTS, CLIENT_CRASH),
    observe=RegionObservation,
    place=boot,
    stages=((an_admin_is_active, "create"),),
    ready=tables_are_active,
    unready=says_what_it_waits_for,
    begin=start_users,
    relieve=go_on,
    end=judge_end,
    actions={"create": create, "watch": watch, "stop": stop, "probe": probe, "rest": rest},
    act_sentences={
        "create": "{} creates the tables",
        "watch": "every user asks, and its answers are waited for",
        "stop": "no user begins anything more",
        "probe": "{} uses every table, and every partition",
        "rest": "the admins stop",
    },
    overview=region_overview,
    load=load,
    smaller=smaller,
)

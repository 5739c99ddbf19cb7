"""Tables that are given less than their users ask for: hot partitions, uneven keys, bursts after idling,
leaders that change meanwhile, and partitions that are split.

Time is scaled: a partition has a few units a second, and a bucket keeps a few heartbeats' worth of them, so
that a short run throttles. If events happen in any order, time leaps from one timer to the next, and less is
asked for in the same time; so then a table is given less.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec import structs

from dynaproof.checkers.kinds.region import ROUTER_NODES, RegionConfig
from dynaproof.checkers.kinds.region_kinds import ADMINS, HOSTS_OF_REGION, HOSTS_THAT_LOSE, ROUTERS, USERS
from dynaproof.checkers.kinds.replica_faults import HANDOVER
from dynaproof.checkers.runs.config import FOREMOST, Chance, Fault, draw_faults
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.world_faults import CRASH, GRAY_LINK
from dynaproof.checkers.scenarios.fair_end import never
from dynaproof.checkers.scenarios.region_run import users_of
from dynaproof.checkers.scenarios.split import (
    LONG_DEAD,
    NEVER_BYTES,
    PATIENT_US,
    a_split_is_planned,
    begin_with_splits,
    order,
    replicas_are_reported,
)
from dynaproof.checkers.scenarios.table import TABLE, create, draw_region, start_users
from dynaproof.checkers.strategies.catalogue import strategy_named
from dynaproof.checkers.workloads.user import ENDLESS, User, UserSettings
from dynaproof.impl.capacity.arithmetic import MICRO
from dynaproof.impl.capacity.rates import Provisioned
from dynaproof.impl.metadata.orders import UpdateTable
from dynaproof.impl.node import Env, Microseconds, NodeProtocol
from dynaproof.impl.partition.records import Item
from dynaproof.impl.router.messages import Action
from dynaproof.impl.values.attribute import S
from dynaproof.impl.values.encoding import decode_item, encode_item
from dynaproof.specs.sometimes_of_capacity import (
    BOOSTED,
    BUCKETS_DIVIDED,
    NODE_THROTTLED,
    RATES_CHANGED,
    READ_THROTTLED,
    READS_DIVIDED,
    READS_TAKEN_OVER,
    SUCCESSOR_THROTTLED,
    WRITE_THROTTLED,
)
from dynaproof.specs.sometimes_of_regions import PARTITION_SPLIT


class ThrottledConfig(RegionConfig, frozen=True, kw_only=True):
    """What a run whose table is given capacity depends on."""

    given: Provisioned
    uneven: int
    """How many keys a user draws, to take the lowest: the more, the hotter the first key."""
    updates: int = 0
    """How many of 64 things change what the table is given."""
    idle_us: Microseconds = 0
    """How long all users pause, in the middle of the load."""


class UnevenUser(User):
    """A user that prefers some keys, and may change what the table is given."""

    def __init__(self, env: Env, config: ThrottledConfig) -> None:
        super().__init__(env, ROUTER_NODES, config.user)
        self.config = config

    def key(self) -> int:
        """The lowest of a few."""
        return min(self.env.random("key", self.settings.keys) for _ in range(self.config.uneven))

    def item(self, key: int) -> Item:
        """Some items are large."""
        item = super().item(key)
        size = (0, 0, 0, 1_500, 2_500)[self.env.random("size", 5)]
        return encode_item({**decode_item(item), "pad": S("x" * size)}) if size else item

    def next_action(self) -> Action:
        """Now and then, ask for another rate; else for what every user asks for."""
        if self.config.updates and self.env.random("update", 64) < self.config.updates:
            given, factor = self.config.given, 1 + self.env.random("factor", 3)
            other = structs.replace(given, read=given.read * factor // 2, write=given.write * factor // 2)
            return UpdateTable(self.table(0), other)
        return super().next_action()


def make_user(env: Env, config: ThrottledConfig) -> NodeProtocol:
    """A user."""
    return UnevenUser(env, config)


KINDS = (HOSTS_OF_REGION, ROUTERS, ADMINS, structs.replace(USERS, make=make_user))


def create_given(run: Run) -> None:
    """The first user creates the table, with its capacity: an event."""
    create(run, run.config.given)


# --- Configurations ---


def draw_throttled(
    name: str,
    seed: int,
    strategy: str,
    faults: Callable[[Chance, str, int], tuple[Fault, ...]],
    *,
    length: int = 4_500,
) -> ThrottledConfig:
    """The configuration of one seed: users that ask for more than the table is given."""
    config = draw_region(name, seed, strategy, length, faults)
    pick = Chance(f"{name}/{strategy}/{seed}/throttled")
    heartbeat, timed = config.settings.heartbeat_us, strategy_named(strategy).timed
    # Micro-units in a heartbeat: about a quarter of what is asked for.
    per_heartbeat = (4 if timed else 1) * MICRO * (1 + pick(3)) // (1 if timed else 24)
    rate = max(MICRO // 100, per_heartbeat * 1_000_000 // heartbeat)
    given = Provisioned(
        read=rate * (1 + pick(2)),
        write=rate,
        burst_us=min(300_000_000, heartbeat * (2, 8, 32)[pick(3)]),
        read_cap=(None, rate * 2)[pick(2)],
        write_cap=(None, rate)[pick(2)],
        adapts=("none", "pid", "proportional")[pick(3)],
    )
    user: UserSettings = structs.replace(
        config.user,
        think_us=heartbeat // (16, 64)[pick(2)],
        operations=ENDLESS,
        keys=(4, 9)[pick(2)],
        partitions=3,
    )
    # A refusal that is not for good leaves a user in doubt: there is room for many, if not for all.
    settings = structs.replace(config.settings, refused_attempts=(256, 4_096)[pick(2)])
    fields = {field: getattr(config, field) for field in RegionConfig.__struct_fields__}
    fields |= {"settings": settings, "user": user, "users": 6, "given": given, "uneven": 1}
    return ThrottledConfig(**fields)


def few_faults(pick: Chance, label: str, length: int) -> tuple[Fault, ...]:
    """A few faults that change who leads."""
    return draw_faults((CRASH, HANDOVER, GRAY_LINK), label, length, pick(3))


def leaders_fall(pick: Chance, label: str, length: int) -> tuple[Fault, ...]:
    """One leader after the other crashes, or hands over."""
    drawn = draw_faults((CRASH, HANDOVER, HANDOVER), label, length, 4 + pick(4))
    return tuple(structs.replace(one, target=FOREMOST + pick(8)) for one in drawn)


def draw_hot(seed: int, strategy: str) -> ThrottledConfig:
    """All ask for one key."""
    config = draw_throttled(HOT, seed, strategy, few_faults)
    config = structs.replace(config, user=structs.replace(config.user, keys=1))
    pick = Chance(f"{HOT}/{strategy}/{seed}/node")
    return on_small_nodes(config, 1 + pick(3)) if pick(4) == 3 else config


def on_small_nodes(config: ThrottledConfig, halves: int) -> ThrottledConfig:
    """A storage node serves `halves` halves of what the table is given."""
    given = config.given
    settings = structs.replace(
        config.settings, node_reads=given.read * halves // 2, node_writes=given.write * halves // 2
    )
    return structs.replace(config, settings=settings)


def draw_uneven(seed: int, strategy: str) -> ThrottledConfig:
    """Some keys are asked for more often, and the table is given more, or less."""
    return structs.replace(draw_throttled(UNEVEN, seed, strategy, few_faults), uneven=3, updates=1)


def draw_burst(seed: int, strategy: str) -> ThrottledConfig:
    """All users pause until every bucket is full again."""
    config = draw_throttled(BURST, seed, strategy, few_faults, length=3_000)
    user = structs.replace(config.user, keys=2, partitions=2)
    return structs.replace(config, user=user, idle_us=2 * config.given.burst_us)


def draw_falling(seed: int, strategy: str) -> ThrottledConfig:
    """Leaders change while what they admit is bounded."""
    config = draw_throttled(FALLING, seed, strategy, leaders_fall, length=6_000)
    user = structs.replace(config.user, keys=2, partitions=2)
    return structs.replace(config, user=user, updates=1)


def draw_splitting(seed: int, strategy: str) -> ThrottledConfig:
    """An operator orders splits of what throttles. A node that stays down is taken for dead, and its voters
    are replaced: until then, no partition of theirs is split.
    """
    config = draw_throttled(SPLITTING, seed, strategy, few_faults, length=6_000)
    pick = Chance(f"{SPLITTING}/{strategy}/{seed}/splitting")
    heartbeat, lease = config.settings.heartbeat_us, config.settings.lease_us
    settings = structs.replace(
        config.settings, home_us=heartbeat * (1, 4)[pick(2)], home_pages=(1, 64)[pick(2)]
    )
    admin = structs.replace(
        config.admin,
        survey_us=heartbeat // (1, 2)[pick(2)],
        splits_at_once=(1, 4)[pick(2)],
        split_patience_us=lease * 3 if config.end == "gray" else PATIENT_US,
        dead_us=(lease * 4 + config.report_us * 2) * (1 if config.end == "majority" else LONG_DEAD),
        patience_us=lease * 8,
        make_us=lease * (2, 6)[pick(2)],
        split_bytes=NEVER_BYTES,
        hot_requests=NEVER_BYTES,
    )
    user = structs.replace(config.user, partitions=1 + pick(2))
    return structs.replace(
        config,
        settings=settings,
        admin=admin,
        user=user,
        uneven=1 + pick(2),
        updates=pick(2),
        repairs=True,
    )


# --- What happens ---

BEFORE = 400
"""Steps under load before all users pause."""


def begin_idle_and_burst(run: Run) -> None:
    """Load until buckets are empty; a pause; and load again."""
    start_users(run)
    run.advance(never, BEFORE)
    for user in users_of(run):
        user.left = 0
    run.advance_until(never, run.config.idle_us, BEFORE)
    for user in users_of(run):
        run.world.run(run.world.at(user.env.me), user.go_on, run.config.user.think_us)


HOT, UNEVEN = "hot-partition", "uneven-keys"
BURST, FALLING = "burst-after-idle", "leader-change-under-throttling"
SPLITTING = "split-under-throttling"
SPLITS = 3
"""The most splits that an operator orders."""

THROTTLED_TABLE = structs.replace(
    TABLE,
    kinds=KINDS,
    config=ThrottledConfig,
    faults=(CRASH, HANDOVER, GRAY_LINK),
    actions={**TABLE.actions, "create": create_given},
)

HOT_PARTITION: Scenario = structs.replace(
    THROTTLED_TABLE,
    name=HOT,
    sentence="a table with provisioned capacity, of which one partition is asked for all",
    draw=draw_hot,
    sometimes=(WRITE_THROTTLED.name, READ_THROTTLED.name, BOOSTED.name, NODE_THROTTLED.name),
)

UNEVEN_KEYS: Scenario = structs.replace(
    THROTTLED_TABLE,
    name=UNEVEN,
    sentence="uneven keys in a table whose provisioned capacity changes",
    draw=draw_uneven,
    sometimes=(WRITE_THROTTLED.name, READ_THROTTLED.name, RATES_CHANGED.name),
)

BURST_AFTER_IDLE: Scenario = structs.replace(
    THROTTLED_TABLE,
    name=BURST,
    sentence="a table with provisioned capacity whose users pause until its buckets are full, and come back",
    draw=draw_burst,
    begin=begin_idle_and_burst,
    sometimes=(WRITE_THROTTLED.name, READ_THROTTLED.name),
)

LEADER_CHANGE: Scenario = structs.replace(
    THROTTLED_TABLE,
    name=FALLING,
    sentence="leaders crash and hand over while their partitions throttle",
    draw=draw_falling,
    faults=(CRASH, HANDOVER),
    sometimes=(
        WRITE_THROTTLED.name,
        READ_THROTTLED.name,
        READS_TAKEN_OVER.name,
        SUCCESSOR_THROTTLED.name,
        RATES_CHANGED.name,
    ),
)

SPLIT_UNDER_THROTTLING: Scenario = structs.replace(
    THROTTLED_TABLE,
    name=SPLITTING,
    sentence="partitions are split while they throttle",
    draw=draw_splitting,
    kinds=(HOSTS_THAT_LOSE, *KINDS[1:]),
    stages=(*TABLE.stages, (replicas_are_reported, "order")),
    ready=a_split_is_planned,
    begin=partial(begin_with_splits, most=SPLITS),
    actions={**THROTTLED_TABLE.actions, "order": partial(order, most=SPLITS)},
    act_sentences={**TABLE.act_sentences, "order": "users ask, and {} orders a split"},
    sometimes=(
        PARTITION_SPLIT.name,
        WRITE_THROTTLED.name,
        READ_THROTTLED.name,
        BUCKETS_DIVIDED.name,
        READS_DIVIDED.name,
        RATES_CHANGED.name,
    ),
)

OF_CAPACITY = (HOT_PARTITION, UNEVEN_KEYS, BURST_AFTER_IDLE, LEADER_CHANGE, SPLIT_UNDER_THROTTLING)

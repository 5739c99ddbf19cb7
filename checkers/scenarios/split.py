"""The scenarios of partitions that are split: `split`, `split-of-a-split`, `split-under-load`,
`split-and-repair`, `split-and-delete`, `hot-key`.

Each is like those of `repair`, and an operator orders splits beside the load, or the admins find partitions
that are large or hot. When the faults have stopped, every split has ended, its parent is gone, and the
children have all their voters.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct, structs

from dynaproof.checkers.kinds.region import ADMIN, USER, RegionConfig
from dynaproof.checkers.kinds.region_faults import (
    ADMIN_CRASH,
    LEADER_CUT,
    LEADER_MUTE,
)
from dynaproof.checkers.kinds.region_kinds import KINDS_THAT_LOSE, is_active
from dynaproof.checkers.kinds.split_faults import (
    ADMIN_CRASHES_IN_SPLIT,
    LOST_DISKS_IN_SPLIT,
    MAKER_CRASH,
    POWER_FAILURES,
)
from dynaproof.checkers.runs.config import Chance, Fault, in_order
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.world_faults import CRASH, LOST_DISK
from dynaproof.checkers.scenarios import fresh_split
from dynaproof.checkers.scenarios.fair_end import pace_of
from dynaproof.checkers.scenarios.losses import Losses
from dynaproof.checkers.scenarios.region_end import judge_end
from dynaproof.checkers.scenarios.region_run import observed
from dynaproof.checkers.scenarios.repair import LENGTH, Shape, draw_repair
from dynaproof.checkers.scenarios.table import FAULTS, TABLE, tables_are_active
from dynaproof.checkers.scenarios.table_draws import SOME_ORDERS
from dynaproof.checkers.scenarios.under_load import calm_options, is_calm
from dynaproof.checkers.strategies.catalogue import strategy_named
from dynaproof.checkers.workloads.user import TRIES, User
from dynaproof.checkers.world.place import Place
from dynaproof.impl.admin.admin import Admin
from dynaproof.impl.metadata.orders import SplitAt
from dynaproof.impl.metadata.records import PartitionRecord, SplitRecord
from dynaproof.impl.values.key_range import equal_part, position
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.sometimes import LEADER_CHANGED
from dynaproof.specs.sometimes_of_regions import (
    ADMIN_DIED,
    ADMIN_DIED_AT,
    CAME_HOME,
    CHILD_BY_COPY,
    CHILD_WAITED,
    COPY_UNHEARD,
    CROSSED,
    CROSSED_OPEN,
    HANDED_OVER_TO_SPLIT,
    LATE_SPLIT,
    LOST_AT,
    PAGED_ACROSS,
    PAGES_OUTLIVE_PARENT,
    PARTITION_SPLIT,
    POWER_FAILED,
    REPAIRED_UNDER_LOAD,
    RETRIED_IN_CHILD,
    SPLIT_FOR,
    SPLIT_GIVEN_UP,
    SPLIT_TAKEN_OVER,
)

OF_A_SPLIT = (MAKER_CRASH, *POWER_FAILURES, LEADER_MUTE, *ADMIN_CRASHES_IN_SPLIT, *LOST_DISKS_IN_SPLIT)
"""What falls as soon as a partition is split, in most runs;"""

SPLIT_FAULTS = (
    *FAULTS,
    *(kind for kind in OF_A_SPLIT if not kind.impairs),
    LEADER_CUT,
    ADMIN_CRASH,
)
"""and what may fall at any time: whatever loses no synced state."""

STEPS_OF_A_RANGE = 15
"""Positions inside a range at which operators split it."""

LONG_DEAD = 20
"""How many times longer it takes until a node is taken for dead if none loses anything: a split whose voter
is lost is given up.
"""

PATIENT_US = 1 << 50
"""A split is given up only for a lost voter: where events have no times, any time passes soon. But a leader
that never hears a voter cannot split.
"""

LONGER = 4
"""How many times longer faults last where a parent is to be gone before they are mended: a split takes some
thousand steps under load.
"""

NEVER_BYTES = 1 << 40
"""No partition is this large."""


class Splitting(Struct, frozen=True):
    """What is split, and how often."""

    orders: int = 3
    """The most splits that an operator orders."""
    partitions: int = 2
    """The most partitions of the table at first."""
    by_size: bool = False
    by_heat: bool = False
    keys: int = 9
    hot: bool = False
    """Whether all ask for one key most of the time."""
    calm: bool = False
    """Whether half of the runs in fair time are without faults: how long writes stop is measured in these."""
    forgets: bool = False
    """Whether a request that was not answered may be asked again when the partition that did it is gone."""
    scans: int = 0
    """How many more of 24 things that users ask for are pages of scans, in half of the configurations."""


def draw_split(
    name: str, losses: Losses, shape: Shape, splitting: Splitting, length: int, seed: int, strategy: str
) -> RegionConfig:
    """The configuration of one seed."""
    config = draw_repair(name, losses, shape, length, seed, strategy)
    pick = Chance(f"{name}/{strategy}/{seed}/split")
    heartbeat, lease = config.settings.heartbeat_us, config.settings.lease_us
    patient = lease * 3 if config.end == "gray" else PATIENT_US
    home_pages = (1, 4, 64)[pick(3)]
    settings = structs.replace(
        config.settings,
        # One page in four heartbeats would be minutes for a tree of some hundred pages.
        home_us=heartbeat * (1, 4)[home_pages > 1 and pick(2)],
        home_pages=home_pages,
        files_per_head=(2, 4)[pick(2)],
        page_bytes=(256, config.settings.page_bytes)[pick(2)],
    )
    admin = structs.replace(
        config.admin,
        dead_us=config.admin.dead_us if losses.losses else config.admin.dead_us * LONG_DEAD,
        splits_at_once=(1, 4)[pick(2)],
        split_patience_us=(heartbeat // 2, lease * 3, patient, patient)[pick(4)],
        make_us=lease * (2, 6)[pick(2)],
        split_bytes=settings.page_bytes * (4, 12)[pick(2)] if splitting.by_size else NEVER_BYTES,
        hot_requests=(4, 12)[pick(2)] if splitting.by_heat else NEVER_BYTES,
        heat_us=heartbeat * (1, 3)[pick(2)],
    )
    user = structs.replace(
        config.user,
        keys=(2, 5, splitting.keys)[pick(3)],
        partitions=1 + pick(splitting.partitions),
        item_bytes=(0, 0, 150, 900)[pick(4)],
        hot=splitting.hot,
    )
    kinds = [kind for kind in OF_A_SPLIT if kind in losses.others]
    faults = []
    for _ in range(pick(4)):
        kind, step = kinds[pick(len(kinds))], 1 + pick((8, length // 2)[pick(2)])
        faults.append(Fault(kind.name, step, pick(64), 10 + pick(600), pick(1 << 20)))
    if splitting.forgets and pick(4):
        config, mute = asks_late(config, pick)
        faults.append(mute)
    user = structs.replace(user, scans=(0, splitting.scans)[pick(2)])
    config = structs.replace(
        config, settings=settings, admin=admin, user=user, faults=in_order(config.faults, faults)
    )
    if not splitting.calm or not strategy_named(strategy).timed or pick(2):
        return config
    options = calm_options(config.options, pick)
    # A replica that is near catches up by log: a copy would take longer than a split.
    settings = structs.replace(
        settings,
        retained_slots=max(settings.retained_slots, 1_024),
        retained_bytes=max(settings.retained_bytes, 1 << 26),
    )
    return structs.replace(
        config, settings=settings, options=options, faults=(), loss=0, duplication=0, end="all"
    )


def asks_late(config: RegionConfig, pick: Chance) -> tuple[RegionConfig, Fault]:
    """A parent is soon gone, and a caller that it did not answer asks again after that: no router hears its
    leader until then.
    """
    heartbeat, router = config.settings.heartbeat_us, config.router
    caller = structs.replace(router.caller, attempt_us=heartbeat * 4)
    config = structs.replace(
        config,
        router=structs.replace(router, caller=caller),
        report_us=max(1, heartbeat // 4),
        length=config.length * LONGER,
    )
    steps = config.length // 10 + pick(config.length)
    return config, Fault(LEADER_MUTE.name, 1 + pick(8), pick(64), steps, pick(1 << 20))


def orders_of(config: RegionConfig, most: int) -> list[SplitAt]:
    """Splits of partitions that exist, or may exist by then."""
    pick = Chance(f"{config.scenario}/{config.strategy}/{config.seed}/splits")
    parts, first = config.user.partitions, config.user.partitions * config.user.tables

    def order(partition: int, least: int = 0) -> SplitAt:
        """Somewhere in the range that the table began with, or in the middle, if the leader reports one. At
        the start of the range, the order is refused.
        """
        of = equal_part(parts, pick(parts) if partition > first else (partition - 1) % parts)
        step = of.positions // (STEPS_OF_A_RANGE + 1)
        at = int.from_bytes(of.start, "big") + (least + pick(STEPS_OF_A_RANGE + 1 - least)) * step
        return SplitAt(partition, b"" if partition > first and pick(3) == 0 else position(at))

    orders = [order(1 + pick(first), 1)]
    while len(orders) < 1 + pick(most):
        orders.append(order(1 + pick(first + 2 * len(orders))))
    return orders


def order(run: Run, most: int) -> None:
    """The load begins, and the last user orders the first split: an event."""
    *others, place = run.places_of(USER)
    run.world.fault("order", place, 0)
    if not place.up:
        run.world.start(place)
    assert isinstance(place.node, User)
    place.node.ask_first(orders_of(run.config, most)[0])
    run.world.run(place, place.node.begin)
    begin_all(run, others)


def begin_all(run: Run, places: Sequence[Place]) -> None:
    """The users at these places ask as much as the configuration says."""
    operations = run.config.user.operations
    for place in places:
        if not place.up:
            run.world.start(place)
            continue
        assert isinstance(place.node, User)
        place.node.left, place.node.tries = operations, operations * TRIES
        run.world.run(place, place.node.begin)


def begin_with_splits(run: Run, most: int) -> None:
    """The load is on, and the last user orders more splits."""
    place = run.places_of(USER)[-1]
    begin_all(run, run.places_of(USER))
    assert isinstance(place.node, User)
    place.node.first = []
    place.node.ask_first(*orders_of(run.config, most)[1:])
    if run.fair and is_calm(run.config):
        pace, seen = pace_of(run), observed(run)
        seen.stops.watch(pace)
        for group in seen.groups.values():
            group.load.watch(pace, run.world.tau)


def a_split_is_planned(run: Run) -> bool:
    """Whether an admin is about to split a partition, or the order was refused: its table was deleted, or a
    partition was being repaired, because a node was taken for dead that had not come to report.
    """
    place, metadata = run.places_of(USER)[-1], observed(run).metadata
    assert isinstance(place.node, User)
    repaired = any(one.workflow or one.config.epoch for one in metadata.of(PartitionRecord))
    refused = not place.node.first and (run.config.user.orders or repaired)
    return bool(refused or metadata.of(SplitRecord))


def replicas_are_reported(run: Run) -> bool:
    """Whether an admin has heard of all replicas of the tables, so that it may split them."""
    if not tables_are_active(run):
        return False
    partitions = observed(run).metadata.of(PartitionRecord)
    there = [(voter, one.partition) for one in partitions for voter in one.config.voters]
    admins = [place.node for place in run.places_of(ADMIN) if is_active(place)]
    return any(isinstance(one, Admin) and all(one.nodes.is_full(*voter) for voter in there) for one in admins)


def like_split(
    name: str,
    sentence: str,
    seen: tuple[Sometimes, ...],
    losses: Losses = Losses(losses=0, absences=0, others=SPLIT_FAULTS),  # noqa: B008 It is frozen.
    shape: Shape = Shape(),  # noqa: B008
    splitting: Splitting = Splitting(),  # noqa: B008
    length: int = LENGTH,
) -> Scenario:
    """A scenario in which partitions are split: if an operator orders that, from when the first is about to
    be split.
    """
    scenario = structs.replace(
        TABLE,
        name=name,
        sentence=sentence,
        draw=partial(draw_split, name, losses, shape, splitting, length),
        kinds=KINDS_THAT_LOSE,
        sometimes=tuple(one.name for one in (PARTITION_SPLIT, *seen)),
        faults=losses.all_kinds,
        end=partial(judge_end, also=(fresh_split.splits_once_more,)),
        actions={**TABLE.actions, "split": fresh_split.order},
        act_sentences={**TABLE.act_sentences, "split": "{} orders one more split"},
    )
    if not splitting.orders:
        return scenario
    return structs.replace(
        scenario,
        stages=(*TABLE.stages, (replicas_are_reported, "order")),
        ready=a_split_is_planned,
        begin=partial(begin_with_splits, most=splitting.orders),
        actions={**scenario.actions, "order": partial(order, most=splitting.orders)},
        act_sentences={**scenario.act_sentences, "order": "users ask, and {} orders a split"},
    )


SPLIT = like_split(
    "split",
    "an operator splits partitions while nodes crash; nothing is lost",
    (
        LEADER_CHANGED,
        CHILD_WAITED,
        CAME_HOME,
        CROSSED,
        CROSSED_OPEN,
        PAGES_OUTLIVE_PARENT,
        SPLIT_TAKEN_OVER,
        HANDED_OVER_TO_SPLIT,
        *POWER_FAILED.values(),
        *ADMIN_DIED_AT.values(),
    ),
)

SPLIT_OF_A_SPLIT = like_split(
    "split-of-a-split",
    "children are split before all of them are made, and before their pages are home",
    (CAME_HOME, CROSSED, PAGES_OUTLIVE_PARENT, SPLIT_FOR["size"]),
    splitting=Splitting(orders=6, partitions=1, by_size=True),
)

SPLIT_UNDER_LOAD = like_split(
    "split-under-load",
    "partitions are split while many items are written",
    (CROSSED, CROSSED_OPEN, RETRIED_IN_CHILD, PAGED_ACROSS),
    losses=Losses(losses=0, absences=0, others=SPLIT_FAULTS, most_others=2),
    shape=Shape(rows=(2,), replicas=(3,), think=16, operations=60),
    splitting=Splitting(orders=4, calm=True, forgets=True, scans=8),
)

SPLIT_AND_REPAIR = like_split(
    "split-and-repair",
    "voters are lost before, while and after a partition is split",
    (CHILD_BY_COPY, COPY_UNHEARD, SPLIT_GIVEN_UP, LATE_SPLIT, REPAIRED_UNDER_LOAD, *LOST_AT.values()),
    losses=Losses(
        kinds=(LOST_DISK, *Losses().kinds),
        losses=3,
        absences=2,
        others=(CRASH, MAKER_CRASH, *POWER_FAILURES, *LOST_DISKS_IN_SPLIT),
        most_others=3,
    ),
    shape=Shape(rows=(2, 3), operations=24, late=2),
    splitting=Splitting(orders=5),
    length=2 * LENGTH,
)

SPLIT_AND_DELETE = like_split(
    "split-and-delete",
    "tables are deleted, and made again, while their partitions are split",
    (ADMIN_DIED, SPLIT_TAKEN_OVER),
    shape=Shape(orders=SOME_ORDERS),
    splitting=Splitting(orders=5),
)

HOT_KEY = like_split(
    "hot-key",
    "most ask for one key: a hot partition is split beside it, and not where nothing would be won",
    (CROSSED, SPLIT_FOR["heat"]),
    shape=Shape(think=8, operations=40),
    splitting=Splitting(orders=0, by_heat=True, hot=True),
)

OF_SPLITS = (SPLIT, SPLIT_OF_A_SPLIT, SPLIT_UNDER_LOAD, SPLIT_AND_REPAIR, SPLIT_AND_DELETE, HOT_KEY)

"""The scenarios of a region that loses nodes, and gets them back: `repair`, `repair-under-load`,
`two-losses`, `node-returns`, `five`, `move`, `drain`, `repair-takeover`.

Each is `table` with storage nodes that lose what they had synced, or stay away for so long that they are
taken for dead; the admins replace their voters. When the faults have stopped, every partition has all its
voters again, and nothing is left of the replaced ones.
"""

from __future__ import annotations

from functools import partial

from msgspec import Struct, structs

from dynaproof.checkers.kinds.group import HOST
from dynaproof.checkers.kinds.region import USER, RegionConfig
from dynaproof.checkers.kinds.region_faults import ADMIN_CRASH, ADMIN_CUT
from dynaproof.checkers.kinds.region_kinds import KINDS_THAT_LOSE
from dynaproof.checkers.kinds.repair_faults import (
    ADMIN_CRASHES_IN_REPLACEMENT,
    LOST_DISK_BESIDE_LOG_REPLICA,
    LOST_DISK_BESIDE_REPAIR,
    SUCCESSOR_CUT,
)
from dynaproof.checkers.runs.config import Chance, Fault, in_order
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.world_faults import CRASH, LOST_DISK, ONE_WAY_CUT
from dynaproof.checkers.runs.world_faults import PARTITION as CUT_OFF
from dynaproof.checkers.scenarios.fair_end import pace_of
from dynaproof.checkers.scenarios.losses import Losses
from dynaproof.checkers.scenarios.region_run import observed
from dynaproof.checkers.scenarios.table import TABLE, draw_region, start_users
from dynaproof.checkers.scenarios.table_draws import OFTEN, SOME_ORDERS, repeats_late, takes_over_soon
from dynaproof.checkers.scenarios.under_load import calm_options, is_calm
from dynaproof.checkers.strategies.catalogue import strategy_named
from dynaproof.checkers.workloads.user import User
from dynaproof.impl.metadata.orders import DrainNode, MoveReplica
from dynaproof.impl.metadata.records import PartitionRecord
from dynaproof.impl.partition.settings import Settings
from dynaproof.impl.router.messages import Action
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.sometimes import (
    LEADER_CHANGED,
    LEADER_REPLACED,
    LOG_REPLICA_COPIES,
    MADE_EMPTY,
)
from dynaproof.specs.sometimes_of_regions import (
    DEAD_NODE_LIVES,
    GIVEN_UP,
    LATE_CREATE,
    LEARNER_DROPPED,
    LED_WITH_LOG_REPLICA,
    REPAIRED_UNDER_LOAD,
    REPLACEMENT_TAKEN_OVER,
    TWO_ADMINS,
)
from dynaproof.specs.sometimes_of_repairs import (
    ADMIN_DIED_REPLACING,
    BALANCED,
    NODE_DRAINED,
    SECOND_LOSS_BESIDE,
    SECOND_LOSS_ELSEWHERE,
    TWO_OF_FIVE_LOST,
)

LENGTH = 2_500
"""The fewest events of a run before its end."""


REPEATED = 32
"""How often a move that must wait for another one is ordered."""

LEASES_BETWEEN_WALKS = 20
"""On a calm day: a repair does not wait for the next walk."""


class Shape(Struct, frozen=True):
    """How a region differs from that of `table`."""

    replicas: tuple[int, ...] = (3, 3, 3, 5)
    rows: tuple[int, ...] = (2, 2, 3)
    think: int = 1
    """How many times as often users ask."""
    operations: int = 12
    orders: int = 0
    """How many of 24 things that users ask for create, delete or describe one of two tables."""
    balances: bool = False
    item_bytes: int = 0
    """In half of the configurations items are up to this much longer: a tree is copied page by page while its
    log grows.
    """
    late: int = 4
    """In one of this many configurations, many messages come a second time, late,"""
    late_alone: bool = False
    """and perhaps nothing else goes wrong, for twice as long."""
    scarce: bool = False
    """In half of the configurations that have three nodes in a zone and one voter on one of them, a node has
    room for half of the replicas of its zone.
    """
    calm: bool = False
    """In half of the timed runs disks are lost on a calm day, and copies and repairs are measured."""


def draw_repair(
    name: str, losses: Losses, shape: Shape, length: int, seed: int, strategy: str
) -> RegionConfig:
    """The configuration of one seed."""
    config = draw_region(name, seed, strategy, length, losses)
    pick = Chance(f"{name}/{strategy}/{seed}/repair")
    heartbeat, lease = config.settings.heartbeat_us, config.settings.lease_us
    settings = structs.replace(
        config.settings,
        learners=1 + pick(2),
        lag_slots=(1, 8, 64)[pick(3)],
        catch_up_us=heartbeat * (1, 2)[pick(2)],
        tree_wait_us=(heartbeat // 4, lease * 2, lease * 8)[pick(3)],
    )
    admin = structs.replace(
        config.admin,
        survey_us=heartbeat // (1, 2)[pick(2)],
        dead_us=lease * (2, 4)[pick(2)] + config.report_us * 2,
        patience_us=lease * (3, 8, 30)[pick(3)],
        held_us=lease * (1, 4)[pick(2)],
        replacements=(1, 64)[pick(2)],
        repairs_per_node=1 + pick(2),
        balance_at_once=(1, 4)[pick(2)],
        balances=shape.balances,
        balance_bytes=1,
        balance_requests=20,
    )
    replicas = shape.replicas[pick(len(shape.replicas))]
    user = structs.replace(
        config.user,
        partitions=1 + pick(4),
        replicas=replicas,
        tables=2 if shape.orders else 1,
        orders=shape.orders,
        operations=shape.operations,
        think_us=max(1, config.user.think_us // shape.think),
    )
    if shape.item_bytes and pick(2):
        user = structs.replace(user, item_bytes=shape.item_bytes)
        settings = structs.replace(settings, page_bytes=256, chunk_pages=1, copy_messages=1)
    rows = max(shape.rows[pick(len(shape.rows))], 3 if replicas == 5 else 2)
    config = structs.replace(config, settings=settings, admin=admin, user=user, rows=rows, repairs=True)
    if are_given_up(config):
        # So that the admin gives a replacement up while its new node is cut off.
        config = structs.replace(config, admin=structs.replace(config.admin, patience_us=lease))
    if shape.scarce and (rows, replicas) == (3, 3) and Chance(f"{name}/{strategy}/{seed}/room")(2):
        config = has_little_room(config)
    if shape.orders and pick(2):
        config = takes_over_soon(config, pick)
    if shape.calm and strategy_named(strategy).timed and pick(2):
        return only_losses(config, pick)
    if pick(shape.late):
        return config
    config = repeats_late(config, pick)
    if shape.late_alone:
        config = structs.replace(config, faults=(), loss=0, length=2 * config.length)
    return config


def are_given_up(config: RegionConfig) -> bool:
    """Whether nodes of new replicas are cut off, so that their replacements are given up."""
    return any(fault.kind == SUCCESSOR_CUT.name for fault in config.faults)


def has_little_room(config: RegionConfig) -> RegionConfig:
    """Any two nodes of a zone have room for one replica of each partition, and one alone has not, unless
    there is only one.
    """
    most = (config.user.partitions + 1) // 2
    settings = structs.replace(config.settings, replicas_per_node=most)
    return structs.replace(
        config, settings=settings, admin=structs.replace(config.admin, replicas_per_node=most)
    )


def only_losses(config: RegionConfig, pick: Chance) -> RegionConfig:
    """One or two disks are lost on a calm day, and the admins seldom look around."""
    lost = [
        Fault(LOST_DISK.name, 1 + pick(config.length // 2), pick(64), 10 + pick(60), pick(1 << 20))
        for _ in range(1 + pick(2))
    ]
    lease, defaults = config.settings.lease_us, Settings()
    settings = structs.replace(
        config.settings,
        in_flight_slots=max(4, config.settings.in_flight_slots),
        waiting_requests=1_024,
        retained_slots=max(config.settings.retained_slots, 1_024),
        retained_bytes=defaults.retained_bytes,
        cache_bytes=defaults.cache_bytes,
    )
    return structs.replace(
        config,
        settings=settings,
        admin=structs.replace(config.admin, survey_us=lease * LEASES_BETWEEN_WALKS, patience_us=lease * 30),
        options=calm_options(config.options, pick),
        faults=in_order(lost),
        loss=0,
        duplication=0,
        end="all",
    )


def start_and_watch(run: Run) -> None:
    """The load begins; on a calm day copies and repairs are measured from the first step on."""
    start_users(run)
    if run.fair and is_calm(run.config):
        pace, seen = pace_of(run), observed(run)
        seen.repairs.times.watch(pace)
        for group in seen.groups.values():
            group.load.watch(pace, run.world.tau)


def begin_with_orders(run: Run, drains: bool) -> None:
    """The load begins, and the last user orders moves, or that a node be drained, and later no longer."""
    start_users(run)
    config: RegionConfig = run.config
    pick = Chance(f"{config.scenario}/{config.strategy}/{config.seed}/orders")
    nodes = [place.name for place in run.places_of(HOST)]
    orders: list[Action] = []
    if drains:
        for _ in range(1 + pick(2)):
            drained = nodes[pick(len(nodes))]
            orders += [DrainNode(drained), *([DrainNode(drained, False)] if pick(2) else [])]
    else:
        for _ in range(2 + pick(5)):
            orders.append(MoveReplica(1 + pick(4), nodes[pick(len(nodes))], nodes[pick(len(nodes))]))
        if config.duplication in OFTEN:
            orders = there_and_on(run, pick)
    place = run.places_of(USER)[-1]
    assert isinstance(place.node, User)
    place.node.ask_first(*orders)


def begin_with_moves(run: Run) -> None:
    """The load begins; and if replacements are to be given up, and in half of the other runs, the last user
    moves a voter to and fro: the new replica of a move is copied before it votes, that of a repair seldom.
    """
    start_users(run)
    config: RegionConfig = run.config
    pick = Chance(f"{config.scenario}/{config.strategy}/{config.seed}/moves")
    if not are_given_up(config) and pick(2):
        return
    there, on, *_ = there_and_on(run, pick)
    place = run.places_of(USER)[-1]
    assert isinstance(place.node, User)
    place.node.ask_first(*[there, on] * (REPEATED // 2))


def there_and_on(run: Run, pick: Chance) -> list[Action]:
    """A voter is to be moved to another node of its zone, and on from there: so copies of the command that
    made it there come when it has gone. A user that orders too soon is refused, and orders again.
    """
    metadata = observed(run).metadata
    found = [record for record in metadata.of(PartitionRecord) if isinstance(record, PartitionRecord)]
    partition = found[pick(len(found))]
    taken = [voter.node.name for voter in partition.config.voters]
    out = partition.config.voters[pick(len(taken))].node
    zone = [place.name for place in run.places_of(HOST) if place.id.zone == out.zone]
    there, *others = [name for name in zone if name not in taken] or [out.name]
    first = MoveReplica(partition.partition, out.name, there)
    on = MoveReplica(partition.partition, there, (others or [out.name])[0])
    return [first, *[on] * REPEATED]


def like_repair(
    name: str,
    sentence: str,
    losses: Losses,
    seen: tuple[Sometimes, ...],
    shape: Shape = Shape(),  # noqa: B008 It is frozen.
    length: int = LENGTH,
) -> Scenario:
    """A scenario in which voters are replaced."""
    return structs.replace(
        TABLE,
        name=name,
        sentence=sentence,
        draw=partial(draw_repair, name, losses, shape, length),
        kinds=KINDS_THAT_LOSE,
        sometimes=tuple(one.name for one in seen),
        faults=losses.all_kinds,
    )


REPAIR = like_repair(
    "repair",
    "storage nodes lose disks, or stay away; the admins replace their voters",
    Losses(beside=16, early=1),
    (LEADER_CHANGED, LOG_REPLICA_COPIES, MADE_EMPTY, REPAIRED_UNDER_LOAD, LED_WITH_LOG_REPLICA),
    Shape(scarce=True),
)

REPAIR_UNDER_LOAD = structs.replace(
    like_repair(
        "repair-under-load",
        "storage nodes lose disks while many items are written",
        Losses(most_others=2, early=1),
        (LOG_REPLICA_COPIES, REPAIRED_UNDER_LOAD),
        Shape(rows=(2,), replicas=(3,), think=16, operations=60, item_bytes=4_000, calm=True),
    ),
    begin=start_and_watch,
)

TWO_LOSSES = like_repair(
    "two-losses",
    "a second voter is lost while the first one is being replaced, of another partition or the same",
    Losses(
        losses=5,
        absences=2,
        most_others=2,
        aimed=(LOST_DISK_BESIDE_REPAIR, LOST_DISK_BESIDE_LOG_REPLICA),
        most_aimed=4,
        early=2,
    ),
    (MADE_EMPTY, GIVEN_UP, SECOND_LOSS_ELSEWHERE, SECOND_LOSS_BESIDE),
    Shape(rows=(2, 3)),
    length=2 * LENGTH,
)

NODE_RETURNS = like_repair(
    "node-returns",
    "nodes that were taken for dead come back, with all they had or on a new disk",
    Losses(losses=1, absences=3, others=(CRASH, CUT_OFF, ONE_WAY_CUT), most_others=3, fresh=True),
    (DEAD_NODE_LIVES,),
)

FIVE = like_repair(
    "five",
    "partitions of five replicas lose voters",
    Losses(losses=4, absences=2, beside=16, early=1),
    (LED_WITH_LOG_REPLICA, TWO_OF_FIVE_LOST),
    Shape(replicas=(5,), rows=(3,)),
)

MOVE = structs.replace(
    like_repair(
        "move",
        "replicas are moved by an operator's orders, and to nodes that have less",
        Losses(losses=1, absences=1),
        (LEADER_REPLACED, LATE_CREATE, BALANCED),
        Shape(balances=True, rows=(2, 3), late=2, late_alone=True, item_bytes=4_000),
    ),
    begin=partial(begin_with_orders, drains=False),
)

DRAIN = structs.replace(
    like_repair(
        "drain",
        "an operator orders nodes to be drained, and perhaps no more",
        Losses(losses=1, absences=1),
        (LEADER_REPLACED, NODE_DRAINED),
        Shape(rows=(2, 3), scarce=True),
    ),
    begin=partial(begin_with_orders, drains=True),
)

REPAIR_TAKEOVER = structs.replace(
    like_repair(
        "repair-takeover",
        "admins crash and are cut off while voters are replaced, and tables come and go",
        Losses(
            losses=3,
            absences=1,
            others=(ADMIN_CRASH, ADMIN_CUT, CUT_OFF, CRASH),
            most_others=4,
            aimed=ADMIN_CRASHES_IN_REPLACEMENT,
            most_aimed=4,
            given_up=2,
        ),
        (*ADMIN_DIED_REPLACING.values(), TWO_ADMINS, REPLACEMENT_TAKEN_OVER, GIVEN_UP, LEARNER_DROPPED),
        Shape(orders=SOME_ORDERS, rows=(2, 3)),
        length=LENGTH * 3 // 2,
    ),
    begin=begin_with_moves,
)

OF_REPAIR = (REPAIR, REPAIR_UNDER_LOAD, TWO_LOSSES, NODE_RETURNS, FIVE, MOVE, DRAIN, REPAIR_TAKEOVER)

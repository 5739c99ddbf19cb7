"""The scenarios of a region in which one kind of trouble comes again and again: `create-delete-create`,
`admin-takeover`, `metadata-leader-loss`, `zone-down`, `gray-node`.

Each is `table` with another draw: which faults fall, and what users do.
"""

from __future__ import annotations

from functools import partial
from typing import Any, TypeAlias

from msgspec import Struct, structs

from dynaproof.checkers.kinds.client_faults import CLIENT_CRASH
from dynaproof.checkers.kinds.region import USER, RegionConfig
from dynaproof.checkers.kinds.region_faults import (
    ADMIN_CRASH,
    ADMIN_CUT,
    AWAY_AT_A_DELETE,
    GRAY_NODE,
    LEADER_CUT,
    METADATA_LEADER_CRASH,
    ZONE_DOWN,
)
from dynaproof.checkers.kinds.workflow_faults import ADMIN_CRASHES_IN_WORKFLOW
from dynaproof.checkers.runs.config import Chance, Fault, draw_faults, in_order
from dynaproof.checkers.runs.fault import FaultKind
from dynaproof.checkers.runs.run import Run
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.world_faults import CRASH, GRAY_LINK, SLOW_NODE
from dynaproof.checkers.runs.world_faults import PARTITION as CUT_OFF
from dynaproof.checkers.scenarios.table import FAULTS, TABLE, draw_region, faults_of, start_users
from dynaproof.checkers.scenarios.table_draws import SOME_ORDERS, unruly
from dynaproof.checkers.workloads.user import User
from dynaproof.impl.metadata.orders import CreateTable, DeleteTable
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.sometimes import LEADER_CHANGED
from dynaproof.specs.sometimes_of_regions import (
    ADMIN_DIED,
    ADMIN_DIED_BETWEEN,
    COLLECTED,
    DELETED_WHILE_CREATED,
    LATE_COMMAND,
    LATE_DROP,
    METADATA_LED_ANEW,
    STALE_ROUTE,
    TABLE_GONE,
    TWO_ADMINS,
    ZONE_FELL,
)

SOON, LATER = 32, 8
"""The part of a run in which the first of its faults falls, and the part after which all others do."""

CUTS = 12
"""Cuts of leaders in one run, if it has any;"""

MISSED = 8
"""and nodes that are away when what they host is deleted."""


class Mostly(Struct, frozen=True):
    """At least `least` faults of these kinds, and a few others; before them one of the `first`, if there are
    any: strategies are so unfair that later, perhaps, nobody leads, or no table comes or goes.
    """

    kinds: tuple[FaultKind, ...]
    least: int
    others: tuple[FaultKind, ...] = (CRASH,)
    first: tuple[FaultKind, ...] = ()

    @property
    def all_kinds(self) -> tuple[FaultKind, ...]:
        """What may fall, each kind once."""
        return tuple({kind.name: kind for kind in (*self.kinds, *self.first, *self.others)}.values())

    def __call__(self, pick: Chance, label: str, length: int) -> tuple[Fault, ...]:
        """The faults of one configuration."""
        least, first = self.least, self.first
        soon = (self.draw(first, pick, 1, length // SOON),) if first else ()
        since = length // LATER if first else 1
        own = tuple(self.draw(self.kinds, pick, since, length * 3 // 4) for _ in range(least + pick(least)))
        return in_order((*soon, *own), draw_faults(self.others, f"{label}/others", length, pick(3)))

    @staticmethod
    def draw(kinds: tuple[FaultKind, ...], pick: Chance, since: int, before: int) -> Fault:
        """A fault of one of these kinds, due at one of these steps."""
        kind = kinds[pick(len(kinds))].name
        return Fault(kind, since + pick(before), pick(64), 10 + pick(300), pick(1 << 20))


class WithAbsences(Struct, frozen=True):
    """Faults of all kinds; in half of the configurations a node or two are away for so long that tables are
    deleted meanwhile, in half of them leaders of tables are cut off, one after the other, and in half of them
    nodes are away when what they host is deleted.
    """

    all_kinds: tuple[FaultKind, ...] = (*FAULTS, CLIENT_CRASH, LEADER_CUT, AWAY_AT_A_DELETE)

    def __call__(self, pick: Chance, label: str, length: int) -> tuple[Fault, ...]:
        """The faults of one configuration."""
        away = tuple(
            Fault(CRASH.name, 1 + pick(length // 2), pick(64), 300 + pick(length), pick(1 << 20))
            for _ in range(pick(2) * (1 + pick(2)))
        )
        cuts = tuple(
            Fault(LEADER_CUT.name, 1 + pick(length), pick(64), 20 + pick(length // 4), pick(1 << 20))
            for _ in range(pick(2) * CUTS)
        )
        missed = tuple(
            Fault(AWAY_AT_A_DELETE.name, 1 + pick(100), pick(64), 50 + pick(length // 2), pick(1 << 20))
            for _ in range(pick(2) * MISSED)
        )
        return in_order(faults_of(pick, label, length), away, cuts, missed)


Faults: TypeAlias = Mostly | WithAbsences


def draw_with(
    name: str, faults: Faults, changes: dict[str, Any], length: int, hasty: int, seed: int, strategy: str
) -> RegionConfig:
    """The configuration of one seed."""
    pick = Chance(f"{name}/{strategy}/{seed}/users")
    config = draw_region(name, seed, strategy, length + pick(length // 2), faults)
    user = structs.replace(config.user, partitions=1 + pick(3), **changes)
    if AWAY_AT_A_DELETE.name in {fault.kind for fault in config.faults}:
        user = structs.replace(user, kept=1)
    config = structs.replace(config, user=user)
    return unruly(config, hasty)


def start_with_orders(run: Run) -> None:
    """The load begins: some users first delete a table each, and create it again, so that there is something
    to take over from the first fault on.
    """
    start_users(run)
    settings = run.config.user
    for index, place in enumerate(run.places_of(USER)[1 : 1 + settings.tables]):
        assert isinstance(place.node, User)
        name = User.table(index)
        create = CreateTable(name, settings.schema, settings.partitions, settings.replicas)
        place.node.ask_first(DeleteTable(name), create)


COMES_AND_GOES = {"tables": 2, "orders": SOME_ORDERS}


def like_table(
    name: str,
    sentence: str,
    faults: Faults,
    seen: tuple[Sometimes, ...],
    length: int,
    hasty: int = 1,
    **changes: Any,
) -> Scenario:
    """`table` with other faults, and users that do other things; in `hasty` quarters of the configurations
    admins take over soon.
    """
    return structs.replace(
        TABLE,
        name=name,
        sentence=sentence,
        draw=partial(draw_with, name, faults, changes, length, hasty),
        sometimes=tuple(one.name for one in seen),
        faults=faults.all_kinds,
    )


CREATE_DELETE_CREATE = like_table(
    "create-delete-create",
    "tables are created and deleted under the same names, again and again; all faults but lost disks",
    WithAbsences(),
    (LEADER_CHANGED, METADATA_LED_ANEW, TABLE_GONE, STALE_ROUTE, DELETED_WHILE_CREATED, COLLECTED, LATE_DROP),
    3_000,
    **COMES_AND_GOES,
)

ADMIN_TAKEOVER = like_table(
    "admin-takeover",
    "admins crash and are cut off while tables are created and deleted",
    Mostly(
        (ADMIN_CRASH, *ADMIN_CRASHES_IN_WORKFLOW, ADMIN_CUT, ADMIN_CUT, CUT_OFF),
        5,
        first=ADMIN_CRASHES_IN_WORKFLOW,
    ),
    (ADMIN_DIED, *ADMIN_DIED_BETWEEN.values(), TWO_ADMINS, LATE_COMMAND, DELETED_WHILE_CREATED),
    1_500,
    hasty=3,
    **COMES_AND_GOES,
)
ADMIN_TAKEOVER = structs.replace(ADMIN_TAKEOVER, begin=start_with_orders)

METADATA_LEADER_LOSS = like_table(
    "metadata-leader-loss",
    "the leader of the metadata crashes again and again while tables come and go",
    Mostly((METADATA_LEADER_CRASH,), 3, first=(METADATA_LEADER_CRASH,)),
    (METADATA_LED_ANEW, TABLE_GONE),
    1_500,
    **COMES_AND_GOES,
)

ZONE_LOSS = like_table(
    "zone-down",
    "all nodes of a zone stop at once, and come back",
    Mostly((ZONE_DOWN,), 1),
    (ZONE_FELL, LEADER_CHANGED, METADATA_LED_ANEW),
    1_500,
)

GRAY_NODES = like_table(
    "gray-node",
    "a storage node, a router or an admin is slow, and heard by some only",
    Mostly((GRAY_NODE,), 2, (GRAY_LINK, SLOW_NODE)),
    (LEADER_CHANGED,),
    1_500,
)

OF_TABLES = (CREATE_DELETE_CREATE, ADMIN_TAKEOVER, METADATA_LEADER_LOSS, ZONE_LOSS, GRAY_NODES)

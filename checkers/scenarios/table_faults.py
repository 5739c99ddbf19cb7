"""The scenarios of a region in which one kind of trouble comes again and again: `create-delete-create`,
`admin-takeover`, `metadata-leader-loss`, `zone-down`, `gray-node`.

Each is `table` with another draw: which faults fall, and what users do.
"""

from __future__ import annotations

from functools import partial
from typing import Any, TypeAlias

from msgspec import Struct, structs

from dynaproof.checkers.kinds.client_faults import CLIENT_CRASH
from dynaproof.checkers.kinds.region import RegionConfig
from dynaproof.checkers.kinds.region_faults import (
    ADMIN_CRASH,
    GRAY_NODE,
    METADATA_LEADER_CRASH,
    ZONE_DOWN,
)
from dynaproof.checkers.runs.config import Chance, Fault, draw_faults, in_order
from dynaproof.checkers.runs.fault import FaultKind
from dynaproof.checkers.runs.scenario import Scenario
from dynaproof.checkers.runs.world_faults import CRASH, GRAY_LINK, SLOW_NODE
from dynaproof.checkers.runs.world_faults import PARTITION as CUT_OFF
from dynaproof.checkers.scenarios.table import FAULTS, TABLE, draw_region, faults_of
from dynaproof.specs.sometimes import (
    ADMIN_DIED,
    COLLECTED,
    DELETED_WHILE_CREATED,
    LATE_COMMAND,
    LEADER_CHANGED,
    METADATA_LED_ANEW,
    STALE_ROUTE,
    TABLE_GONE,
    TWO_ADMINS,
    Sometimes,
)


class Mostly(Struct, frozen=True):
    """At least so many faults of these kinds, and a few others."""

    kinds: tuple[FaultKind, ...]
    least: int
    others: tuple[FaultKind, ...] = (CRASH,)

    @property
    def all_kinds(self) -> tuple[FaultKind, ...]:
        """What may fall, each kind once."""
        return tuple({kind.name: kind for kind in (*self.kinds, *self.others, CRASH)}.values())

    def __call__(self, pick: Chance, label: str, length: int) -> tuple[Fault, ...]:
        """The faults of one configuration."""
        kinds, least = self.kinds, self.least
        own = tuple(
            Fault(
                kinds[pick(len(kinds))].name,
                1 + pick(length * 3 // 4),
                pick(64),
                10 + pick(300),
                pick(1 << 20),
            )
            for _ in range(least + pick(least))
        )
        return in_order(own, draw_faults(self.others, f"{label}/others", length, pick(3)))


class WithAbsences(Struct, frozen=True):
    """Faults of all kinds; and in half of the configurations a node or two are away for so long that tables
    are deleted meanwhile.
    """

    all_kinds: tuple[FaultKind, ...] = (*FAULTS, CLIENT_CRASH)

    def __call__(self, pick: Chance, label: str, length: int) -> tuple[Fault, ...]:
        """The faults of one configuration."""
        away = tuple(
            Fault(CRASH.name, 1 + pick(length // 2), pick(64), 300 + pick(length), pick(1 << 20))
            for _ in range(pick(2) * (1 + pick(2)))
        )
        return in_order(faults_of(pick, label, length), away)


Faults: TypeAlias = Mostly | WithAbsences


def draw_with(
    name: str, faults: Faults, changes: dict[str, Any], length: int, seed: int, strategy: str
) -> RegionConfig:
    """The configuration of one seed."""
    pick = Chance(f"{name}/{strategy}/{seed}/users")
    config = draw_region(name, seed, strategy, length + pick(length // 2), faults)
    user = structs.replace(config.user, partitions=1 + pick(3), **changes)
    if user.deletes and pick(2):  # What was ordered of a table comes again when there is another one.
        options = structs.replace(config.options, late_us=config.settings.lease_us)
        config = structs.replace(config, options=options, duplication=OFTEN)
    return structs.replace(config, user=user)


OFTEN = 6_000
"""Chance of the repetition of a message, in parts of 65536, where copies come late."""

COMES_AND_GOES = {"tables": 2, "deletes": True}


def like_table(
    name: str, sentence: str, faults: Faults, seen: tuple[Sometimes, ...], length: int, **changes: Any
) -> Scenario:
    """`table` with other faults, and users that do other things."""
    return structs.replace(
        TABLE,
        name=name,
        sentence=sentence,
        draw=partial(draw_with, name, faults, changes, length),
        sometimes=tuple(one.name for one in seen),
        faults=faults.all_kinds,
    )


CREATE_DELETE_CREATE = like_table(
    "create-delete-create",
    "tables are created and deleted under the same names, again and again; all faults but lost disks",
    WithAbsences(),
    (LEADER_CHANGED, METADATA_LED_ANEW, TABLE_GONE, STALE_ROUTE, DELETED_WHILE_CREATED, COLLECTED),
    1_500,
    **COMES_AND_GOES,
)

ADMIN_TAKEOVER = like_table(
    "admin-takeover",
    "admins crash and are cut off while tables are created and deleted",
    Mostly((ADMIN_CRASH, ADMIN_CRASH, CUT_OFF), 4),
    (ADMIN_DIED, TWO_ADMINS, LATE_COMMAND, DELETED_WHILE_CREATED),
    1_500,
    **COMES_AND_GOES,
)

METADATA_LEADER_LOSS = like_table(
    "metadata-leader-loss",
    "the leader of the metadata crashes again and again while tables come and go",
    Mostly((METADATA_LEADER_CRASH,), 4),
    (METADATA_LED_ANEW, TABLE_GONE),
    1_500,
    **COMES_AND_GOES,
)

ZONE_LOSS = like_table(
    "zone-down",
    "all nodes of a zone stop at once, and come back",
    Mostly((ZONE_DOWN,), 1),
    (LEADER_CHANGED, METADATA_LED_ANEW),
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

"""What a region loses in the scenarios of `repair`: disks, and nodes that stay away; and what
befalls the nodes and admins that replace what was lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, structs

from dynaproof.checkers.kinds.region_faults import CRASH_BESIDE_LOG_REPLICA
from dynaproof.checkers.kinds.repair_faults import (
    ADMIN_CRASH_WHILE_GIVEN_UP,
    LOST_DISK_OF_SUCCESSOR,
    SUCCESSOR_CUT,
)
from dynaproof.checkers.kinds.replica_faults import PAGE_ROT, ROT
from dynaproof.checkers.runs.config import Chance, Fault, draw_faults, in_order
from dynaproof.checkers.runs.fault import FaultKind
from dynaproof.checkers.runs.world_faults import CRASH, LOST_DISK
from dynaproof.checkers.scenarios.table import FAULTS

SOON = 200
"""A voter that rots early does so within this many events."""

GIVING_UP = (SUCCESSOR_CUT, LOST_DISK_OF_SUCCESSOR, ADMIN_CRASH_WHILE_GIVEN_UP)
"""What makes an admin give a replacement up, and stops it meanwhile."""


class Losses(Struct, frozen=True):
    """Up to `losses` losses of these kinds, absences so long that a node is taken for dead, and some of the
    faults of `table`.
    """

    kinds: tuple[FaultKind, ...] = (LOST_DISK, LOST_DISK, ROT, PAGE_ROT)
    losses: int = 2
    absences: int = 1
    others: tuple[FaultKind, ...] = FAULTS
    most_others: int = 4
    blows: int = 2
    fresh: bool = False
    """Whether half of the nodes that stay away come back on a new disk."""
    aimed: tuple[FaultKind, ...] = ()
    """What falls beside a replacement, as soon as there is one,"""
    most_aimed: int = 0
    """at most this often."""
    given_up: int = 0
    """How often the node of a new replica is cut off from the admin or loses its disk, and the admin stops
    when the replacement is given up, at most, in half of the configurations.
    """
    beside: int = 0
    """How often a leader is to stop beside a log replica, if one can."""
    early: int = 0
    """The most voters that rot soon, so that they are replaced while there are faults, and while copies of
    the commands that made them may be under way.
    """

    @property
    def all_kinds(self) -> tuple[FaultKind, ...]:
        """What may fall, each kind once."""
        lost = self.kinds if self.losses else ()
        fresh = (LOST_DISK,) if self.absences and self.fresh else ()
        rot = (ROT,) if self.early else ()
        stops = (CRASH,) if self.absences or (self.losses and self.blows) else ()
        beside = (CRASH_BESIDE_LOG_REPLICA,) if self.beside else ()
        given_up = GIVING_UP if self.given_up else ()
        kinds = (*self.others, *lost, *fresh, *rot, *stops, *beside, *self.aimed, *given_up)
        return tuple({kind.name: kind for kind in kinds}.values())

    def __call__(self, pick: Chance, label: str, length: int) -> tuple[Fault, ...]:
        """The faults of one configuration."""

        def one(kind: FaultKind, steps: int) -> Fault:
            return Fault(kind.name, 1 + pick(length * 3 // 4), pick(64), steps, pick(1 << 20))

        lost = [one(self.kinds[pick(len(self.kinds))], 10 + pick(200)) for _ in range(pick(self.losses + 1))]
        if self.given_up:  # So that some are replaced before the faults stop.
            lost = [*soon(lost[::2]), *lost[1::2]]
        away = [
            one(LOST_DISK if self.fresh and pick(2) else CRASH, length // 3 + pick(length))
            for _ in range(pick(self.absences + 1))
        ]
        others = draw_faults(self.others, f"{label}/others", length, pick(self.most_others + 1))
        # While what was lost is being replaced, something else stops: source, target, leader, or admin.
        blows = [
            Fault(CRASH.name, at, pick(64), 20 + pick(600), pick(1 << 20))
            for loss in lost
            for _ in range(pick(self.blows + 1))
            if (at := loss.step + loss.steps + pick(250)) < length
        ]
        early = [one(ROT, 10 + pick(60)) for _ in range(self.early and pick(self.early + 1))]
        early = soon(early)
        beside = [
            Fault(CRASH_BESIDE_LOG_REPLICA.name, SOON + pick(length - SOON), pick(64), 20, pick(1 << 20))
            for _ in range(self.beside)
        ]
        aimed = [
            one(self.aimed[pick(len(self.aimed))], 10 + pick(200))
            for _ in range(self.most_aimed and pick(self.most_aimed + 1))
        ]
        given_up = [
            one(kind, SOON + pick(length // 2) if kind is SUCCESSOR_CUT else 10 + pick(200))
            for _ in range(self.given_up and pick(2) * (1 + pick(self.given_up)))
            for kind in GIVING_UP
        ]
        if self.given_up:  # They wait until they may fall, and a voter is moved from the first step on.
            given_up = soon(given_up)
            aimed = [*soon(aimed[::2]), *aimed[1::2]]
        return in_order(lost, away, others, blows, early, beside, aimed, given_up)


def soon(faults: Sequence[Fault]) -> list[Fault]:
    """The same faults, among the first events of a run."""
    return [structs.replace(fault, step=1 + fault.step % SOON) for fault in faults]

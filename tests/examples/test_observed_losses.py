"""When the loss of a disk counts as a second one, beside a repair: only if a voter goes with it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.checkers.kinds.region_observation import RegionObservation
from dynaproof.checkers.kinds.repair_observer import RepairObserver
from dynaproof.impl.metadata.records import ReplacementRecord
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.specs.sometimes_of_repairs import SECOND_LOSS_BESIDE, SECOND_LOSS_ELSEWHERE

OUT, NEW, SECOND, THIRD = (
    Member(NodeId("region", zone, f"s{zone}{row}"), incarnation)
    for zone, row, incarnation in (("a", 1, 1), ("a", 2, 4), ("b", 1, 2), ("c", 1, 3))
)
WORK = ReplacementRecord(1, 1, "repair", OUT, NEW, "log", "make", 0)


def reached(
    lost: Member, partition: int, voters: tuple[Member, ...], spoken: tuple[Member, ...], begun: bool = True
) -> list[str]:
    """What is counted when the disk of a member of a partition is lost while voter 1 of partition 1 is
    repaired.
    """
    found: list[str] = []
    observer = SimpleNamespace(
        metadata=SimpleNamespace(of=lambda _: [WORK] if begun else []),
        brought={},
        reach=lambda situation: found.append(situation.name),
    )
    view = SimpleNamespace(forgetful={OUT: True}, spoken=dict.fromkeys(spoken, True))
    group = SimpleNamespace(
        group=partition, members={"it": lost}, config=SimpleNamespace(voters=voters), view=view
    )
    RepairObserver.lost(cast(Any, observer), "it", cast(Any, [group]))
    return found


AFTER = (NEW, SECOND, THIRD)


@pytest.mark.parametrize(
    ("lost", "partition", "voters", "spoken", "counted"),
    [
        (SECOND, 1, AFTER, AFTER, [SECOND_LOSS_BESIDE.name]),
        (SECOND, 1, AFTER, (SECOND, THIRD), []),
        (SECOND, 1, (OUT, SECOND, THIRD), AFTER, []),
        (NEW, 1, AFTER, AFTER, []),
        (OUT, 1, AFTER, AFTER, []),
        (SECOND, 2, (OUT, SECOND, THIRD), (), [SECOND_LOSS_ELSEWHERE.name]),
        (SECOND, 2, (OUT, NEW, THIRD), (), []),
        (OUT, 2, (OUT, NEW, THIRD), (), []),
    ],
    ids=[
        "beside the successor",
        "before that is admitted",
        "before that is chosen",
        "the successor itself",
        "who has left",
        "in another group",
        "no voter",
        "who was lost before",
    ],
)
def test_a_second_loss_hits_a_voter_of_another_group_or_one_beside_an_admitted_successor(
    lost: Member, partition: int, voters: tuple[Member, ...], spoken: tuple[Member, ...], counted: list[str]
) -> None:
    assert reached(lost, partition, voters, spoken) == counted
    assert reached(lost, partition, voters, spoken, begun=False) == []


def test_a_replica_that_was_made_and_lost_since_was_made() -> None:
    """With five voters one may be lost, and another one never have come, when their table becomes active."""
    lost, kept, other = (Member(NodeId("region", "a", name), 1) for name in ("sa", "sb", "sc"))
    group = SimpleNamespace(members={"sb": kept}, view=SimpleNamespace(forgetful={lost: True}))
    region: Any = SimpleNamespace(groups={1: group})
    made = [one for one in (lost, kept, other) if RegionObservation.is_made(region, 1, one)]
    assert made == [lost, kept]

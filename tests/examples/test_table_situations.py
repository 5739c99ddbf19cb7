"""What campaigns of tables count, each brought about in a small region; and what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from dynaproof.checkers.kinds.region_faults import active_admin
from dynaproof.checkers.kinds.replica_faults import leading
from dynaproof.checkers.kinds.workflow_faults import ADMIN_CRASHES_IN_WORKFLOW
from dynaproof.checkers.runs.config import Fault
from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.orders import CreateTable, DeleteTable
from dynaproof.impl.paxos.messages.leadership import Handover
from dynaproof.impl.router.messages import Action, PutItem, ScanTable
from dynaproof.impl.storage_node.messages import DropPartition
from dynaproof.specs.situation import Sometimes
from dynaproof.specs.sometimes_of_regions import (
    ADMIN_DIED_BETWEEN,
    HANDED_OVER,
    LATE_DROP,
    PAGED_OVER_A_CHANGE,
    ZONE_FELL,
)
from tests.examples.small_region import SCHEMA, SmallRegion, item

FAULT = Fault("any", 1, 0, 10, 0)
CREATE, DELETE = CreateTable("music", SCHEMA, 2, 3, None), DeleteTable("music")


def reached(region: SmallRegion, what: Sometimes) -> int:
    found: dict[str, int] = region.run.observation.reached  # type: ignore[attr-defined]
    return found.get(what.name, 0)


def leader_of(region: SmallRegion, partition: int) -> Place:
    """The node on which a partition is served."""

    def found() -> list[Place]:
        serving = ((host, one) for host in region.hosts for one in leading(host) if one.group == partition)
        return [host for host, one in serving if one.serving]

    assert region.go(found)
    return found()[0]


@pytest.mark.parametrize("fault", ADMIN_CRASHES_IN_WORKFLOW, ids=lambda fault: fault.stage)
@pytest.mark.parametrize("order", [CREATE, DELETE], ids=["create", "delete"])
def test_an_admin_dies_at_each_stage_of_a_workflow_and_the_other_one_ends_it(
    fault: Any, order: Action
) -> None:
    region = SmallRegion()
    if order == DELETE:
        region.create("music", partitions=2)
    ground = region.run.injector
    assert fault.waits
    assert region.go(lambda: not fault.possible(ground, region.hosts[0]))
    region.begin(order)
    assert region.go(lambda: fault.possible(ground, region.hosts[0]))
    fault.fall(ground, region.hosts[0], FAULT, 7)
    kind = "create" if order == CREATE else "delete"
    seen = [key for key, one in ADMIN_DIED_BETWEEN.items() if reached(region, one)]
    assert seen == [(kind, fault.stage)]
    ended = {} if order == DELETE else {"music": "active"}
    assert region.go(lambda: region.tables() == ended)


def test_an_admin_that_dies_beside_no_workflow_dies_between_no_steps() -> None:
    region = SmallRegion()
    region.create("music")
    admin = active_admin(region.run.injector)
    assert admin is not None
    region.world.crash(admin, "now")
    assert not any(reached(region, one) for one in ADMIN_DIED_BETWEEN.values())


def test_a_drop_is_late_once_another_table_has_the_name() -> None:
    region = SmallRegion()
    region.create("music")
    region.ask(DELETE)
    assert region.go(lambda: not region.tables())
    admin = active_admin(region.run.injector)
    assert admin is not None

    def drop_again() -> None:
        admin.env.enter(1)
        admin.env.send(region.hosts[0].id.address, DropPartition(1))

    region.world.run(admin, drop_again)
    assert not region.go(lambda: reached(region, LATE_DROP), 200)
    region.create("music")
    region.world.run(admin, drop_again)
    assert region.go(lambda: reached(region, LATE_DROP) == 1)


def test_a_leader_that_hands_over_is_followed_by_whom_it_chose() -> None:
    region = SmallRegion()
    region.create("music")
    leader = leader_of(region, 1)
    region.world.run(leader, leader.node.on_message, leader.id, Handover(), lane=1)
    assert not reached(region, HANDED_OVER)
    assert region.go(lambda: reached(region, HANDED_OVER) == 1)


def test_a_leader_that_crashes_has_not_handed_over() -> None:
    region = SmallRegion()
    region.create("music")
    region.world.crash(leader_of(region, 1), "now")
    groups = region.run.observation.groups  # type: ignore[attr-defined]
    before = groups[1].leader_changes
    assert region.go(lambda: groups[1].leader_changes > before)
    assert not reached(region, HANDED_OVER)


@pytest.mark.parametrize("moves", [True, False])
def test_a_page_crosses_partitions_while_one_of_them_changes_its_leader(moves: bool) -> None:
    region = SmallRegion()
    region.create("music", partitions=2)
    for number in range(8):
        region.ask(PutItem("music", item(f"k{number}", "1")))
    leader = leader_of(region, 2)
    region.begin(ScanTable("music", None, 20, strong=True))
    if moves:
        region.world.run(leader, leader.node.on_message, leader.id, Handover(), lane=2)
    assert region.go(lambda: region.asker().doing is None)
    changes = region.run.observation.groups[2].leader_changes  # type: ignore[attr-defined]
    assert (changes > 1) == moves
    assert reached(region, PAGED_OVER_A_CHANGE) == moves


def test_a_zone_is_down_when_all_of_it_is_and_no_other_node() -> None:
    region = SmallRegion()
    zone = [one for one in region.world.places.values() if one.id.zone == "a" and one not in region.users]
    other = next(one for one in region.hosts if one.id.zone == "b")
    region.world.crash(other, "other")
    for place in zone:
        region.world.crash(place, "zone")
    assert not reached(region, ZONE_FELL)
    for place in (other, zone[0]):
        region.world.start(place)
    region.world.crash(zone[0], "again")
    assert reached(region, ZONE_FELL) == 1

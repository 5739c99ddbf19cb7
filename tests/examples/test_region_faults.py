"""Faults that look for whoever plays a part in a region: what exactly they cut, and join again."""

from typing import Any

import pytest

from dynaproof.checkers.kinds.region_faults import (
    ADMIN_CRASH,
    ADMIN_CUT,
    AWAY_AT_A_DELETE,
    LEADER_CUT,
    METADATA_LEADER_CRASH,
    ZONE_DOWN,
    active_admin,
    table_leaders,
)
from dynaproof.checkers.kinds.region_kinds import is_active
from dynaproof.checkers.kinds.replica_faults import hosted, leading
from dynaproof.checkers.runs.config import Fault
from dynaproof.impl.metadata.orders import DeleteTable
from dynaproof.impl.metadata.records import METADATA
from dynaproof.impl.router.messages import ListTables
from tests.examples.small_region import SmallRegion

FAULT = Fault("cut", 1, 0, 10, 0)


def both_ways(one: str, others: list[str]) -> set[str]:
    return {f"{one}>{other}" for other in others} | {f"{other}>{one}" for other in others}


def test_the_active_admin_is_cut_off_from_the_metadata_alone() -> None:
    region = SmallRegion()
    ground, admin = region.run.injector, active_admin(region.run.injector)
    assert admin is not None
    ADMIN_CUT.fall(ground, region.hosts[0], FAULT, 7)
    metadata = [host.name for host in region.hosts if any(one.group == METADATA for one in hosted(host))]
    assert len(metadata) == 3
    assert set(region.world.cut_links) == both_ways(admin.name, metadata)
    assert region.go(lambda: all(map(is_active, region.admins))), "the other one takes over beside it"
    ADMIN_CUT.mended(ground, region.hosts[0], FAULT, 7)
    assert region.world.cut_links == {}


def test_a_leader_of_a_table_is_cut_off_from_all_but_the_routers_and_users() -> None:
    region = SmallRegion()
    region.create("music", partitions=4)
    assert region.go(lambda: len(table_leaders(region.run.injector)) > 0)
    (leader, *_) = table_leaders(region.run.injector)
    assert any(one.group != METADATA for one in leading(leader))
    assert all(one.group != METADATA for one in leading(leader))
    LEADER_CUT.fall(region.run.injector, region.hosts[0], FAULT, 7)
    others = [place.name for place in (*region.hosts, *region.admins) if place is not leader]
    assert set(region.world.cut_links) == both_ways(leader.name, others)
    LEADER_CUT.mended(region.run.injector, region.hosts[0], FAULT, 7)
    assert region.world.cut_links == {}
    region.ask(ListTables())


@pytest.mark.parametrize("fault", [METADATA_LEADER_CRASH, ADMIN_CRASH], ids=["leader", "admin"])
def test_a_crash_of_whoever_plays_a_part_waits_until_somebody_does(fault: Any) -> None:
    region = SmallRegion()
    ground, first = region.run.injector, fault.who(region.run.injector)
    drawn = next(host for host in region.hosts if host is not first)
    assert fault.waits
    fault.fall(ground, drawn, FAULT, 7)
    assert drawn.up, "the node that the fault was drawn for goes on"
    assert first.node is not None
    assert not fault.possible(ground, drawn), "nobody plays the part now"
    assert region.go(lambda: fault.possible(ground, drawn))


def test_a_zone_that_cannot_go_down_yet_goes_down_once_all_nodes_are_up() -> None:
    region = SmallRegion()
    ground, host = region.run.injector, region.hosts[0]
    assert ZONE_DOWN.waits
    region.world.crash(host, "now")
    assert not ZONE_DOWN.possible(ground, host)
    region.world.start(host)
    assert ZONE_DOWN.possible(ground, host)
    ZONE_DOWN.fall(ground, host, FAULT, 7)
    assert {target.id.zone for target in ground.targets if not target.up} == {host.id.zone}
    ZONE_DOWN.mended(ground, host, FAULT, 7)
    assert all(target.up for target in ground.targets)


def test_a_node_is_away_while_what_it_hosts_is_deleted_and_drops_that_when_it_comes_back() -> None:
    region = SmallRegion()
    region.create("music")
    ground = region.run.injector
    assert not any(AWAY_AT_A_DELETE.possible(ground, host) for host in region.hosts), "nothing is deleted"
    region.begin(DeleteTable("music"))
    assert region.go(lambda: any(AWAY_AT_A_DELETE.possible(ground, host) for host in region.hosts))
    host = next(host for host in region.hosts if AWAY_AT_A_DELETE.possible(ground, host))
    AWAY_AT_A_DELETE.fall(ground, host, FAULT, 7)
    assert not any(AWAY_AT_A_DELETE.possible(ground, other) for other in region.hosts), "one at a time"
    assert region.go(lambda: not region.tables())
    AWAY_AT_A_DELETE.mended(ground, host, FAULT, 7)
    assert region.go(lambda: not host.node.unread and [one.group for one in hosted(host)] in ([], [METADATA]))  # type: ignore[union-attr]

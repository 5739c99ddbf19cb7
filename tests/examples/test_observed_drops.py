"""What the observer of a region takes for a dropped voter, when a node is told to drop a partition."""

from __future__ import annotations

import pytest

from dynaproof.checkers.kinds.region_faults import active_admin
from dynaproof.checkers.world.place import Place
from dynaproof.impl.metadata.orders import DeleteTable
from dynaproof.impl.storage_node.messages import DropPartition
from dynaproof.specs.observe.impl.place import replica_of
from tests.examples.small_region import STEPS, SmallRegion


def tell_to_drop(region: SmallRegion, host: Place, partition: int) -> None:
    """The active admin tells a node to drop a partition."""
    admin = active_admin(region.run.injector)
    assert admin is not None

    def tell() -> None:
        admin.env.enter(partition)
        admin.env.send(host.id.address, DropPartition(1))

    region.world.run(admin, tell)


def fails_by(region: SmallRegion) -> str | None:
    """The promise that is broken within some steps."""
    for _ in range(STEPS):
        if region.run.failure is not None:
            return region.run.failure.spec
        region.run.step()
    return None


def test_a_voter_is_dropped_with_its_partition_at_once_and_has_nothing_any_more() -> None:
    region = SmallRegion()
    region.create("music")
    host = next(host for host in region.hosts if replica_of(host, 1) is not None)
    replica = replica_of(host, 1)
    assert replica is not None
    tell_to_drop(region, host, 1)
    assert fails_by(region) == "voters_are_not_dropped"
    group = region.run.observation.groups[1]  # type: ignore[attr-defined]
    assert replica.member in group.view.forgetful
    assert host.name not in group.members


def test_a_voter_that_was_never_made_is_dropped_with_its_partition_too() -> None:
    region = SmallRegion()
    region.create("music")
    host = next(host for host in region.hosts if replica_of(host, 1) is not None)
    group = region.run.observation.groups[1]  # type: ignore[attr-defined]
    del group.members[host.name]
    tell_to_drop(region, host, 1)
    assert fails_by(region) == "voters_are_not_dropped"


@pytest.mark.parametrize("hosts_it", [True, False])
def test_nobody_is_dropped_where_a_table_is_deleted_or_nothing_of_it_is(hosts_it: bool) -> None:
    region = SmallRegion()
    region.create("music")
    if hosts_it:
        region.ask(DeleteTable("music"))
        host = next(host for host in region.hosts if replica_of(host, 1) is not None)
    else:
        host = next(host for host in region.hosts if replica_of(host, 1) is None)
    tell_to_drop(region, host, 1)
    assert fails_by(region) is None
    group = region.run.observation.groups[1]  # type: ignore[attr-defined]
    assert not group.view.forgetful

"""Which link stays cut in a gray end of a region."""

from __future__ import annotations

from itertools import combinations

from dynaproof.checkers.kinds.region import ADMIN_NODES, ROUTER_NODES
from dynaproof.specs.observe.impl.place import has_cut_links
from tests.examples.small_region import SmallRegion


def test_a_gray_end_cuts_any_two_storage_nodes_or_one_of_them_and_a_router_but_no_admin() -> None:
    region = SmallRegion()
    hosts, routers = [host.name for host in region.hosts], [router.name for router in ROUTER_NODES]
    pairs = set()
    for salt in range(200):
        region.run.injector.salt = salt
        one, other = region.run.injector.gray_pair()
        pairs.add((one.name, other.name))
    expected = {*combinations(hosts, 2), *((host, router) for host in hosts for router in routers)}
    assert pairs == expected


def test_the_end_leaves_that_one_link_cut_and_both_of_its_nodes_know_it() -> None:
    region = SmallRegion()
    injector = region.run.injector
    one, other = injector.gray_pair()
    injector.heal("gray")
    assert set(region.world.cut_links) == {f"{one.name}>{other.name}", f"{other.name}>{one.name}"}
    cut = [place for place in region.world.places.values() if has_cut_links(place)]
    assert cut == [one, other]
    assert not any(has_cut_links(region.world.at(admin)) for admin in ADMIN_NODES)

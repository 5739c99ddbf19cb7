"""A configuration that cannot be a region says what is missing."""

from __future__ import annotations

import pytest

from dynaproof.impl.node import NodeId
from dynaproof.impl.region import RegionError, RegionPlan


def nodes(kind: str, zones: str, region: str = "region") -> tuple[NodeId, ...]:
    return tuple(NodeId(region, zone, f"{kind}{number}") for number, zone in enumerate(zones))


@pytest.mark.parametrize(
    ("storage", "admins", "routers", "said"),
    [
        ("", "a", "a", "needs storage nodes in 3 zones; there are 0 in 0 (none)"),
        ("aabb", "a", "a", "there are 4 in 2 (a, b)"),
        ("abc", "", "a", "needs one admin at the least; there is none"),
        ("abc", "a", "", "needs one router at the least; there is none"),
    ],
)
def test_a_configuration_that_cannot_be_a_region_says_what_is_missing(
    storage: str, admins: str, routers: str, said: str
) -> None:
    with pytest.raises(RegionError) as raised:
        RegionPlan(nodes("s", storage), nodes("admin", admins), nodes("router", routers))
    assert said in str(raised.value)


def test_nodes_of_one_name_or_of_several_regions_are_no_region() -> None:
    with pytest.raises(RegionError, match="two nodes have the same name: s0"):
        RegionPlan(nodes("s", "abc"), nodes("admin", "a"), nodes("s", "a"))
    with pytest.raises(RegionError, match="of several regions: elsewhere, region"):
        RegionPlan(nodes("s", "abc"), nodes("admin", "a", "elsewhere"), nodes("router", "a"))


def test_the_metadata_lies_in_three_zones() -> None:
    plan = RegionPlan(nodes("s", "aabbccdd"), nodes("admin", "a"), nodes("router", "a"))
    assert [node.name for node in plan.metadata] == ["s0", "s2", "s4"]

"""Storage nodes host as many replicas of tables as they have room for, and admins place no more (H12)."""

from typing import Any

from msgspec import structs

from dynaproof.impl.metadata.orders import CreateTable
from dynaproof.impl.metadata.placement import Candidate, place
from dynaproof.impl.node import NodeId
from dynaproof.impl.router.messages import Failed
from tests.examples.small_region import CONFIG, SCHEMA, SmallRegion


def test_partition_0_takes_no_room_of_the_tables() -> None:
    settings = structs.replace(CONFIG.settings, replicas_per_node=1)
    region = SmallRegion(admin={"replicas_per_node": 1}, settings=settings)
    region.create("books", partitions=2)
    assert all(sum(group > 0 for group in host.node.replicas) == 1 for host in region.hosts)  # type: ignore[union-attr]


def test_no_node_gets_more_new_replicas_than_it_has_room_for() -> None:
    nodes = [NodeId("region", zone, f"s{zone}{row}") for zone in "abc" for row in (1, 2)]
    rooms = (1, 3, 2, 2, 4, 4)
    candidates = [Candidate(node, 0, room) for node, room in zip(nodes, rooms, strict=True)]
    placed = place(candidates, 4, 3)
    assert placed is not None
    for node, room in zip(nodes, rooms, strict=True):
        assert sum(node in chosen for chosen in placed) <= room
    assert place(candidates, 5, 3) is None, "zone b has room for four"


def test_a_table_is_refused_at_once_where_all_nodes_are_full() -> None:
    settings = structs.replace(CONFIG.settings, replicas_per_node=1)
    region = SmallRegion(admin={"replicas_per_node": 1}, settings=settings)
    region.create("books", partitions=2)
    admins: list[Any] = [place.node for place in region.admins]
    (active,) = [one for one in admins if one.term.active]
    assert region.go(lambda: all(heard.replicas for heard in active.nodes.heard.values()))
    said = region.ask(CreateTable("films", SCHEMA))
    assert isinstance(said, Failed)
    assert (said.error, said.definite) == ("ServiceUnavailable", True)
    assert list(region.tables()) == ["books"]

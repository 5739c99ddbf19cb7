"""What nodes, admins and routers know may be old, or come late: how it is kept new, and what it may do."""

from __future__ import annotations

from types import SimpleNamespace

from msgspec import structs

from dynaproof.checkers.kinds.region_faults import METADATA_LEADER_CRASH, active_admin
from dynaproof.impl.metadata.directory import Directory
from dynaproof.impl.metadata.messages import Leading
from dynaproof.impl.metadata.records import METADATA
from dynaproof.impl.metadata.whereabouts import Whereabouts
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.hosts import Hosts
from dynaproof.impl.paxos.ids import Ballot
from dynaproof.impl.paxos.messages.membership import DropReplica, Gone
from dynaproof.impl.router.messages import GetItem, PutItem
from dynaproof.specs.observe.impl.place import replica_of
from tests.examples.small_region import SmallRegion, item
from tests.examples.test_agent import CONFIG, Node


def test_a_replica_that_was_dropped_before_it_was_made_is_not_made_by_a_late_command() -> None:
    node = Node()
    dropped = structs.replace(CONFIG.voters[0], incarnation=3)
    assert node.tell(DropReplica(dropped, 1), 5) == [(5, Gone(dropped))]
    for incarnation in (2, 3):
        node.create(5, term=1, incarnation=incarnation)
        assert not node.node.replicas
    node.create(5, term=1, incarnation=4)
    assert list(node.node.replicas) == [5]


def test_an_older_hint_who_leads_replaces_no_newer_one() -> None:
    directory = Directory(SimpleNamespace(env=None), lambda: None)  # type: ignore[arg-type]
    old, new = (NodeId("region", zone, f"s{zone}") for zone in "ab")
    for number, node in ((2, new), (1, old)):
        directory.on_leading(node, Leading(node, ((7, Ballot(number, node.name, 1)),)))
        assert directory.leaders == {7: (Ballot(2, new.name, 1), new)}


def test_who_leads_a_partition_is_said_by_the_node_itself_only() -> None:
    directory = Directory(SimpleNamespace(env=None), lambda: None)  # type: ignore[arg-type]
    own, other = (NodeId("region", zone, f"s{zone}") for zone in "ab")
    said = Leading(own, ((7, Ballot(1, own.name, 1)),))
    directory.on_leading(other, said)
    assert not directory.leaders
    directory.on_leading(own, said)
    assert directory.leaders == {7: (Ballot(1, own.name, 1), own)}


def test_where_the_metadata_was_first_is_asked_when_nobody_answers_where_it_was_last() -> None:
    """All of these may have left since, and know nobody that is still there (A15)."""
    first, last = ([NodeId("region", zone, f"s{zone}{row}", 0) for zone in "abc"] for row in (1, 2))
    whereabouts = Whereabouts(tuple(first))
    whereabouts.learn(Hosts(3, tuple(last)))
    whereabouts.learn(Hosts(2, tuple(first)))
    asked = [whereabouts.to_ask(count) for count in range(20)]
    assert asked[0] == tuple(last), "the newest hosts are asked first"
    assert asked[-1] == (*last, *first)
    assert asked.index(asked[-1]) >= len(last), "each of them was"


def test_the_metadata_hears_who_leads_each_partition() -> None:
    region = SmallRegion()
    region.create("music", partitions=2)

    def hints() -> dict[int, str]:
        place = METADATA_LEADER_CRASH.who(region.run.injector)
        replica = None if place is None else replica_of(place, METADATA)
        services = () if replica is None else replica.services
        (directory,) = [one for one in services if isinstance(one, Directory)] or [None]
        return {} if directory is None else {one: at.name for one, (_, at) in directory.leaders.items()}

    def leaders() -> dict[int, str]:
        there = ((host, replica_of(host, number)) for number in (1, 2) for host in region.hosts)
        return {one.group: host.name for host, one in there if one is not None and one.may_serve()}

    assert region.go(lambda: len(leaders()) == 2 and {one: hints().get(one) for one in (1, 2)} == leaders())


def test_what_a_router_uses_of_a_table_is_refreshed_once_it_is_old() -> None:
    region = SmallRegion(router={"refresh_us": 300_000})
    region.create("music")
    region.ask(PutItem("music", item("k", "1")))
    tables = region.router.node.tables  # type: ignore[attr-defined]
    at, looked_up = tables.known["music"].at, tables.numbers
    assert region.go(lambda: region.router.env.now - at > 300_000)
    assert tables.numbers == looked_up, "nobody has used it"
    region.ask(GetItem("music", item("k", "1"), strong=True))
    assert region.go(lambda: tables.known["music"].at > at)
    assert tables.numbers == looked_up + 1


def test_a_node_that_is_commanded_nothing_hears_of_the_term() -> None:
    region = SmallRegion()
    fences = [host.node.journal for host in region.hosts]  # type: ignore[attr-defined]
    assert region.go(lambda: all(one.durable_fence == 1 for one in fences))


def test_a_node_that_was_not_heard_of_lately_gets_no_replicas() -> None:
    region = SmallRegion(admin={"heard_us": 3_000_000})
    place = active_admin(region.run.injector)
    assert place is not None
    nodes, lost = place.node.nodes, region.hosts[-1]  # type: ignore[attr-defined]

    def candidates() -> list[str]:
        return sorted(one.node.name for one in nodes.candidates())

    assert candidates() == sorted(host.name for host in region.hosts)
    region.world.crash(lost, "now")
    assert region.go(lambda: candidates() == sorted(host.name for host in region.hosts[:-1]), 15_000)

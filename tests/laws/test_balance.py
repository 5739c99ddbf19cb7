"""Moves of replicas within a zone even it out and come to an end (rule A15 of docs/table.md), and a new
replica goes to the node with the fewest.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from dynaproof.impl.admin.balance import Restless, better_place, score
from dynaproof.impl.metadata.placement import Candidate, place_one
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.records import Config

NODES = tuple(NodeId("region", "a", f"s{number}") for number in range(3))
SIZES = st.lists(st.tuples(st.integers(0, 1_000), st.integers(0, 50)), min_size=1, max_size=7)


class Zone:
    """The nodes of a zone, in which nothing comes or goes, and where each partition has its voter."""

    def __init__(self, sizes: list[tuple[int, int]], at: list[int]) -> None:
        self.sizes, self.restless = dict(enumerate(sizes, 1)), Restless()
        self.on = {number: NODES[at[number % len(at)]] for number in self.sizes}
        self.least = SimpleNamespace(balance_bytes=1, balance_requests=1)

    def nodes(self) -> Any:
        """What they have reported."""
        heard = {}
        for node in NODES:
            there = {number: self.sizes[number] for number, on in self.on.items() if on == node}
            heard[node.address] = SimpleNamespace(
                hosted={number: SimpleNamespace(pages_bytes=size) for number, (size, _) in there.items()},
                load={number: load for number, (_, load) in there.items()},
                pages_bytes=sum(size for size, _ in there.values()),
                at=0,
            )
        return SimpleNamespace(heard=heard, settings=self.least, is_dead=lambda _: False)

    def candidates(self) -> list[Candidate]:
        return [Candidate(node, list(self.on.values()).count(node)) for node in NODES]

    def move(self) -> bool:
        """Make the first move that is worth it; whether there was one."""
        for number, on in self.on.items():
            config = Config(0, (Member(on, 1),), 2)
            partition = SimpleNamespace(partition=number, config=config, pending=())
            better = better_place(self.nodes(), self.restless, cast(Any, partition), self.candidates())
            if better is not None:
                assert better[0].node == on
                self.on[number] = better[1]
                return True
        return False

    def scores(self) -> list[int]:
        """What each node has of the zone's bytes and requests, largest first."""
        heard = self.nodes().heard.values()
        size, load = (sum(one[at] for one in self.sizes.values()) for at in (0, 1))
        return sorted((score(cast(Any, one), size, load) for one in heard), reverse=True)


@given(SIZES, st.lists(st.integers(0, len(NODES) - 1), min_size=1, max_size=7))
def test_moves_come_to_an_end_and_each_takes_from_who_has_more(
    sizes: list[tuple[int, int]], at: list[int]
) -> None:
    zone = Zone(sizes, at)
    for _ in range(40):
        before = zone.scores()
        if not zone.move():
            return
        assert zone.scores() < before, "the zone is more even than it was"
    raise AssertionError("replicas are moved for ever")


def test_a_lone_replica_stays_where_it_is() -> None:
    assert not Zone([(1_000, 50)], [0]).move()
    assert Zone([(1_000, 50), (1_000, 50)], [0]).move()


def test_nothing_is_moved_in_a_zone_that_stores_and_serves_too_little_to_be_worth_it() -> None:
    zone = Zone([(1_000, 50), (1_000, 50)], [0])
    for least_bytes, least_requests, worth_it in (
        (2_001, 101, False),
        (2_000, 101, True),
        (2_001, 100, True),
    ):
        zone.least = SimpleNamespace(balance_bytes=least_bytes, balance_requests=least_requests)
        zone.on = dict.fromkeys(zone.sizes, NODES[0])
        assert zone.move() == worth_it


def test_no_replica_is_moved_in_a_zone_to_which_another_one_is_coming() -> None:
    zone = Zone([(1_000, 50), (1_000, 50)], [0])
    zone.restless.now["a"] = True
    assert not zone.move()


def test_a_replica_is_moved_to_no_node_where_its_partition_has_one() -> None:
    """It goes to another node, if that is not as good; a plan that is not possible would come again (A15)."""
    zone, best, other = Zone([(1_000, 50), (1_000, 50), (100, 5)], [2, 0, 0]), NODES[1], NODES[2]
    voter = Member(NODES[0], 1)
    for there, goes_to in (((), best), ((best,), other), ((best, other), None)):
        members = tuple(Member(node, number) for number, node in enumerate(there, 2))
        pending = tuple(SimpleNamespace(member=member) for member in members)
        for voters, left in (((voter, *members), ()), ((voter,), pending)):
            partition = SimpleNamespace(partition=1, config=Config(0, voters, 9), pending=left)
            found = better_place(zone.nodes(), zone.restless, cast(Any, partition), zone.candidates())
            assert found == (None if goes_to is None else (voter, goes_to))


@given(st.lists(st.integers(0, 5), min_size=3, max_size=3))
def test_a_new_replica_goes_to_the_node_with_the_fewest(replicas: list[int]) -> None:
    candidates = [Candidate(node, count) for node, count in zip(NODES, replicas, strict=True)]
    out = Member(NodeId("region", "a", "gone"), 1)
    others = (Member(NodeId("region", "b", "sb"), 2), Member(NodeId("region", "c", "sc"), 3))
    chosen = place_one(candidates, Config(0, (out, *others), 4), out, ())
    assert chosen is not None
    assert replicas[NODES.index(chosen)] == min(replicas)


def test_nothing_is_moved_in_a_zone_before_its_nodes_report_what_came_and_went() -> None:
    """Found by `move`: between two reports three moves were made by the first one, and undone by the next."""
    restless, heard = Restless(), {node.address: SimpleNamespace(at=5) for node in NODES}
    heard[NodeId("region", "b", "sb").address] = SimpleNamespace(at=0)
    dead = NodeId("region", "a", "dead")
    heard[dead.address] = SimpleNamespace(at=0)
    nodes = cast(Any, SimpleNamespace(heard=heard, is_dead=lambda address: address == dead.address))
    comes = cast(Any, SimpleNamespace(pending=(SimpleNamespace(member=Member(NODES[0], 7)),)))
    assert restless.is_over("a", nodes), "nothing was moved yet"
    restless.look_at(comes, {})
    assert not restless.is_over("a", nodes)
    restless.walked(10)
    assert not restless.is_over("a", nodes), "the next walk may find that it has gone"
    restless.walked(20)
    for at, over in ((20, False), (21, True)):
        for node in NODES:
            assert not restless.is_over("a", nodes)
            heard[node.address].at = at
        assert restless.is_over("a", nodes) == over
    restless.look_at(
        cast(Any, SimpleNamespace(pending=(SimpleNamespace(member=Member(dead, 3)),))), {"dead": True}
    )
    assert restless.is_over("b", nodes), "nothing came or went there"
    assert restless.is_over("a", nodes), "what is to go from a dead node keeps nobody waiting"

"""A repair that cannot go on, or not yet, is not begun, and takes the place of no other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs

from dynaproof.impl.admin.nodes import Heard, Nodes
from dynaproof.impl.admin.planner import Planner
from dynaproof.impl.admin.replacements import Replacements
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.metadata.orders import MoveReplica
from dynaproof.impl.metadata.placement import Candidate
from dynaproof.impl.metadata.records import PartitionRecord, Pending, Reason, ReplacementRecord
from dynaproof.impl.metadata.replacements import PENDING, Plan
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.router.messages import Done, Failed, PutItem
from dynaproof.impl.storage_node.messages import HostedReplica
from dynaproof.impl.values.key_range import whole
from tests.examples.small_region import item
from tests.examples.test_repairs import MANY, Region

SETTINGS = AdminSettings(heard_us=50, repairs_per_node=1)
NODES = tuple(NodeId("region", zone, f"s{zone}", 1) for zone in "abc")
VOTERS = tuple(Member(node, 1 + at) for at, node in enumerate(NODES))
FIRST = Config(0, VOTERS, 4)
LISTED = PartitionRecord(7, "films", 1, whole(), "listed", FIRST, next_incarnation=4)
FREE = tuple(Candidate(NodeId("region", zone, f"s{zone}2", 1), 0) for zone in "abc")


def heard(voter: Member, at: int = 100, *, silent: bool = False, led: bool = False) -> Heard:
    """What the node of a voter said last."""
    one = Heard()
    one.node, one.at, one.report = voter.node, at, (voter.node.incarnation, 1, 1)
    one.hosted = {7: HostedReplica(7, voter, silent, not silent, led=led)}
    return one


def admin_that_heard(*said: Heard, now: int = 100) -> Nodes:
    """What an admin that lives since 0 knows of the nodes."""
    env, term = SimpleNamespace(now=now), SimpleNamespace(started_at=0)
    nodes = Nodes(cast(Any, env), SETTINGS, cast(Any, None), cast(Any, term))
    nodes.heard = {one.node.address: one for one in said if one.node is not None}
    return nodes


# --- Where nothing can be chosen ---


def test_nothing_is_begun_in_a_partition_without_a_quorum_until_a_voter_returns() -> None:
    """Nodes of two zones are lost at once: no config that replaces one of their voters can be chosen."""
    region = Region(heard_us=1_500_000)
    region.create("films", partitions=2)

    def films() -> PartitionRecord:
        there = [one for one in region.metadata.of(PartitionRecord) if one.table == "films"]
        return cast(PartitionRecord, there[-1])

    def voters() -> list[str]:
        return [voter.node.name for voter in films().config.voters]

    assert not {"sa", "sb", "sc"} & set(voters()), "they have the metadata"
    lost = [region.world.places[name] for name in voters()[:2]]
    for place in lost:
        region.world.crash(place, "away")
    until = region.world.tau + 10_000_000
    region.go(lambda: region.world.tau >= until or films().workflow > 0, MANY)
    assert films().workflow == 0
    region.world.start(lost[1])
    assert region.go(lambda: lost[0].name not in voters() and films().workflow == 0, MANY)
    assert isinstance(region.ask(PutItem("films", item("a", "b"))), Done)


@pytest.mark.parametrize(
    ("said", "may_choose"),
    [
        ([heard(one) for one in VOTERS], True),
        ([heard(one) for one in VOTERS[:2]], True),
        ([heard(VOTERS[0]), heard(VOTERS[1], silent=True)], False),
        ([heard(VOTERS[0]), heard(VOTERS[1], at=51)], True),
        ([heard(VOTERS[0]), heard(VOTERS[1], at=50)], False),
        ([heard(VOTERS[0], led=True), heard(VOTERS[1], at=50)], True),
        ([heard(VOTERS[0], at=50, led=True), heard(VOTERS[1])], False),
    ],
)
def test_a_partition_may_choose_as_long_as_a_quorum_is_heard_or_hears_a_leader(
    said: list[Heard], may_choose: bool
) -> None:
    """The leader, or who hears it, may be on a node that only this admin does not hear."""
    assert admin_that_heard(*said).may_choose(LISTED) == may_choose


def test_an_admin_that_has_just_started_takes_nobody_for_silent() -> None:
    assert admin_that_heard(now=49).may_choose(LISTED)
    assert not admin_that_heard(now=49).may_choose(LISTED, VOTERS[:2]), "these are lost"
    assert not admin_that_heard(now=50).may_choose(LISTED)


def planner(nodes: Any, *lost: Member) -> Any:
    """Of an admin that knows these voters to be lost."""
    replacements = SimpleNamespace(to_node=lambda _: [], moves=lambda: 0, needs_repair=lambda _: False)
    chores = SimpleNamespace(planned=list)
    splits = SimpleNamespace(under_way=lambda: 0)
    parts = (chores, replacements, splits, SimpleNamespace())
    planner = Planner(SETTINGS, nodes, *cast(Any, parts))
    planner.is_lost = lambda voter, _: voter in lost  # type: ignore[method-assign]
    return planner


def test_no_move_is_planned_where_nothing_can_be_chosen() -> None:
    """It would be one of `balance_at_once` for ever."""
    nodes: Any = admin_that_heard(heard(VOTERS[0]))
    nodes.records[NODES[0].address] = SimpleNamespace(draining=True, dead=False)
    assert planner(nodes).plan(LISTED, FREE) is None
    nodes.heard = {one.node.address: heard(one) for one in VOTERS}
    assert planner(nodes).plan(LISTED, FREE) == Plan(7, VOTERS[0], FREE[0].node, "full", "drain")


def test_a_voter_that_was_never_made_counts_as_lost_until_it_is_made() -> None:
    """A walk makes it while nothing else is planned (A13); what is planned could not be chosen without it."""
    nodes = admin_that_heard(*map(heard, VOTERS))
    assert planner(nodes, *VOTERS[:2]).plan(LISTED, FREE) is None
    assert planner(nodes, VOTERS[1]).plan(LISTED, FREE) == Plan(7, VOTERS[1], FREE[1].node, "log", "repair")


@pytest.mark.parametrize("reason", ["repair", "drain"])
def test_a_replacement_whose_partition_has_lost_its_quorum_keeps_no_other_waiting(
    reason: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynaproof.impl.admin.replacements.advance", lambda *_: None)
    nodes = admin_that_heard(*map(heard, VOTERS))
    work = ReplacementRecord(1, 7, reason, VOTERS[0], Member(FREE[0].node, 4), "full", "replace", 0)
    driven = SimpleNamespace(began_at=0, work=work)
    steps = SimpleNamespace(of=lambda _: [driven])
    env = SimpleNamespace(now=100)
    replacements = Replacements(cast(Any, env), SETTINGS, *cast(Any, (None, nodes, steps)))
    driven.heard = replacements.begin()
    read: Any = SimpleNamespace(record=lambda _: LISTED)

    def slots() -> tuple[list[Reason], int]:
        replacements.decide(cast(Any, driven), read)
        there = replacements.to_node(work.new.node.address)
        return [one.reason for one in there], replacements.moves()

    taken = ([reason], int(reason == "drain"))
    assert slots() == taken
    for voter in VOTERS[1:]:
        nodes.heard[voter.node.address] = heard(voter, at=50)
    assert slots() == ([], 0)
    nodes.heard[NODES[1].address] = heard(VOTERS[1])
    assert slots() == taken, "one is back"


# --- Of several that are lost ---

FIVE_NODES = tuple(NodeId("region", zone, f"s{zone}{at}", 1) for at, zone in enumerate("aabbc"))
FIVE = tuple(Member(node, 1 + at) for at, node in enumerate(FIVE_NODES))
OF_FIVE = structs.replace(LISTED, config=Config(0, FIVE, 6), next_incarnation=6)
LAST = Member(FIVE_NODES[4], 6)
"""A voter of the third zone that was brought in later than all others."""
RELIEVED = structs.replace(OF_FIVE, config=Config(1, (*FIVE[:4], LAST), 7), next_incarnation=7)
IN_B = Candidate(NodeId("region", "b", "sb9", 1), 0)
"""The only free node: it may have no replica in the place of a voter of the third zone."""


@pytest.mark.parametrize(
    ("partition", "lost", "out"),
    [
        (OF_FIVE, (FIVE[4], FIVE[2]), FIVE[2]),
        (OF_FIVE, (FIVE[2], FIVE[3]), FIVE[2]),
        (RELIEVED, (FIVE[2],), FIVE[2]),
        (RELIEVED, (FIVE[2], LAST), None),
        (OF_FIVE, (FIVE[4],), None),
    ],
)
def test_of_two_lost_voters_the_one_is_replaced_for_which_a_node_is_free_unless_the_other_came_last(
    partition: PartitionRecord, lost: tuple[Member, ...], out: Member | None
) -> None:
    """The leader must have heard that who came last is admitted before another one may go (M2). Where no
    repair can be planned, none keeps moves from going on.
    """
    nodes: Any = admin_that_heard(*(heard(one) for one in partition.config.voters))
    nodes.has_lost = lambda voter, _: voter in lost
    nodes.candidates = lambda draining=False: () if draining else (IN_B,)
    plan = planner(nodes, *lost).repair(partition, lost, (IN_B,))
    assert (None if plan is None else plan.out) == out
    replacements = Replacements(cast(Any, None), SETTINGS, *cast(Any, (None, nodes, None)))
    assert replacements.needs_repair(partition) == (out is not None)


def test_a_move_is_in_the_way_of_a_repair_that_only_a_drained_node_may_have() -> None:
    nodes: Any = admin_that_heard(*map(heard, VOTERS))
    nodes.has_lost = lambda voter, _: voter == VOTERS[0]
    nodes.candidates = lambda draining=False: FREE if draining else ()
    replacements = Replacements(cast(Any, None), SETTINGS, *cast(Any, (None, nodes, None)))
    assert replacements.needs_repair(LISTED)
    assert planner(nodes, VOTERS[0]).repair(LISTED, VOTERS[:1], ()) is not None


# --- What is not known yet ---


def test_a_repair_waits_until_the_other_voters_have_said_whether_they_have_trees() -> None:
    """An admin that has just started knows of nobody: what it plans would have to copy before it votes."""
    said = heard(VOTERS[0]), heard(VOTERS[1], led=True)
    lost = VOTERS[:1]
    early = planner(admin_that_heard(*said, now=49), *lost).repair(LISTED, lost, FREE)
    assert early is None
    known = planner(admin_that_heard(*said, heard(VOTERS[2]), now=49), *lost).repair(LISTED, lost, FREE)
    assert known == Plan(7, VOTERS[0], FREE[0].node, "log", "repair")
    late = planner(admin_that_heard(*said, now=50), *lost).repair(LISTED, lost, FREE)
    assert late == Plan(7, VOTERS[0], FREE[0].node, "full", "repair"), "but not for ever"


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_voter_is_replaced_on_its_own_node_only_if_it_is_certainly_gone(is_gone: bool) -> None:
    """One that two reports did not name may yet be made there, by a command that comes late."""
    nodes: Any = admin_that_heard(*map(heard, VOTERS))
    nodes.has_lost = lambda voter, _: is_gone and voter == VOTERS[0]
    nodes.candidates = lambda **_: ()
    plan = planner(nodes).repair(LISTED, VOTERS[:1], (Candidate(NODES[0], 0),))
    assert plan == (Plan(7, VOTERS[0], NODES[0], "log", "repair") if is_gone else None)


# --- For a place ---


def replacing(partition: int, reason: Reason = "repair") -> ReplacementRecord:
    """What makes a replica of a partition on the first free node."""
    return ReplacementRecord(1, partition, reason, VOTERS[0], Member(FREE[0].node, 4), "full", "replace", 0)


def test_no_more_replicas_are_planned_on_a_node_than_it_has_room_for_with_those_that_come() -> None:
    """Found by `drain`: of two repairs that began together the second found no room, when it had the vote."""
    nodes: Any = admin_that_heard(*map(heard, VOTERS))
    nodes.candidates = lambda **_: ()
    plans, lost = planner(nodes, VOTERS[0]), VOTERS[:1]
    one = structs.replace(FREE[0], room=2)
    for reason, hosted, fits in (
        ("drain", {}, False),
        ("drain", {8: False}, True),
        ("drain", {8: True}, False),
        ("repair", {9: False}, True),
    ):
        plans.replacements.to_node = lambda _, why=reason: [replacing(8, why), replacing(9, why)]
        there = {at: SimpleNamespace(silent=silent) for at, silent in hosted.items()}
        nodes.heard[one.node.address] = SimpleNamespace(hosted=there)
        plans.settings = structs.replace(SETTINGS, repairs_per_node=9)
        plan = plans.repair(LISTED, lost, (one,))
        assert plan == (Plan(7, VOTERS[0], one.node, "log", "repair") if fits else None)


def test_who_has_left_goes_beside_a_lost_voter_only_where_no_node_may_have_its_successor() -> None:
    """A repair that waits, for a busy node, for a workflow or for reports, has a place (A11)."""
    nodes: Any = admin_that_heard()
    nodes.candidates = lambda **_: ()
    plans, lost = planner(nodes), VOTERS[0]
    plans.replacements.to_node = lambda _: [replacing(8), replacing(9)]
    assert plans.has_place(LISTED, lost, FREE), "it is only busy"
    assert plans.has_place(structs.replace(LISTED, workflow=9), lost, FREE)
    assert not plans.has_place(LISTED, lost, FREE[1:])
    left = Pending(Member(FREE[0].node, 4), 0, True)
    assert not plans.has_place(structs.replace(LISTED, pending=(left,)), lost, FREE)
    many = (structs.replace(left, member=Member(NODES[1], 5)),) * PENDING
    assert not plans.has_place(structs.replace(LISTED, pending=many), lost, FREE), "no more may be pending"
    nodes.candidates = lambda draining=False: FREE if draining else ()
    assert plans.has_place(LISTED, lost, ())


# --- Beside what operators order ---


def test_moves_that_operators_order_leave_room_for_repairs() -> None:
    """Here two voters may be replaced at a time, so one may be moved by an order."""
    region = Region(replacements=2, balances=False)
    region.create("films", partitions=2)
    films = [one for one in region.metadata.of(PartitionRecord) if one.table == "films"]

    def order(partition: PartitionRecord) -> Done | Failed:
        out = partition.config.voters[0].node
        others = {voter.node.name for voter in partition.config.voters}
        to = next(one for one in region.hosts if one.id.zone == out.zone and one.name not in others)
        said = region.ask(MoveReplica(partition.partition, out.name, to.name))
        assert isinstance(said, Done | Failed)
        if isinstance(said, Done):
            region.world.crash(to, "away")  # It stays under way.
        return said

    assert isinstance(order(films[0]), Done)
    refused = order(films[1])
    assert isinstance(refused, Failed)
    assert refused.error == "LimitExceededException"
    assert "Only 1 " in refused.message
    lost = films[1].config.voters[1]
    place = region.world.places[lost.node.name]
    region.world.crash(place, "lost", lose_disk=True)
    region.world.start(place)
    assert region.go(lambda: any(one.out == lost for one in region.metadata.of(ReplacementRecord)), MANY)

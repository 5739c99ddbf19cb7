"""Voters that are lost are replaced, nodes are drained and replicas moved, in a small region without chance:
what an operator orders, and what becomes of it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs

from dynaproof.impl.admin.leaving import Leavers
from dynaproof.impl.admin.mourning import Mourning
from dynaproof.impl.admin.nodes import Nodes
from dynaproof.impl.admin.planner import Planner
from dynaproof.impl.admin.replacements import Replacements
from dynaproof.impl.admin.survey import LookAtNodes, Survey
from dynaproof.impl.metadata.orders import CreateTable, DrainNode, MoveReplica
from dynaproof.impl.metadata.placement import Candidate
from dynaproof.impl.metadata.records import NodeRecord, PartitionRecord, ReplacementRecord
from dynaproof.impl.metadata.replacements import MarkNode, next_step
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import NotNow
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.router.messages import Done, Failed, GetItem, PutItem
from dynaproof.impl.values.key_range import KeyRange
from tests.examples.pinned_regions import run_pinned
from tests.examples.small_region import CONFIG, SCHEMA, SmallRegion, item

PATIENCE = {
    "survey_us": 200_000,
    "dead_us": 3_000_000,
    "patience_us": 10_000_000,
    "held_us": 1_000_000,
    "command_retry_us": 50_000,
}
MANY = 60_000
HOSTS = (NodeId("region", "a", "sa"), NodeId("region", "b", "sb"))


class Region(SmallRegion):
    """A region that repairs itself, with a table of one partition of which some items are written."""

    def __init__(self, **admin: Any) -> None:
        super().__init__(admin={**PATIENCE, **admin}, repairs=True)
        self.create("books")
        for at in range(5):
            assert isinstance(self.ask(PutItem("books", item("a", str(at)))), Done)

    @property
    def metadata(self) -> Any:
        return self.run.observation.metadata  # type: ignore[attr-defined]

    @property
    def partition(self) -> PartitionRecord:
        (record,) = self.metadata.of(PartitionRecord)
        assert isinstance(record, PartitionRecord)
        return record

    def voters(self) -> list[str]:
        """The names of the nodes of the partition's voters."""
        return [voter.node.name for voter in self.partition.config.voters]

    def is_whole(self) -> bool:
        """Whether all voters are there and have trees, and nothing is under way or pending."""
        there = []
        for voter in self.partition.config.voters:
            place = self.world.at(voter.node)
            replica = place.node.replicas.get(self.partition.partition) if place.up else None  # type: ignore[union-attr]
            there.append(
                replica is not None and replica.member == voter and replica.admitted and replica.full
            )
        return all(there) and not self.metadata.of(ReplacementRecord)

    def is_clean(self) -> bool:
        return self.is_whole() and not self.partition.pending

    def spare(self, zone: str) -> str:
        """The name of a node of a zone that has no voter of the partition."""
        return next(p.name for p in self.hosts if p.id.zone == zone and p.name not in self.voters())

    def reads_all(self) -> None:
        """All that was written is there."""
        for at in range(5):
            said = self.ask(GetItem("books", item("a", str(at)), strong=True))
            assert isinstance(said, Done)
            assert said.item is not None


def test_a_node_that_stays_away_is_taken_for_dead_and_its_voter_replaced() -> None:
    region = Region()
    out = region.voters()[1]
    zone = next(place.id.zone for place in region.hosts if place.name == out)
    spare = region.spare(zone)
    region.world.crash(region.world.places[out], "away")
    assert region.go(lambda: out not in region.voters() and region.is_whole(), MANY)
    assert spare in region.voters()
    assert [one.name for one in region.metadata.of(NodeRecord) if one.dead] == [out]
    region.reads_all()


def test_a_node_that_returns_is_no_longer_dead_and_what_it_had_is_dropped() -> None:
    region = Region()
    out = region.voters()[0]
    region.world.crash(region.world.places[out], "away")
    assert region.go(lambda: out not in region.voters() and region.is_whole(), MANY)
    assert [one.member.node.name for one in region.partition.pending] == [out]
    region.world.start(region.world.places[out])
    assert region.go(region.is_clean, MANY)
    assert not [one for one in region.metadata.of(NodeRecord) if one.dead]
    assert region.partition.partition not in region.world.places[out].node.replicas  # type: ignore[union-attr]
    region.reads_all()


def test_a_node_that_reports_again_loses_nothing_more_from_the_walk_on_that_finds_it() -> None:
    address, other = NodeId("region", "a", "sa", 0), NodeId("region", "a", "sa2", 0)
    records = [NodeRecord(one.name, one.zone, dead=True) for one in (address, other)]
    added: list[Any] = []
    nodes = SimpleNamespace(heard={address: None}, silent_since=lambda one: 90 if one == address else 0)
    survey = SimpleNamespace(
        walk=1,
        mourning=Mourning(0),
        declared_since=lambda _: [],
        nodes=nodes,
        env=SimpleNamespace(me=NodeId("region", "a", "admin"), now=100),
        settings=structs.replace(CONFIG.admin, dead_us=50),
        chores=SimpleNamespace(add=added.append),
        go_on=lambda: None,
    )
    Survey.nodes_read(cast(Any, survey), LookAtNodes(1), cast(Any, SimpleNamespace(records=lambda: records)))
    assert added == [MarkNode("sa", False)]
    assert {one.name: one.dead for one in nodes.records.values()} == {"sa": False, "sa2": True}
    assert list(survey.dead) == ["sa", "sa2"], "its zone is mourned until that is written down"


def test_a_repair_waits_for_other_repairs_on_a_node_and_for_no_move() -> None:
    there = NodeId("region", "a", "sa")
    settings = structs.replace(CONFIG.admin, repairs_per_node=2)

    def is_busy(reason: str, *made: str) -> bool:
        works = [SimpleNamespace(reason=one) for one in made]
        planner = SimpleNamespace(making=lambda _: works, settings=settings)
        return Planner.is_busy(cast(Any, planner), there, cast(Any, reason))

    assert is_busy("repair", "repair", "repair")
    assert not is_busy("repair", "repair", "drain", "move", "balance")
    assert is_busy("drain", "repair", "move")
    assert not is_busy("drain", "repair")


def test_a_repair_does_not_fall_on_a_node_that_is_drained_where_another_one_is_only_busy() -> None:
    config = Config(0, tuple(Member(NodeId("region", zone, f"s{zone}"), 1) for zone in "abc"), 2)
    partition = PartitionRecord(1, "books", 1, KeyRange(bytes(16), None), "listed", config, 1)
    kept, drained = (Candidate(NodeId("region", "a", name), 1) for name in ("sa2", "sa3"))
    busy: list[NodeId] = []
    planner = SimpleNamespace(
        nodes=SimpleNamespace(has_lost=lambda *_: True, candidates=lambda **_: (drained,)),
        is_busy=lambda address, _: address in busy,
        coming=lambda _: 0,
    )
    planner.place = lambda *arguments: Planner.place(cast(Any, planner), *arguments)
    planner.idle = lambda *arguments: Planner.idle(cast(Any, planner), *arguments)

    def planned(candidates: tuple[Candidate, ...]) -> NodeId | None:
        plan = Planner.replace(cast(Any, planner), partition, config.voters[0], candidates, "log")
        return None if plan is None else plan.node

    assert planned((kept,)) == kept.node
    assert planned(()) == drained.node, "rather there than nowhere"
    busy.append(kept.node.address)
    assert planned((kept,)) is None


def test_whichever_voter_is_lost_is_lost_for_good_where_no_workflow_has_the_partition() -> None:
    config = Config(0, tuple(Member(NodeId("region", zone, f"s{zone}"), 1) for zone in "abc"), 2)
    free = PartitionRecord(1, "books", 1, KeyRange(bytes(16), None), "listed", config, 1)
    lost = config.voters[1]
    nodes = cast(Any, SimpleNamespace(has_lost=lambda voter, _: voter == lost))
    assert Nodes.lost_for_good(nodes, free) == lost
    assert Nodes.lost_for_good(nodes, structs.replace(free, workflow=7)) is None


def test_each_partition_whose_voters_have_left_has_its_turn_though_some_stay_for_long() -> None:
    leavers, asked = Leavers(2), []
    for _ in range(4):
        leavers.begin()
        for partition in (1, 2, 3, 5, 8):
            if leavers.has_turn(partition):
                leavers.asked[partition] = cast(Any, None)
        asked.append(list(leavers.asked))
    assert asked == [[1, 2], [3, 5], [8], [1, 2]]


def test_a_lost_disk_is_noticed_at_the_next_report() -> None:
    region = Region()
    out = region.partition.config.voters[2]
    place = region.world.places[out.node.name]
    region.world.crash(place, "lost", lose_disk=True)
    region.world.start(place)
    assert region.go(lambda: out not in region.partition.config.voters and region.is_clean(), MANY)
    assert not [one for one in region.metadata.of(NodeRecord) if one.dead]
    region.reads_all()


def test_a_leader_on_the_node_of_a_voter_that_was_lost_with_its_disk_is_asked() -> None:
    """Found by split-and-repair, seed 17: its successor, made there, led when it was to be given up."""
    out, disk = Member(HOSTS[0], 1), structs.replace(HOSTS[0], incarnation=2)
    work = ReplacementRecord(1, 1, "repair", out, Member(disk, 4), "full", "void", 1, made=True)
    asked: list[NodeId | None] = []

    class Lost:
        def has_lost(self, member: Member, partition: int) -> bool:
            return member == out

    class Following:
        def follow(self, one: Any, sender: NodeId, leader: NodeId | None) -> None:
            asked.append(leader)

    nothing: Any = None
    replacements = Replacements(nothing, nothing, nothing, cast(Any, Lost()), cast(Any, Following()))
    driven = cast(Any, SimpleNamespace(work=work))
    for leader in (out.node, disk, HOSTS[1], None):
        replacements.on_not_now(driven, HOSTS[1], NotNow(1, "it does not lead", leader))
    assert asked == [None, disk, HOSTS[1], None]
    assert run_pinned("a_successor_on_the_node_of_the_lost").failure is None


def test_a_drained_node_becomes_empty_and_gets_nothing_until_it_is_drained_no_more() -> None:
    region = Region()
    out = region.voters()[1]
    assert isinstance(region.ask(DrainNode(out)), Done)
    assert isinstance(region.ask(DrainNode(out)), Done), "an order that changes nothing is obeyed"
    assert region.go(lambda: out not in region.voters() and region.is_clean(), MANY)
    region.create("films", partitions=2)
    films = [one for one in region.metadata.of(PartitionRecord) if one.table == "films"]
    assert all(voter.node.name != out for one in films for voter in one.config.voters)
    assert isinstance(region.ask(DrainNode(out, False)), Done)
    region.reads_all()


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_replica_is_moved_where_an_operator_says_the_leaders_too(which: int) -> None:
    region = Region()
    voter = region.partition.config.voters[which]
    to = region.spare(voter.node.zone)
    assert isinstance(region.ask(MoveReplica(region.partition.partition, voter.node.name, to)), Done)
    assert region.go(lambda: to in region.voters() and region.is_clean(), MANY)
    assert region.partition.config.epoch == 1
    region.reads_all()


def test_a_node_is_drained_though_a_leader_does_not_hear_the_only_node_that_is_free() -> None:
    """Found by `drain` and `move`: the leader asked for ever for a learner at a link that stayed cut."""
    region = Region(patience_us=3_000_000)
    number, voters = region.partition.partition, region.partition.config.voters

    def leader() -> str | None:
        leads = (place for place in region.hosts if number in place.node.replicas)  # type: ignore[union-attr]
        return next((place.name for place in leads if place.node.replicas[number].leading), None)  # type: ignore[union-attr]

    deaf = leader()
    out = next(voter.node for voter in voters if voter.node.name != deaf)
    region.world.cut_links[f"{region.spare(out.zone)}>{deaf}"] = 0
    assert isinstance(region.ask(DrainNode(out.name)), Done)
    assert region.go(lambda: out.name not in region.voters() and region.is_whole(), MANY)
    region.reads_all()


def test_orders_that_cannot_be_obeyed_say_why() -> None:
    region = Region()
    number, (a, b, _) = region.partition.partition, region.voters()
    zone = next(place.id.zone for place in region.hosts if place.name == b)

    def refused(order: Any) -> tuple[str, str]:
        said = region.ask(order)
        assert isinstance(said, Failed)
        assert said.definite
        return said.error, said.message

    assert refused(DrainNode("nobody")) == (
        "ResourceNotFoundException",
        "Requested resource not found: Node: nobody not found",
    )
    assert refused(MoveReplica(99, a, region.spare(zone)))[1] == (
        "Requested resource not found: Partition: 99 not found"
    )
    assert refused(MoveReplica(0, a, b))[0] == "ValidationException"
    assert "Replica of partition" in refused(MoveReplica(number, region.spare(zone), a))[1]
    error, message = refused(MoveReplica(number, a, region.spare(zone)))
    assert (error, message) == (
        "ValidationException",
        f"Partition {number} may not have a replica on {region.spare(zone)} beside its others",
    )


def test_a_node_without_room_refuses_and_another_one_is_chosen() -> None:
    region = Region()
    full = structs.replace(CONFIG.settings, replicas_per_node=0)
    out = region.partition.config.voters[1]
    spare = region.world.places[region.spare(out.node.zone)]
    spare.node.settings = full  # type: ignore[union-attr]
    assert isinstance(region.ask(MoveReplica(region.partition.partition, out.node.name, spare.name)), Done)
    assert region.go(lambda: not region.metadata.of(ReplacementRecord) and not region.partition.pending, MANY)
    assert region.partition.config.voters[1] == out, "it was given up"
    assert region.partition.config.epoch == 1, "and no command of it counts any more"


def test_a_successor_whose_node_dies_before_it_is_made_is_made_when_the_node_returns() -> None:
    """Found by `errors_stop_after_faults` in `node-returns`: its replacement had ended, no other node was
    free, and a partition whose other two voters do not hear each other has no leader without it.
    """
    region = Region()
    out = region.partition.config.voters[1].node
    spare = region.world.places[region.spare(out.zone)]
    region.world.crash(region.world.places[out.name], "away")
    assert region.go(lambda: bool(region.metadata.of(ReplacementRecord)), MANY)
    region.world.crash(spare, "away")
    assert region.go(
        lambda: spare.name in region.voters() and not region.metadata.of(ReplacementRecord), MANY
    )
    assert not region.is_whole()
    region.world.start(spare)
    assert region.go(region.is_whole, MANY)
    assert spare.name in region.voters()
    region.reads_all()


@pytest.mark.parametrize("returns", [False, True])
def test_a_table_becomes_active_though_a_node_is_lost_before_it_has_made_its_replica(returns: bool) -> None:
    region = Region()
    region.begin(CreateTable("films", SCHEMA, 1, 3))
    assert region.go(lambda: region.tables().get("films") == "creating")
    films = [one for one in region.metadata.of(PartitionRecord) if one.table == "films"]
    out = region.world.places[films[0].config.voters[1].node.name]
    region.world.crash(out, "lost", lose_disk=True)
    if returns:
        region.world.start(out)

    def is_mended() -> bool:
        films = [one for one in region.metadata.of(PartitionRecord) if one.table == "films"]
        lost = [voter for one in films for voter in one.config.voters if voter.node.name == out.name]
        return not region.metadata.of(ReplacementRecord) and all(v.node.incarnation > 1 for v in lost)

    assert region.go(lambda: region.tables().get("films") == "active", MANY)
    assert region.go(is_mended, MANY)
    assert isinstance(region.ask(PutItem("films", item("a", "b"))), Done)


def creating(region: Region) -> PartitionRecord:
    """A second table is being created: its partition on the nodes without the metadata."""
    region.begin(CreateTable("films", SCHEMA, 2, 3))
    assert region.go(lambda: region.tables().get("films") == "creating")
    films = [one for one in region.metadata.of(PartitionRecord) if one.table == "films"][-1]
    assert isinstance(films, PartitionRecord)
    assert not {voter.node.name for voter in films.config.voters} & {"sa", "sb", "sc"}
    return films


def test_a_table_is_deleted_when_two_nodes_of_a_partition_stay_away_until_both_are_taken_for_dead() -> None:
    """They are of two zones: the second one is taken for dead when the first one's zone is not mended."""
    region = Region()
    for voter in creating(region).config.voters[:2]:
        region.world.crash(region.world.places[voter.node.name], "lost", lose_disk=True)
    began = region.world.tau
    assert region.go(lambda: region.tables().get("films") != "creating", MANY)
    assert region.world.tau - began > PATIENCE["patience_us"]
    assert region.tables().get("films") in {"deleting", None}


def test_a_table_of_which_two_replicas_of_a_partition_are_lost_is_deleted_and_may_be_created_again() -> None:
    region = Region()
    for voter in creating(region).config.voters[:2]:
        place = region.world.places[voter.node.name]
        region.world.crash(place, "lost", lose_disk=True)
        region.world.start(place)
    assert region.go(lambda: "films" not in region.tables(), MANY)
    assert not [one for one in region.metadata.of(PartitionRecord) if one.table == "films"]
    region.create("films")
    assert isinstance(region.ask(PutItem("films", item("a", "b"))), Done)


@pytest.mark.parametrize("full", [1, 2])
def test_a_table_for_which_nodes_have_no_room_becomes_active_beside_one_and_is_deleted_beside_two(
    full: int,
) -> None:
    region = Region()
    voters = creating(region).config.voters[:full]
    for voter in voters:
        host: Any = region.world.places[voter.node.name].node
        host.settings = structs.replace(CONFIG.settings, replicas_per_node=0)
    if full > 1:
        assert region.go(lambda: "films" not in region.tables(), MANY)
        return
    assert region.go(lambda: region.tables().get("films") == "active", MANY)

    def is_mended() -> bool:
        films = [one for one in region.metadata.of(PartitionRecord) if one.table == "films"]
        named = any(voter in one.config.voters for one in films for voter in voters)
        return not named and not region.metadata.of(ReplacementRecord)

    assert region.go(is_mended, MANY)
    assert isinstance(region.ask(PutItem("films", item("a", "b"))), Done)


def test_replicas_are_not_moved_to_and_fro_between_two_reports() -> None:
    """Found by `move`: three moves were made by one report, and undone by the next, for ever."""
    assert run_pinned("replicas_moved_to_and_fro").failure is None


def test_an_admin_that_begins_anew_repairs_as_soon_as_it_knows_what_is_under_way() -> None:
    """Found by `repair-under-load`: its first walk knew nothing yet, and the next one came seconds later."""
    assert run_pinned("a_loss_just_before_a_takeover").failure is None


def test_a_voter_that_finds_late_that_a_page_rotted_may_fall_silent_when_all_is_calm() -> None:
    """Found by `two-losses`: its scrub came to the page after the admins had stopped, and it had led."""
    assert run_pinned("a_rotten_page_found_when_all_is_calm").failure is None


def test_who_has_left_goes_where_no_place_is_free_for_whichever_voter_is_lost() -> None:
    """Found by a campaign: two nodes of a zone kept who had left, and the third was down for good."""
    assert run_pinned("a_zone_that_is_full_and_a_node_that_stays_down").failure is None


def test_a_replacement_waits_as_long_as_it_is_worth_and_for_no_node_that_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A log replica is made empty when its leader has not said in time what the others hold (M4)."""
    monkeypatch.setattr("dynaproof.impl.admin.replacements.advance", lambda *given: given[-1])
    settings = SimpleNamespace(held_us=10, patience_us=100)
    env, lost = SimpleNamespace(now=0), set[Member]()
    nodes = SimpleNamespace(has_lost=lambda member, _: member in lost, may_choose=lambda _: True)
    replacements = Replacements(cast(Any, env), cast(Any, settings), *cast(Any, (None, nodes, None)))
    out, new = Member(HOSTS[0], 1), Member(HOSTS[1], 4)
    read: Any = SimpleNamespace(record=lambda _: SimpleNamespace(config=Config(0, (out,), 4), pending=()))

    def answers(role: Any, waited: int, held: Any = None) -> Any:
        work = ReplacementRecord(1, 7, "repair", out, new, role, "replace", 0)
        heard = replacements.begin()
        heard.held, env.now = held, waited
        return replacements.decide(cast(Any, SimpleNamespace(began_at=0, work=work, heard=heard)), read)

    assert not answers("log", 9).unheld
    assert answers("log", 10).unheld
    assert not answers("log", 10, held="its config").unheld
    assert not answers("full", 10).unheld, "a learner is not made of a log"
    assert not answers("full", 99).late
    assert answers("full", 100).late
    assert not answers("full", 1).gone
    lost.add(new)
    assert answers("full", 1).gone
    work = ReplacementRecord(1, 7, "repair", out, new, "full", "create", 0)
    given_up = next_step(work, Config(0, (out,), 4), answers("full", 1))
    assert given_up is not None
    assert given_up.step == "void", "and that ends it"

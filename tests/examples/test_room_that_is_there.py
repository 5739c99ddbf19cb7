"""A replica that is to be made is made, or is replaced: what takes no room is not counted, and a refusal is
not taken for another one's.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs

from dynaproof.impl.admin.nodes import Heard, Nodes
from dynaproof.impl.admin.planner import Planner
from dynaproof.impl.admin.ratings import LookAtHomes, Ratings
from dynaproof.impl.admin.workflows import Finish, Workflows
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.records import PartitionRecord, encode, partition_key
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import CreateReplica
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.storage_node.messages import HostedReplica, NodeReport
from dynaproof.impl.values.key_range import whole
from tests.examples.pinned_regions import run_pinned
from tests.examples.small_region import CONFIG, SmallRegion
from tests.examples.test_hosting import Hosted

NODE = NodeId("region", "a", "sa", 1)
OTHERS = tuple(Member(NodeId("region", zone, f"s{zone}", 1), 1) for zone in "bc")
CHILD = PartitionRecord(8, "films", 1, whole(), "listed", Config(0, (Member(NODE, 1), *OTHERS), 2), parent=7)


def test_a_later_voter_of_a_child_that_was_never_made_is_lost_though_the_parent_is_still_there() -> None:
    """Its node refused it, say. The split waits for it, and nobody else makes it; a first voter is made from
    the parent.
    """
    reports = iter([(1, 1, 1), (1, 1, 2)] * 2)
    planner = cast(Any, SimpleNamespace(halved={7: True}, absent={}, absent_now={}))
    planner.nodes = SimpleNamespace(has_lost=lambda *_: False, lacks=lambda *_: next(reports))
    for incarnation, lost in ((1, [False, False]), (2, [False, True])):
        found = []
        for _ in range(2):
            planner.absent, planner.absent_now = planner.absent_now, {}
            found.append(Planner.is_lost(planner, Member(NODE, incarnation), CHILD))
        assert found == lost


def test_a_replica_that_fell_silent_takes_no_room() -> None:
    """Else a full node would never get the successor for which it is the only place."""
    silent, other = (
        HostedReplica(partition, Member(NODE, 1), partition == 1, partition != 1) for partition in (1, 2)
    )
    heard = Heard()
    heard.node = NODE
    heard.hears(NodeReport(NODE, 1, 1, 0, 2, 0, (silent, other)), 0, 10)
    nodes = SimpleNamespace(
        env=SimpleNamespace(now=0),
        settings=structs.replace(CONFIG.admin, replicas_per_node=2),
        heard={NODE.address: heard},
        is_dead=lambda _: False,
        is_draining=lambda _: False,
    )
    (candidate,) = Nodes.candidates(cast(Any, nodes))
    assert (candidate.replicas, candidate.room) == (1, 1)
    assert Nodes.has_room(cast(Any, nodes), NODE.address, 1)
    assert not Nodes.has_room(cast(Any, nodes), NODE.address, 2)


def test_a_partition_that_is_gone_by_now_is_told_no_rates() -> None:
    told: list[int] = []
    records = [CHILD, structs.replace(CHILD, partition=9, state="gone", config=Config(0, (), 2))]
    read = Read((partition_key(one.partition), StoredItem(encode(one), 3, 3)) for one in records)
    ratings = SimpleNamespace(tell=lambda record, *_: told.append(record.partition))
    rates = cast(Any, SimpleNamespace())
    Ratings.homes_read(cast(Any, ratings), LookAtHomes(((8, rates), (9, rates))), read)
    assert told == [8]


def test_no_room_is_said_only_when_the_whole_disk_was_looked_at() -> None:
    """What was not looked at yet may be nothing: the command comes again."""
    hosted = Hosted(replicas_per_node=1)
    hosted.make(1)
    hosted.durable()
    hosted.world.crash(hosted.place, "test", spare=True)
    hosted.world.start(hosted.place)
    sent: list[Any] = []
    hosted.node.env.send = lambda *given: sent.append(given)
    hosted.command(2)
    assert not sent
    assert not hosted.node.making
    del hosted.node.env.send
    hosted.wait(lambda: 1 in hosted.node.replicas)
    hosted.node.env.send = lambda *given: sent.append(given)
    hosted.command(2)
    assert len(sent) == 1


@pytest.mark.parametrize(("parent", "incarnation", "made"), [(7, 1, True), (7, 2, False), (0, 1, False)])
def test_a_first_voter_of_a_child_is_made_on_a_full_node_for_its_split_has_found_room(
    parent: int, incarnation: int, made: bool
) -> None:
    settings = structs.replace(CONFIG.settings, replicas_per_node=1)
    region = SmallRegion(admin={"replicas_per_node": 1}, settings=settings)
    region.create("books", partitions=2)
    (admin,) = [place for place in region.admins if cast(Any, place.node).term.active]
    host = region.hosts[0]
    member = Member(host.id, incarnation)
    config = Config(0, (member, *OTHERS), incarnation + 1)
    command = CreateReplica(member, config, 0, None, cast(Any, admin.node).term.term, parent)
    region.world.run(host, host.node.on_message, admin.id, command, lane=99)
    assert (99 in cast(Any, host.node).making) == made


def test_a_table_is_not_active_before_a_node_that_is_there_again_has_made_its_replica() -> None:
    """When the last step was begun, two nodes were out, and the table was to be given up."""
    changed: list[Any] = []
    driven = SimpleNamespace(
        record=SimpleNamespace(kind="create", workflow=4),
        finishing=True,
        is_due=lambda _: False,
        is_hopeless=lambda _: False,
    )
    workflows = SimpleNamespace(
        known={4: driven},
        nodes=None,
        term=SimpleNamespace(governs=lambda _: True),
        metadata=SimpleNamespace(change=lambda *given: changed.append(given)),
        has_rates=lambda *_: True,
    )
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr("dynaproof.impl.admin.workflows.is_current", lambda *_: True)
        patches.setattr("dynaproof.impl.admin.workflows.activate", lambda *_: "activate")
        Workflows.ready(cast(Any, workflows), Finish(4), Read([]))
        assert (changed, driven.finishing) == ([], False)
        driven.is_due = lambda _: True
        Workflows.ready(cast(Any, workflows), Finish(4), Read([]))
    assert len(changed) == 1


def test_a_table_becomes_active_without_one_voter_whose_node_says_that_it_is_silent_for_ever() -> None:
    """Found by `repair-takeover`: the journal of the node rotted while it made the replica."""
    assert run_pinned("a_new_voter_rots_while_its_table_is_created").failure is None

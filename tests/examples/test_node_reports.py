"""What a storage node says of itself before it knows all of its disk, and when it has another one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs

from dynaproof.impl.metadata.messages import Leading, MetadataAt
from dynaproof.impl.metadata.records import METADATA
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.hosts import Hosts, hosts_by
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.messages.membership import (
    AskReport,
    Created,
    CreateReplica,
    DropReplica,
    Gone,
    Report,
    Vacant,
)
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.storage_node.agent import Agent, Region
from dynaproof.impl.storage_node.messages import Fenced, NodeReport, RaiseFence, ReportTimer
from tests.examples.test_agent import ADMINS, CONFIG, NODES, Node
from tests.examples.test_hosting import PEER, Hosted

ME = NODES[0]


def reports(node: Node) -> list[NodeReport]:
    """What the node has reported to an admin so far."""
    return [m for _, m in node.heard(but=Fenced) if isinstance(m, NodeReport)]


def report(node: Node) -> None:
    """It is time for a report."""
    node.world.run(node.place, node.node.on_timer, ReportTimer())


def test_a_node_reports_nothing_before_it_has_looked_at_all_of_its_disk() -> None:
    """Its voters would be taken for lost."""
    node = Node()
    node.create(5, term=1)
    node.until(lambda: False, 100_000)
    node.world.crash(node.place, "test", spare=True)
    node.settle()
    before = len(reports(node))
    node.world.start(node.place)
    assert node.node.unread
    report(node)
    node.until(lambda: False, 100_000)
    assert [one.total for one in reports(node)[before:]] == [1] * (len(reports(node)) - before)
    assert len(reports(node)) > before, "it goes on reporting"


def test_a_node_shows_no_fence_that_a_crash_may_take() -> None:
    node = Node(syncs_us=20_000)
    node.create(5, term=1)
    node.until(lambda: node.node.journal.durable_fence == 1, 100_000)
    command = CreateReplica(CONFIG.voters[0], CONFIG, 0, None, 3)
    node.world.run(node.place, node.node.on_message, ADMINS[0], command, lane=6)
    assert (node.node.journal.fence, node.node.journal.durable_fence) == (3, 1)
    before = len(reports(node))
    report(node)
    node.settle()
    assert [one.fence for one in reports(node)[before:]] == [1]


def test_a_new_disk_is_not_taken_for_the_one_that_a_command_names() -> None:
    """What was made on that one may have promised something, and is not made anew."""
    node = Node()
    node.create(5, term=1)
    node.world.crash(node.place, "test", lose_disk=True, spare=True)
    node.world.start(node.place)
    node.settle()
    assert node.create(5, term=1) == []
    assert not node.node.replicas
    there = structs.replace(CONFIG.voters[0], node=node.place.id, incarnation=9)
    assert node.tell(CreateReplica(there, CONFIG, 0, None, 1), 5) == [(5, Created(there))]


def test_an_operator_hears_nothing_of_a_group_that_was_not_looked_at_yet() -> None:
    hosted = Hosted()
    hosted.make(1)
    hosted.durable()
    hosted.world.crash(hosted.place, "test", spare=True)
    hosted.world.start(hosted.place)
    listener: Any = hosted.world.at(PEER).node

    def heard(asked_at: int) -> list[Report]:
        hosted.world.run(hosted.place, hosted.node.on_message, PEER, AskReport(asked_at), lane=1)
        for _ in range(20):
            hosted.world.step()
        return [m for _, m in listener.heard if isinstance(m, Report) and m.asked_at == asked_at]

    assert heard(1) == []
    hosted.wait(lambda: not hosted.node.unread)
    (found,) = heard(2)
    assert found.member == hosted.node.replicas[1].member


def test_the_metadata_hears_of_all_leaders_however_few_fit_into_a_message() -> None:
    sent: list[tuple[NodeId, Any]] = []
    led = {group: Ballot(group, ME.name, 1) for group in (3, 4, 7)}
    replicas = {group: SimpleNamespace(leading=ballot, serving=True) for group, ballot in led.items()}
    replicas[5] = SimpleNamespace(leading=None, serving=False)
    agent = SimpleNamespace(
        region=Region(NODES, (), chunk_reports=2),
        env=SimpleNamespace(
            me=ME, boot=1, set_timer=lambda *_: None, send=lambda to, m: sent.append((to, m))
        ),
        host=SimpleNamespace(unread={}, replicas=replicas),
        metadata=SimpleNamespace(newest=Hosts(2, NODES[1:]), report=lambda: None, shown=lambda: None),
        hosted=list,
        metered=lambda _: (),
        reports=0,
    )
    agent.host.journal = SimpleNamespace(durable_fence=0)
    Agent.on_report_timer(cast(Any, agent), ReportTimer())
    for node in NODES[1:]:
        told = [m.ballots for to, m in sent if to == node and isinstance(m, Leading)]
        assert dict(one for some in told for one in some) == led
        assert all(len(some) <= 2 for some in told)


def test_a_replica_that_was_not_looked_at_yet_is_not_said_to_be_gone() -> None:
    """It may be of a partition that is split, and its node may owe the children (H11)."""
    node = Node()
    node.create(5, term=1)
    node.start_unread()
    assert 5 in node.node.unread
    drop = DropReplica(CONFIG.voters[0], 1)
    assert node.tell(drop, 5) == []
    assert node.node.journal.live(5) == 1
    assert node.tell(drop, 5) == [(5, Gone(CONFIG.voters[0]))]


@pytest.mark.parametrize("restarts", [False, True])
def test_what_was_dropped_is_forgotten_when_the_fence_is_above_and_its_files_are_gone(restarts: bool) -> None:
    """Else a journal would have a record for each replica that was ever there."""
    node = Node()
    node.create(5, term=1)
    node.tell(DropReplica(CONFIG.voters[0], 1), 5)
    if restarts:
        node.restart()
    for term in range(2, 200):
        node.tell(RaiseFence(term), 0)
    assert node.node.journal.groups() == []


def test_a_node_learns_where_the_metadata_is_from_a_command_that_makes_nothing_here() -> None:
    """It comes late, or is to be passed on."""
    node = Node()
    there = Member(NODES[2], 9)
    config = Config(5, (CONFIG.voters[1], there), 10)
    command = CreateReplica(there, config, 7)
    node.world.run(node.place, node.node.on_message, NODES[1], command, lane=METADATA)
    node.settle()
    assert METADATA not in node.node.replicas
    assert node.node.journal.hosts == hosts_by(config)


def test_a_node_that_hears_that_it_hosts_the_metadata_and_has_nothing_of_it_says_so() -> None:
    node = Node()
    named = Hosts(4, (ME.address, NODES[1].address, NODES[2].address))
    node.tell(MetadataAt(named), METADATA, NODES[1])
    for peer in NODES[1:]:
        assert (METADATA, Vacant(ME, 0)) in node.heard(peer)

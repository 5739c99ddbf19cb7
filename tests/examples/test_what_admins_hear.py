"""What an admin takes from the reports of storage nodes: from chunks in any order, from a node that has
started again, from one whose record was not written, and from those that have lost voters.
"""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs

from dynaproof.impl.admin.nodes import CollectUnnamed, Heard, Nodes
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.records import PartitionRecord
from dynaproof.impl.metadata.replacements import RecordNode
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import Change
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.router.call import Ending
from dynaproof.impl.storage_node.messages import HostedReplica, NodeReport
from dynaproof.impl.values.key_range import whole
from tests.examples.small_region import CONFIG

ME = NodeId("region", "a", "sa")
HOT = 1 << 40


def hosted(partition: int, requests: int = 0) -> HostedReplica:
    return HostedReplica(partition, Member(ME, 1), False, True, requests=requests)


def report(number: int, *chunk: HostedReplica, total: int = 0, first: int = 0, boot: int = 1) -> NodeReport:
    """A chunk of a report; without a total, all of it."""
    return NodeReport(ME, boot, number, 0, total or len(chunk), first, chunk)


# --- Chunks ---


def test_the_newest_report_comes_whole_in_whatever_order_its_chunks_come_among_those_of_older_ones() -> None:
    chunks = [(number, first) for number in (1, 2, 3) for first in (0, 1)]
    for order in itertools.permutations(chunks):
        heard = Heard()
        for number, first in order:
            heard.hears(report(number, hosted(10 * number + first), total=2, first=first), 0, HOT)
        assert (heard.report, sorted(heard.hosted or {})) == ((1, 1, 3), [30, 31]), order


# --- Load ---


def test_the_load_of_a_node_that_has_started_again_is_what_it_was_asked_for_since() -> None:
    """Its replicas count from 0 again."""
    heard = Heard()
    heard.hears(report(8, hosted(1, 900), hosted(2, 50)), 0, HOT)
    heard.hears(report(9, hosted(1, 1_000), hosted(2, 60)), 0, HOT)
    assert heard.load == {1: 100, 2: 10}
    heard.hears(report(1, hosted(1, 30), hosted(2, 70), boot=2), 0, HOT)
    assert heard.load == {1: 30, 2: 70}
    heard.hears(report(2, hosted(1, 35), hosted(2, 70), boot=2), 0, HOT)
    assert heard.load == {1: 5, 2: 0}


# --- Records of nodes ---


class Recording:
    """An admin's part that hears of nodes; it is the active one, and what it asks of the metadata is kept."""

    def __init__(self) -> None:
        self.reads: list[RecordNode] = []
        self.changes: list[Change] = []
        metadata = SimpleNamespace(
            read=lambda _, purpose: self.reads.append(purpose),
            change=lambda change, _: self.changes.append(change),
        )
        term = SimpleNamespace(active=True, term=1, governs=lambda _: True)
        env = SimpleNamespace(now=0, send=lambda *_: None)
        self.nodes = Nodes(cast(Any, env), CONFIG.admin, cast(Any, metadata), cast(Any, term))
        self.number = 0

    def reports(self) -> list[RecordNode]:
        """The node reports; the reads that follow."""
        self.number += 1
        before = len(self.reads)
        self.nodes.on_report(ME, NodeReport(ME, 1, self.number, 1, 0, 0, ()))
        return self.reads[before:]


def test_a_node_whose_record_was_not_written_is_recorded_at_its_next_report() -> None:
    """Without one it is neither drained nor ever taken for dead."""
    for ending in ("indefinite", "definite", "condition_failed"):
        admin = Recording()
        assert admin.reports() == [RecordNode(ME)]
        admin.nodes.add(RecordNode(ME), Read([]))
        assert len(admin.changes) == 1
        assert admin.reports() == [], "it is being written"
        admin.nodes.added(RecordNode(ME), cast(Ending, ending), 0)
        assert admin.reports() == [RecordNode(ME)]
        admin.nodes.add(RecordNode(ME), Read([]))
        admin.nodes.added(RecordNode(ME), "ok", 7)
        assert admin.reports() == []


# --- The lost ---


def test_of_two_lost_voters_the_one_that_came_last_is_lost_for_good() -> None:
    """No other one may be replaced before it (M2), so it is what members that have left are in the way of."""
    nodes = tuple(NodeId("region", zone, name) for zone, name in zip("aabbc", "abcde", strict=True))
    voters = tuple(Member(node, number) for number, node in enumerate(nodes, 1))
    brought = Member(nodes[3], 6)
    config = Config(1, (*voters[:3], brought, voters[4]), 7)
    assert config.brought == brought
    partition = PartitionRecord(1, "books", 1, whole(), "listed", config, 1)
    for other in (one for one in config.voters if one != brought):
        lost = (other, brought)
        heard = cast(Any, SimpleNamespace(has_lost=lambda voter, _, lost=lost: voter in lost))
        assert Nodes.lost_for_good(heard, partition) == brought
        assert Nodes.lost_for_good(heard, structs.replace(partition, workflow=3)) == brought


# --- Collection ---


@pytest.mark.parametrize(("now", "dropped"), [(4, [7]), (6, [])])
def test_what_was_looked_up_in_an_earlier_term_drops_nothing(now: int, dropped: list[int]) -> None:
    """Another admin may have ended the split that made the partition, between the two look-ups."""
    lanes: list[int] = []
    env = SimpleNamespace(enter=lanes.append, send=lambda *_: None, note=lambda _: None)
    term = SimpleNamespace(active=True, term=now)
    admin = SimpleNamespace(looked_up=lambda _: None, term=term, env=env)
    Nodes.collect_unnamed(cast(Any, admin), CollectUnnamed(ME, (7,), 4), Read([]))
    assert [lane for lane in lanes if lane] == dropped

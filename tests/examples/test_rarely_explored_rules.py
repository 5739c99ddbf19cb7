"""Rules that decide so seldom that a hunt of 150 schedules may pass without them, each by one step."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from msgspec import structs

from dynaproof.impl.admin.balance import Restless
from dynaproof.impl.admin.chores import Chores, Do
from dynaproof.impl.admin.leaving import Leaving
from dynaproof.impl.admin.mourning import Mourning
from dynaproof.impl.admin.nodes import Heard
from dynaproof.impl.admin.steps import Driven, Step, Steps
from dynaproof.impl.admin.survey import LookAtNodes, Survey
from dynaproof.impl.metadata.changes import Read
from dynaproof.impl.metadata.records import (
    IDS_KEY,
    Ids,
    NodeRecord,
    PartitionRecord,
    Pending,
    ReplacementRecord,
    encode,
    partition_key,
    workflow_key,
)
from dynaproof.impl.metadata.replacements import MarkNode, Plan, RecordNode
from dynaproof.impl.node import NodeId
from dynaproof.impl.partition.messages.requests import Change
from dynaproof.impl.partition.records import StoredItem
from dynaproof.impl.paxos.acceptor import Acceptor
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.leadership import Progress
from dynaproof.impl.paxos.messages.membership import Status
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.paxos.sender import Sender
from dynaproof.impl.storage_node.messages import NodeReport
from dynaproof.impl.values.key_range import whole
from tests.examples.router_books import LED, NODES, Books, put
from tests.examples.small_region import CONFIG

NEWER = Ballot(LED.round + 2, "sb", 1)
VOTERS = tuple(Member(NodeId("region", zone, f"s{zone}"), 1) for zone in "abc")


def test_a_router_that_follows_one_hint_follows_no_older_one_at_once() -> None:
    """Rule R3: else it is sent from one deposed leader to another."""
    books = Books()
    put(books)
    books.refuse("not_leader", True, leader=NODES[1], ballot=NEWER)
    assert books.last[1] == NODES[1].address
    asked = len(books.env.sent)
    for ballot in (LED, NEWER):
        books.refuse("not_leader", True, leader=NODES[0], ballot=ballot)
        assert len(books.env.sent) == asked, "it waits first"


def test_a_node_that_was_never_heard_of_is_taken_for_dead_too() -> None:
    address, added = NodeId("region", "a", "sa", 0), list[Any]()
    mourning = Mourning(0)
    mourning.walked(0)
    survey = SimpleNamespace(
        walk=1,
        mourning=mourning,
        declared_since=lambda _: [],
        nodes=SimpleNamespace(heard={}, silent_since=lambda _: 0),
        env=SimpleNamespace(me=NodeId("region", "a", "admin"), now=100),
        settings=structs.replace(CONFIG.admin, dead_us=50),
        chores=SimpleNamespace(add=added.append),
        go_on=lambda: None,
    )
    records = [NodeRecord(address.name, address.zone)]
    Survey.nodes_read(cast(Any, survey), LookAtNodes(1), cast(Any, SimpleNamespace(records=lambda: records)))
    assert added == [MarkNode("sa", True)]


def test_a_node_that_hosts_a_voter_and_has_no_record_gets_one() -> None:
    """It may never have reported; only a node that has a record is taken for dead."""
    for recorded in ({}, {"sa": True}, {"sa": True, "sb": True, "sc": True}):
        added: list[Any] = []
        survey = SimpleNamespace(
            dead={},
            recorded=recorded,
            replacements=SimpleNamespace(are_known=lambda: False),
            chores=SimpleNamespace(add=added.append),
            nodes=SimpleNamespace(has_lost=lambda *_: False),
            planner=SimpleNamespace(restless=Restless(), is_lost=lambda *_: False),
            hurry=lambda: None,
            collect=lambda *_: None,
        )
        partition = PartitionRecord(7, "books", 1, whole(), "listed", Config(0, VOTERS, 6), 1)
        Survey.look_at(cast(Any, survey), partition, ())
        assert added == [RecordNode(one.node) for one in VOTERS if one.node.name not in recorded]


def test_who_has_left_is_dropped_when_it_is_known_what_its_successor_holds() -> None:
    """Rule A11: of one that had a vote the partition's leader is asked first."""
    config, out = Config(1, VOTERS, 5), Member(NodeId("region", "a", "sa2"), 1)
    asked: list[Any] = []
    dropped: list[Member] = []
    survey = SimpleNamespace(
        nodes=SimpleNamespace(heard={}, lost_for_good=lambda _: None),
        planner=SimpleNamespace(never_made=lambda _: None),
        leavers=SimpleNamespace(has_turn=lambda _: True, asked={}),
        env=SimpleNamespace(random=lambda *_: 0),
        ask=lambda leaving, _: asked.append(leaving.partition.partition),
        drop=lambda _, member: dropped.append(member),
    )
    for voted in (True, False):
        pending = (Pending(out, 0, voted),)
        record = PartitionRecord(7, "books", 1, whole(), "listed", config, 1, pending=pending)
        Survey.collect(cast(Any, survey), record, ())
        assert (asked, dropped) == ([7], [] if voted else [out])


def test_who_has_left_is_dropped_when_others_hold_the_log_or_all_but_the_lost_one_do() -> None:
    """Rules M7 and A11: whoever lacks the log through the config may need it of one that has left."""
    config, out = Config(3, VOTERS, 5), Member(NodeId("region", "a", "sa2"), 1)
    record = PartitionRecord(7, "books", 1, whole(), "listed", config, 1, pending=(Pending(out, 0, True),))
    earlier = Config(2, VOTERS, 5)
    for lost, said, may_go in (
        (None, Status(config, 9, admitted=True, held=True, others_hold=True, lost=None), True),
        (None, Status(config, 9, admitted=True, held=False, others_hold=True, lost=None), False),
        (None, Status(config, 9, admitted=False, held=True, others_hold=True, lost=None), False),
        (None, Status(earlier, 5, admitted=True, held=True, others_hold=True, lost=None), False),
        (VOTERS[1], Status(config, 9, admitted=False, held=False, others_hold=True, lost=VOTERS[1]), True),
        (VOTERS[1], Status(config, 9, admitted=False, held=False, others_hold=False, lost=VOTERS[1]), False),
        (VOTERS[1], Status(config, 9, admitted=False, held=False, others_hold=True, lost=VOTERS[2]), False),
    ):
        dropped: list[Member] = []
        survey = SimpleNamespace(
            leavers=SimpleNamespace(asked={7: Leaving(record, (out,), lost)}),
            env=SimpleNamespace(lane=7),
            term=SimpleNamespace(active=True),
            drop=lambda _, member, dropped=dropped: dropped.append(member),
        )
        Survey.on_status(cast(Any, survey), VOTERS[0].node, said)
        assert dropped == ([out] if may_go else [])


def test_a_replacement_ends_when_its_partition_has_another_workflow() -> None:
    """Rule A4: the table is being deleted, say."""
    new = Member(NodeId("region", "b", "sb2"), 5)
    work = ReplacementRecord(2, 7, "drain", VOTERS[1], new, "full", "replace", 0, True)
    partition = PartitionRecord(7, "books", 1, whole(), "listed", Config(0, VOTERS, 6), 1)
    commanded: list[int] = []
    for workflow, expected in ((2, True), (9, False)):
        records = {
            IDS_KEY: Ids(8, 3, 2, 0, replacing=1),
            partition_key(7): structs.replace(partition, workflow=workflow),
            workflow_key(2): work,
        }
        read = Read((key, StoredItem(encode(one), 3, 3)) for key, one in records.items())
        written: list[Change] = []
        kind = SimpleNamespace(
            is_same_step=lambda *_: True,
            decide=lambda *_: None,
            command=lambda one, _: commanded.append(one.work.workflow),
        )
        steps = SimpleNamespace(
            known={2: SimpleNamespace(work=work, asks=True)},
            term=SimpleNamespace(governs=lambda _: True),
            kinds={ReplacementRecord: kind},
            metadata=SimpleNamespace(change=lambda change, _, to=written: to.append(change)),
        )
        Steps.stepped(cast(Any, steps), Step(2), read)
        assert commanded == [2]
        assert (not written) == expected
    ended = [part.key for change in written for part in change.parts if part.item is None]
    assert workflow_key(2) in ended


def test_each_step_of_a_replacement_has_all_of_its_time() -> None:
    """Another admin may have gone on to it; what the step before took makes it neither late nor slow."""
    new = Member(NodeId("region", "b", "sb2"), 5)
    work = ReplacementRecord(2, 7, "drain", VOTERS[1], new, "full", "create", 0)
    partition = PartitionRecord(7, "books", 1, whole(), "listed", Config(0, VOTERS, 6), 1, workflow=2)
    for after, expected in ((work, (10, 3, 1)), (structs.replace(work, step="replace"), (50, 0, 0))):
        one = Driven(work, None, 10)
        one.waits, one.hops = 3, 1
        looked: list[tuple[int, int, int]] = []
        kind = SimpleNamespace(
            is_same_step=lambda before, now: before.step == now.step,
            decide=lambda one, _, to=looked: to.append((one.began_at, one.waits, one.hops)),
            command=lambda *_: None,
        )
        steps = SimpleNamespace(
            known={2: one},
            env=SimpleNamespace(now=50),
            term=SimpleNamespace(governs=lambda _: True),
            kinds={ReplacementRecord: kind},
        )
        records = {partition_key(7): partition, workflow_key(2): after}
        read = Read((key, StoredItem(encode(record), 3, 3)) for key, record in records.items())
        Steps.stepped(cast(Any, steps), Step(2), read)
        assert looked == [expected]


def test_a_voter_that_knows_already_what_it_is_to_fetch_says_what_it_has() -> None:
    """No more comes that would make it speak."""
    said: list[Any] = []
    voter = SimpleNamespace(
        refuses=lambda *_: False,
        follow=lambda *_: None,
        log=SimpleNamespace(commit=5),
        fetching_for=None,
        copy=None,
        learn_from=lambda *_: None,
        say_what_is_here=said.append,
    )
    for commit in (5, 6):
        m = SimpleNamespace(ballot=LED, source=VOTERS[0], commit=commit)
        Acceptor.on_behind(cast(Any, voter), VOTERS[0].node, cast(Any, m))
    assert [m.commit for m in said] == [5]
    assert voter.fetching_for is not None, "it fetches what it lacks"


def test_a_voter_that_had_to_fetch_is_sent_what_it_lacks_though_it_has_moved() -> None:
    sent: list[Member] = []
    leader = SimpleNamespace(
        member=VOTERS[0],
        log=SimpleNamespace(last=9, first=1, commit=9),
        env=SimpleNamespace(now=50),
        send_on=lambda _, member, __: sent.append(member),
    )
    m = SimpleNamespace(source=VOTERS[1], through=4, adopted=True, asked_at=10, early=0)
    for following, expected in ((True, []), (False, [VOTERS[1]])):
        progress = Progress(5 if following else 0)
        progress.through = 4
        leadership = SimpleNamespace(progress={VOTERS[1]: progress}, tail_start=1, tail_end=3)
        Sender.send_missing(cast(Any, leader), cast(Any, leadership), cast(Any, m), 20)
        assert sent == expected


def test_a_repair_that_may_have_been_planned_counts_until_it_is_known_what_was_begun() -> None:
    """Found by a campaign of `repair-takeover`: two repairs on a node that may have one."""
    plan = Plan(7, VOTERS[1], NodeId("region", "b", "sb2"), "log", "repair")
    for ending, counted in (
        ("ok", [plan]),
        ("indefinite", [plan]),
        ("definite", []),
        ("condition_failed", []),
    ):
        looked: list[bool] = []
        workflows = SimpleNamespace(steps=SimpleNamespace(begun=[]), look=lambda to=looked: to.append(True))
        chores = SimpleNamespace(workflows=workflows, over=lambda _: None)
        Chores.written(cast(Any, chores), Do(plan), cast(Any, ending), 3)
        assert workflows.steps.begun == counted
        assert looked == [True] * len(counted)


def test_what_a_node_says_first_may_be_that_it_has_lost_something() -> None:
    """Found by `repairs_come_soon`: an admin that began anew heard of a new disk first, and waited for the
    next walk.
    """
    heard, node = Heard(), NodeId("region", "a", "sa", 2)
    report = NodeReport(node, 1, 1, 0, 0, 0, (), None)
    news = []
    for m in (report, structs.replace(report, number=2)):
        heard.hears(m, 5, 100)
        news.append(heard.loses)
    assert news == [True, False]

"""How often an admin asks, how long it waits and how much it keeps: nobody is asked without a pause for ever,
no pause and no queue grows without bound, and the settings fit each other.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from dynaproof.impl.admin.chores import Chores, Do
from dynaproof.impl.admin.leaving import Leaving
from dynaproof.impl.admin.settings import AdminSettings
from dynaproof.impl.admin.splits import Splits
from dynaproof.impl.admin.steps import HOPS, Driven, PartitionStepTimer, Steps
from dynaproof.impl.admin.survey import Survey
from dynaproof.impl.metadata.records import PartitionRecord, ReplacementRecord, SplitRecord
from dynaproof.impl.metadata.replacements import Forget
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import NotNow, RaiseEpoch
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.paxos.settings import GroupSettings
from dynaproof.impl.storage_node.agent import Region
from dynaproof.impl.values.key_range import whole

NODES = tuple(NodeId("region", zone, f"s{zone}") for zone in "abc")
VOTERS = tuple(Member(node, number) for number, node in enumerate(NODES, 1))
CONFIG = Config(0, VOTERS, 4)
PARTITION = PartitionRecord(7, "books", 1, whole(), "listed", CONFIG, 1)
WORK = ReplacementRecord(1, 7, "repair", VOTERS[0], Member(NODES[0], 4), "full", "void", 0)
SETTINGS = AdminSettings()


class Asking:
    """The steps of an admin, and what they send, set and read."""

    def __init__(self, *lost: Member) -> None:
        self.sent: list[NodeId] = []
        self.timers: list[int] = []
        self.reads = 0
        self.picks = 0
        env = SimpleNamespace(
            now=0,
            me=NodeId("region", "a", "admin"),
            enter=lambda _: None,
            send=lambda to, _: self.sent.append(to),
            set_timer=lambda wait_us, _: self.timers.append(wait_us),
            random=lambda _, of: self.picks % of,
        )
        nodes = SimpleNamespace(has_lost=lambda voter, _: voter in lost)
        metadata = SimpleNamespace(read=self.read)
        term = SimpleNamespace(active=True)
        self.steps = Steps(*cast(Any, (env, SETTINGS, metadata, term, nodes)))
        self.steps.kinds = {ReplacementRecord: cast(Any, SimpleNamespace(keys=lambda _: ()))}
        self.one = self.steps.known[WORK.workflow] = Driven(WORK, None, 0)

    def read(self, _keys: Any, _purpose: Any) -> None:
        self.reads += 1
        self.one.asks = False  # It is answered at once.

    def asked(self, pick: int = 0) -> NodeId:
        """Whom a command is sent to."""
        self.picks = pick
        self.steps.order(self.one, CONFIG, RaiseEpoch(0))
        return self.sent[-1]


# --- Who is asked ---


def test_two_nodes_that_name_each_other_as_leader_are_not_commanded_without_a_pause() -> None:
    asking = Asking()
    for wakes in (1, 2):
        for at in range(50):
            asking.steps.follow(asking.one, NODES[at % 2].address, NODES[1 - at % 2])
        assert asking.reads <= wakes * (HOPS + 1)
        before = asking.reads
        asking.steps.on_timer(PartitionStepTimer(WORK.workflow))
        assert asking.reads == before + 1, "but again when it is time"


def test_two_nodes_that_name_each_other_as_leader_are_not_asked_about_leavers_without_a_pause() -> None:
    leaving, asked = Leaving(PARTITION, (VOTERS[0],), None), list[NodeId]()
    survey = cast(
        Any,
        SimpleNamespace(
            leavers=SimpleNamespace(asked={7: leaving}),
            env=SimpleNamespace(lane=7),
            ask=lambda _, node: asked.append(node),
        ),
    )
    for at in range(50):
        Survey.on_not_now(survey, NODES[at % 2], NotNow(-1, "it does not lead", NODES[1 - at % 2]))
    assert 0 < len(asked) <= HOPS


def test_a_command_goes_to_no_lost_voter_while_others_live() -> None:
    asking = Asking(VOTERS[1])
    assert {asking.asked(pick) for pick in range(6)} == {NODES[0].address, NODES[2].address}
    asking = Asking(*VOTERS)
    assert {asking.asked(pick) for pick in range(6)} == {node.address for node in NODES}, "one may lead yet"


# --- How long it waits ---


def test_a_leader_that_is_known_is_asked_again_soon_however_often_it_was_asked() -> None:
    asking = Asking()
    for _ in range(20):
        asking.steps.wait(asking.one, leads=True)
    assert max(asking.timers) <= SETTINGS.leader_retry_us
    for _ in range(20):
        asking.steps.wait(asking.one)
    assert max(asking.timers) == SETTINGS.most_retry_us, "others more and more seldom"


def test_a_partition_whose_splits_are_given_up_again_and_again_is_split_some_day() -> None:
    env = SimpleNamespace(now=0)
    splits = Splits(*cast(Any, (env, SETTINGS, None, None, None)))
    pauses = []
    for workflow in range(1, 41):
        work = cast(SplitRecord, SimpleNamespace(partition=7, workflow=workflow))
        splits.gives_up(work)
        assert not splits.may_plan(7)
        pauses.append(splits.given_up[7].until - env.now)
        env.now = splits.given_up[7].until
        assert splits.may_plan(7)
    assert pauses[0] == SETTINGS.split_patience_us
    assert pauses == sorted(pauses)
    assert pauses[-1] <= 10 * pauses[0]


# --- How much it keeps ---


def test_chores_wait_up_to_their_bound_and_each_is_done_in_its_turn() -> None:
    reads: list[Any] = []
    metadata = SimpleNamespace(read=lambda _, purpose: reads.append(purpose))
    settings = AdminSettings(chores=4)
    chores = Chores(*cast(Any, (settings, metadata, SimpleNamespace(active=True), None, lambda: None)))
    found = [Forget(number, VOTERS[0]) for number in range(1, 8)]
    for chore in found:
        chores.add(chore)
    assert list(chores.waiting) == found[:4]
    chores.undone(reads[-1])
    chores.add(found[6])
    assert list(chores.waiting) == [*found[1:4], found[6]], "there is room again"
    while chores.waiting:
        chores.undone(reads[-1])
    assert reads == [Do(chore) for chore in (*found[:4], found[6])]


# --- The settings ---


def test_the_default_settings_fit_each_other() -> None:
    """What is left out rests on nobody's promise: how long something takes on a given disk or network."""
    admin, group = SETTINGS, GroupSettings()
    report_us = Region((), ()).report_us
    leader_us = group.lease_us + group.election_us
    at_most = {
        "a node gets replicas though two of its reports are lost": (3 * report_us, admin.heard_us),
        "a node from which nothing is heard gets no replicas, before it is dead": (
            admin.heard_us,
            admin.dead_us - report_us,
        ),
        "walks find out in time who is dead": (2 * admin.survey_us, admin.dead_us),
        "an admin is active though two of its touches are lost": (3 * admin.touch_us, admin.takeover_us),
        "an admin places no more on a node than the node makes (H12)": (
            admin.replicas_per_node,
            group.replicas_per_node,
        ),
        "the metadata's other nodes are asked before a call is given up": (
            5 * admin.caller.attempt_us,
            admin.call_us,
        ),
        "a known leader is asked sooner than others": (admin.leader_retry_us, admin.command_retry_us),
        "a command is sent more and more seldom": (2 * admin.command_retry_us, admin.most_retry_us),
        "a walk that hurries comes sooner": (2 * admin.hurry_us, admin.survey_us),
        "a log replica is made empty before it is given up (M4)": (2 * admin.held_us, admin.patience_us),
        "a split is not given up because the leader changes (A12)": (leader_us, admin.split_patience_us),
        "a child is reported, if it was made, before it is made by copy (H10)": (
            report_us + 1,
            admin.make_us,
        ),
        "heat is what several reports say": (3 * report_us, admin.heat_us),
        "moves leave room for repairs, which do not wait for them (A10)": (
            2 * admin.balance_at_once,
            admin.replacements,
        ),
        "the answer to each order under way is kept for its copies": (admin.orders, admin.sessions),
    }
    assert not [why for why, (least, most) in at_most.items() if least > most]

"""Whose words count for a leader and for an admin, and which are of another ballot, disk or range."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dynaproof.impl.admin.split_points import PlanSplit, due
from dynaproof.impl.node import NodeId
from dynaproof.impl.paxos.ids import Ballot, Member
from dynaproof.impl.paxos.membership import Membership
from dynaproof.impl.paxos.messages.membership import CreateReplica, Following, ReplaceVoter, Vacant
from dynaproof.impl.paxos.records import Config
from dynaproof.impl.values.key_range import HASH_BYTES, KeyRange

NODES = [NodeId("region", zone, f"s{zone}") for zone in "abcd"]
VOTERS = tuple(Member(node, 1) for node in NODES[:3])
CONFIG = Config(4, VOTERS, 2)
BALLOT = Ballot(3, "sa", 1)
LEARNER = Member(NODES[3], 2)


def at(letter: str) -> bytes:
    """A position of the hash space."""
    return letter.encode() * HASH_BYTES


@pytest.mark.parametrize(("ballot", "counts"), [(BALLOT, True), (Ballot(2, "sb", 1), False)])
def test_what_a_learner_said_to_an_earlier_leader_says_nothing_of_how_far_it_is(
    ballot: Ballot, counts: bool
) -> None:
    heard: list[int] = []
    learner = SimpleNamespace(heard=lambda through, *_: heard.append(through))
    replica = SimpleNamespace(
        leadership=SimpleNamespace(ballot=BALLOT, learners={LEARNER: learner}), log=SimpleNamespace(commit=9)
    )
    membership = SimpleNamespace(replica=replica, env=SimpleNamespace(now=0))
    Membership.on_following(cast(Any, membership), LEARNER.node, Following(LEARNER, 1, ballot, 0, 9))
    assert heard == ([9] if counts else [])


def vacant(config: Config, said: NodeId, retired: int) -> tuple[list[Any], list[Config]]:
    """What a leader has made, and the configs that it proposes, when a node says that it has no replica."""
    sent: list[Any] = []
    changed: list[Config] = []
    replica = SimpleNamespace(
        settings=SimpleNamespace(repairs_itself=True),
        leadership=SimpleNamespace(serving=True, config_in_flight=0),
        config=config,
        member=config.voters[0],
        state=SimpleNamespace(config_slot=6),
        env=SimpleNamespace(send=lambda _, m: sent.append(m)),
    )
    membership = SimpleNamespace(replica=replica, change=lambda *given: changed.append(given[3]))
    Membership.on_vacant(cast(Any, membership), said, Vacant(said, retired))
    return sent, changed


@pytest.mark.parametrize(("incarnation", "counts"), [(1, False), (2, True), (3, True)])
def test_a_word_of_an_earlier_disk_says_nothing_of_a_voter(incarnation: int, counts: bool) -> None:
    """Its node has another disk since, and has it there."""
    voters = (VOTERS[0], Member(NodeId("region", "b", "sb", 2), 1), VOTERS[2])
    _, changed = vacant(Config(4, voters, 2), NodeId("region", "b", "sb", incarnation), 1)
    assert bool(changed) == counts


@pytest.mark.parametrize(("retired", "made_again"), [(0, True), (1, True), (2, False), (3, False)])
def test_a_voter_whose_incarnation_has_ended_is_replaced_and_one_that_never_began_is_made(
    retired: int, made_again: bool
) -> None:
    """An incarnation is never made twice (rule 14)."""
    voter = Member(NODES[1], 2)
    config = Config(4, (VOTERS[0], voter, VOTERS[2]), 3)
    sent, changed = vacant(config, NODES[1], retired)
    assert sent == ([CreateReplica(voter, config, 6)] if made_again else [])
    assert [one.voters[1] for one in changed] == ([] if made_again else [Member(NODES[1], 3)])


@pytest.mark.parametrize("full", [True, False])
def test_a_voter_is_replaced_only_if_the_others_have_trees(full: bool) -> None:
    """Else nobody may be left to copy the tree from (rule M5)."""
    said: list[str] = []
    changed: list[Config] = []
    others = [SimpleNamespace(asked_at=5, full=full), SimpleNamespace(asked_at=5, full=full)]
    membership = SimpleNamespace(
        replica=SimpleNamespace(config=CONFIG),
        obeying=lambda *_: SimpleNamespace(),
        expects=lambda *_: True,
        sound=lambda *_: True,
        unproven=lambda *_: others,
        not_now=lambda _, __, why: said.append(why),
        is_ready=lambda *_: True,
        change=lambda *given: changed.append(given[3]),
    )
    Membership.on_replace_voter(
        cast(Any, membership), NODES[3], ReplaceVoter(CONFIG.epoch, VOTERS[1], LEARNER, "full")
    )
    assert said == ([] if full else ["a voter has no tree"])
    assert [config.voters[1] for config in changed] == ([LEARNER] if full else [])


@pytest.mark.parametrize(
    ("middle", "splits"), [(at("m"), True), (at("z"), False), (at("c"), False), (b"", False)]
)
def test_a_partition_is_split_by_size_only_at_a_place_inside_its_range(middle: bytes, splits: bool) -> None:
    """A leader that was deposed may report where its partition was to be split before."""
    there = SimpleNamespace(pages_bytes=100, middle=middle, busy_at=b"")
    nodes = SimpleNamespace(
        settings=SimpleNamespace(split_bytes=100), reported=lambda *_: there, is_hot=lambda *_: False
    )
    partition = SimpleNamespace(partition=5, table="books", config=CONFIG, range=KeyRange(at("c"), at("t")))
    plan = due(cast(Any, nodes), cast(Any, partition))
    assert plan == (PlanSplit(5, "books", middle, "size") if splits else None)

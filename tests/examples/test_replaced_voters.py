"""What a leader answers an operator's commands (rules M2 and M7), and that the group survives them."""

from typing import Any

import pytest

from dynaproof.checkers.kinds.group import first_config
from dynaproof.checkers.mutation.directed.harness import Harness
from dynaproof.checkers.runs.exploring import execute
from dynaproof.checkers.scenarios.catalogue import config_of
from dynaproof.checkers.scenarios.membership import MEMBERSHIP
from dynaproof.impl.node import Message, NodeId
from dynaproof.impl.paxos.ids import Member
from dynaproof.impl.paxos.messages.membership import (
    CreateReplica,
    NotCaughtUp,
    NotNow,
    OtherEpoch,
    RaiseEpoch,
    Replaced,
    ReplaceVoter,
)
from dynaproof.specs.sometimes import CONFIG_COUNTED_LATE, LEADER_REPLACED

FIRST = first_config()
SPARE = Member(NodeId("region", "d", "sd"), FIRST.next_incarnation)


def led() -> Harness:
    """`sa` leads, and a learner follows on `sd`."""
    harness = Harness()
    harness.begin()
    harness.elect("sa")
    harness.beat("sa")
    harness.restart("sd")
    harness.inject("sd", CreateReplica(SPARE, FIRST, 0), sender="sa")
    harness.hold_link("sa", "c0")
    return harness


def answer(harness: Harness, command: Message, kind: type[Message]) -> Any:
    """What the leader answers a command that `c0` gives it."""
    harness.drop("sa", "c0")
    harness.inject("sa", command, sender="c0")
    event = harness.find("sa", "c0", kind)
    assert event is not None
    return event.payload


def test_a_learner_takes_the_place_of_a_voter_once_it_has_caught_up() -> None:
    harness = led()
    command = ReplaceVoter(0, FIRST.voters[1], SPARE, "full")
    assert answer(harness, command, NotCaughtUp).through == 0
    for _ in range(3):
        harness.settle()
        harness.beat("sa")
    harness.inject("sa", command, sender="c0")
    harness.settle()
    harness.beat("sa")
    replaced = answer(harness, command, Replaced)
    assert SPARE in replaced.config.voters
    assert FIRST.voters[1] not in replaced.config.voters
    assert replaced.config.epoch == 1
    assert replaced.admitted
    assert harness.replica("sd").admitted
    assert harness.failure is None


def test_a_command_that_expects_another_epoch_is_void() -> None:
    harness = led()
    harness.inject("sa", RaiseEpoch(0), sender="c0")
    harness.settle()
    void = answer(harness, ReplaceVoter(0, FIRST.voters[1], SPARE, "full"), OtherEpoch)
    assert void.config.epoch == 1
    assert void.config.voters == FIRST.voters


def test_no_voter_is_replaced_before_the_one_that_was_brought_in_last_is_admitted() -> None:
    harness = Harness(repairs_itself=False)
    harness.begin()
    harness.elect("sa")
    harness.beat("sa")
    harness.hold_link("sa", "c0")
    harness.settle()
    harness.inject("sa", ReplaceVoter(0, FIRST.voters[1], SPARE, "log"), sender="c0")
    harness.settle()
    harness.beat("sa")
    assert SPARE in harness.replica("sa").config.voters
    again = Member(FIRST.voters[2].node, SPARE.incarnation + 1)
    said = answer(harness, ReplaceVoter(1, FIRST.voters[2], again, "log"), NotNow)
    assert said.reason == "a voter is not admitted"


@pytest.mark.parametrize(
    ("out", "new", "reason"),
    [
        (SPARE, Member(SPARE.node, 5), "who is to leave is no voter"),
        (FIRST.voters[1], Member(SPARE.node, 3), "the incarnation may have been used"),
        (FIRST.voters[1], Member(FIRST.voters[2].node, 4), "its node has another voter"),
        (
            FIRST.voters[1],
            Member(NodeId("region", "c", "sc2"), 4),
            "its zone has as many voters as it may",
        ),
    ],
)
def test_a_config_that_may_not_be_is_refused_with_the_reason(out: Member, new: Member, reason: str) -> None:
    assert answer(led(), ReplaceVoter(0, out, new, "full"), NotNow).reason == reason


def test_a_follower_names_the_leader() -> None:
    harness = led()
    harness.hold_link("sb", "c0")
    harness.inject("sb", RaiseEpoch(0), sender="c0")
    event = harness.find("sb", "c0", NotNow)
    assert event is not None
    told: Any = event.payload
    assert told.leader == FIRST.voters[0].node


def test_an_operator_replaces_voters_and_leaders_while_faults_fall() -> None:
    seen: dict[str, int] = {}
    for number in range(24):
        result = execute(MEMBERSHIP, config_of("membership", "portfolio", 9, number))
        assert result.failure is None
        for name, count in result.reached.items():
            seen[name] = seen.get(name, 0) + count
    assert {LEADER_REPLACED.name, CONFIG_COUNTED_LATE.name} <= set(seen)
